// Handlers about the logs of a run.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/digest/sha256.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/request_check.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;

absl::Status AboutRun(const absl::Status& status, const Instance& instance,
                      int job_number) {
  return WithFacts(status, instance.name(),
                   absl::StrCat("job number ", job_number));
}

}  // namespace

OpConGatewayService::Answer<v1::ListJobLogsResponse>
OpConGatewayService::DoListJobLogs(const rpc::CallContext& context,
                                   const v1::ListJobLogsRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<std::vector<v1::JobLogFile>> files =
      co_await call.instance->logs().List(request.job_number(), call.scope);
  if (!files.ok()) {
    co_return AboutRun(files.status(), *call.instance, request.job_number());
  }
  v1::ListJobLogsResponse reply;
  for (v1::JobLogFile& file : *files) *reply.add_files() = std::move(file);
  co_return reply;
}

async::Task<absl::Status> OpConGatewayService::DoReadJobLog(
    const rpc::CallContext& context, const v1::ReadJobLogRequest& request,
    rpc::Writer<v1::ReadJobLogResponse>& writer) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  const absl::StatusOr<JobLog> log = co_await call.instance->logs().Read(
      request.job_number(), request.path(), call.scope);
  if (!log.ok()) {
    co_return AboutRun(log.status(), *call.instance, request.job_number());
  }
  v1::ReadJobLogResponse header;
  *header.mutable_header()->mutable_file() = log->file;
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(header));
  absl::string_view rest = log->text;
  while (!rest.empty()) {
    const absl::string_view chunk = rest.substr(0, kChunkBytes);
    rest.remove_prefix(chunk.size());
    v1::ReadJobLogResponse part;
    part.set_chunk(chunk.data(), chunk.size());
    OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(part));
  }
  v1::ReadJobLogResponse trailer;
  trailer.mutable_trailer()->set_size_bytes(
      static_cast<std::int64_t>(log->text.size()));
  trailer.mutable_trailer()->set_sha256(Sha256Hex(log->text));
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await writer.Write(trailer));
  co_return absl::OkStatus();
}

}  // namespace opcon_snow::opcon
