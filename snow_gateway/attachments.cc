#include "snow_gateway/attachments.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/digest/sha256.h"
#include "common/http/body_pipe.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/page.h"
#include "snow_gateway/page_query.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Found = absl::StatusOr<std::optional<v1::Attachment>>;

constexpr int kFindPageSize = 100;
// Files of one name on one record that are looked through.
constexpr int kMaxFindPages = 10;
constexpr std::size_t kChunk = std::size_t{64} * 1024;

// Hashes what it is given.
class HashingSink final : public http::BodySink {
 public:
  bool Open(int status, const http::Headers& /*headers*/,
            std::function<void()> /*resume*/) override {
    return status / 100 == 2;
  }
  WriteResult Write(absl::string_view data) override {
    digest_.Update(data);
    return WriteResult::kTaken;
  }
  void Close(bool /*complete*/) override {}

  std::string FinishHex() { return digest_.FinishHex(); }

 private:
  Sha256 digest_;
};

PageQuery AttachmentPage(const std::string& table,
                         const std::string& record_sys_id) {
  PageQuery page;
  page.table = table;
  page.attachments_of = record_sys_id;
  page.filters = Query(AttachmentQueryColumns());
  page.filters.Equals("table_name", table)
      .Equals("table_sys_id", record_sys_id);
  page.time_column = "sys_created_on";
  page.fits = [table, record_sys_id](const nlohmann::json& row) {
    return ValueOf(row, "table_name") == table &&
           ValueOf(row, "table_sys_id") == record_sys_id;
  };
  return page;
}

async::Task<absl::StatusOr<std::string>> HashOf(Instance* instance,
                                                std::string sys_id,
                                                std::int64_t size_bytes,
                                                CallScope scope) {
  auto sink = std::make_shared<HashingSink>();
  async::Task<absl::Status> reading = instance->records().DownloadAttachment(
      std::move(sys_id), sink, size_bytes, std::move(scope));
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await std::move(reading));
  co_return sink->FinishHex();
}

async::Task<absl::StatusOr<bool>> IsFile(Instance* instance,
                                         v1::Attachment attachment,
                                         FileIdentity file, CallScope scope) {
  if (attachment.file_name() != file.file_name ||
      attachment.size_bytes() != file.size_bytes) {
    co_return false;
  }
  // Nothing to compare; and a download of nothing has no bound.
  if (file.size_bytes == 0) co_return true;
  if (!attachment.sha256().empty()) {
    co_return attachment.sha256() == file.sha256;
  }
  async::Task<absl::StatusOr<std::string>> hashing =
      HashOf(instance, attachment.sys_id(), file.size_bytes, std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(const std::string hash,
                                 co_await std::move(hashing));
  co_return hash == file.sha256;
}

}  // namespace

async::Task<absl::StatusOr<std::optional<v1::Attachment>>> FindAttachment(
    Instance* instance, FileIdentity file, CallScope scope) {
  std::optional<Position> after;
  for (int pages = 0; pages < kMaxFindPages; ++pages) {
    PageQuery query = AttachmentPage(file.table, file.record_sys_id);
    query.filters.Equals("file_name", file.file_name);
    query.page_size = kFindPageSize;
    query.after = after;
    async::Task<absl::StatusOr<PageRows>> fetching =
        FetchPage(instance, std::move(query), scope);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(const PageRows page,
                                   co_await std::move(fetching));
    for (const nlohmann::json& row : page.rows) {
      v1::Attachment attachment = AttachmentFromRow(row);
      async::Task<absl::StatusOr<bool>> comparing =
          IsFile(instance, attachment, file, scope);
      OPCON_SNOW_CO_ASSIGN_OR_RETURN(const bool same,
                                     co_await std::move(comparing));
      if (same) {
        attachment.set_sha256(file.sha256);
        co_return std::optional<v1::Attachment>(std::move(attachment));
      }
    }
    if (page.next_page_token.empty()) break;
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(
        after, DecodePageToken(page.next_page_token, "", /*with_time=*/true));
  }
  co_return std::optional<v1::Attachment>();
}

async::Task<absl::StatusOr<v1::ListAttachmentsResponse>> ListAttachments(
    std::shared_ptr<Instance> instance, v1::ListAttachmentsRequest request,
    CallScope scope) {
  const std::string table = request.table().empty()
                                ? instance->settings().incident_table
                                : request.table();
  Violations violations;
  CheckTable("table", table, &violations);
  CheckSysId("record_sys_id", request.record_sys_id(), &violations);
  CheckPageSize(request.page_size(), &violations);
  OPCON_SNOW_CO_RETURN_IF_ERROR(violations.ToStatus());

  PageQuery query = AttachmentPage(table, request.record_sys_id());
  query.page_size = EffectivePageSize(request.page_size());
  query.fingerprint = FilterFingerprint(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      query.after, TakePageToken(request.page_token(), query.fingerprint,
                                 /*with_time=*/true));
  async::Task<absl::StatusOr<PageRows>> fetching =
      FetchPage(instance.get(), std::move(query), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(PageRows page, co_await std::move(fetching));
  v1::ListAttachmentsResponse response;
  for (const nlohmann::json& row : page.rows) {
    *response.add_attachments() = AttachmentFromRow(row);
  }
  response.set_next_page_token(std::move(page.next_page_token));
  co_return response;
}

namespace {

// Moves what the sink gets to the caller until it ends, and checks it.
struct Pump {
  Instance* instance = nullptr;
  v1::Attachment header;
  std::shared_ptr<http::PipeSink> sink;
  Sha256 digest;
  std::int64_t size_bytes = 0;

  absl::Status Complete() {
    const std::string hash = digest.FinishHex();
    if (size_bytes == header.size_bytes() &&
        (header.sha256().empty() || header.sha256() == hash)) {
      return absl::OkStatus();
    }
    ErrorDetails details;
    details.metadata["instance"] = instance->settings().name;
    details.metadata["sys_id"] = header.sys_id();
    return GatewayError(
        v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
        absl::StrCat("ServiceNow instance ", instance->settings().name,
                     " sent other bytes for attachment ", header.sys_id(),
                     " than it announced; read it again"),
        std::move(details));
  }
};

// OK when the sink has ended, well or not.
async::Task<absl::Status> Drain(Pump* pump, WritePart write) {
  for (;;) {
    http::PipeSink::TakeResult taken = pump->sink->Take(kChunk);
    switch (taken.state) {
      case http::PipeSink::TakeState::kEnd:
      case http::PipeSink::TakeState::kFailed:
        co_return absl::OkStatus();
      case http::PipeSink::TakeState::kWait: {
        async::OneShot<bool> readable;
        async::EventLoop& loop = pump->instance->loop();
        // Not from inside the transfer that filled the pipe.
        pump->sink->WhenReadable([readable, &loop]() mutable {
          auto wake = [readable]() mutable { readable.Set(true); };
          if (!loop.Post(wake)) wake();
        });
        co_await readable.Wait();
        break;
      }
      case http::PipeSink::TakeState::kData: {
        pump->digest.Update(taken.data);
        pump->size_bytes += static_cast<std::int64_t>(taken.data.size());
        v1::ReadAttachmentResponse part;
        part.set_chunk(std::move(taken.data));
        async::Task<absl::Status> writing = write(std::move(part));
        absl::Status written = co_await std::move(writing);
        if (!written.ok()) co_return written;
        break;
      }
    }
  }
}

}  // namespace

async::Task<absl::Status> ReadAttachment(std::shared_ptr<Instance> instance,
                                         v1::ReadAttachmentRequest request,
                                         WritePart write, CallScope scope) {
  Violations violations;
  CheckSysId("sys_id", request.sys_id(), &violations);
  OPCON_SNOW_CO_RETURN_IF_ERROR(violations.ToStatus());
  async::Task<absl::StatusOr<RecordReply>> getting =
      instance->records().GetAttachment(request.sys_id(), scope);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(const RecordReply reply,
                                 co_await std::move(getting));
  Pump pump;
  pump.instance = instance.get();
  pump.header = AttachmentFromRow(reply.row);
  if (pump.header.size_bytes() > instance->settings().max_attachment_bytes) {
    ErrorDetails details;
    details.metadata["instance"] = instance->settings().name;
    details.metadata["sys_id"] = request.sys_id();
    co_return GatewayError(
        v1::ERROR_REASON_TOO_LARGE,
        absl::StrCat("attachment ", request.sys_id(), " has ",
                     pump.header.size_bytes(), " bytes; max_attachment_bytes ",
                     "of instance ", instance->settings().name, " is ",
                     instance->settings().max_attachment_bytes),
        std::move(details));
  }
  v1::ReadAttachmentResponse first;
  *first.mutable_header() = pump.header;
  async::Task<absl::Status> announcing = write(std::move(first));
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await std::move(announcing));
  if (pump.header.size_bytes() == 0) co_return absl::OkStatus();

  pump.sink = std::make_shared<http::PipeSink>();
  async::OneShot<absl::Status> finished;
  async::Start(
      instance->records().DownloadAttachment(request.sys_id(), pump.sink,
                                             pump.header.size_bytes(), scope),
      [finished, sink = pump.sink](absl::Status status) mutable {
        sink->FinishUnopened();
        finished.Set(std::move(status));
      });
  async::Task<absl::Status> draining = Drain(&pump, std::move(write));
  const absl::Status drained = co_await std::move(draining);
  if (!drained.ok()) pump.sink->Cancel();
  const absl::Status downloaded = co_await finished.Wait();
  if (!drained.ok()) co_return drained;
  if (!downloaded.ok()) co_return downloaded;
  co_return pump.Complete();
}

}  // namespace opcon_snow::snow
