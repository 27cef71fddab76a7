#include "cli/watch.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/live_screen.h"
#include "cli/pause.h"
#include "cli/report_view.h"
#include "cli/verdict.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Report;
using ::incident::v1::WatchReportsRequest;
using ::incident::v1::WatchReportsResponse;

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(10);
constexpr absl::Duration kRedrawEvery = absl::Seconds(1);

// Where the changes are shown.
class WatchView {
 public:
  virtual ~WatchView() = default;
  // `message` has a report.
  virtual void Change(const WatchReportsResponse& message) = 0;
  virtual void Trouble(const std::string& text) = 0;
};

// One line a change, for programs and files.
class LineView final : public WatchView {
 public:
  explicit LineView(CommandContext& context) : context_(context) {}

  void Change(const WatchReportsResponse& message) override {
    context_.console().Out(
        context_.json() ? ToJsonLine(message)
                        : absl::StrCat(ReportLine(message.report()), "\n"));
    context_.console().Flush();
  }

  void Trouble(const std::string& text) override {
    context_.console().Warning(text);
    context_.console().Flush();
  }

 private:
  CommandContext& context_;
};

// For a terminal: what is at work changes in place, and time can be seen to
// pass.
class ProgressView final : public WatchView {
 public:
  ProgressView(CommandContext& context, bool one_report)
      : context_(context),
        one_report_(one_report),
        begin_(context.environment().clock->Now()),
        screen_(&context.console()),
        redraw_([this](const std::stop_token& stop) { Redraw(stop); }) {}

  void Change(const WatchReportsResponse& message) override {
    const std::lock_guard lock(mutex_);
    const Report& report = message.report();
    if (one_report_) {
      report_ = report;
    } else {
      ++changes_;
      if (HasEnded(report)) {
        at_work_.erase(report.report_id());
      } else {
        at_work_[report.report_id()] = report.state();
      }
      screen_.Print(ReportLine(report));
    }
    screen_.Show(Lines());
  }

  void Trouble(const std::string& text) override {
    const std::lock_guard lock(mutex_);
    screen_.Warn(text);
  }

 private:
  void Redraw(const std::stop_token& stop) {
    for (;;) {
      PauseFor(kRedrawEvery, stop);
      if (stop.stop_requested()) return;
      const std::lock_guard lock(mutex_);
      screen_.Show(Lines());
    }
  }

  std::vector<std::string> Lines() const {
    const absl::Time now = context_.environment().clock->Now();
    if (one_report_) return ReportProgress(report_, now);
    std::map<std::string, int> states;
    for (const auto& [id, state] : at_work_) ++states[EnumText(state)];
    std::string line = absl::StrCat(
        "-- ", changes_, " changes in ",
        absl::FormatDuration(absl::Trunc(now - begin_, absl::Seconds(1))));
    for (const auto& [state, count] : states) {
      absl::StrAppend(&line, ", ", count, " ", state);
    }
    return {line};
  }

  CommandContext& context_;
  const bool one_report_;
  const absl::Time begin_;
  std::mutex mutex_;
  LiveScreen screen_;
  Report report_;
  std::map<std::string, ::incident::v1::ReportState> at_work_;
  int changes_ = 0;
  // Ends before what it draws.
  std::jthread redraw_;
};

std::unique_ptr<WatchView> MakeView(CommandContext& context, bool one_report) {
  if (!context.json() && context.console().CanReplaceLines()) {
    return std::make_unique<ProgressView>(context, one_report);
  }
  return std::make_unique<LineView>(context);
}

int FailToWatch(CommandContext& context, const absl::Status& status) {
  if (!absl::IsUnimplemented(status)) return context.Fail(status);
  context.console().Error(
      "this version of the service does not offer watching; \"incidentctl "
      "reports list\" and \"show\" tell the same");
  return kExitUnavailable;
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
  const bool one = !options.report_id.empty();
  // Made with the first message: before it there is nothing to show.
  std::unique_ptr<WatchView> view;
  bool ended = false;
  absl::Duration pause = kFirstPause;
  const std::function<absl::Status(WatchReportsResponse&)> take =
      [&](WatchReportsResponse& message) {
        pause = kFirstPause;
        request.set_resume_token(message.resume_token());
        if (!message.has_report()) return absl::OkStatus();
        if (view == nullptr) view = MakeView(context, one);
        view->Change(message);
        ended = one && HasEnded(message.report());
        return ended ? absl::CancelledError("ended") : absl::OkStatus();
      };
  for (;;) {
    const absl::Status status = rpc::ReadStream(
        **service, &Stub::WatchReports, WatchReportsRequest(request),
        {.timeout = absl::InfiniteDuration(), .cancel = stop.get_token()},
        take);
    if (ended || stop.stop_requested()) return kExitOk;
    // Before the first message nothing has been interrupted.
    if (!status.ok() &&
        (request.resume_token().empty() || Judge(status) != Verdict::kLater)) {
      view.reset();
      return FailToWatch(context, status);
    }
    const std::string trouble = absl::StrCat(
        status.ok() ? "the service ended the stream" : ReasonOf(status),
        "; trying again");
    if (view == nullptr) view = MakeView(context, one);
    view->Trouble(trouble);
    PauseFor(pause, stop.get_token());
    if (stop.stop_requested()) return kExitOk;
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace opcon_snow::cli
