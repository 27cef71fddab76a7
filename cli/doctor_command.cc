#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/spool.h"
#include "cli/table.h"
#include "cli/verdict.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::GetHealthResponse;
using ::incident::v1::Hop;
using ::incident::v1::HopState;

Hop MakeHop(std::string name, std::string target, HopState state,
            std::string message) {
  Hop hop;
  hop.set_name(std::move(name));
  hop.set_target(std::move(target));
  hop.set_state(state);
  hop.set_message(std::move(message));
  return hop;
}

// Whether a report could be kept right now: the folder takes a file.
absl::Status TrySpool(const Spool& spool, Files& files,
                      const std::string& name) {
  absl::Status status = files.MakeDirectories(spool.directory());
  if (!status.ok()) return status;
  const std::string path = spool.PathOf(name);
  status = files.WriteDurably(path, "");
  return status.ok() ? files.Remove(path) : status;
}

Hop SpoolHop(const CommandContext& context) {
  absl::StatusOr<Spool> spool = context.OpenSpool();
  if (!spool.ok()) {
    return MakeHop("spool", "", ::incident::v1::HOP_STATE_WARNING,
                   absl::StrCat(spool.status().message(),
                                "; a report is lost if the service cannot be "
                                "reached"));
  }
  const std::string probe = absl::StrCat(
      "doctor-", absl::ToUnixNanos(context.environment().clock->Now()));
  const absl::Status usable =
      TrySpool(*spool, *context.environment().files, probe);
  const auto waiting = spool->Waiting();
  const auto refused = spool->Refused();
  for (const absl::Status& status :
       {usable, waiting.status(), refused.status()}) {
    if (status.ok()) continue;
    return MakeHop("spool", spool->directory(),
                   ::incident::v1::HOP_STATE_FAILED,
                   std::string(status.message()));
  }
  const bool empty = waiting->empty() && refused->empty();
  return MakeHop(
      "spool", spool->directory(),
      empty ? ::incident::v1::HOP_STATE_OK : ::incident::v1::HOP_STATE_WARNING,
      empty ? "empty"
            : absl::StrCat(waiting->size(), " waiting, ", refused->size(),
                           " refused; see \"incidentctl spool list\""));
}

// The service itself and what it tells of the hops behind it.
void AddService(CommandContext& context, bool probe, GetHealthResponse& all) {
  ::incident::v1::GetHealthRequest request;
  request.set_probe(probe);
  const SteadyTime begin = context.environment().clock->SteadyNow();
  const absl::StatusOr<GetHealthResponse> reply =
      context.Call(&Stub::GetHealth, request);
  const std::string address = context.settings().server.address();
  if (!reply.ok()) {
    *all.add_hops() = MakeHop(
        "incident-service", address, ::incident::v1::HOP_STATE_FAILED,
        Describe(reply.status(), address, context.settings().server_origin));
    return;
  }
  Hop hop = MakeHop("incident-service", address, ::incident::v1::HOP_STATE_OK,
                    absl::StrCat("answers; the address is from ",
                                 context.settings().server_origin));
  hop.set_version(reply->version());
  const std::int64_t nanos = absl::ToInt64Nanoseconds(
      absl::FromChrono(context.environment().clock->SteadyNow() - begin));
  hop.mutable_latency()->set_seconds(nanos / 1'000'000'000);
  hop.mutable_latency()->set_nanos(
      static_cast<std::int32_t>(nanos % 1'000'000'000));
  *all.add_hops() = std::move(hop);
  all.MergeFrom(*reply);
}

std::string Milliseconds(const google::protobuf::Duration& latency) {
  if (latency.seconds() == 0 && latency.nanos() == 0) return "";
  return absl::StrCat(latency.seconds() * 1000 + latency.nanos() / 1'000'000,
                      " ms");
}

int Doctor(CommandContext& context, bool probe) {
  GetHealthResponse all;
  *all.add_hops() = SpoolHop(context);
  AddService(context, probe, all);
  bool failed = false;
  Table table({"HOP", "STATE", "TIME", "VERSION", "TARGET", "MESSAGE"});
  for (const Hop& hop : all.hops()) {
    failed = failed || hop.state() == ::incident::v1::HOP_STATE_FAILED;
    table.Add({hop.name(), EnumText(hop.state()), Milliseconds(hop.latency()),
               hop.version(), hop.target(), hop.message()});
  }
  if (context.json()) {
    context.PrintJson(all);
  } else {
    context.console().Out(table.Render(0));
  }
  return failed ? kExitUnavailable : kExitOk;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Action& action) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "checks every hop from here to OpCon and ServiceNow");
  auto cached = std::make_shared<bool>(false);
  doctor->add_flag("--cached", *cached,
                   "shows what the service knows, without asking upstream");
  doctor->callback([cached, &action] {
    action = [cached](CommandContext& context) {
      return Doctor(context, !*cached);
    };
  });
}

}  // namespace opcon_snow::cli
