#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/filters.h"
#include "cli/paging.h"
#include "cli/table.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::AuditEntry;

struct ListOptions {
  std::string report_id;
  std::string target;
  std::string since;
  std::int32_t limit = 50;
};

// What came of it, in a few words.
std::string ResultText(const AuditEntry& entry) {
  if (entry.result().code() == 0) {
    return entry.result().message().empty() ? "done" : entry.result().message();
  }
  return absl::StrCat(absl::StatusCodeToString(
                          static_cast<absl::StatusCode>(entry.result().code())),
                      ": ", entry.result().message());
}

int List(CommandContext& context, const ListOptions& options) {
  ::incident::v1::ListAuditEntriesRequest request;
  request.set_report_id(options.report_id);
  request.set_target(options.target);
  if (!options.since.empty()) {
    const absl::Status status =
        SetSince(options.since, context.environment().clock->Now(),
                 request.mutable_created_since_time());
    if (!status.ok()) {
      context.console().Error(status.message());
      return kExitUsage;
    }
  }
  const absl::StatusOr<::incident::v1::ListAuditEntriesResponse> reply =
      CallForAllPages(context, &Stub::ListAuditEntries, request, options.limit,
                      [](const auto& page) { return page.entries_size(); });
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  Table table({"TIME", "WHO", "WHAT", "WHERE", "TARGET", "WHY", "RESULT"});
  for (const AuditEntry& entry : reply->entries()) {
    table.Add({TimeText(entry.create_time()), entry.actor(), entry.action(),
               entry.instance(), entry.target(), entry.reason(),
               ResultText(entry)});
  }
  context.console().Out(table.Render(context.console().Width()));
  if (!reply->next_page_token().empty()) {
    context.console().Error("there are more; --limit 0 shows all");
  }
  return kExitOk;
}

}  // namespace

void AddAuditCommands(CLI::App& app, Action& action) {
  CLI::App* audit = app.add_subcommand(
      "audit",
      "shows what was written to the upstreams, and what people "
      "decided");
  audit->require_subcommand(1);
  audit->fallthrough();
  CLI::App* list = audit->add_subcommand("list", "lists entries, newest first");
  auto options = std::make_shared<ListOptions>();
  list->add_option("--report", options->report_id,
                   "only on behalf of the report with this id")
      ->type_name("ID");
  list->add_option("--target", options->target,
                   "only what was done to this: a job id, a ticket's number, "
                   "a report's id")
      ->type_name("TEXT");
  list->add_option("--since", options->since,
                   "only since then: a time such as 2026-01-05T12:00:00Z, or "
                   "how long ago, such as 24h")
      ->type_name("TIME");
  AddLimit(*list, options->limit);
  list->callback([options, &action] {
    action = [options](CommandContext& context) {
      return List(context, *options);
    };
  });
}

}  // namespace opcon_snow::cli
