#include "snow_gateway/attach_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/digest/sha256.h"
#include "common/http/headers.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "re2/re2.h"
#include "snow_gateway/attachments.h"
#include "snow_gateway/byte_budget.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Reply = absl::StatusOr<v1::AttachFileResponse>;
using Content = std::shared_ptr<const std::string>;

constexpr std::size_t kMaxFileName = 100;
constexpr std::size_t kMaxContentType = 200;
constexpr std::size_t kMaxChunk = std::size_t{256} * 1024;
constexpr absl::Duration kBudgetRetry = absl::Seconds(5);

// One call; lives in the frame of AttachFile.
struct Attach {
  std::shared_ptr<Instance> instance;
  CallScope scope;
  std::string content_type;
  FileIdentity file;

  absl::Status Error(Reason reason, absl::string_view message,
                     ErrorDetails details = {}) const {
    details.metadata["instance"] = instance->settings().name;
    details.metadata["table"] = file.table;
    details.metadata["sys_id"] = file.record_sys_id;
    return GatewayError(reason, message, std::move(details));
  }
};

bool IsFileName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxFileName || name == "." ||
      name == "..") {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
           c == '-' || c == '_' || c == ' ';
  });
}

// "type/subtype", perhaps with parameters.
bool IsContentType(const std::string& type) {
  static const auto* const pattern = new re2::RE2(
      R"([\w!#$&^.+-]+/[\w!#$&^.+-]+( *; *[\w.+-]+=[\w"./:+-]+)*)");
  return type.size() <= kMaxContentType &&
         re2::RE2::FullMatch(type, *pattern) && http::IsValidHeaderValue(type);
}

absl::Status Check(const v1::AttachFileHeader& header, std::int64_t most) {
  Violations violations;
  if (!header.table().empty()) {
    CheckTable("header.table", header.table(), &violations);
  }
  CheckSysId("header.record_sys_id", header.record_sys_id(), &violations);
  if (!IsFileName(header.file_name())) {
    violations.Add("header.file_name",
                   absl::StrCat("must be 1 to ", kMaxFileName,
                                " characters of ASCII letters, digits, \".\", "
                                "\"-\", \"_\" and blank"));
  }
  if (!header.content_type().empty() && !IsContentType(header.content_type())) {
    violations.Add("header.content_type",
                   "must be a media type such as text/plain");
  }
  if (header.size_bytes() < 0 || header.size_bytes() > most) {
    violations.Add("header.size_bytes",
                   absl::StrCat("must be 0 to ", most,
                                " (max_attachment_bytes of this instance)"));
  }
  if (!IsSha256Hex(header.sha256())) {
    violations.Add("header.sha256", "must be 64 lower-case hexadecimal digits");
  }
  return violations.ToStatus();
}

absl::Status BadStream(absl::string_view field, absl::string_view what) {
  Violations violations;
  violations.Add(field, what);
  return violations.ToStatus();
}

// Everything that the caller sends after the header, checked.
async::Task<absl::StatusOr<Content>> Receive(const Attach* attach,
                                             NextPart next) {
  const std::int64_t size = attach->file.size_bytes;
  auto content = std::make_shared<std::string>();
  content->reserve(static_cast<std::size_t>(size));
  Sha256 digest;
  for (;;) {
    async::Task<std::optional<v1::AttachFileRequest>> reading = next();
    const std::optional<v1::AttachFileRequest> part =
        co_await std::move(reading);
    if (!part.has_value()) break;
    if (part->part_case() != v1::AttachFileRequest::kChunk) {
      co_return BadStream("part", "must be a chunk after the first message");
    }
    const std::string& chunk = part->chunk();
    if (chunk.empty() || chunk.size() > kMaxChunk) {
      co_return BadStream("chunk",
                          absl::StrCat("must have 1 to ", kMaxChunk, " bytes"));
    }
    if (static_cast<std::int64_t>(content->size() + chunk.size()) > size) {
      co_return attach->Error(
          v1::ERROR_REASON_CHECKSUM_MISMATCH,
          absl::StrCat("more bytes came than the ", size,
                       " that were announced; nothing was stored"));
    }
    digest.Update(chunk);
    content->append(chunk);
    if (attach->instance->loop().MonotonicNow() >= attach->scope.deadline) {
      co_return attach->Error(
          v1::ERROR_REASON_UPSTREAM_TIMEOUT,
          "the file was not received in time; nothing was stored");
    }
  }
  // The end of a stream that was broken off looks the same.
  if (attach->scope.stop.stop_requested()) {
    co_return attach->Error(v1::ERROR_REASON_CANCELLED,
                            "the caller gave up; nothing was stored");
  }
  if (static_cast<std::int64_t>(content->size()) != size) {
    co_return attach->Error(
        v1::ERROR_REASON_CHECKSUM_MISMATCH,
        absl::StrCat(content->size(), " bytes came instead of the ", size,
                     " that were announced; nothing was stored"));
  }
  if (digest.FinishHex() != attach->file.sha256) {
    co_return attach->Error(v1::ERROR_REASON_CHECKSUM_MISMATCH,
                            "the bytes that came have another SHA-256 than "
                            "was announced; nothing was stored");
  }
  co_return Content(std::move(content));
}

async::Task<absl::StatusOr<std::optional<v1::Attachment>>> Find(
    const Attach* attach) {
  return FindAttachment(attach->instance.get(), attach->file, attach->scope);
}

Reply Answer(v1::Attachment attachment, bool created) {
  v1::AttachFileResponse response;
  *response.mutable_attachment() = std::move(attachment);
  response.set_created(created);
  return response;
}

async::Task<Reply> Settle(const Attach* attach, absl::Status failure) {
  const Doubt doubt = DoubtOf(failure);
  if (doubt == Doubt::kNothingDone) co_return failure;
  if (CarriesReason(failure, v1::ERROR_REASON_CANCELLED)) {
    co_return WithFact(failure, kOutcomeKey, kOutcomeUnknown);
  }
  async::Task<absl::StatusOr<std::optional<v1::Attachment>>> finding =
      Find(attach);
  const absl::StatusOr<std::optional<v1::Attachment>> found =
      co_await std::move(finding);
  log::Info("servicenow.attach_settled",
            {{"instance", attach->instance->settings().name},
             {"sys_id", attach->file.record_sys_id},
             {"failure", GetErrorReason(failure)},
             {"found", found.ok() && found->has_value()}});
  if (found.ok() && found->has_value()) {
    // It was not there before.
    co_return Answer(**found, true);
  }
  if (!found.ok()) {
    co_return doubt == Doubt::kRefused ? failure : OutcomeUnknown(failure);
  }
  co_return doubt == Doubt::kMayStillRun ? OutcomeUnknown(failure) : failure;
}

async::Task<Reply> Store(const Attach* attach, Content content) {
  Upload upload;
  upload.table = attach->file.table;
  upload.record_sys_id = attach->file.record_sys_id;
  upload.file_name = attach->file.file_name;
  upload.content_type = attach->content_type;
  upload.content = std::move(content);
  CallScope scope = attach->scope;
  scope.priority = http::Priority::kUpload;
  async::Task<absl::StatusOr<RecordReply>> uploading =
      attach->instance->records().UploadAttachment(std::move(upload),
                                                   std::move(scope));
  const absl::StatusOr<RecordReply> reply = co_await std::move(uploading);
  if (!reply.ok()) {
    async::Task<Reply> settling = Settle(attach, reply.status());
    Reply settled = co_await std::move(settling);
    co_return settled;
  }
  v1::Attachment attachment = AttachmentFromRow(reply->row);
  const bool other_size = attachment.size_bytes() != attach->file.size_bytes;
  const bool other_hash = !attachment.sha256().empty() &&
                          attachment.sha256() != attach->file.sha256;
  if (other_size || other_hash) {
    co_return attach->Error(
        v1::ERROR_REASON_UPSTREAM_FAILURE,
        absl::StrCat("the instance stored attachment ", attachment.sys_id(),
                     " with other bytes than were sent; the ServiceNow "
                     "administrator can delete it and find the cause"));
  }
  co_return Answer(std::move(attachment), true);
}

}  // namespace

async::Task<absl::StatusOr<v1::AttachFileResponse>> AttachFile(
    FindTarget find_target, NextPart next) {
  async::Task<std::optional<v1::AttachFileRequest>> reading = next();
  const std::optional<v1::AttachFileRequest> first =
      co_await std::move(reading);
  if (!first.has_value() ||
      first->part_case() != v1::AttachFileRequest::kHeader) {
    co_return BadStream("part", "must be the header in the first message");
  }
  const v1::AttachFileHeader& header = first->header();
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Target target, find_target(header.instance()));
  const InstanceSettings& settings = target.instance->settings();
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(header, settings.max_attachment_bytes));

  Attach attach;
  attach.instance = target.instance;
  attach.scope = target.scope;
  attach.content_type =
      header.content_type().empty() ? "text/plain" : header.content_type();
  attach.file.table =
      header.table().empty() ? settings.incident_table : header.table();
  attach.file.record_sys_id = header.record_sys_id();
  attach.file.file_name = header.file_name();
  attach.file.size_bytes = header.size_bytes();
  attach.file.sha256 = header.sha256();

  async::Task<absl::StatusOr<std::optional<v1::Attachment>>> finding =
      Find(&attach);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(std::optional<v1::Attachment> found,
                                 co_await std::move(finding));
  if (found.has_value()) co_return Answer(*std::move(found), false);

  const ByteBudget::Share share =
      attach.instance->upload_budget().Take(attach.file.size_bytes);
  if (!share.ok()) {
    ErrorDetails details;
    details.retry_after = kBudgetRetry;
    co_return attach.Error(v1::ERROR_REASON_GATEWAY_OVERLOADED,
                           "the gateway is receiving as many files as it has "
                           "memory for; nothing was stored",
                           std::move(details));
  }
  async::Task<absl::StatusOr<Content>> receiving =
      Receive(&attach, std::move(next));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Content content,
                                 co_await std::move(receiving));
  async::Task<Reply> storing = Store(&attach, std::move(content));
  Reply reply = co_await std::move(storing);
  co_return reply;
}

}  // namespace opcon_snow::snow
