#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/commands.h"
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

int Show(CommandContext& context, const ShowOptions& options) {
  absl::StatusOr<::incident::v1::JobKey> key = ParseJobId(options.job_id);
  if (!key.ok()) {
    context.console().Error(key.status().message());
    return kExitData;
  }
  key->set_opcon(options.opcon);
  ::incident::v1::GetTicketLinkRequest request;
  *request.mutable_job_key() = *key;
  request.set_servicenow(options.servicenow);
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

void AddShow(CLI::App& tickets, Action& action) {
  CLI::App* command = tickets.add_subcommand("show", "shows a job's ticket");
  auto options = std::make_shared<ShowOptions>();
  command
      ->add_option("JOB_ID", options->job_id,
                   "YYYYMMDD|scheduleId|scheduleInstance|jobName")
      ->required();
  command->add_option("--opcon", options->opcon, "the OpCon instance")
      ->type_name("NAME");
  command
      ->add_option("--servicenow", options->servicenow,
                   "the ServiceNow instance, if the job has several tickets")
      ->type_name("NAME");
  command->callback([options, &action] {
    action = [options](CommandContext& context) {
      return Show(context, *options);
    };
  });
}

}  // namespace

void AddTicketsCommands(CLI::App& app, Action& action) {
  CLI::App* tickets = app.add_subcommand("tickets", "shows jobs' tickets");
  tickets->require_subcommand(1);
  tickets->fallthrough();
  AddList(*tickets, action);
  AddShow(*tickets, action);
}

}  // namespace opcon_snow::cli
