#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/filters.h"
#include "cli/paging.h"
#include "cli/table.h"
#include "incident/v1/ticket.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::TicketLink;

struct ListOptions {
  std::string opcon;
  std::string servicenow;
  std::string number;
  std::string date;
  std::int32_t limit = 50;
};

struct ShowOptions {
  std::string job_id;
  std::string opcon;
  std::string servicenow;
};

struct SyncOptions {
  ShowOptions which;
  bool dry_run = false;
};

int List(CommandContext& context, const ListOptions& options) {
  ::incident::v1::ListTicketLinksRequest request;
  request.set_opcon(options.opcon);
  request.set_servicenow(options.servicenow);
  request.set_ticket_number(options.number);
  if (!options.date.empty()) {
    const absl::Status status =
        SetDate(options.date, request.mutable_schedule_date());
    if (!status.ok()) {
      context.console().Error(status.message());
      return kExitUsage;
    }
  }
  const absl::StatusOr<::incident::v1::ListTicketLinksResponse> reply =
      CallForAllPages(context, &Stub::ListTicketLinks, request, options.limit,
                      [](const auto& page) { return page.links_size(); });
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  Table table({"TICKET", "SERVICENOW", "STATE", "CHANGED", "OPCON", "JOB"});
  for (const TicketLink& link : reply->links()) {
    table.Add({link.ticket().number(), link.ticket().servicenow(),
               link.ticket_state_value(), TimeText(link.update_time()),
               link.job_key().opcon(), JobIdText(link.job_key())});
  }
  context.console().Out(table.Render(context.console().Width()));
  if (!reply->next_page_token().empty()) {
    context.console().Error("there are more; --limit 0 shows all");
  }
  return kExitOk;
}

// Says which job's ticket is meant; false, with a message, if it is none.
template <class Request>
bool FillIn(const CommandContext& context, const ShowOptions& options,
            Request* request) {
  absl::StatusOr<::incident::v1::JobKey> key = ParseJobId(options.job_id);
  if (!key.ok()) {
    context.console().Error(key.status().message());
    return false;
  }
  key->set_opcon(options.opcon);
  *request->mutable_job_key() = *key;
  request->set_servicenow(options.servicenow);
  return true;
}

int Show(CommandContext& context, const ShowOptions& options) {
  ::incident::v1::GetTicketLinkRequest request;
  if (!FillIn(context, options, &request)) return kExitData;
  const auto reply = context.Call(&Stub::GetTicketLink, request);
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  const TicketLink& link = reply->link();
  context.console().Out(
      RenderFields({{"ticket", link.ticket().number()},
                    {"url", link.ticket().url()},
                    {"servicenow", link.ticket().servicenow()},
                    {"sys_id", link.ticket().sys_id()},
                    {"state", link.ticket_state_value()},
                    {"opcon", link.job_key().opcon()},
                    {"job", link.job_key().job_name()},
                    {"job id", JobIdText(link.job_key())},
                    {"in the job", link.written_ticket_id()},
                    {"generation", std::to_string(link.generation())},
                    {"replaced", link.previous_ticket_number()},
                    {"last failure", link.last_failure_id()},
                    {"linked", TimeText(link.create_time())},
                    {"changed", TimeText(link.update_time())},
                    {"looked at", TimeText(link.check_time())}}));
  return kExitOk;
}

int Sync(CommandContext& context, const SyncOptions& options) {
  ::incident::v1::SyncTicketRequest request;
  if (!FillIn(context, options.which, &request)) return kExitData;
  request.set_validate_only(options.dry_run);
  const auto reply = context.Call(&Stub::SyncTicket, request);
  if (!reply.ok()) return context.Fail(reply.status());
  const int code = reply->action() == ::incident::v1::SYNC_ACTION_PENDING
                       ? kExitTryLater
                       : kExitOk;
  if (context.json()) {
    context.PrintJson(*reply);
    return code;
  }
  const TicketLink& link = reply->link();
  context.console().Out(RenderFields(
      {{"ticket", link.ticket().number()},
       {"state",
        link.gone() ? "not there any more" : link.ticket_state_value()},
       {"servicenow", link.ticket().servicenow()},
       {"opcon", link.job_key().opcon()},
       {"job id", JobIdText(link.job_key())},
       {options.dry_run ? "would do" : "done", EnumText(reply->action())},
       {"because", reply->message()},
       {"report", reply->report_id()}}));
  if (code == kExitTryLater) {
    context.console().Error(
        absl::StrCat("it is not done yet and goes on by itself; \"incidentctl "
                     "reports show ",
                     reply->report_id(), "\" tells how far it is"));
  }
  return code;
}

void AddList(CLI::App& tickets, Action& action) {
  CLI::App* command =
      tickets.add_subcommand("list", "lists tickets, latest change first");
  auto options = std::make_shared<ListOptions>();
  command->add_option("--opcon", options->opcon, "only of this OpCon instance")
      ->type_name("NAME");
  command
      ->add_option("--servicenow", options->servicenow,
                   "only in this ServiceNow instance")
      ->type_name("NAME");
  command->add_option("--number", options->number, "only the ticket's number")
      ->type_name("NUMBER");
  command->add_option("--date", options->date, "only of this day's schedules")
      ->type_name("DATE");
  AddLimit(*command, options->limit);
  command->callback([options, &action] {
    action = [options](CommandContext& context) {
      return List(context, *options);
    };
  });
}

// The options that say which job's ticket is meant.
void AddWhich(CLI::App& command, ShowOptions& options) {
  command
      .add_option("JOB_ID", options.job_id,
                  "YYYYMMDD|scheduleId|scheduleInstance|jobName")
      ->required();
  command.add_option("--opcon", options.opcon, "the OpCon instance")
      ->type_name("NAME");
  command
      .add_option("--servicenow", options.servicenow,
                  "the ServiceNow instance, if the job has several tickets")
      ->type_name("NAME");
}

void AddShow(CLI::App& tickets, Action& action) {
  CLI::App* command = tickets.add_subcommand("show", "shows a job's ticket");
  auto options = std::make_shared<ShowOptions>();
  AddWhich(*command, *options);
  command->callback([options, &action] {
    action = [options](CommandContext& context) {
      return Show(context, *options);
    };
  });
}

void AddSync(CLI::App& tickets, Action& action) {
  CLI::App* command = tickets.add_subcommand(
      "sync", "brings a job into step with its ticket now");
  auto options = std::make_shared<SyncOptions>();
  AddWhich(*command, options->which);
  command->add_flag("--dry-run", options->dry_run,
                    "say what would be done, and do nothing");
  command->callback([options, &action] {
    action = [options](CommandContext& context) {
      return Sync(context, *options);
    };
  });
}

}  // namespace

void AddTicketsCommands(CLI::App& app, Action& action) {
  CLI::App* tickets =
      app.add_subcommand("tickets", "shows and follows jobs' tickets");
  tickets->require_subcommand(1);
  tickets->fallthrough();
  AddList(*tickets, action);
  AddShow(*tickets, action);
  AddSync(*tickets, action);
}

}  // namespace opcon_snow::cli
