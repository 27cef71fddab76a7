#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/filters.h"
#include "cli/paging.h"
#include "cli/report_view.h"
#include "cli/watch.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::ReportState;

struct ListOptions {
  std::vector<std::string> states;
  std::string opcon;
  std::string job;
  std::string schedule;
  std::string date;
  std::string request_id;
  std::string since;
  std::int32_t limit = 50;
};

absl::StatusOr<::incident::v1::ListReportsRequest> MakeListRequest(
    const ListOptions& options, absl::Time now) {
  ::incident::v1::ListReportsRequest request;
  absl::Status status = AddStates(options.states, request.mutable_states());
  request.set_opcon(options.opcon);
  request.set_job_name(options.job);
  request.set_schedule_name(options.schedule);
  request.set_request_id(options.request_id);
  if (!options.date.empty()) {
    status.Update(SetDate(options.date, request.mutable_schedule_date()));
  }
  if (!options.since.empty()) {
    status.Update(
        SetSince(options.since, now, request.mutable_created_since_time()));
  }
  if (!status.ok()) return status;
  return request;
}

int List(CommandContext& context, const ListOptions& options) {
  const absl::StatusOr<::incident::v1::ListReportsRequest> request =
      MakeListRequest(options, context.environment().clock->Now());
  if (!request.ok()) {
    context.console().Error(request.status().message());
    return kExitUsage;
  }
  const absl::StatusOr<::incident::v1::ListReportsResponse> reply =
      CallForAllPages(context, &Stub::ListReports, *request, options.limit,
                      [](const auto& page) { return page.reports_size(); });
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  context.console().Out(
      ReportTable(reply->reports(), context.console().Width()));
  if (!reply->next_page_token().empty()) {
    context.console().Error("there are more; --limit 0 shows all");
  }
  return kExitOk;
}

// Of a reply that holds one report.
template <class Reply>
int ShowReport(CommandContext& context, const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  context.console().Out(ReportDetails(reply->report()));
  return kExitOk;
}

int Show(CommandContext& context, const std::string& id) {
  ::incident::v1::GetReportRequest request;
  request.set_report_id(id);
  return ShowReport(context, context.Call(&Stub::GetReport, request));
}

int Retry(CommandContext& context, const std::string& id) {
  ::incident::v1::RetryReportRequest request;
  request.set_report_id(id);
  return ShowReport(context, context.Call(&Stub::RetryReport, request));
}

int Discard(CommandContext& context, const std::string& id,
            const std::string& reason) {
  ::incident::v1::DiscardReportRequest request;
  request.set_report_id(id);
  request.set_reason(reason);
  return ShowReport(context, context.Call(&Stub::DiscardReport, request));
}

void AddList(CLI::App& reports, Action& action) {
  CLI::App* list =
      reports.add_subcommand("list", "lists reports, newest first");
  auto options = std::make_shared<ListOptions>();
  list->add_option("--state", options->states,
                   absl::StrCat("only in this state, may be repeated: ",
                                EnumTexts<ReportState>()))
      ->type_name("STATE")
      ->take_all()
      ->expected(1);
  list->add_option("--opcon", options->opcon, "only of this OpCon instance")
      ->type_name("NAME");
  list->add_option("--job", options->job, "only of this full daily job name")
      ->type_name("JOB");
  list->add_option("--schedule", options->schedule,
                   "only of this full daily schedule name")
      ->type_name("SCHEDULE");
  list->add_option("--date", options->date, "only of this day's schedules")
      ->type_name("DATE");
  list->add_option("--request-id", options->request_id,
                   "only the one with this id of its reporter")
      ->type_name("ID");
  list->add_option("--since", options->since,
                   "only stored since then: a time such as "
                   "2026-01-05T12:00:00Z, or how long ago, such as 24h")
      ->type_name("TIME");
  AddLimit(*list, options->limit);
  list->callback([options, &action] {
    action = [options](CommandContext& context) {
      return List(context, *options);
    };
  });
}

// A subcommand with a report's id, which `run` gets.
CLI::App* AddWithId(CLI::App& reports, const std::string& name,
                    const std::string& help, Action& action,
                    int (*run)(CommandContext&, const std::string&)) {
  CLI::App* command = reports.add_subcommand(name, help);
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "the report's id")->required();
  command->callback([id, run, &action] {
    action = [id, run](CommandContext& context) { return run(context, *id); };
  });
  return command;
}

void AddDiscard(CLI::App& reports, Action& action) {
  CLI::App* command = reports.add_subcommand(
      "discard", "gives a report up; effects that it had stay");
  auto id = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  command->add_option("ID", *id, "the report's id")->required();
  command->add_option("--reason", *reason, "why, for the audit")
      ->type_name("TEXT")
      ->required();
  command->callback([id, reason, &action] {
    action = [id, reason](CommandContext& context) {
      return Discard(context, *id, *reason);
    };
  });
}

void AddWatch(CLI::App& reports, Action& action) {
  CLI::App* command = reports.add_subcommand(
      "watch", "prints every change of reports, or of one until it ends");
  auto options = std::make_shared<WatchOptions>();
  command->add_option("ID", options->report_id, "only this report");
  command->callback([options, &action] {
    action = [options](CommandContext& context) {
      return Watch(context, *options);
    };
  });
}

}  // namespace

void AddReportsCommands(CLI::App& app, Action& action) {
  CLI::App* reports = app.add_subcommand("reports", "looks after reports");
  reports->require_subcommand(1);
  reports->fallthrough();
  AddList(*reports, action);
  AddWithId(*reports, "show", "shows a report with its steps", action, &Show);
  AddWatch(*reports, action);
  AddWithId(*reports, "retry",
            "takes a dead letter or a waiting report up again now", action,
            &Retry);
  AddDiscard(*reports, action);
}

}  // namespace opcon_snow::cli
