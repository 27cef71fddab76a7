#include "opcon_gateway/error_mapping.h"

#include <array>
#include <cstddef>

#include "absl/strings/strip.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using Kind = http::TransportError::Kind;
namespace v1 = ::opcon::v1;

// A timeout is not in the caller's policy of what may be retried (it may have
// been the caller's own deadline), so the advice is said aloud.
constexpr absl::Duration kAfterTimeout = absl::Seconds(5);
constexpr absl::Duration kAfterRateLimit = absl::Seconds(10);

constexpr ErrorMapping kUnreachable = {StatusCode::kUnavailable,
                                       v1::ERROR_REASON_UPSTREAM_UNREACHABLE};
constexpr ErrorMapping kUnavailable = {StatusCode::kUnavailable,
                                       v1::ERROR_REASON_UPSTREAM_UNAVAILABLE};
constexpr ErrorMapping kNotOpCon = {StatusCode::kUnavailable,
                                    v1::ERROR_REASON_UPSTREAM_NOT_OPCON};
constexpr ErrorMapping kTimeout = {StatusCode::kDeadlineExceeded,
                                   v1::ERROR_REASON_UPSTREAM_TIMEOUT,
                                   kAfterTimeout};
constexpr ErrorMapping kTooLarge = {StatusCode::kOutOfRange,
                                    v1::ERROR_REASON_TOO_LARGE};
constexpr ErrorMapping kCancelled = {StatusCode::kCancelled,
                                     v1::ERROR_REASON_CANCELLED};
constexpr ErrorMapping kInvalid = {StatusCode::kInvalidArgument,
                                   v1::ERROR_REASON_INVALID_REQUEST};
constexpr ErrorMapping kRejected = {StatusCode::kInvalidArgument,
                                    v1::ERROR_REASON_UPSTREAM_REJECTED};
constexpr ErrorMapping kUnauthenticated = {
    StatusCode::kFailedPrecondition,
    v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED};
constexpr ErrorMapping kForbidden = {StatusCode::kFailedPrecondition,
                                     v1::ERROR_REASON_UPSTREAM_FORBIDDEN};
constexpr ErrorMapping kNotFound = {StatusCode::kNotFound,
                                    v1::ERROR_REASON_RECORD_NOT_FOUND};
constexpr ErrorMapping kVersion = {StatusCode::kUnimplemented,
                                   v1::ERROR_REASON_UPSTREAM_VERSION};
constexpr ErrorMapping kState = {StatusCode::kFailedPrecondition,
                                 v1::ERROR_REASON_JOB_STATE};
constexpr ErrorMapping kRateLimited = {StatusCode::kResourceExhausted,
                                       v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
                                       kAfterRateLimit};
constexpr ErrorMapping kFailure = {StatusCode::kInternal,
                                   v1::ERROR_REASON_UPSTREAM_FAILURE};
constexpr ErrorMapping kFailureUnknown = {StatusCode::kInternal,
                                          v1::ERROR_REASON_UPSTREAM_FAILURE,
                                          std::nullopt, true};
constexpr ErrorMapping kUnknown = {StatusCode::kUnavailable,
                                   v1::ERROR_REASON_OUTCOME_UNKNOWN,
                                   std::nullopt, true};

struct TransportRow {
  Kind kind;
  // Not one byte of the request left the gateway.
  const ErrorMapping& not_sent;
  // It may have arrived, and only asked for something. A request that was to
  // change something is always kUnknown then.
  const ErrorMapping& sent_read;
};

constexpr std::array<TransportRow, 13> kTransportTable = {{
    {Kind::kBadRequest, kInvalid, kInvalid},
    {Kind::kResolve, kUnreachable, kUnavailable},
    {Kind::kConnect, kUnreachable, kUnavailable},
    {Kind::kTls, kUnreachable, kUnavailable},
    // Not sent: the time was spent on connecting.
    {Kind::kTimeout, kUnreachable, kTimeout},
    {Kind::kSend, kUnreachable, kUnavailable},
    {Kind::kReceive, kUnreachable, kUnavailable},
    {Kind::kProtocol, kNotOpCon, kNotOpCon},
    {Kind::kTooLarge, kTooLarge, kTooLarge},
    {Kind::kCancelled, kCancelled, kCancelled},
    // The gateway streams nothing to OpCon and sinks nothing from it.
    {Kind::kSource, kUnreachable, kUnavailable},
    {Kind::kSink, kUnreachable, kUnavailable},
    {Kind::kOther, kUnreachable, kUnavailable},
}};

struct AnswerRow {
  int first;
  int last;
  // Such a status with an HTML page comes from somebody else than OpCon.
  bool html_is_foreign;
  const ErrorMapping& read;
  const ErrorMapping& write;
};

// Every status from 0 to 999, in order and without gaps; a test checks that.
constexpr std::array<AnswerRow, 27> kAnswerTable = {{
    {0, 99, false, kNotOpCon, kUnknown},
    // "Success" with a body that cannot be understood: who knows what was done.
    {100, 299, false, kNotOpCon, kUnknown},
    // OpCon's API does not redirect; a redirect did nothing else.
    {300, 399, false, kNotOpCon, kNotOpCon},
    {400, 400, true, kRejected, kRejected},
    {401, 401, false, kUnauthenticated, kUnauthenticated},
    {402, 402, true, kRejected, kRejected},
    {403, 403, true, kForbidden, kForbidden},
    {404, 404, true, kNotFound, kNotFound},
    {405, 405, true, kVersion, kVersion},
    {406, 406, true, kRejected, kRejected},
    // The proxy wants credentials.
    {407, 407, false, kUnauthenticated, kUnauthenticated},
    {408, 408, false, kTimeout, kUnknown},
    {409, 409, true, kState, kState},
    {410, 410, true, kNotFound, kNotFound},
    {411, 411, true, kRejected, kRejected},
    {412, 412, true, kState, kState},
    {413, 422, true, kRejected, kRejected},
    {423, 423, true, kState, kState},
    {424, 428, true, kRejected, kRejected},
    {429, 429, false, kRateLimited, kRateLimited},
    {430, 499, true, kRejected, kRejected},
    {500, 500, false, kFailure, kFailureUnknown},
    {501, 501, false, kVersion, kVersion},
    // 502 and 504 are told by somebody between, after the request went on;
    // 503 is a refusal to begin.
    {502, 502, false, kUnavailable, kUnknown},
    {503, 503, false, kUnavailable, kUnavailable},
    {504, 504, false, kUnavailable, kUnknown},
    {505, 999, false, kFailure, kFailureUnknown},
}};

}  // namespace

ErrorMapping MapTransportError(Kind kind, bool maybe_processed, Effect effect) {
  if (maybe_processed && effect == Effect::kWrite) return kUnknown;
  for (const TransportRow& row : kTransportTable) {
    if (row.kind != kind) continue;
    return maybe_processed ? row.sent_read : row.not_sent;
  }
  return kUnavailable;
}

ErrorMapping MapAnswer(int status, BodyForm form, Effect effect) {
  for (const AnswerRow& row : kAnswerTable) {
    if (status < row.first || status > row.last) continue;
    if (row.html_is_foreign && form == BodyForm::kHtml) return kNotOpCon;
    return effect == Effect::kWrite ? row.write : row.read;
  }
  return effect == Effect::kWrite ? kUnknown : kNotOpCon;
}

std::string ReasonName(v1::ErrorReason reason) {
  const std::string& name = v1::ErrorReason_Name(reason);
  return std::string(absl::StripPrefix(name, "ERROR_REASON_"));
}

absl::string_view MendOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_UPSTREAM_UNREACHABLE:
      return "Nothing was sent. Check base_url, name resolution, firewall and "
             "certificates of this instance.";
    case v1::ERROR_REASON_UPSTREAM_UNAVAILABLE:
      return "Try again later; check that OpCon's API service runs.";
    case v1::ERROR_REASON_UPSTREAM_TIMEOUT:
      return "Try again later, or allow more time.";
    case v1::ERROR_REASON_UPSTREAM_NOT_OPCON:
      return "Check that base_url names OpCon's API and that no proxy or "
             "portal answers in its place.";
    case v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED:
      return "Put valid credentials into the gateway's configuration of this "
             "instance.";
    case v1::ERROR_REASON_UPSTREAM_FORBIDDEN:
      return "Ask the OpCon administrator to give the gateway's user the "
             "privilege.";
    case v1::ERROR_REASON_UPSTREAM_FAILURE:
      return "Ask the OpCon administrator to look into the API's log.";
    case v1::ERROR_REASON_UPSTREAM_RATE_LIMITED:
      return "Try again later, and less often.";
    case v1::ERROR_REASON_UPSTREAM_VERSION:
      return "This OpCon version has no such endpoint.";
    case v1::ERROR_REASON_TOO_LARGE:
      return "Raise max_response_bytes or max_job_log_bytes of this instance "
             "if such sizes are right.";
    case v1::ERROR_REASON_OUTCOME_UNKNOWN:
      return "The effect may or may not have happened: look before repeating.";
    default:
      return "";
  }
}

}  // namespace opcon_snow::opcon
