// Handlers about the logs of a run.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/request_check.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

absl::Status AboutRun(const absl::Status& status, const Instance& instance,
                      int job_number) {
  return WithFacts(status, instance.name(),
                   absl::StrCat("job number ", job_number));
}

// Writes a log to the stream of a call.
class StreamedLog final : public JobLogReceiver {
 public:
  explicit StreamedLog(rpc::Writer<v1::ReadJobLogResponse>* writer)
      : writer_(writer) {}

  async::Task<absl::Status> Begin(const v1::JobLogFile& file) override {
    v1::ReadJobLogResponse part;
    *part.mutable_header()->mutable_file() = file;
    co_return co_await writer_->Write(part);
  }

  async::Task<absl::Status> Take(std::string piece) override {
    sha256_.Update(piece);
    size_ += static_cast<std::int64_t>(piece.size());
    v1::ReadJobLogResponse part;
    part.set_chunk(std::move(piece));
    co_return co_await writer_->Write(std::move(part));
  }

  async::Task<absl::Status> End() {
    v1::ReadJobLogResponse part;
    part.mutable_trailer()->set_size_bytes(size_);
    part.mutable_trailer()->set_sha256(sha256_.FinishHex());
    co_return co_await writer_->Write(part);
  }

 private:
  rpc::Writer<v1::ReadJobLogResponse>* const writer_;
  Sha256 sha256_;
  std::int64_t size_ = 0;
};

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
  StreamedLog streamed(&writer);
  const absl::Status read = co_await call.instance->logs().Read(
      request.job_number(), request.path(), &streamed, call.scope);
  if (!read.ok()) {
    co_return AboutRun(read, *call.instance, request.job_number());
  }
  co_return co_await streamed.End();
}

}  // namespace opcon_snow::opcon
