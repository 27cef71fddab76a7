#include "snow_gateway/errors.h"

#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace opcon_snow::snow {
namespace {

constexpr char kDoubtUrl[] = "opcon-snow/doubt";

}  // namespace

std::string ReasonName(Reason reason) {
  absl::string_view name = ::servicenow::v1::ErrorReason_Name(reason);
  absl::ConsumePrefix(&name, "ERROR_REASON_");
  return std::string(name);
}

absl::StatusCode CodeOf(Reason reason) {
  namespace v1 = ::servicenow::v1;
  switch (reason) {
    case v1::ERROR_REASON_INVALID_REQUEST:
    case v1::ERROR_REASON_UPSTREAM_REJECTED:
    case v1::ERROR_REASON_ATTACHMENT_REFUSED:
    case v1::ERROR_REASON_CHECKSUM_MISMATCH:
      return absl::StatusCode::kInvalidArgument;
    case v1::ERROR_REASON_UNKNOWN_INSTANCE:
    case v1::ERROR_REASON_RECORD_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::ERROR_REASON_AMBIGUOUS_RECORD:
    case v1::ERROR_REASON_REFERENCE_NOT_FOUND:
    case v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED:
    case v1::ERROR_REASON_UPSTREAM_FORBIDDEN:
    case v1::ERROR_REASON_ABORTED_BY_BUSINESS_RULE:
    case v1::ERROR_REASON_MANDATORY_FIELDS_MISSING:
    case v1::ERROR_REASON_INCIDENT_STATE:
    case v1::ERROR_REASON_SYS_ID_TAKEN:
      return absl::StatusCode::kFailedPrecondition;
    case v1::ERROR_REASON_UPSTREAM_UNREACHABLE:
    case v1::ERROR_REASON_UPSTREAM_UNAVAILABLE:
    case v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW:
    case v1::ERROR_REASON_INSTANCE_HIBERNATING:
    case v1::ERROR_REASON_OUTCOME_UNKNOWN:
      return absl::StatusCode::kUnavailable;
    case v1::ERROR_REASON_UPSTREAM_TIMEOUT:
      return absl::StatusCode::kDeadlineExceeded;
    case v1::ERROR_REASON_UPSTREAM_RATE_LIMITED:
    case v1::ERROR_REASON_GATEWAY_OVERLOADED:
      return absl::StatusCode::kResourceExhausted;
    case v1::ERROR_REASON_TOO_LARGE:
      return absl::StatusCode::kOutOfRange;
    case v1::ERROR_REASON_NOT_OFFERED:
      return absl::StatusCode::kUnimplemented;
    case v1::ERROR_REASON_CANCELLED:
      return absl::StatusCode::kCancelled;
    case v1::ERROR_REASON_UNAUTHENTICATED:
      return absl::StatusCode::kUnauthenticated;
    case v1::ERROR_REASON_ROLE_REQUIRED:
      return absl::StatusCode::kPermissionDenied;
    case v1::ERROR_REASON_UPSTREAM_FAILURE:
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status GatewayError(Reason reason, absl::string_view message,
                          ErrorDetails details) {
  details.reason = ReasonName(reason);
  details.domain = kErrorDomain;
  return MakeError(CodeOf(reason), message, std::move(details));
}

bool CarriesReason(const absl::Status& status, Reason reason) {
  return !status.ok() && GetErrorReason(status) == ReasonName(reason);
}

absl::Status WithFact(const absl::Status& status, absl::string_view key,
                      absl::string_view value) {
  if (status.ok()) return status;
  ErrorDetails details = GetErrorDetails(status).value_or(ErrorDetails());
  if (details.domain.empty()) details.domain = kErrorDomain;
  if (!value.empty()) {
    details.metadata.emplace(std::string(key), std::string(value));
  }
  return WithDetails(status, details);
}

absl::Status WithDoubt(absl::Status status, Doubt doubt) {
  if (status.ok()) return status;
  if (doubt == Doubt::kNothingDone) {
    status.ErasePayload(kDoubtUrl);
  } else {
    status.SetPayload(kDoubtUrl,
                      absl::Cord(std::string(1, static_cast<char>(doubt))));
  }
  return status;
}

Doubt DoubtOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kDoubtUrl);
  if (!payload.has_value()) return Doubt::kNothingDone;
  return static_cast<Doubt>(std::string(*payload).at(0));
}

absl::Status OutcomeUnknown(const absl::Status& cause) {
  ErrorDetails details = GetErrorDetails(cause).value_or(ErrorDetails());
  details.reason = ReasonName(::servicenow::v1::ERROR_REASON_OUTCOME_UNKNOWN);
  details.domain = kErrorDomain;
  details.retry_after.reset();
  return MakeOutcomeUnknown(
      absl::StatusCode::kUnavailable,
      absl::StrCat("it is not known whether this happened: ", cause.message(),
                   ". Looking afterwards did not settle it. Repeat the call: "
                   "it looks first and does nothing twice"),
      std::move(details));
}

}  // namespace opcon_snow::snow
