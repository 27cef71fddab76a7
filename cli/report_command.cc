#include "cli/report_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/drain.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/report_request.h"
#include "cli/report_wait.h"
#include "cli/spool.h"
#include "cli/template_view.h"
#include "cli/text.h"
#include "cli/trace_metadata.h"
#include "cli/verdict.h"
#include "common/rpc/call.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::ReportJobEventRequest;
using ::incident::v1::ReportJobEventResponse;

constexpr absl::Duration kDefaultWait = absl::Seconds(60);
// What a report may spend on those before it.
constexpr DrainLimits kDrainLimits = {.max_entries = 50};
constexpr absl::Duration kMaxDrainTime = absl::Seconds(2);

class Report {
 public:
  Report(const Environment& environment, ReportArguments arguments)
      : environment_(environment),
        console_(*environment.console),
        arguments_(std::move(arguments)),
        resolved_(ResolveSettings(arguments_.globals, environment.variables,
                                  environment.defaults)),
        traceparent_(GivenTraceParent(environment.variables)),
        spool_({settings().spool_directory, settings().spool_max_entries,
                traceparent_},
               environment.files) {}

  int Run() {
    // Not taken down: the process ends with the report, and waiting for the
    // guard's thread to end would take as long as a part of the call.
    static_cast<void>(environment_
                          .guard_termination(
                              [stop = stop_]() mutable { stop.request_stop(); })
                          .release());
    const SteadyTime begin = environment_.clock->SteadyNow();
    until_ = SteadyAfter(begin, settings().timeout);
    if (arguments_.wait && !settings().timeout_is_explicit) {
      wait_until_ = SteadyAfter(begin, kDefaultWait);
    } else {
      wait_until_ = until_;
    }
    SayProblems();
    if (arguments_.dry_run && ProblemCode() != kExitOk) return ProblemCode();
    const ReportJobEventRequest request = MakeRequest();
    const absl::StatusOr<ReportJobEventResponse> answer = SendFirst(request);
    if (arguments_.dry_run) return EndDryRun(request, answer);
    if (!answer.ok()) return EndUndelivered(request, answer.status());
    return EndDelivered(*answer);
  }

 private:
  const Settings& settings() const { return resolved_.settings; }

  // The gravest mistake of the command line or the configuration.
  int ProblemCode() const {
    int code = kExitOk;
    for (const Problem& problem : resolved_.problems) code = problem.exit_code;
    for (const Problem& problem : arguments_.problems) {
      if (code != kExitUsage) code = problem.exit_code;
    }
    return code;
  }

  void SayProblems() {
    for (const std::string& warning : arguments_.warnings) {
      console_.Warning(warning);
    }
    for (const Problem& problem : arguments_.problems) {
      console_.Error(problem.text);
    }
    if (!arguments_.corrected.empty()) {
      console_.Error(absl::StrCat("right would be: ", arguments_.corrected));
    }
    for (const Problem& problem : resolved_.problems) {
      console_.Error(problem.text);
    }
  }

  ReportJobEventRequest MakeRequest() const {
    const Reporter reporter = {MakeUuid(environment_.random()),
                               environment_.host, environment_.clock->Now()};
    return arguments_.event
               ? MakeEventRequest(*arguments_.event, arguments_.template_name,
                                  reporter)
               : MakeRejectedRequest(environment_.arguments,
                                     arguments_.problems, reporter);
  }

  absl::StatusOr<ReportJobEventResponse> SendFirst(
      const ReportJobEventRequest& request) {
    if (!resolved_.may_dial) {
      return absl::FailedPreconditionError("the configuration is wrong");
    }
    absl::StatusOr<std::unique_ptr<Stub>> stub = Connect(settings());
    if (!stub.ok()) {
      resolved_.may_dial = false;
      resolved_.problems.push_back(
          {kExitConfig, std::string(stub.status().message())});
      console_.Error(stub.status().message());
      return stub.status();
    }
    stub_ = *std::move(stub);
    if (!arguments_.dry_run) return Send(request, until_, traceparent_);
    ReportJobEventRequest checked = request;
    checked.set_validate_only(true);
    return Send(checked, until_, traceparent_);
  }

  absl::StatusOr<ReportJobEventResponse> Send(
      const ReportJobEventRequest& request, SteadyTime until,
      const std::string& traceparent) const {
    return rpc::Call(*stub_, &Stub::ReportJobEvent, request,
                     {.timeout = settings().timeout,
                      .deadline = until,
                      .metadata = TraceMetadata(request, traceparent),
                      .cancel = stop_.get_token()});
  }

  std::string DescribeFailure(const absl::Status& status) const {
    return Describe(status, settings().server.address(),
                    settings().server_origin);
  }

  int EndDryRun(const ReportJobEventRequest& request,
                const absl::StatusOr<ReportJobEventResponse>& answer) {
    if (settings().output == Output::kTable) {
      console_.Out(absl::StrCat("would be reported:\n", ToJson(request)));
    }
    if (!answer.ok()) {
      if (resolved_.may_dial) {
        console_.Error(DescribeFailure(answer.status()));
      }
      return ProblemCode() != kExitOk ? ProblemCode()
                                      : ExitCodeFor(answer.status());
    }
    SayWarnings(*answer);
    if (!Preview() && settings().output == Output::kJson) {
      console_.Out(ToJson(*answer));
    }
    return ProblemCode();
  }

  // Shows what would be sent. That it cannot be told now says nothing about the
  // report.
  bool Preview() const {
    if (!arguments_.event) return false;
    ::incident::v1::RenderTemplateRequest request;
    request.set_name(arguments_.template_name);
    *request.mutable_event() = *arguments_.event;
    const auto preview =
        rpc::Call(*stub_, &Stub::RenderTemplate, request,
                  {.timeout = settings().timeout, .cancel = stop_.get_token()});
    if (!preview.ok()) {
      console_.Warning(absl::StrCat("what would be sent cannot be shown now: ",
                                    DescribeFailure(preview.status())));
      return false;
    }
    console_.Out(settings().output == Output::kJson ? ToJson(*preview)
                                                    : PreviewText(*preview));
    return true;
  }

  int EndDelivered(const ReportJobEventResponse& answer) {
    SayWarnings(answer);
    if (!arguments_.event) {
      console_.Error(
          absl::StrCat("the command line was kept for an operator "
                       "as report ",
                       answer.report().report_id()));
    } else if (ProblemCode() != kExitOk) {
      console_.Error("the failure was reported all the same");
    }
    DrainSpool();
    if (arguments_.wait && arguments_.event) return Wait(answer);
    if (settings().output == Output::kJson) {
      console_.Out(ToJson(answer));
    } else if (arguments_.event) {
      console_.Out(absl::StrCat(
          "report ", answer.report().report_id(),
          answer.duplicate() ? " was known already\n" : " accepted\n"));
    }
    return ProblemCode();
  }

  void SayWarnings(const ReportJobEventResponse& answer) {
    for (const std::string& warning : answer.warnings()) {
      console_.Warning(ForTerminal(warning, 1000));
    }
  }

  void DrainSpool() {
    if (!SpoolObstacle(settings()).empty() || !spool_.HasEntries()) return;
    DrainLimits limits = kDrainLimits;
    limits.until = std::min(
        until_, SteadyAfter(environment_.clock->SteadyNow(), kMaxDrainTime));
    const DrainResult result = Drain(
        spool_,
        [&](const ReportJobEventRequest& request,
            const std::string& traceparent) {
          return Send(request, limits.until, traceparent);
        },
        limits, *environment_.clock);
    if (result.delivered > 0) {
      console_.Error(
          absl::StrCat("delivered from the spool: ", result.delivered,
                       "; still waiting: ", result.left));
    }
    if (result.refused > 0) {
      console_.Warning(
          absl::StrCat("refused from the spool: ", result.refused,
                       "; they need a person, see \"incidentctl spool list\""));
    }
    for (const absl::Status& trouble : {result.service, result.disk}) {
      // That the time was up is no trouble; the next run goes on.
      if (trouble.ok() || absl::IsDeadlineExceeded(trouble)) continue;
      console_.Warning(absl::StrCat("delivering what waits in the spool ",
                                    spool_.directory(), ": ",
                                    ReasonOf(trouble)));
    }
  }

  int Wait(const ReportJobEventResponse& answer) {
    // The report is safe; whoever watches need not wait for the warnings.
    console_.Flush();
    const WaitResult result =
        WaitForTicket(*stub_, answer.report(), wait_until_, stop_.get_token());
    if (settings().output == Output::kJson) {
      ::incident::v1::GetReportResponse last;
      *last.mutable_report() = result.report;
      console_.Out(ToJson(last));
    } else if (result.exit_code == kExitOk) {
      console_.Out(absl::StrCat(result.text, "\n"));
    }
    if (result.exit_code == kExitOk) return ProblemCode();
    console_.Error(result.text);
    return result.exit_code;
  }

  // The service has not stored it: keeps it in the spool.
  int EndUndelivered(const ReportJobEventRequest& request,
                     const absl::Status& status) {
    const Verdict verdict =
        resolved_.may_dial ? Judge(status) : Verdict::kLater;
    const bool passing = resolved_.may_dial && verdict == Verdict::kLater;
    const absl::Status kept = Keep(request, verdict, status);
    if (resolved_.may_dial) {
      const std::string text = DescribeFailure(status);
      if (passing && kept.ok() && ProblemCode() == kExitOk) {
        console_.Warning(text);
      } else {
        console_.Error(text);
      }
    }
    SayWhereKept(request, verdict, kept);
    return UndeliveredCode(verdict, kept);
  }

  absl::Status Keep(const ReportJobEventRequest& request, Verdict verdict,
                    const absl::Status& status) {
    const std::string obstacle = SpoolObstacle(settings());
    if (!obstacle.empty()) return absl::FailedPreconditionError(obstacle);
    return verdict == Verdict::kRefused
               ? spool_.AddRefused(request, environment_.clock->Now(),
                                   ReasonOf(status))
               : spool_.Add(request, environment_.clock->Now());
  }

  void SayWhereKept(const ReportJobEventRequest& request, Verdict verdict,
                    const absl::Status& kept) {
    const absl::string_view what =
        arguments_.event ? "the report" : "the command line";
    if (!kept.ok()) {
      console_.Error(absl::StrCat(
          "and ", what, " cannot be kept: ", kept.message(),
          ". It is LOST unless it is ", "reported again; it was:"));
      console_.ErrorText(ToJson(request));
    } else if (verdict == Verdict::kRefused) {
      console_.Error(absl::StrCat(
          what, " is kept in ", spool_.directory(),
          "/refused; \"incidentctl spool list\" shows it, \"incidentctl spool "
          "flush --refused\" tries it again"));
    } else {
      const std::string text = absl::StrCat(
          what, " is safe in the spool ", spool_.directory(),
          " and goes out with the next report that succeeds, or with "
          "\"incidentctl spool flush\"");
      console_.Error(text);
      if (settings().output == Output::kJson) {
        ReportJobEventResponse no_report_yet;
        no_report_yet.add_warnings(text);
        console_.Out(ToJson(no_report_yet));
      }
    }
  }

  int UndeliveredCode(Verdict verdict, const absl::Status& kept) const {
    if (!kept.ok() && verdict == Verdict::kLater) return kExitUnavailable;
    if (verdict == Verdict::kDenied) return kExitDenied;
    if (verdict == Verdict::kMisdirected) return kExitConfig;
    if (ProblemCode() != kExitOk) return ProblemCode();
    if (verdict == Verdict::kRefused) return kExitData;
    return arguments_.wait ? kExitTryLater : kExitOk;
  }

  const Environment& environment_;
  Console& console_;
  ReportArguments arguments_;
  ResolvedSettings resolved_;
  const std::string traceparent_;
  Spool spool_;
  std::stop_source stop_;
  std::unique_ptr<Stub> stub_;
  SteadyTime until_;
  SteadyTime wait_until_;
};

}  // namespace

int RunReport(const Environment& environment,
              const std::vector<std::string>& switches, ReportCommand command) {
  return Report(environment, ReadReportArguments(switches, command)).Run();
}

}  // namespace opcon_snow::cli
