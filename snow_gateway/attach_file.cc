#include "snow_gateway/attach_file.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/async/one_shot.h"
#include "common/digest/sha256.h"
#include "common/http/body_pipe.h"
#include "common/http/headers.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "re2/re2.h"
#include "snow_gateway/attachments.h"
#include "snow_gateway/byte_budget.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/file_name.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Reply = absl::StatusOr<v1::AttachFileResponse>;
using Content = std::shared_ptr<const std::string>;

// Before it is made acceptable.
constexpr std::size_t kMaxGivenName = 1000;
constexpr std::size_t kMaxRun = 40;
constexpr std::size_t kMaxContentType = 200;
// Larger files are passed on while they arrive.
constexpr std::int64_t kMaxBuffered = std::int64_t{1} << 20;
// What one that is passed on holds of the memory for all: what its pipe takes,
// and a message on each side of it.
constexpr std::int64_t kStreamShare = std::int64_t{1} << 20;
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

// "type/subtype", perhaps with parameters.
bool IsContentType(const std::string& type) {
  static const auto* const pattern = new re2::RE2(
      R"([\w!#$&^.+-]+/[\w!#$&^.+-]+( *; *[\w.+-]+=[\w"./:+-]+)*)");
  return type.size() <= kMaxContentType &&
         re2::RE2::FullMatch(type, *pattern) && http::IsValidHeaderValue(type);
}

bool IsRun(absl::string_view run) {
  return run.size() <= kMaxRun &&
         std::all_of(run.begin(), run.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-' || c == '_';
         });
}

absl::Status Check(const v1::AttachFileHeader& header, std::int64_t most) {
  Violations violations;
  if (!header.table().empty()) {
    CheckTable("header.table", header.table(), &violations);
  }
  CheckSysId("header.record_sys_id", header.record_sys_id(), &violations);
  if (header.file_name().empty() || header.file_name().size() > kMaxGivenName) {
    violations.Add("header.file_name",
                   absl::StrCat("must be 1 to ", kMaxGivenName, " bytes"));
  }
  if (!IsRun(header.run())) {
    violations.Add("header.run",
                   absl::StrCat("must be at most ", kMaxRun,
                                " ASCII letters, digits, \"-\" and \"_\""));
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

// What has arrived of the file, checked as it comes.
class Intake {
 public:
  explicit Intake(const Attach* attach) : attach_(attach) {}

  // One message after the header.
  absl::Status Take(const v1::AttachFileRequest& part) {
    if (part.part_case() != v1::AttachFileRequest::kChunk) {
      return BadStream("part", "must be a chunk after the first message");
    }
    const std::string& chunk = part.chunk();
    if (chunk.empty() || chunk.size() > kMaxChunk) {
      return BadStream("chunk",
                       absl::StrCat("must have 1 to ", kMaxChunk, " bytes"));
    }
    size_ += static_cast<std::int64_t>(chunk.size());
    if (size_ > attach_->file.size_bytes) {
      return Mismatch(absl::StrCat("more bytes came than the ",
                                   attach_->file.size_bytes,
                                   " that were announced"));
    }
    digest_.Update(chunk);
    if (attach_->instance->loop().MonotonicNow() >= attach_->scope.deadline) {
      return attach_->Error(
          v1::ERROR_REASON_UPSTREAM_TIMEOUT,
          "the file was not received in time; nothing was stored");
    }
    return absl::OkStatus();
  }

  // After the last message.
  absl::Status Finish() {
    // The end of a stream that was broken off looks the same.
    if (attach_->scope.stop.stop_requested()) {
      return attach_->Error(v1::ERROR_REASON_CANCELLED,
                            "the caller gave up; nothing was stored");
    }
    if (size_ != attach_->file.size_bytes) {
      return Mismatch(absl::StrCat(size_, " bytes came instead of the ",
                                   attach_->file.size_bytes,
                                   " that were announced"));
    }
    if (digest_.FinishHex() != attach_->file.sha256) {
      return Mismatch(
          "the bytes that came have another SHA-256 than was announced");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Mismatch(absl::string_view what) const {
    return attach_->Error(v1::ERROR_REASON_CHECKSUM_MISMATCH,
                          absl::StrCat(what, "; nothing was stored"));
  }

  const Attach* const attach_;
  Sha256 digest_;
  std::int64_t size_ = 0;
};

// Everything that the caller sends after the header, checked.
async::Task<absl::StatusOr<Content>> Receive(const Attach* attach,
                                             NextPart next) {
  auto content = std::make_shared<std::string>();
  content->reserve(static_cast<std::size_t>(attach->file.size_bytes));
  Intake intake(attach);
  for (;;) {
    async::Task<std::optional<v1::AttachFileRequest>> reading = next();
    const std::optional<v1::AttachFileRequest> part =
        co_await std::move(reading);
    if (!part.has_value()) break;
    OPCON_SNOW_CO_RETURN_IF_ERROR(intake.Take(*part));
    content->append(part->chunk());
  }
  OPCON_SNOW_CO_RETURN_IF_ERROR(intake.Finish());
  co_return Content(std::move(content));
}

// Waits until the pipe takes more, or nobody reads it any longer.
async::Task<void> WaitForRoom(async::EventLoop* loop, http::PipeSource* pipe) {
  async::OneShot<bool> room;
  // Not from inside the transfer that emptied the pipe.
  pipe->WhenWritable([room, loop]() mutable {
    auto wake = [room]() mutable { room.Set(true); };
    if (!loop->Post(wake)) wake();
  });
  co_await room.Wait();
}

struct Passed {
  // Why not everything was passed on; OK also if nobody read it any longer.
  absl::Status status;
  // The last byte went into the pipe.
  bool whole = false;
};

// Passes on what arrives. The last message is held back until size and digest
// are known to fit: without it the instance has only a part of what it was
// promised, and stores nothing.
async::Task<Passed> PassOn(const Attach* attach, NextPart next,
                           http::PipeSource* pipe) {
  Intake intake(attach);
  std::string held;
  for (;;) {
    async::Task<std::optional<v1::AttachFileRequest>> reading = next();
    std::optional<v1::AttachFileRequest> part = co_await std::move(reading);
    const absl::Status taken =
        part.has_value() ? intake.Take(*part) : intake.Finish();
    if (!taken.ok()) co_return Passed{taken};
    if (!held.empty()) {
      switch (pipe->Write(std::move(held))) {
        case http::PipeSource::WriteState::kClosed:
          co_return Passed{absl::OkStatus()};
        case http::PipeSource::WriteState::kFull: {
          async::Task<void> waiting =
              WaitForRoom(&attach->instance->loop(), pipe);
          co_await std::move(waiting);
          break;
        }
        case http::PipeSource::WriteState::kMore:
          break;
      }
    }
    if (!part.has_value()) co_return Passed{absl::OkStatus(), true};
    held = std::move(*part->mutable_chunk());
  }
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

Upload UploadOf(const Attach& attach) {
  Upload upload;
  upload.table = attach.file.table;
  upload.record_sys_id = attach.file.record_sys_id;
  upload.file_name = attach.file.file_name;
  upload.content_type = attach.content_type;
  return upload;
}

async::Task<absl::StatusOr<RecordReply>> Send(const Attach* attach,
                                              Upload upload) {
  CallScope scope = attach->scope;
  scope.priority = http::Priority::kUpload;
  return attach->instance->records().UploadAttachment(std::move(upload),
                                                      std::move(scope));
}

async::Task<Reply> Conclude(const Attach* attach,
                            absl::StatusOr<RecordReply> reply) {
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

// Receives the file, then sends it.
async::Task<Reply> StoreWhole(const Attach* attach, NextPart next) {
  async::Task<absl::StatusOr<Content>> receiving =
      Receive(attach, std::move(next));
  Upload upload = UploadOf(*attach);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(upload.content, co_await std::move(receiving));
  async::Task<absl::StatusOr<RecordReply>> sending =
      Send(attach, std::move(upload));
  absl::StatusOr<RecordReply> reply = co_await std::move(sending);
  async::Task<Reply> concluding = Conclude(attach, std::move(reply));
  Reply concluded = co_await std::move(concluding);
  co_return concluded;
}

// Sends the file while it arrives.
async::Task<Reply> StoreStreamed(const Attach* attach, NextPart next) {
  auto pipe = std::make_shared<http::PipeSource>(attach->file.size_bytes);
  Upload upload = UploadOf(*attach);
  upload.source = pipe;
  async::OneShot<absl::StatusOr<RecordReply>> finished;
  async::Start(Send(attach, std::move(upload)),
               [finished, pipe](absl::StatusOr<RecordReply> reply) mutable {
                 // Also if the source was never opened: whoever fills it may be
                 // waiting for room.
                 pipe->Close();
                 finished.Set(std::move(reply));
               });
  async::Task<Passed> passing = PassOn(attach, std::move(next), pipe.get());
  const Passed passed = co_await std::move(passing);
  if (passed.whole) {
    pipe->Finish();
  } else {
    pipe->Fail();
  }
  absl::StatusOr<RecordReply> reply = co_await finished.Wait();
  if (!passed.status.ok()) co_return passed.status;
  if (!reply.ok() && !passed.whole) {
    // What it has of the file is not the file.
    co_return WithDoubt(reply.status(), Doubt::kNothingDone);
  }
  async::Task<Reply> concluding = Conclude(attach, std::move(reply));
  Reply concluded = co_await std::move(concluding);
  co_return concluded;
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
  attach.file.table =
      header.table().empty() ? settings.incident_table : header.table();
  attach.file.record_sys_id = header.record_sys_id();
  attach.file.file_name =
      AcceptableFileName(header.file_name(), header.run(), settings.file_names);
  attach.content_type =
      AcceptableContentType(attach.file.file_name, header.content_type());
  attach.file.size_bytes = header.size_bytes();
  attach.file.sha256 = header.sha256();

  async::Task<absl::StatusOr<std::optional<v1::Attachment>>> finding =
      Find(&attach);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(std::optional<v1::Attachment> found,
                                 co_await std::move(finding));
  if (found.has_value()) co_return Answer(*std::move(found), false);

  const bool whole = attach.file.size_bytes <= kMaxBuffered;
  const ByteBudget::Share share = attach.instance->upload_budget().Take(
      whole ? attach.file.size_bytes : kStreamShare);
  if (!share.ok()) {
    ErrorDetails details;
    details.retry_after = kBudgetRetry;
    co_return attach.Error(v1::ERROR_REASON_GATEWAY_OVERLOADED,
                           "the gateway is receiving as many files as it has "
                           "memory for; nothing was stored",
                           std::move(details));
  }
  async::Task<Reply> storing = whole ? StoreWhole(&attach, std::move(next))
                                     : StoreStreamed(&attach, std::move(next));
  Reply reply = co_await std::move(storing);
  co_return reply;
}

}  // namespace opcon_snow::snow
