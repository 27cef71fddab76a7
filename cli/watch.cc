#include "cli/watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/report_view.h"
#include "cli/verdict.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::WatchReportsRequest;
using ::incident::v1::WatchReportsResponse;

constexpr std::chrono::milliseconds kFirstPause(200);
constexpr std::chrono::milliseconds kLongestPause(10'000);

void Print(CommandContext& context, const WatchReportsResponse& message) {
  context.console().Out(context.json()
                            ? ToJsonLine(message)
                            : absl::StrCat(ReportLine(message.report()), "\n"));
  context.console().Flush();
}

void Pause(std::chrono::milliseconds pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
}

}  // namespace

int Watch(CommandContext& context, const WatchOptions& options) {
  std::stop_source stop;
  const auto guard =
      context.environment().guard_termination([&stop] { stop.request_stop(); });
  const absl::StatusOr<Stub*> service = context.Service();
  if (!service.ok()) return context.Fail(service.status());
  WatchReportsRequest request;
  request.set_report_id(options.report_id);
  bool ended = false;
  auto pause = kFirstPause;
  const std::function<absl::Status(WatchReportsResponse&)> take =
      [&](WatchReportsResponse& message) {
        pause = kFirstPause;
        request.set_resume_token(message.resume_token());
        if (!message.has_report()) return absl::OkStatus();
        Print(context, message);
        ended = !options.report_id.empty() && HasEnded(message.report());
        return ended ? absl::CancelledError("ended") : absl::OkStatus();
      };
  for (;;) {
    const absl::Status status = rpc::ReadStream(
        **service, &Stub::WatchReports, WatchReportsRequest(request),
        {.timeout = absl::InfiniteDuration(), .cancel = stop.get_token()},
        take);
    if (ended || stop.stop_requested()) return kExitOk;
    if (absl::IsUnimplemented(status)) {
      context.console().Error(
          "this version of the service does not offer watching; \"incidentctl "
          "reports list\" and \"show\" tell the same");
      return kExitUnavailable;
    }
    // Before the first message nothing has been interrupted.
    if (!status.ok() &&
        (request.resume_token().empty() || Judge(status) != Verdict::kLater)) {
      return context.Fail(status);
    }
    context.console().Warning(absl::StrCat(
        status.ok() ? "the service ended the stream" : ReasonOf(status),
        "; trying again"));
    context.console().Flush();
    Pause(pause, stop.get_token());
    if (stop.stop_requested()) return kExitOk;
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace opcon_snow::cli
