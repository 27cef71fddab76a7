#include "opcon_gateway/upstream_error.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace opcon_snow::opcon {
namespace {

using ::opcon::v1::ErrorReason;

std::string RequestText(const RequestFacts& facts) {
  return absl::StrCat(http::MethodName(facts.method), " ", facts.url);
}

absl::Status FromMapping(const ErrorMapping& mapping, absl::string_view message,
                         absl::string_view mend, ErrorDetails details) {
  if (!details.retry_after.has_value()) {
    details.retry_after = mapping.retry_after;
  }
  if (mapping.outcome_unknown) {
    details.metadata[kOutcomeKey] = kOutcomeUnknown;
    // Nobody may read a delay as leave to send it again.
    details.retry_after.reset();
  }
  if (mend.empty()) mend = MendOf(mapping.reason);
  return OpConError(mapping.code, mapping.reason,
                    absl::StrCat(message, mend.empty() ? "" : ". ", mend),
                    std::move(details));
}

constexpr char kTlsMend[] =
    "See that OpCon's certificate is in date, by this machine's clock too, and "
    "has the name in base_url, and that tls.ca_file of this instance names the "
    "authority that signed it.";

}  // namespace

absl::Status OpConError(absl::StatusCode code, ErrorReason reason,
                        absl::string_view message, ErrorDetails details) {
  details.reason = ReasonName(reason);
  details.domain = kErrorDomain;
  return MakeError(code, message, std::move(details));
}

bool IsReason(const absl::Status& status, ErrorReason reason) {
  return GetErrorReason(status) == ReasonName(reason);
}

absl::Status WithFacts(const absl::Status& status, absl::string_view instance,
                       absl::string_view job) {
  if (status.ok()) return status;
  ErrorDetails details = GetErrorDetails(status).value_or(ErrorDetails());
  details.domain = kErrorDomain;
  if (!instance.empty()) {
    details.metadata.emplace("instance", std::string(instance));
  }
  if (!job.empty()) details.metadata.emplace("job", std::string(job));
  return WithDetails(status, details);
}

absl::Status TransportFailure(const RequestFacts& facts,
                              const http::TransportError& error) {
  const ErrorMapping mapping =
      MapTransportError(error.kind, error.maybe_processed, facts.effect);
  ErrorDetails details;
  details.metadata["instance"] = facts.instance;
  details.metadata["transport_error"] = std::string(http::KindName(error.kind));
  if (error.status != 0) {
    details.metadata["http_status_code"] = absl::StrCat(error.status);
  }
  return FromMapping(
      mapping,
      absl::StrCat("OpCon instance \"", facts.instance,
                   "\": ", RequestText(facts), " failed: ", error.message),
      error.kind == http::TransportError::Kind::kTls ? kTlsMend : "",
      std::move(details));
}

absl::Status AnswerFailure(const RequestFacts& facts, int status,
                           const UpstreamMessage& message,
                           std::optional<absl::Duration> retry_after,
                           absl::string_view mend) {
  ErrorMapping mapping = MapAnswer(status, message.form, facts.effect);
  if (mapping.code == absl::StatusCode::kNotFound) {
    mapping.reason = facts.not_found;
  }
  ErrorDetails details;
  details.metadata["instance"] = facts.instance;
  details.metadata["http_status_code"] = absl::StrCat(status);
  if (!message.code.empty()) details.metadata["upstream_code"] = message.code;
  if (!message.text.empty()) {
    details.metadata["upstream_message"] = message.text;
  }
  // The header counts only where a later attempt can help.
  if (mapping.retry_after.has_value() ||
      mapping.code == absl::StatusCode::kUnavailable) {
    details.retry_after = retry_after;
  }
  const absl::string_view what =
      message.form == BodyForm::kHtml ? " with a page of HTML" : "";
  return FromMapping(
      mapping,
      absl::StrCat("OpCon instance \"", facts.instance, "\" answered ", status,
                   what, " to ", RequestText(facts),
                   message.text.empty() ? "" : ": ", message.text),
      mend, std::move(details));
}

absl::Status UnreadableAnswer(const RequestFacts& facts, int status,
                              BodyForm form, absl::string_view why) {
  ErrorDetails details;
  details.metadata["instance"] = facts.instance;
  details.metadata["http_status_code"] = absl::StrCat(status);
  return FromMapping(
      MapAnswer(status, form, facts.effect),
      absl::StrCat("OpCon instance \"", facts.instance, "\" answered ", status,
                   " to ", RequestText(facts),
                   " with something that is no answer of its API (", why, ")"),
      "", std::move(details));
}

}  // namespace opcon_snow::opcon
