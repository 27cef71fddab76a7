#ifndef OPCON_SNOW_CLI_VERDICT_H_
#define OPCON_SNOW_CLI_VERDICT_H_

// What an error of a call means: for a report, for the exit code, for a
// person.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

enum class Verdict {
  // Stored by the service.
  kDelivered,
  // Try again later; the next report will probably fare the same.
  kLater,
  // The service does not permit us to report. Once somebody mends that, this
  // report can be delivered.
  kDenied,
  // What answers is not the incident service. Likewise.
  kMisdirected,
  // The service understood this report and will never take it.
  kRefused,
};

// For a call of ReportJobEvent. Errors without a clear meaning, such as
// INTERNAL, count as kLater: the report stays.
Verdict Judge(const absl::Status& status);

// The exit code of a command whose call ended with `status`.
int ExitCodeFor(const absl::Status& status);

// "INVALID_ARGUMENT: …" with every field that the service finds fault with.
std::string ReasonOf(const absl::Status& status);

// One or two sentences: what failed, why, what to do. `server` is the address
// and `origin` says who named it.
std::string Describe(const absl::Status& status, absl::string_view server,
                     absl::string_view origin);

// Whether the service itself made the error; otherwise it was made on the way
// to it.
bool IsFromService(const absl::Status& status);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_VERDICT_H_
