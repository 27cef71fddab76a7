#include "incident_service/service/intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "common/trace/trace_parent.h"
#include "incident_service/identity.h"
#include "incident_service/service/request_check.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/error_record.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr int kMaxArguments = 500;
constexpr std::size_t kMaxArgumentBytes = std::size_t{16} << 10;
constexpr int kMaxProblem = 4000;

void CheckEvent(const v1::JobEvent& event, RequestCheck* check) {
  check->JobKey("event.job_key", event.job_key());
  check->Text("event.schedule_name", event.schedule_name(), 0, 255);
  check->Text("event.machine", event.machine(), 0, 255);
  check->Text("event.termination", event.termination(), 0, 255);
  check->Text("event.notification_id", event.notification_id(), 0, 64);
  if (event.job_number() < 0) {
    check->Add("event.job_number", "must not be negative");
  }
  if (event.has_run_end_time() && event.job_number() == 0) {
    check->Add("event.run_end_time",
               "needs event.job_number: only the two together name a run");
  }
}

void CheckRejected(const v1::RejectedCommandLine& rejected,
                   RequestCheck* check) {
  std::size_t bytes = 0;
  for (const std::string& argument : rejected.arguments()) {
    bytes += argument.size();
  }
  if (rejected.arguments_size() > kMaxArguments || bytes > kMaxArgumentBytes) {
    check->Add("rejected.arguments",
               absl::StrCat("are more than ", kMaxArguments, " or than ",
                            kMaxArgumentBytes,
                            " bytes: cut them and set "
                            "truncated"));
  }
  if (rejected.problem().empty() ||
      rejected.problem().size() > static_cast<std::size_t>(kMaxProblem)) {
    check->Add("rejected.problem",
               absl::StrCat("is required, at most ", kMaxProblem, " bytes"));
  }
}

// The same for the same observation, however often and from wherever it comes.
std::string Digest(const v1::ReportJobEventRequest& request,
                   const v1::Report& report) {
  return Fingerprint({report.event().SerializeAsString(),
                      report.rejected().SerializeAsString(),
                      request.template_()});
}

v1::Report RejectedReport(const v1::ReportJobEventRequest& request) {
  v1::Report report;
  *report.mutable_rejected() = request.rejected();
  const std::string what = absl::StrCat(
      "a command line could not be understood: ", request.rejected().problem(),
      ". Look after the job that it speaks of, mend the command in "
      "Notification Manager, then discard this report. It was: ",
      absl::StrJoin(request.rejected().arguments(), " "));
  report.set_summary(absl::StrCat("Needs a person: ", what));
  SetError(MakeError(absl::StatusCode::kInvalidArgument, what,
                     {.reason = "REJECTED_COMMAND_LINE",
                      .domain = "incident-service"}),
           1, true, report.mutable_error());
  return report;
}

struct IntakeMetrics {
  static const IntakeMetrics& Get() {
    static const auto* metrics = new IntakeMetrics;
    return *metrics;
  }
  static metrics::Counter Received(const std::string& result) {
    return metrics::GetCounter("opcon_snow_reports_received_total",
                               "Calls that report something.",
                               {{"result", result}});
  }

  metrics::Counter accepted = Received("accepted");
  metrics::Counter duplicate = Received("duplicate");
  metrics::Counter rejected = Received("rejected_command_line");
  metrics::Counter invalid = Received("invalid");
  metrics::Counter overloaded = Received("overloaded");
  metrics::Counter failed = Received("failed");
  metrics::Histogram delay = metrics::GetHistogram(
      "opcon_snow_report_delay_seconds",
      "From what a reporter observed, by its clock, to its report's arrival.",
      metrics::WaitBuckets());
};

void Count(const absl::StatusOr<CreatedReport>& created) {
  const IntakeMetrics& metrics = IntakeMetrics::Get();
  if (absl::IsResourceExhausted(created.status())) {
    metrics.overloaded.Add();
  } else if (absl::IsInvalidArgument(created.status())) {
    metrics.invalid.Add();
  } else if (!created.ok()) {
    metrics.failed.Add();
  } else if (created->duplicate) {
    metrics.duplicate.Add();
  } else if (created->report.has_rejected()) {
    metrics.rejected.Add();
  } else {
    metrics.accepted.Add();
    const v1::JobEvent& event = created->report.event();
    if (!event.has_occurred_time()) return;
    // The reporter's clock may be fast.
    metrics.delay.Observe(std::max(
        ToTime(created->report.create_time()) - ToTime(event.occurred_time()),
        absl::ZeroDuration()));
  }
}

// Ten thousand jobs may fail at once, so what is in the store is not told again
// unless somebody has to look after it.
void LogAccepted(const v1::Report& report, const std::string& reported_by) {
  if (report.has_rejected()) {
    log::Error("report.rejected_command_line",
               {{"report_id", report.report_id()},
                {"reported_by", reported_by},
                {"problem", report.rejected().problem()}});
    return;
  }
  if (!log::IsEnabled(log::Level::kDebug)) return;
  log::Debug("report.accepted",
             {{"report_id", report.report_id()},
              {"request_id", report.request_id()},
              {"reported_by", reported_by},
              {"job", JobKeyText(report.event().job_key())}});
}

}  // namespace

absl::Status ValidateReport(const v1::ReportJobEventRequest& request) {
  RequestCheck check;
  check.RequestId("request_id", request.request_id());
  switch (request.observation_case()) {
    case v1::ReportJobEventRequest::kEvent:
      CheckEvent(request.event(), &check);
      break;
    case v1::ReportJobEventRequest::kRejected:
      CheckRejected(request.rejected(), &check);
      break;
    case v1::ReportJobEventRequest::OBSERVATION_NOT_SET:
      check.Add("observation", "is required: event or rejected");
      break;
  }
  check.Text("template", request.template_(), 0, 128);
  check.Text("source.program", request.source().program(), 0, 100);
  check.Text("source.version", request.source().version(), 0, 100);
  check.Text("source.host", request.source().host(), 0, 255);
  return check.Result();
}

v1::JobEvent CompleteEvent(v1::JobEvent event,
                           const std::string& default_opcon) {
  v1::JobKey* key = event.mutable_job_key();
  if (key->opcon().empty()) key->set_opcon(default_opcon);
  if (event.kind() == v1::EVENT_KIND_UNSPECIFIED) {
    event.set_kind(v1::EVENT_KIND_JOB_FAILED);
  }
  return event;
}

Intake::Intake(IntakeOptions options, Store* store,
               std::function<std::shared_ptr<const TemplateSet>()> templates)
    : options_(std::move(options)),
      store_(store),
      templates_(std::move(templates)) {
  IntakeMetrics::Get();  // exposed from now on
}

Store::NewReport Intake::ReportOf(
    const v1::ReportJobEventRequest& request) const {
  Store::NewReport fresh;
  v1::Report& report = fresh.report;
  if (request.has_event()) {
    *report.mutable_event() =
        CompleteEvent(request.event(), options_.default_opcon);
    // Only a failed run may turn out to be none.
    const bool settles = TellsOfAFailedRun(report.event().kind());
    fresh.first_steps = {
        {v1::STEP_KIND_RESOLVE, StepPriority::kResolve,
         settles ? options_.settle_delay : absl::ZeroDuration()}};
    const std::shared_ptr<const TemplateSet> templates = templates_();
    if (templates->Find(request.template_()) == nullptr) {
      report.add_warnings(absl::StrCat(
          "template \"", request.template_(), "\" is not known (known are ",
          templates->Names(), "): the report is kept and waits for a person"));
    }
    if (!v1::EventKind_IsValid(report.event().kind())) {
      report.add_warnings(
          "the kind of event is not known to this version; it is treated as "
          "a failed job");
    }
  } else {
    report = RejectedReport(request);
  }
  report.set_request_id(request.request_id());
  report.set_requested_template(request.template_());
  *report.mutable_source() = request.source();
  fresh.digest = Digest(request, report);
  fresh.max_open = options_.max_open_reports;
  return fresh;
}

void Intake::Report(const v1::ReportJobEventRequest& request,
                    absl::string_view reported_by, Done done,
                    const std::string& trace_parent) {
  const absl::Status valid = ValidateReport(request);
  if (!valid.ok()) {
    IntakeMetrics::Get().invalid.Add();
    done(valid);
    return;
  }
  Store::NewReport fresh = ReportOf(request);
  fresh.reported_by = std::string(reported_by);
  fresh.trace_parent = trace_parent;
  v1::ReportJobEventResponse response;
  *response.mutable_warnings() = fresh.report.warnings();
  if (request.validate_only()) {
    done(std::move(response));
    return;
  }
  Failpoint("commit.REPORT.before");
  store_->CreateReportAsync(
      std::move(fresh), [response = std::move(response), done = std::move(done),
                         reported_by = std::string(reported_by),
                         context = trace::ParseTraceParent(trace_parent)](
                            absl::StatusOr<CreatedReport> created) mutable {
        Failpoint("commit.REPORT.after");
        Count(created);
        if (!created.ok()) {
          done(created.status());
          return;
        }
        if (!created->duplicate) {
          const trace::Scope traced(context.value_or(trace::TraceParent()));
          LogAccepted(created->report, reported_by);
        }
        response.set_duplicate(created->duplicate);
        *response.mutable_report() = std::move(created->report);
        done(std::move(response));
      });
}

}  // namespace opcon_snow::incident
