#ifndef OPCON_SNOW_TESTS_HARNESS_SUITE_H_
#define OPCON_SNOW_TESTS_HARNESS_SUITE_H_

// The whole suite as real processes on ports of their own: both sandboxes,
// both gateways, the incident service, and the command line that OpCon runs.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"

namespace opcon_snow::harness {

// Where the programs are.
struct Programs {
  std::string opcon_sandbox;
  std::string snow_sandbox;
  std::string notification_manager;
  std::string opcon_gateway;
  std::string snow_gateway;
  std::string incident_service;
  std::string incidentctl;
};

// Finds them among the runfiles of the program that was started as `argv0`
// (empty in a test).
absl::StatusOr<Programs> FindPrograms(const std::string& argv0);

struct SuiteOptions {
  Programs programs;
  // An empty directory for everything that the processes write.
  std::string directory;
  std::vector<std::string> opcon_sandbox_flags;
  std::vector<std::string> snow_sandbox_flags;
  // What the gateways present; by default what the sandboxes accept.
  std::string opcon_token = "00000000-0000-4000-8000-000000000001";
  std::string snow_client_secret = "sandbox";
  // If not empty: a folder of the incumbent connector, which everything takes
  // its configuration from in place of the below. Only the addresses in it are
  // covered by those of the sandboxes. Its `templates` hold files whose names,
  // without `.json`, are lower-case letters and hyphens.
  std::string incumbent_directory{};
  // The incident service's `templates`.
  std::string templates_yaml = "  - name: basic.json\n";
  // Further lines of the incident service's configuration.
  std::string incident_service_yaml{};
  // Further lines of its `listener`, such as "  tls: {…}\n". With TLS, Cli()
  // and the Notification Manager need the options for them below.
  std::string listener_yaml{};
  // Further lines of the gateways' `listener`, of what the incident service
  // says of each of them, and of their configurations.
  std::string gateway_listener_yaml{};
  std::string gateway_channel_yaml{};
  std::string gateway_yaml{};
  // How the ServiceNow gateway logs in.
  std::string snow_login_yaml =
      "    oauth_client_credentials:\n"
      "      client_id: sandbox\n"
      "      client_secret_file: servicenow.secret\n";
  // Environment of Cli(), and further lines of WriteCliConfig(): of its
  // `server` and of the whole.
  std::map<std::string, std::string> cli_environment{};
  std::string cli_server_yaml{};
  std::string cli_yaml{};
  // Environment of the incident service, for failpoints.
  std::map<std::string, std::string> incident_service_environment{};
  // The `workflow` section.
  std::string workflow_yaml = "  initial_backoff: 20ms\n  max_backoff: 200ms\n";
};

class Suite {
 public:
  // Starts everything but the Notification Manager and waits until it serves.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(SuiteOptions options);
  // Stops everything, in the order in which a report travels.
  ~Suite();
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  // The upstreams as other programs see them: OpCon with its application
  // token, ServiceNow as an administrator.
  const HttpPeer& opcon() const { return *opcon_; }
  const HttpPeer& servicenow() const { return *servicenow_; }
  // host:port of the incident service; the same after a restart.
  std::string server() const;
  std::string directory() const { return options_.directory; }
  std::string public_address() const;

  Process* incident_service() { return incident_service_.get(); }
  Process* gateway(const std::string& name) { return gateways_[name].get(); }
  // Starts the incident service again, on the same port and store; the one
  // before must have ended.
  absl::Status RestartIncidentService(
      const std::map<std::string, std::string>& environment);
  absl::Status StopGateway(const std::string& name);  // "opcon", "snow"
  absl::Status StartGateway(const std::string& name);

  // Runs incidentctl with these arguments after `--server ADDRESS`.
  absl::StatusOr<Finished> Cli(const std::vector<std::string>& arguments);
  // Runs the Notification Manager with this command for failed jobs. In the
  // command, `INCIDENTCTL` stands for the program and its global options.
  absl::Status StartNotificationManager(const std::string& command);
  // With these commands as they are, one after the other for each failed job.
  // `programs` says what is run in place of the programs that they name.
  absl::Status StartNotificationManager(
      const std::vector<std::string>& commands,
      const std::map<std::string, std::string>& programs);
  // What the Notification Manager has run so far; see sandbox/notify/run_log.h.
  std::vector<nlohmann::json> NotificationRuns() const;
  // A configuration of incidentctl for this suite, with a spool.
  absl::StatusOr<std::string> WriteCliConfig() const;

  std::string LogOf(const std::string& process) const;

 private:
  explicit Suite(SuiteOptions options) : options_(std::move(options)) {}

  absl::Status StartSandboxes();
  std::string IncumbentYaml(bool opcon) const;
  absl::StatusOr<std::unique_ptr<Process>> StartServer(
      const std::string& name, std::vector<std::string> arguments,
      const std::map<std::string, std::string>& environment, int* port);
  std::string PathOf(const std::string& file) const;

  const SuiteOptions options_;
  std::unique_ptr<Process> opcon_sandbox_;
  std::unique_ptr<Process> snow_sandbox_;
  std::unique_ptr<HttpPeer> opcon_;
  std::unique_ptr<HttpPeer> servicenow_;
  std::map<std::string, std::unique_ptr<Process>> gateways_;
  std::map<std::string, int> gateway_ports_;
  std::unique_ptr<Process> incident_service_;
  int incident_service_port_ = 0;
  std::unique_ptr<Process> notification_manager_;
};

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_SUITE_H_
