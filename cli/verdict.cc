#include "cli/verdict.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "common/rpc/tls_advice.h"
#include "common/status/error.h"

namespace opcon_snow::cli {
namespace {

// Longer than any message of the service.
constexpr std::size_t kMaxMessage = 2000;

std::string Mend(const absl::Status& status, absl::string_view origin) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (IsFromService(status)) return "";
      if (const absl::string_view advice = rpc::TlsAdvice(status.message());
          !advice.empty()) {
        return absl::StrCat("About TLS: ", advice);
      }
      return absl::StrCat("Check that it runs and that the address (from ",
                          origin, ") is right; --server names another");
    case absl::StatusCode::kDeadlineExceeded:
      return "Look after the service, or allow more time with --timeout";
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return "Check the bearer token (--token-file) or client certificate "
             "(--tls-cert, --tls-key), and the roles that the service's "
             "configuration gives to it";
    case absl::StatusCode::kUnimplemented:
      if (IsFromService(status)) return "";
      return absl::StrCat(
          "Probably something else listens there, or a version "
          "that does not know the call; check the address "
          "(from ",
          origin, ")");
    default:
      return "";
  }
}

}  // namespace

bool IsFromService(const absl::Status& status) {
  return GetErrorDetails(status).has_value();
}

Verdict Judge(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Verdict::kDelivered;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return Verdict::kDenied;
    case absl::StatusCode::kUnimplemented:
      // With details: a kind of event that this version does not offer.
      return IsFromService(status) ? Verdict::kRefused : Verdict::kMisdirected;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return Verdict::kRefused;
    default:
      return Verdict::kLater;
  }
}

int ExitCodeFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return kExitData;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitDenied;
    case absl::StatusCode::kUnavailable:
      return IsFromService(status) ? kExitTryLater : kExitUnavailable;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return kExitTryLater;
    default:
      return kExitUnavailable;
  }
}

std::string ReasonOf(const absl::Status& status) {
  std::string text = absl::StrCat(absl::StatusCodeToString(status.code()), ": ",
                                  ForTerminal(status.message(), kMaxMessage));
  if (const std::optional<ErrorDetails> details = GetErrorDetails(status)) {
    for (const FieldViolation& violation : details->violations) {
      // The service may have said it in the message.
      if (absl::StrContains(status.message(), violation.description)) continue;
      absl::StrAppend(&text, "; ", ForTerminal(violation.field, kMaxMessage),
                      ": ", ForTerminal(violation.description, kMaxMessage));
    }
  }
  return text;
}

std::string Describe(const absl::Status& status, absl::string_view server,
                     absl::string_view origin) {
  std::string text = absl::StrCat("the incident service at ", server);
  if (IsFromService(status)) {
    absl::StrAppend(&text, " answers ", ReasonOf(status));
  } else if (absl::IsUnavailable(status)) {
    absl::StrAppend(&text, " cannot be reached: ",
                    ForTerminal(status.message(), kMaxMessage));
  } else {
    text = absl::StrCat("calling ", text, " failed with ", ReasonOf(status));
  }
  const std::string mend = Mend(status, origin);
  if (!mend.empty()) absl::StrAppend(&text, ". ", mend);
  return text;
}

}  // namespace opcon_snow::cli
