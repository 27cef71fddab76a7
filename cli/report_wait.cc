#include "cli/report_wait.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/text.h"
#include "cli/verdict.h"
#include "common/rpc/call.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Report;

constexpr std::chrono::milliseconds kFirstPause(20);
constexpr std::chrono::milliseconds kLongestPause(500);
constexpr absl::Duration kCallTimeout = absl::Seconds(10);

// False if it was woken by `stop` or the time is up.
bool Pause(std::chrono::milliseconds pause, SteadyTime until,
           const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const SteadyTime now = std::chrono::steady_clock::now();
  never.wait_until(lock, stop, std::min(until, now + pause),
                   [] { return false; });
  return !stop.stop_requested() && std::chrono::steady_clock::now() < until;
}

int DeadLetterCode(const Report& report) {
  const auto code = static_cast<absl::StatusCode>(report.error().code());
  return code == absl::StatusCode::kPermissionDenied ||
                 code == absl::StatusCode::kUnauthenticated
             ? kExitDenied
             : kExitData;
}

// Fills in text and exit code if the report tells them; false if it is still
// under way.
bool Finished(WaitResult& result) {
  const Report& report = result.report;
  const std::string name = absl::StrCat("report ", report.report_id());
  const std::string summary = ForTerminal(report.summary(), 1000);
  switch (report.state()) {
    case ::incident::v1::REPORT_STATE_DEAD_LETTER:
      result.text = absl::StrCat(name, " needs a person: ", summary);
      result.exit_code = DeadLetterCode(report);
      return true;
    case ::incident::v1::REPORT_STATE_DISCARDED:
      result.text = absl::StrCat(name, " was discarded: ", summary);
      result.exit_code = kExitData;
      return true;
    case ::incident::v1::REPORT_STATE_SUPPRESSED:
      result.text = absl::StrCat(name, ": no ticket is wanted: ", summary);
      return true;
    default:
      break;
  }
  if (report.ticket().number().empty()) {
    result.text = absl::StrCat(name, ": ", summary);
    return report.state() == ::incident::v1::REPORT_STATE_SUCCEEDED;
  }
  result.text = absl::StrCat(name, ": ticket ",
                             ForTerminal(report.ticket().number(), 100), " ",
                             ForTerminal(report.ticket().url(), 1000));
  return true;
}

}  // namespace

WaitResult WaitForTicket(Stub& stub, const Report& report, SteadyTime until,
                         std::stop_token stop) {
  WaitResult result;
  result.report = report;
  ::incident::v1::GetReportRequest request;
  request.set_report_id(report.report_id());
  std::string trouble;
  for (auto pause = kFirstPause; !Finished(result);
       pause = std::min(2 * pause, kLongestPause)) {
    if (!Pause(pause, until, stop)) {
      result.text = absl::StrCat(
          "report ", report.report_id(),
          " has no ticket yet; it is safe and goes on by itself: ",
          trouble.empty() ? ForTerminal(result.report.summary(), 1000)
                          : trouble);
      result.exit_code = kExitTryLater;
      return result;
    }
    // Another report of the same failure brings the ticket.
    if (result.report.state() == ::incident::v1::REPORT_STATE_MERGED) {
      request.set_report_id(result.report.merged_into_report_id());
    }
    absl::StatusOr<::incident::v1::GetReportResponse> answer =
        rpc::Call(stub, &Stub::GetReport, request,
                  {.timeout = kCallTimeout, .deadline = until, .cancel = stop});
    if (answer.ok()) {
      result.report = std::move(*answer->mutable_report());
      trouble.clear();
      continue;
    }
    trouble = ReasonOf(answer.status());
    if (Judge(answer.status()) == Verdict::kLater) continue;
    result.text = absl::StrCat("report ", report.report_id(),
                               " is safe but cannot be followed: ", trouble);
    result.exit_code = ExitCodeFor(answer.status());
    return result;
  }
  return result;
}

}  // namespace opcon_snow::cli
