#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/doctor_local.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "cli/verdict.h"
#include "incident/v1/operations.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::GetHealthResponse;
using ::incident::v1::Hop;

// The service itself and what it tells of the hops behind it.
void AddService(CommandContext& context, bool probe, GetHealthResponse& all) {
  ::incident::v1::GetHealthRequest request;
  request.set_probe(probe);
  const Clock& clock = *context.environment().clock;
  const SteadyTime begin = clock.SteadyNow();
  const absl::Time sent = clock.Now();
  const absl::StatusOr<GetHealthResponse> reply =
      context.Call(&Stub::GetHealth, request);
  const absl::Duration took = absl::FromChrono(clock.SteadyNow() - begin);
  const std::string address = context.settings().server.address();
  if (!reply.ok()) {
    *all.add_hops() = MakeHop(
        "incident-service", address, ::incident::v1::HOP_STATE_FAILED,
        Describe(reply.status(), address, context.settings().server_origin));
    return;
  }
  Hop hop = MakeHop("incident-service", address, ::incident::v1::HOP_STATE_OK,
                    "answers");
  hop.set_version(reply->version());
  const std::int64_t nanos = absl::ToInt64Nanoseconds(took);
  hop.mutable_latency()->set_seconds(nanos / 1'000'000'000);
  hop.mutable_latency()->set_nanos(
      static_cast<std::int32_t>(nanos % 1'000'000'000));
  *all.add_hops() = std::move(hop);
  if (reply->has_service_time()) {
    *all.add_hops() = ClockHop(reply->service_time(), sent, took);
  }
  all.MergeFrom(*reply);
}

std::string Milliseconds(const google::protobuf::Duration& latency) {
  if (latency.seconds() == 0 && latency.nanos() == 0) return "";
  return absl::StrCat(latency.seconds() * 1000 + latency.nanos() / 1'000'000,
                      " ms");
}

int Doctor(CommandContext& context, bool probe) {
  GetHealthResponse all;
  for (Hop& hop : LocalHops(context)) *all.add_hops() = std::move(hop);
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
