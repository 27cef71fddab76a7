#ifndef OPCON_SNOW_COMMON_STATUS_ERROR_H_
#define OPCON_SNOW_COMMON_STATUS_ERROR_H_

// Errors that keep their machine-readable details.
//
// An absl::Status carries the google.rpc error model as payloads, one per
// message type, keyed by the type's URL:
//   type.googleapis.com/google.rpc.ErrorInfo   reason, domain, metadata
//   type.googleapis.com/google.rpc.RetryInfo   when a retry makes sense
//   type.googleapis.com/google.rpc.BadRequest  which fields are wrong
// The payload is the serialised message, so that nothing is lost when the
// status crosses gRPC (see common/rpc/status_conversion.h). This header needs
// protobuf, but no gRPC and nothing of POSIX.
//
// All functions are thread-safe: they hold no state.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow {

// One field of a request that is not acceptable.
struct FieldViolation {
  // Path in the request, proto field names: "report.job.schedule_date".
  std::string field;
  // What is wrong with it and what would be right.
  std::string description;

  friend bool operator==(const FieldViolation&,
                         const FieldViolation&) = default;
};

// The members have initializers so that `{.reason = "X"}` gives no warning.
struct ErrorDetails {
  // UPPER_SNAKE, at most 63 characters; unique within `domain`.
  std::string reason{};
  // Who made the error: "opcon-gateway.opcon-snow" and the like. If empty,
  // the server that sends it fills in its own.
  std::string domain{};
  // Facts a program may use: "http_status_code", "upstream", "sys_id".
  std::map<std::string, std::string> metadata{};
  // Set: a retry makes sense, but not before this much time has passed.
  std::optional<absl::Duration> retry_after{};
  std::vector<FieldViolation> violations{};

  friend bool operator==(const ErrorDetails&, const ErrorDetails&) = default;
};

// Metadata key and value of an effect that may or may not have happened.
inline constexpr char kOutcomeKey[] = "outcome";
inline constexpr char kOutcomeUnknown[] = "unknown";
inline constexpr char kOutcomeUnknownReason[] = "OUTCOME_UNKNOWN";

// A status with these details. `code` must not be OK: an OK code gives an
// INTERNAL error that says so, because an error must not turn into success.
// An empty reason becomes the name of the code ("NOT_FOUND").
absl::Status MakeError(absl::StatusCode code, absl::string_view message,
                       ErrorDetails details = {});

// The details of `status`; nullopt if it carries none of the three payloads
// or is OK. Payloads that cannot be parsed count as absent.
std::optional<ErrorDetails> GetErrorDetails(const absl::Status& status);

// The reason of `status`, or "" if it has none.
std::string GetErrorReason(const absl::Status& status);

// Replaces the details of `status`, keeping code, message and any foreign
// payload. OK stays OK.
absl::Status WithDetails(const absl::Status& status,
                         const ErrorDetails& details);

// The same error with "PREFIX: " before its message; all payloads are kept.
// OK stays OK.
absl::Status WithContext(const absl::Status& status, absl::string_view prefix);

// An error about an effect that may have happened (the request was sent, the
// answer was lost) and cannot be checked. Sets metadata outcome=unknown, and
// the reason OUTCOME_UNKNOWN if `details` has none. Such an error is never
// retryable, whatever its code.
absl::Status MakeOutcomeUnknown(absl::StatusCode code,
                                absl::string_view message,
                                ErrorDetails details = {});
bool IsOutcomeUnknown(const absl::Status& status);

// Whether sending the same request again makes sense. The policy, in order:
//   outcome unknown     no
//   RetryInfo present   yes, after its delay
//   UNAVAILABLE         yes
//   ABORTED             yes (the caller starts its read-modify-write again)
//   everything else     no; RESOURCE_EXHAUSTED in particular only with
//                       RetryInfo, because a quota that is used up does not
//                       come back by asking again
// Whether the request may be repeated at all (idempotency) is the caller's
// knowledge, not the error's.
bool IsRetryable(const absl::Status& status);

// The delay of RetryInfo, if there is one; never negative.
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_STATUS_ERROR_H_
