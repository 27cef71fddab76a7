#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/drain.h"
#include "cli/event_kind.h"
#include "cli/exit_code.h"
#include "cli/filters.h"
#include "cli/spool.h"
#include "cli/spool_run.h"
#include "cli/table.h"
#include "cli/trace_metadata.h"
#include "cli/verdict.h"
#include "common/rpc/call.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::cli {
namespace {

constexpr absl::Duration kLeastInterval = absl::Milliseconds(100);
constexpr absl::Duration kMostInterval = absl::Hours(1);

struct Entry {
  std::string name;
  bool refused = false;
  std::string reason;
  absl::StatusOr<Spool::Request> request;
};

int FailLocally(CommandContext& context, const absl::Status& status) {
  context.console().Error(status.message());
  return kExitConfig;
}

absl::StatusOr<std::vector<Entry>> ReadEntries(Spool& spool) {
  const absl::StatusOr<std::vector<std::string>> waiting = spool.Waiting();
  if (!waiting.ok()) return waiting.status();
  const absl::StatusOr<std::vector<std::string>> refused = spool.Refused();
  if (!refused.ok()) return refused.status();
  std::vector<Entry> entries;
  for (const std::string& name : *waiting) {
    entries.push_back({name, false, "", spool.Read(name)});
  }
  for (const std::string& name : *refused) {
    entries.push_back(
        {name, true, spool.ReadReason(name), spool.ReadRefused(name)});
  }
  return entries;
}

std::string State(const Entry& entry) {
  return entry.refused ? "refused" : "waiting";
}

std::vector<std::string> Row(const Entry& entry) {
  const std::string state = State(entry);
  if (!entry.request.ok()) {
    const bool newer = absl::IsUnimplemented(entry.request.status());
    return {state, "", newer ? "newer version" : "unreadable", entry.name,
            std::string(entry.request.status().message())};
  }
  if (entry.request->has_rejected()) {
    const auto& rejected = entry.request->rejected();
    return {state, TimeText(rejected.occurred_time()), "rejected",
            "(command line)",
            entry.refused ? entry.reason : rejected.problem()};
  }
  const ::incident::v1::JobEvent& event = entry.request->event();
  return {state, TimeText(event.occurred_time()), EventKindName(event.kind()),
          JobIdText(event.job_key()), entry.reason};
}

nlohmann::json Json(const Entry& entry) {
  nlohmann::json json = {{"file", entry.name}, {"state", State(entry)}};
  if (!entry.reason.empty()) json["reason"] = entry.reason;
  if (entry.request.ok()) {
    json["request"] = nlohmann::json::parse(ToJson(*entry.request), nullptr,
                                            /*allow_exceptions=*/false);
  } else {
    json["error"] = std::string(entry.request.status().message());
  }
  return json;
}

void Print(CommandContext& context, const nlohmann::json& document) {
  context.console().Out(absl::StrCat(
      document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace),
      "\n"));
}

int List(CommandContext& context) {
  absl::StatusOr<Spool> spool = context.OpenSpool();
  if (!spool.ok()) return FailLocally(context, spool.status());
  const absl::StatusOr<std::vector<Entry>> entries = ReadEntries(*spool);
  if (!entries.ok()) return FailLocally(context, entries.status());
  if (context.json()) {
    nlohmann::json all = nlohmann::json::array();
    for (const Entry& entry : *entries) all.push_back(Json(entry));
    Print(context, {{"directory", spool->directory()}, {"entries", all}});
    return kExitOk;
  }
  Table table({"STATE", "OCCURRED", "KIND", "JOB", "REASON"});
  for (const Entry& entry : *entries) table.Add(Row(entry));
  context.console().Out(table.Render(context.console().Width()));
  return kExitOk;
}

absl::Status ReadmitRefused(Spool& spool) {
  const absl::StatusOr<std::vector<std::string>> names = spool.Refused();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    absl::Status moved = spool.Readmit(name);
    if (!moved.ok()) return moved;
  }
  return absl::OkStatus();
}

int EndOfFlush(CommandContext& context, const DrainResult& result,
               const Spool& spool) {
  if (result.busy) {
    context.console().Error("another process is delivering from the spool");
    return kExitTryLater;
  }
  if (context.json()) {
    Print(context, {{"directory", spool.directory()},
                    {"delivered", result.delivered},
                    {"refused", result.refused},
                    {"waiting", result.left}});
  } else {
    context.console().Out(absl::StrCat(
        result.delivered, " delivered, ", result.refused, " refused, ",
        result.left, " waiting in ", spool.directory(), "\n"));
  }
  if (result.newer > 0) {
    context.console().Error(
        absl::StrCat(result.newer,
                     " waiting for a newer version of incidentctl; "
                     "\"incidentctl spool list\" shows them"));
  }
  if (!result.disk.ok()) return FailLocally(context, result.disk);
  if (!result.service.ok()) return context.Fail(result.service);
  if (result.refused > 0) {
    context.console().Error("\"incidentctl spool list\" tells why");
    return kExitData;
  }
  return result.newer > 0 ? kExitTryLater : kExitOk;
}

int Flush(CommandContext& context, bool refused_too) {
  absl::StatusOr<Spool> spool = context.OpenSpool();
  if (!spool.ok()) return FailLocally(context, spool.status());
  const absl::StatusOr<Stub*> service = context.Service();
  if (!service.ok()) return context.Fail(service.status());
  if (refused_too) {
    const absl::Status moved = ReadmitRefused(*spool);
    if (!moved.ok()) return FailLocally(context, moved);
  }
  const absl::StatusOr<std::vector<std::string>> waiting = spool->Waiting();
  if (!waiting.ok()) return FailLocally(context, waiting.status());
  const DrainResult result = Drain(
      *spool,
      [&](const ::incident::v1::ReportJobEventRequest& request,
          const std::string& traceparent) {
        return rpc::Call(**service, &Stub::ReportJobEvent, request,
                         {.timeout = context.settings().timeout,
                          .metadata = TraceMetadata(request, traceparent)});
      },
      {.max_entries = waiting->size()}, *context.environment().clock);
  return EndOfFlush(context, result, *spool);
}

void AddRun(CLI::App& spool, Action& action) {
  CLI::App* run = spool.add_subcommand(
      "run", "delivers what waits, as it comes, until it is told to end");
  auto text = std::make_shared<std::string>("10s");
  run->add_option("--interval", *text,
                  "how often to look, 100ms to 1h; default 10s")
      ->type_name("DURATION");
  run->callback([text, &action] {
    action = [text](CommandContext& context) {
      absl::Duration interval;
      if (!absl::ParseDuration(*text, &interval) || interval < kLeastInterval ||
          interval > kMostInterval) {
        context.console().Error(
            absl::StrCat("--interval ", Shown(*text),
                         " is not a duration from 100ms to 1h, such as 10s"));
        return kExitUsage;
      }
      return RunSpool(context, interval);
    };
  });
}

}  // namespace

void AddSpoolCommands(CLI::App& app, Action& action) {
  CLI::App* spool = app.add_subcommand(
      "spool", "looks after reports that wait on this machine");
  spool->require_subcommand(1);
  spool->fallthrough();
  spool->add_subcommand("list", "lists what waits and what was refused")
      ->callback([&action] { action = &List; });
  CLI::App* flush =
      spool->add_subcommand("flush", "delivers what waits, all of it, now");
  auto refused_too = std::make_shared<bool>(false);
  flush->add_flag("--refused", *refused_too,
                  "tries the refused ones again as well");
  flush->callback([refused_too, &action] {
    action = [refused_too](CommandContext& context) {
      return Flush(context, *refused_too);
    };
  });
  AddRun(*spool, action);
}

}  // namespace opcon_snow::cli
