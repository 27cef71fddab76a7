#include "tests/harness/suite.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace opcon_snow::harness {
namespace {

using bazel::tools::cpp::runfiles::Runfiles;

constexpr char kTokenFile[] = "opcon.token";
constexpr char kSecretFile[] = "servicenow.secret";
constexpr char kNotificationLog[] = "notifications.jsonl";

std::string GatewayYaml(const SuiteOptions& options,
                        const std::string& instance, int port) {
  return absl::StrCat("listener:\n  address: 127.0.0.1:", port, "\n",
                      options.gateway_listener_yaml, options.gateway_yaml,
                      "instances:\n", instance);
}

}  // namespace

absl::StatusOr<Programs> FindPrograms(const std::string& argv0) {
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(
      argv0.empty() ? Runfiles::CreateForTest(&error)
                    : Runfiles::Create(argv0, &error));
  if (runfiles == nullptr) return absl::NotFoundError(error);
  const auto find = [&](const std::string& path) {
    return runfiles->Rlocation("opcon_snow/" + path);
  };
  return Programs{
      .opcon_sandbox = find("sandbox/opcon_sandbox"),
      .snow_sandbox = find("sandbox/snow_sandbox"),
      .notification_manager = find("sandbox/notification_manager"),
      .opcon_gateway = find("opcon_gateway/opcon_gateway"),
      .snow_gateway = find("snow_gateway/snow_gateway"),
      .incident_service = find("incident_service/incident_service"),
      .incidentctl = find("cli/incidentctl"),
  };
}

absl::StatusOr<std::unique_ptr<Suite>> Suite::Start(SuiteOptions options) {
  std::unique_ptr<Suite> suite(new Suite(std::move(options)));
  OPCON_SNOW_RETURN_IF_ERROR(suite->StartSandboxes());
  OPCON_SNOW_RETURN_IF_ERROR(
      WriteFile(suite->PathOf(kTokenFile), suite->options_.opcon_token, 0600));
  OPCON_SNOW_RETURN_IF_ERROR(WriteFile(
      suite->PathOf(kSecretFile), suite->options_.snow_client_secret, 0600));
  OPCON_SNOW_RETURN_IF_ERROR(suite->StartGateway("opcon"));
  OPCON_SNOW_RETURN_IF_ERROR(suite->StartGateway("snow"));
  OPCON_SNOW_RETURN_IF_ERROR(suite->RestartIncidentService(
      suite->options_.incident_service_environment));
  return suite;
}

Suite::~Suite() {
  const auto stop = [](std::unique_ptr<Process>& process) {
    if (process == nullptr) return;
    const absl::StatusOr<int> ignored = process->Terminate();
    static_cast<void>(ignored);
  };
  stop(notification_manager_);
  stop(incident_service_);
  for (auto& [name, gateway] : gateways_) stop(gateway);
  stop(opcon_sandbox_);
  stop(snow_sandbox_);
}

std::string Suite::PathOf(const std::string& file) const {
  return absl::StrCat(options_.directory, "/", file);
}

std::string Suite::LogOf(const std::string& process) const {
  return ReadFile(PathOf(process + ".log"));
}

std::string Suite::server() const {
  return absl::StrCat("127.0.0.1:", incident_service_port_);
}

std::string Suite::public_address() const {
  // RET_SERVER and RET_PORT of the documented Connector.config.
  if (!options_.incumbent_directory.empty()) return "50.17.60.164:9010";
  return absl::StrCat("opcon.example:", opcon_->port());
}

absl::StatusOr<std::unique_ptr<Process>> Suite::StartServer(
    const std::string& name, std::vector<std::string> arguments,
    const std::map<std::string, std::string>& environment, int* port) {
  const std::string port_file = PathOf(name + ".port");
  const std::string log = PathOf(name + ".log");
  std::remove(port_file.c_str());
  arguments.insert(arguments.end(), {"--port-file", port_file});
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<Process> process,
                              Process::Start({.arguments = std::move(arguments),
                                              .environment = environment,
                                              .stdout_file = log,
                                              .stderr_file = log}));
  auto ports = WaitForPorts(port_file, process.get(), log);
  if (!ports.ok()) {
    return absl::UnavailableError(
        absl::StrCat(name, ": ", ports.status().message()));
  }
  *port = ports->begin()->second;
  return process;
}

absl::Status Suite::StartSandboxes() {
  int port = 0;
  std::vector<std::string> arguments = {options_.programs.opcon_sandbox,
                                        "--listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), options_.opcon_sandbox_flags.begin(),
                   options_.opcon_sandbox_flags.end());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      opcon_sandbox_, StartServer("opcon_sandbox", arguments, {}, &port));
  opcon_ = std::make_unique<HttpPeer>(
      port, "Token 00000000-0000-4000-8000-000000000001");

  arguments = {options_.programs.snow_sandbox, "--listen", "127.0.0.1:0"};
  arguments.insert(arguments.end(), options_.snow_sandbox_flags.begin(),
                   options_.snow_sandbox_flags.end());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      snow_sandbox_, StartServer("snow_sandbox", arguments, {}, &port));
  servicenow_ = std::make_unique<HttpPeer>(
      port, "Basic " + absl::Base64Escape("admin:admin"));
  return absl::OkStatus();
}

absl::Status Suite::StopGateway(const std::string& name) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const int code, gateways_[name]->Terminate());
  if (code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(name, " gateway ended with ", code));
}

// What covers the addresses in the incumbent's files.
std::string Suite::IncumbentYaml(bool opcon) const {
  std::string yaml;
  if (opcon) {
    yaml = absl::StrCat("  - name: opcon\n    base_url: ", opcon_->base_url(),
                        "\n    allow_plain_http: true\n    polling:\n"
                        "      initial_interval: 10ms\n"
                        "      max_interval: 100ms\n");
  } else {
    for (const auto& file : std::filesystem::directory_iterator(
             options_.incumbent_directory + "/templates")) {
      absl::StrAppend(&yaml, "  - name: ", file.path().stem().string(),
                      "\n    base_url: ", servicenow_->base_url(),
                      "\n    allow_plain_http: true\n");
    }
  }
  return absl::StrCat(
      yaml, "incumbent_directory: ", options_.incumbent_directory, "\n");
}

absl::Status Suite::StartGateway(const std::string& name) {
  const bool opcon = name == "opcon";
  const std::string instance =
      !options_.incumbent_directory.empty() ? IncumbentYaml(opcon)
      : opcon
          ? absl::StrCat("  - name: production\n    base_url: ",
                         opcon_->base_url(), "\n    public_address: \"",
                         public_address(), "\"\n    token_file: ", kTokenFile,
                         "\n    allow_plain_http: true\n    polling:\n"
                         "      initial_interval: 10ms\n"
                         "      max_interval: 100ms\n")
          : absl::StrCat(
                "  - name: production\n    base_url: ", servicenow_->base_url(),
                "\n", options_.snow_login_yaml,
                "    integration_user: opcon.integration\n"
                "    allow_plain_http: true\n");
  const std::string config = PathOf(name + "_gateway.yaml");
  OPCON_SNOW_RETURN_IF_ERROR(
      WriteFile(config, GatewayYaml(options_, instance, gateway_ports_[name])));
  const std::string program =
      opcon ? options_.programs.opcon_gateway : options_.programs.snow_gateway;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      gateways_[name],
      StartServer(name + "_gateway", {program, "--config", config}, {},
                  &gateway_ports_[name]));
  return absl::OkStatus();
}

absl::Status Suite::RestartIncidentService(
    const std::map<std::string, std::string>& environment) {
  const std::string config = PathOf("incident_service.yaml");
  OPCON_SNOW_RETURN_IF_ERROR(WriteFile(
      config,
      absl::StrCat(
          "listener:\n  address: 127.0.0.1:", incident_service_port_, "\n",
          options_.listener_yaml, "opcon_gateway:\n  address: 127.0.0.1:",
          gateway_ports_["opcon"], "\n", options_.gateway_channel_yaml,
          "servicenow_gateway:\n  address: 127.0.0.1:", gateway_ports_["snow"],
          "\n", options_.gateway_channel_yaml,
          "store:\n  sqlite:\n    path: incidents.db\n"
          "deployment: harness\n",
          options_.incumbent_directory.empty()
              ? absl::StrCat("default_opcon: production\ntemplates:\n",
                             options_.templates_yaml)
              : absl::StrCat("default_opcon: opcon\nincumbent_directory: ",
                             options_.incumbent_directory, "\n"),
          "workflow:\n", options_.workflow_yaml,
          options_.incident_service_yaml)));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      incident_service_,
      StartServer("incident_service",
                  {options_.programs.incident_service, "--config", config},
                  environment, &incident_service_port_));
  return absl::OkStatus();
}

absl::StatusOr<Finished> Suite::Cli(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {options_.programs.incidentctl, "--server",
                                  server()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::map<std::string, std::string> environment = options_.cli_environment;
  environment["INCIDENTCTL_SPOOL_DIR"] = PathOf("spool");
  return RunToEnd(all, environment, options_.directory);
}

absl::StatusOr<std::string> Suite::WriteCliConfig() const {
  const std::string config = PathOf("incidentctl.yaml");
  OPCON_SNOW_RETURN_IF_ERROR(WriteFile(
      config, absl::StrCat("server:\n  address: ", server(), "\n",
                           options_.cli_server_yaml,
                           "spool:\n  directory: spool\n", options_.cli_yaml)));
  return config;
}

absl::Status Suite::StartNotificationManager(const std::string& command) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string config, WriteCliConfig());
  // The command as on a Windows server; here another program takes its place.
  constexpr char kWindowsProgram[] = "C:\\Suite\\incidentctl.exe";
  const std::string full = absl::StrReplaceAll(
      command,
      {{"INCIDENTCTL", absl::StrCat(kWindowsProgram, " --config ", config)}});
  return StartNotificationManager(
      std::vector<std::string>{full},
      {{kWindowsProgram, options_.programs.incidentctl}});
}

absl::Status Suite::StartNotificationManager(
    const std::vector<std::string>& commands,
    const std::map<std::string, std::string>& programs) {
  const std::string log = PathOf("notification_manager.log");
  std::vector<std::string> arguments = {options_.programs.notification_manager,
                                        "--opcon", opcon_->base_url(), "--log",
                                        PathOf(kNotificationLog)};
  for (const std::string& command : commands) {
    arguments.insert(arguments.end(),
                     {"--trigger", "Job Failed", "--command", command});
  }
  for (const auto& [named, run] : programs) {
    arguments.insert(arguments.end(),
                     {"--map-program", absl::StrCat(named, "=", run)});
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(notification_manager_,
                              Process::Start({.arguments = arguments,
                                              .environment = {},
                                              .stdout_file = log,
                                              .stderr_file = log}));
  return absl::OkStatus();
}

std::vector<nlohmann::json> Suite::NotificationRuns() const {
  std::vector<nlohmann::json> runs;
  const std::string text = ReadFile(PathOf(kNotificationLog));
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    nlohmann::json run = nlohmann::json::parse(std::string(line), nullptr,
                                               /*allow_exceptions=*/false);
    // The last line may be half written.
    if (run.is_object()) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace opcon_snow::harness
