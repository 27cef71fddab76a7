#include "common/status/error.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/utf8.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"

namespace opcon_snow {
namespace {

// Texts are made UTF-8 before they are stored: protobuf drops a message that it
// cannot read back, and with it every detail.

// Longest google.protobuf.Duration, 10,000 years.
constexpr absl::Duration kLongestDelay = absl::Seconds(315'576'000'000);

std::string TypeUrl(const google::protobuf::Message& message) {
  return absl::StrCat("type.googleapis.com/",
                      message.GetDescriptor()->full_name());
}

void SetMessage(absl::Status& status,
                const google::protobuf::Message& message) {
  status.SetPayload(TypeUrl(message), absl::Cord(message.SerializeAsString()));
}

// The payload of this type; nullopt if there is none that can be parsed.
template <class Message>
std::optional<Message> GetMessage(const absl::Status& status) {
  Message message;
  const auto payload = status.GetPayload(TypeUrl(message));
  if (!payload.has_value() || !message.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return message;
}

void SetRetryInfo(absl::Status& status, absl::Duration delay) {
  delay = std::clamp(delay, absl::ZeroDuration(), kLongestDelay);
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
  const absl::Duration rest =
      delay - absl::Seconds(info.retry_delay().seconds());
  info.mutable_retry_delay()->set_nanos(
      static_cast<int>(absl::ToInt64Nanoseconds(rest)));
  SetMessage(status, info);
}

void SetBadRequest(absl::Status& status,
                   const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : violations) {
    auto* added = bad_request.add_field_violations();
    added->set_field(ToValidUtf8(violation.field));
    added->set_description(ToValidUtf8(violation.description));
  }
  SetMessage(status, bad_request);
}

}  // namespace

absl::Status WithDetails(const absl::Status& status,
                         const ErrorDetails& details) {
  if (status.ok()) return status;
  absl::Status result = status;
  google::rpc::ErrorInfo info;
  info.set_reason(details.reason.empty()
                      ? absl::StatusCodeToString(status.code())
                      : ToValidUtf8(details.reason));
  info.set_domain(ToValidUtf8(details.domain));
  for (const auto& [key, value] : details.metadata) {
    (*info.mutable_metadata())[ToValidUtf8(key)] = ToValidUtf8(value);
  }
  SetMessage(result, info);

  result.ErasePayload(TypeUrl(google::rpc::RetryInfo::default_instance()));
  if (details.retry_after.has_value()) {
    SetRetryInfo(result, *details.retry_after);
  }
  result.ErasePayload(TypeUrl(google::rpc::BadRequest::default_instance()));
  if (!details.violations.empty()) SetBadRequest(result, details.violations);
  return result;
}

absl::Status MakeError(absl::StatusCode code, absl::string_view message,
                       ErrorDetails details) {
  if (code == absl::StatusCode::kOk) {
    return WithDetails(absl::InternalError(absl::StrCat(
                           "an error with the code OK: ", message)),
                       details);
  }
  return WithDetails(absl::Status(code, message), details);
}

std::optional<ErrorDetails> GetErrorDetails(const absl::Status& status) {
  if (status.ok()) return std::nullopt;
  const auto info = GetMessage<google::rpc::ErrorInfo>(status);
  const auto bad_request = GetMessage<google::rpc::BadRequest>(status);
  const std::optional<absl::Duration> retry_after = RetryDelay(status);
  if (!info.has_value() && !bad_request.has_value() &&
      !retry_after.has_value()) {
    return std::nullopt;
  }
  ErrorDetails details;
  details.retry_after = retry_after;
  if (info.has_value()) {
    details.reason = info->reason();
    details.domain = info->domain();
    details.metadata.insert(info->metadata().begin(), info->metadata().end());
  }
  if (bad_request.has_value()) {
    for (const auto& violation : bad_request->field_violations()) {
      details.violations.push_back(
          {violation.field(), violation.description()});
    }
  }
  return details;
}

std::string GetErrorReason(const absl::Status& status) {
  const auto info = GetMessage<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "";
}

absl::Status WithContext(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  absl::Status result(status.code(),
                      absl::StrCat(prefix, ": ", status.message()));
  status.ForEachPayload(
      [&result](absl::string_view type_url, const absl::Cord& payload) {
        result.SetPayload(type_url, payload);
      });
  return result;
}

absl::Status MakeOutcomeUnknown(absl::StatusCode code,
                                absl::string_view message,
                                ErrorDetails details) {
  if (details.reason.empty()) details.reason = kOutcomeUnknownReason;
  details.metadata[kOutcomeKey] = kOutcomeUnknown;
  return MakeError(code, message, details);
}

bool IsOutcomeUnknown(const absl::Status& status) {
  const auto info = GetMessage<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return false;
  const auto outcome = info->metadata().find(kOutcomeKey);
  return outcome != info->metadata().end() &&
         outcome->second == kOutcomeUnknown;
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto info = GetMessage<google::rpc::RetryInfo>(status);
  if (!info.has_value()) return std::nullopt;
  const absl::Duration delay = absl::Seconds(info->retry_delay().seconds()) +
                               absl::Nanoseconds(info->retry_delay().nanos());
  return std::clamp(delay, absl::ZeroDuration(), kLongestDelay);
}

bool IsRetryable(const absl::Status& status) {
  if (status.ok() || IsOutcomeUnknown(status)) return false;
  if (RetryDelay(status).has_value()) return true;
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kAborted;
}

}  // namespace opcon_snow
