// config show: which settings a command uses, and where they come from.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/table.h"
#include "config/v1/incidentctl.pb.h"
#include "google/protobuf/util/time_util.h"

namespace opcon_snow::cli {
namespace {

int Show(CommandContext& context) {
  const Settings& settings = context.settings();
  if (context.json()) {
    ::config::v1::IncidentctlConfig config;
    *config.mutable_server() = settings.server;
    *config.mutable_timeout() =
        google::protobuf::util::TimeUtil::NanosecondsToDuration(
            absl::ToInt64Nanoseconds(settings.timeout));
    config.set_token_file(settings.token_file);
    config.mutable_spool()->set_disabled(!settings.spool_enabled);
    config.mutable_spool()->set_directory(settings.spool_directory);
    config.mutable_spool()->set_max_entries(settings.spool_max_entries);
    return context.PrintJson(config);
  }
  context.console().Out(RenderFields(
      {{"server", absl::StrCat(settings.server.address(), " (from ",
                               settings.server_origin, ")")},
       {"TLS", settings.server.has_tls() ? "yes" : "no"},
       {"authorities", settings.server.tls().ca_file()},
       {"certificate", settings.server.tls().certificate_file()},
       {"key", settings.server.tls().key_file()},
       {"token", settings.token_file},
       {"timeout", absl::FormatDuration(settings.timeout)},
       {"output", "table"},
       {"spool", settings.spool_enabled ? settings.spool_directory : "off"},
       {"spool entries",
        settings.spool_enabled
            ? absl::StrCat("at most ", settings.spool_max_entries)
            : ""}}));
  return kExitOk;
}

}  // namespace

void AddConfigCommand(CLI::App& app, Action& action) {
  CLI::App* config = app.add_subcommand("config", "shows the settings");
  config->require_subcommand(1);
  config->fallthrough();
  config
      ->add_subcommand("show",
                       "shows what flags, environment and file come to; files "
                       "with secrets are named, not read")
      ->callback([&action] { action = &Show; });
}

}  // namespace opcon_snow::cli
