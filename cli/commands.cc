#include "cli/commands.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "cli/switches.h"
#include "cli/version.h"

namespace opcon_snow::cli {
namespace {

void AddGlobalOptions(CLI::App& app, GlobalFlags& flags) {
  const auto add = [&app](SwitchId id, std::string& value) {
    const Switch& what = GetSwitch(id);
    app.add_option(std::string(what.long_name), value, std::string(what.help))
        ->type_name(std::string(what.value));
  };
  add(SwitchId::kServer, flags.server);
  add(SwitchId::kConfig, flags.config);
  add(SwitchId::kOutput, flags.output);
  add(SwitchId::kTimeout, flags.timeout);
  add(SwitchId::kTlsCa, flags.tls_ca);
  add(SwitchId::kTlsCert, flags.tls_cert);
  add(SwitchId::kTlsKey, flags.tls_key);
  add(SwitchId::kSpoolDir, flags.spool_dir);
}

// These are read by their own parser; here they are for the help only.
void AddReportForHelp(CLI::App& app) {
  app.add_subcommand("report",
                     "reports what happened to a job; also without the word "
                     "\"report\", see \"incidentctl report --help\"");
  app.add_subcommand("recovered", "reports that a job is well again");
}

int SayParseError(const CLI::App& app, const CLI::ParseError& error,
                  Console& console) {
  // --help and --version are errors to CLI11.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    const bool help = error.get_name() == "CallForHelp" ||
                      error.get_name() == "CallForAllHelp";
    if (!help) {
      console.Out(absl::StrCat(error.what(), "\n"));
      return kExitOk;
    }
    const CLI::App* innermost = &app;
    std::string parents;
    while (!innermost->get_subcommands().empty()) {
      absl::StrAppend(&parents, parents.empty() ? "" : " ",
                      innermost->get_name());
      innermost = innermost->get_subcommands().front();
    }
    console.Out(innermost->help(parents));
    if (innermost != &app) {
      console.Out(
          "\n\"incidentctl --help\" lists the options that every "
          "command has.\n");
    }
    return kExitOk;
  }
  console.Error(absl::StrCat(error.what(), "; see \"incidentctl --help\""));
  return kExitUsage;
}

int RunAction(const Environment& environment, const GlobalFlags& flags,
              const Action& action) {
  ResolvedSettings resolved =
      ResolveSettings(flags, environment.variables, environment.defaults);
  int code = kExitOk;
  for (const Problem& problem : resolved.problems) {
    environment.console->Error(problem.text);
    if (code != kExitUsage) code = problem.exit_code;
  }
  if (code != kExitOk) return code;
  CommandContext context(environment, std::move(resolved.settings));
  return action(context);
}

}  // namespace

void AddLimit(CLI::App& command, std::int32_t& limit) {
  command
      .add_option("--limit", limit, "how many at most; 0 for all; default 50")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, std::numeric_limits<std::int32_t>::max()));
}

int RunCommands(const Environment& environment) {
  CLI::App app(
      "Reports what happens to OpCon jobs to the incident service, and shows "
      "what became of it.\nThe options of this page can also be set by "
      "variables "
      "of the environment: INCIDENTCTL_SERVER for --server.",
      kProgram);
  app.set_version_flag("--version", absl::StrCat(kProgram, " ", kVersion));
  app.require_subcommand(1);
  app.fallthrough();
  GlobalFlags flags;
  Action action;
  AddGlobalOptions(app, flags);
  AddReportForHelp(app);
  AddReportsCommands(app, action);
  AddTicketsCommands(app, action);
  AddTemplatesCommands(app, action);
  AddAuditCommands(app, action);
  AddAdminCommands(app, action);
  AddSpoolCommands(app, action);
  AddDoctorCommand(app, action);
  AddConfigCommand(app, action);
  std::vector<std::string> reversed(environment.arguments.rbegin(),
                                    environment.arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return SayParseError(app, error, *environment.console);
  }
  return RunAction(environment, flags, action);
}

}  // namespace opcon_snow::cli
