#include "cli/spool_run.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/drain.h"
#include "cli/exit_code.h"
#include "cli/pause.h"
#include "cli/trace_metadata.h"
#include "cli/verdict.h"
#include "common/rpc/call.h"

namespace opcon_snow::cli {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(5);

class SpoolRunner {
 public:
  SpoolRunner(CommandContext& context, Spool spool, absl::Duration interval)
      : context_(context), spool_(std::move(spool)), interval_(interval) {}

  int Run() {
    const auto guard = context_.environment().guard_termination(
        [this] { stop_.request_stop(); });
    Say(absl::StrCat("delivering what waits in ", spool_.directory()));
    absl::Duration pause = interval_;
    while (!stop_.stop_requested()) {
      const bool well = !spool_.HasEntries() || Deliver();
      pause = well ? interval_
                   : std::min(2 * pause, std::max(interval_, kLongestPause));
      PauseFor(pause, stop_.get_token());
    }
    return kExitOk;
  }

 private:
  // False if something kept it from delivering.
  bool Deliver() {
    const absl::StatusOr<std::unique_ptr<Stub>> stub =
        Connect(context_.settings());
    if (!stub.ok()) return Trouble(std::string(stub.status().message()));
    const DrainResult result = Drain(
        spool_,
        [&](const ::incident::v1::ReportJobEventRequest& request,
            const std::string& traceparent) {
          return rpc::Call(**stub, &Stub::ReportJobEvent, request,
                           {.timeout = context_.settings().timeout,
                            .metadata = TraceMetadata(request, traceparent),
                            .cancel = stop_.get_token()});
        },
        {.max_entries = std::numeric_limits<std::size_t>::max()},
        *context_.environment().clock);
    if (result.busy || stop_.stop_requested()) return true;
    SayResult(result);
    if (!result.disk.ok()) return Trouble(std::string(result.disk.message()));
    if (!result.service.ok()) {
      return Trouble(Describe(result.service,
                              context_.settings().server.address(),
                              context_.settings().server_origin));
    }
    trouble_.clear();
    return true;
  }

  void SayResult(const DrainResult& result) {
    if (result.delivered > 0 || result.refused > 0) {
      Say(absl::StrCat(result.delivered, " delivered, ", result.refused,
                       " refused, ", result.left, " waiting"));
    }
    if (result.refused > 0) {
      Say("refused reports need a person; \"incidentctl spool list\" tells "
          "why");
    }
    if (result.newer > 0 && !newer_said_) {
      newer_said_ = true;
      Say(absl::StrCat(result.newer, " waiting for a newer version of ",
                       "incidentctl; \"incidentctl spool list\" shows them"));
    }
  }

  // Said once for each time that it begins.
  bool Trouble(std::string text) {
    if (text != trouble_) Say(text);
    trouble_ = std::move(text);
    return false;
  }

  void Say(absl::string_view text) {
    context_.console().Error(text);
    context_.console().Flush();
  }

  CommandContext& context_;
  Spool spool_;
  const absl::Duration interval_;
  std::stop_source stop_;
  std::string trouble_;
  bool newer_said_ = false;
};

}  // namespace

int RunSpool(CommandContext& context, absl::Duration interval) {
  absl::StatusOr<Spool> spool = context.OpenSpool();
  if (!spool.ok()) {
    context.console().Error(spool.status().message());
    return kExitConfig;
  }
  return SpoolRunner(context, *std::move(spool), interval).Run();
}

}  // namespace opcon_snow::cli
