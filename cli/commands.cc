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
  add(SwitchId::kTokenFile, flags.token_file);
  add(SwitchId::kSpoolDir, flags.spool_dir);
}

// These are read by their own parser; here they are for the help only.
void AddReportForHelp(CLI::App& app) {
  app.add_subcommand("report",
                     "reports what happened to a job; also without the word "
                     "\"report\", see \"incidentctl report --help\"");
  app.add_subcommand("recovered", "reports that a job is well again");
}

void ShowHelp(const CLI::App& app, Console& console) {
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
}

int SayParseError(const CLI::App& app, const CLI::ParseError& error,
                  const Environment& environment) {
  Console& console = *environment.console;
  // --help and --version are errors to CLI11.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    if (error.get_name() == "CallForHelp" ||
        error.get_name() == "CallForAllHelp") {
      ShowHelp(app, console);
    } else {
      console.Out(absl::StrCat(error.what(), "\n"));
    }
    return kExitOk;
  }
  const Correction correction =
      Correct(DescribeCommands(app), environment.arguments);
  // Otherwise a value is wrong, which CLI11 names.
  if (correction.problems.empty()) {
    console.Error(absl::StrCat(error.what(), "; see \"incidentctl --help\""));
    return kExitUsage;
  }
  for (const std::string& problem : correction.problems) {
    console.Error(problem);
  }
  console.Error(absl::StrCat("right would be: ", correction.corrected));
  return kExitUsage;
}

OptionInfo Describe(const CLI::Option& option) {
  OptionInfo info;
  info.help = option.get_description();
  info.required = option.get_required();
  if (!option.get_snames().empty()) {
    info.short_name = absl::StrCat("-", option.get_snames().front());
  }
  if (!option.get_lnames().empty()) {
    info.long_name = absl::StrCat("--", option.get_lnames().front());
  }
  if (option.get_items_expected_max() == 0) return info;
  // CLI11 puts what a check demands behind the name, after a colon.
  const Switch* global = FindSwitch(info.long_name);
  const std::string type = option.get_type_name();
  info.value = global != nullptr ? std::string(global->value)
                                 : type.substr(0, type.find(':'));
  return info;
}

// The switches of `report` and `recovered`, which CLI11 does not know.
std::vector<OptionInfo> ReportOptions() {
  std::vector<OptionInfo> options;
  for (const Switch& what : AllSwitches()) {
    if (what.IsGlobal()) continue;
    options.push_back({std::string(what.short_name),
                       std::string(what.long_name), std::string(what.value),
                       std::string(what.help), false});
  }
  options.push_back(
      {"-h", "--help", "", "Print this help message and exit", false});
  return options;
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

// What was chosen once the command line is read.
struct Choice {
  GlobalFlags flags;
  Action action;
  TextAction text;
};

void Declare(CLI::App& app, Choice& choice) {
  app.set_version_flag("--version", absl::StrCat(kProgram, " ", kVersion));
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobalOptions(app, choice.flags);
  AddReportForHelp(app);
  AddReportsCommands(app, choice.action);
  AddTicketsCommands(app, choice.action);
  AddTemplatesCommands(app, choice.action);
  AddSilencesCommands(app, choice.action);
  AddAuditCommands(app, choice.action);
  AddAdminCommands(app, choice.action);
  AddSpoolCommands(app, choice.action);
  AddDoctorCommand(app, choice.action);
  AddConfigCommand(app, choice.action);
  AddSelfDescription(app, choice.text);
}

}  // namespace

CommandInfo DescribeCommands(const CLI::App& app) {
  CommandInfo info;
  info.name = app.get_name();
  info.help = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      info.arguments.push_back({option->get_name(/*positional=*/true),
                                option->get_description(),
                                option->get_required()});
    } else {
      info.options.push_back(Describe(*option));
    }
  }
  if (info.name == "report" || info.name == "recovered") {
    info.options = ReportOptions();
  }
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    info.commands.push_back(DescribeCommands(*command));
  }
  return info;
}

void AddLimit(CLI::App& command, std::int32_t& limit) {
  command
      .add_option("--limit", limit, "how many at most; 0 for all; default 50")
      ->type_name("NUMBER")
      ->check(CLI::Range(0, std::numeric_limits<std::int32_t>::max()));
}

int RunCommands(const Environment& environment) {
  if (environment.register_descriptors) environment.register_descriptors();
  CLI::App app(
      "Reports what happens to OpCon jobs to the incident service, and shows "
      "what became of it.\nThe options of this page can also be set by "
      "variables "
      "of the environment: INCIDENTCTL_SERVER for --server.",
      kProgram);
  Choice choice;
  Declare(app, choice);
  std::vector<std::string> reversed(environment.arguments.rbegin(),
                                    environment.arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return SayParseError(app, error, environment);
  }
  if (choice.text) {
    environment.console->Out(choice.text());
    return kExitOk;
  }
  return RunAction(environment, choice.flags, choice.action);
}

}  // namespace opcon_snow::cli
