#include "cli/report_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "cli/enum_text.h"
#include "cli/event_kind.h"
#include "cli/filters.h"
#include "cli/table.h"
#include "cli/text.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::JobEvent;
using ::incident::v1::Report;
using ::incident::v1::Step;

constexpr std::size_t kMaxLine = 1000;

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string JobText(const Report& report) {
  if (report.has_ticket_change()) {
    return JobIdText(report.ticket_change().job_key());
  }
  if (report.has_job_recovery()) {
    return JobIdText(report.job_recovery().job_key());
  }
  return report.has_event() ? JobIdText(report.event().job_key())
                            : "(command line)";
}

std::string KindText(const Report& report) {
  if (report.has_ticket_change()) return "ticket moved";
  if (report.has_job_recovery()) return "job well again";
  return report.has_event() ? EventKindName(report.event().kind()) : "rejected";
}

std::string CommandLineText(
    const ::incident::v1::RejectedCommandLine& rejected) {
  std::vector<std::string> quoted;
  for (const std::string& argument : rejected.arguments()) {
    quoted.push_back(Quoted(argument));
  }
  return absl::StrCat(absl::StrJoin(quoted, " "),
                      rejected.truncated() ? " …" : "");
}

std::string ErrorText(const google::rpc::Status& error) {
  if (error.code() == 0) return "";
  return absl::StrCat(
      absl::StatusCodeToString(static_cast<absl::StatusCode>(error.code())),
      ": ", error.message());
}

void AddEvent(const JobEvent& event, Fields& fields) {
  fields.insert(
      fields.end(),
      {{"job", event.job_key().job_name()},
       {"job id", JobIdText(event.job_key())},
       {"opcon", event.job_key().opcon()},
       {"schedule", event.schedule_name()},
       {"kind", EventKindName(event.kind())},
       {"termination", event.termination()},
       {"machine", event.machine()},
       {"job number",
        event.job_number() == 0 ? "" : absl::StrCat(event.job_number())},
       {"notification", event.notification_id()},
       {"occurred", TimeText(event.occurred_time())}});
}

void AddRejected(const ::incident::v1::RejectedCommandLine& rejected,
                 Fields& fields) {
  fields.insert(fields.end(),
                {{"command line", CommandLineText(rejected)},
                 {"problem", rejected.problem()},
                 {"occurred", TimeText(rejected.occurred_time())}});
}

void AddTicketChange(const ::incident::v1::TicketChange& change,
                     Fields& fields) {
  fields.insert(fields.end(), {{"job", change.job_key().job_name()},
                               {"job id", JobIdText(change.job_key())},
                               {"opcon", change.job_key().opcon()},
                               {"from state", change.from_state_value()},
                               {"to state", change.to_state_value()},
                               {"moved by", change.changed_by()},
                               {"moved", TimeText(change.change_time())}});
}

void AddRecovery(const ::incident::v1::JobRecovery& recovery, Fields& fields) {
  fields.insert(fields.end(),
                {{"job", recovery.job_key().job_name()},
                 {"job id", JobIdText(recovery.job_key())},
                 {"opcon", recovery.job_key().opcon()},
                 {"well run", absl::StrCat(recovery.job_number())},
                 {"ended", TimeText(recovery.run_end_time())},
                 {"after failure", recovery.failure_id()}});
}

void AddSource(const Report& report, Fields& fields) {
  const ::incident::v1::ReportSource& source = report.source();
  const std::string by =
      absl::StrJoin(std::vector<std::string>{source.program(), source.version(),
                                             source.host()},
                    " ");
  fields.insert(
      fields.end(),
      {{"reported by", absl::StrCat(by, source.spooled() ? ", spooled" : "")},
       {"request id", report.request_id()},
       {"stored", TimeText(report.create_time())},
       {"changed", TimeText(report.update_time())},
       {"ended", TimeText(report.end_time())}});
}

// What there is to say of a step at this moment.
std::string StepRemark(const Step& step, absl::Time now) {
  std::string text;
  if (step.has_next_attempt_time()) {
    const absl::Duration left = std::max(
        absl::FromUnixSeconds(step.next_attempt_time().seconds()) - now,
        absl::ZeroDuration());
    text = absl::StrCat(
        "attempt ", step.attempts() + 1, " in ",
        absl::FormatDuration(absl::Trunc(left, absl::Seconds(1))), ": ");
  } else if (step.state() == ::incident::v1::STEP_STATE_RUNNING) {
    text = absl::StrCat("attempt ", step.attempts(), " ");
  }
  return absl::StrCat(
      text, step.has_error() ? ErrorText(step.error()) : step.outcome());
}

std::string StepTable(const Report& report) {
  if (report.steps().empty()) return "";
  Table table({"STEP", "STATE", "ATTEMPTS", "NEXT", "OUTCOME"});
  for (const Step& step : report.steps()) {
    table.Add({EnumText(step.kind()), EnumText(step.state()),
               absl::StrCat(step.attempts()),
               TimeText(step.next_attempt_time()),
               step.has_error() ? ErrorText(step.error()) : step.outcome()});
  }
  return absl::StrCat("\n", table.Render(0));
}

}  // namespace

std::string ReportTable(
    const google::protobuf::RepeatedPtrField<Report>& reports, int width) {
  Table table(
      {"REPORT", "STORED", "STATE", "KIND", "JOB", "TICKET", "SUMMARY"});
  for (const Report& report : reports) {
    table.Add({report.report_id(), TimeText(report.create_time()),
               EnumText(report.state()), KindText(report), JobText(report),
               report.ticket().number(), report.summary()});
  }
  return table.Render(width);
}

std::string ReportDetails(const Report& report) {
  Fields fields = {{"report", report.report_id()},
                   {"state", EnumText(report.state())},
                   {"summary", report.summary()},
                   {"error", ErrorText(report.error())},
                   {"next attempt", TimeText(report.next_attempt_time())},
                   {"ticket", report.ticket().number()},
                   {"ticket url", report.ticket().url()},
                   {"servicenow", report.ticket().servicenow()},
                   {"merged into", report.merged_into_report_id()},
                   {"silence", report.silence_id()},
                   {"failure", report.failure_id()},
                   {"template", report.requested_template()}};
  if (report.has_event()) AddEvent(report.event(), fields);
  if (report.has_rejected()) AddRejected(report.rejected(), fields);
  if (report.has_ticket_change()) {
    AddTicketChange(report.ticket_change(), fields);
  }
  if (report.has_job_recovery()) AddRecovery(report.job_recovery(), fields);
  AddSource(report, fields);
  for (const std::string& warning : report.warnings()) {
    fields.emplace_back("warning", warning);
  }
  return absl::StrCat(RenderFields(fields), StepTable(report));
}

std::string ReportLine(const Report& report) {
  const std::string ticket = report.ticket().number();
  return ForTerminal(
      absl::StrCat(TimeText(report.update_time()), "  ", report.report_id(),
                   "  ", EnumText(report.state()), "  ", JobText(report),
                   ticket.empty() ? "" : "  ", ticket,
                   report.summary().empty() ? "" : "  ", report.summary()),
      kMaxLine);
}

std::vector<std::string> ReportProgress(const Report& report, absl::Time now) {
  if (report.report_id().empty()) return {};
  std::vector<std::string> lines = {ReportLine(report)};
  for (const Step& step : report.steps()) {
    lines.push_back(ForTerminal(
        absl::StrFormat("  %-12s %-10s %s", EnumText(step.kind()),
                        EnumText(step.state()), StepRemark(step, now)),
        kMaxLine));
  }
  return lines;
}

bool HasEnded(const Report& report) {
  switch (report.state()) {
    case ::incident::v1::REPORT_STATE_SUCCEEDED:
    case ::incident::v1::REPORT_STATE_MERGED:
    case ::incident::v1::REPORT_STATE_SUPPRESSED:
    case ::incident::v1::REPORT_STATE_DEAD_LETTER:
    case ::incident::v1::REPORT_STATE_DISCARDED:
      return true;
    default:
      return false;
  }
}

}  // namespace opcon_snow::cli
