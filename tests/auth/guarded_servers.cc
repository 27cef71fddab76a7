#include "tests/auth/guarded_servers.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"

namespace opcon_snow::auth {
namespace {

constexpr const char* kRoles[] = {"reporter", "reader", "operator", "service"};

std::string TokenOf(const std::string& role) {
  return absl::StrCat("token-of-a-", role, "-0123456789");
}

// Nothing listens there.
constexpr char kInstances[] =
    "instances:\n  - name: production\n    base_url: https://127.0.0.1:1\n";

}  // namespace

GuardedServers::GuardedServers()
    : server_(http::MakeTestCertificate("server", "localhost", "127.0.0.1")) {
  for (const char* role : kRoles) {
    certificates_[role] =
        http::MakeTestCertificate(role, absl::StrCat(role, ".example"), "");
  }
  certificates_["unknown"] =
      http::MakeTestCertificate("unknown", "unknown.example", "");
  certificates_["untrusted"] =
      http::MakeTestCertificate("untrusted", "operator.example", "");
  certificates_["expired"] = http::MakeTestCertificate(
      "expired", "operator.example", "", -absl::Minutes(1));
}

absl::Status GuardedServers::WritePrincipals() {
  std::string authorities;
  authorization_yaml_ = "  authorization:\n    principals:\n";
  for (const char* role : kRoles) {
    const std::string token_file = absl::StrCat(role, ".token");
    OPCON_SNOW_RETURN_IF_ERROR(harness::WriteFile(
        absl::StrCat(directory_, "/", token_file), TokenOf(role), 0600));
    absl::StrAppend(&authorization_yaml_, "      - {name: ", role,
                    "-with-token, token_file: ", token_file, ", roles: [", role,
                    "]}\n      - {name: ", role,
                    "-with-certificate, certificate_san: ", role,
                    ".example, roles: [", role, "]}\n");
    callers_.push_back({.name = absl::StrCat(role, " by token"),
                        .role = role,
                        .authorization = "Bearer " + TokenOf(role)});
    callers_.push_back({.name = absl::StrCat(role, " by certificate"),
                        .role = role,
                        .certificate = &certificates_[role]});
  }
  for (const auto& [name, certificate] : certificates_) {
    if (name == "untrusted") continue;
    authorities += harness::ReadFile(certificate.certificate_file);
  }
  callers_.push_back({.name = "nobody"});
  callers_.push_back({.name = "a wrong token",
                      .authorization = "Bearer token-of-nobody-0123456789"});
  callers_.push_back(
      {.name = "half a token", .authorization = "Bearer token-of-a-operator"});
  callers_.push_back({.name = "another scheme",
                      .authorization = "Basic " + TokenOf("operator")});
  callers_.push_back({.name = "a certificate of nobody here",
                      .certificate = &certificates_["unknown"]});
  callers_.push_back({.name = "a wrong token with a good certificate",
                      .authorization = "Bearer token-of-nobody-0123456789",
                      .certificate = &certificates_["operator"]});
  for (const char* bad : {"untrusted", "expired"}) {
    callers_.push_back({.name = absl::StrCat("an ", bad, " certificate"),
                        .authorization = "Bearer " + TokenOf("operator"),
                        .certificate = &certificates_[bad],
                        .connects = false});
  }
  return harness::WriteFile(directory_ + "/clients.pem", authorities);
}

std::string GuardedServers::Listener() const {
  return absl::StrCat("listener:\n  address: 127.0.0.1:0\n  tls: {",
                      "certificate_file: ", server_.certificate_file,
                      ", key_file: ", server_.key_file,
                      ", client_ca_file: clients.pem}\n", authorization_yaml_);
}

absl::Status GuardedServers::StartOne(const std::string& program,
                                      const std::string& name,
                                      const std::string& yaml) {
  const std::string config = absl::StrCat(directory_, "/", name, ".yaml");
  const std::string port_file = absl::StrCat(directory_, "/", name, ".ports");
  const std::string log = absl::StrCat(directory_, "/", name, ".log");
  OPCON_SNOW_RETURN_IF_ERROR(harness::WriteFile(config, Listener() + yaml));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<harness::Process> process,
      harness::Process::Start(
          {.arguments = {program, "--config", config, "--port-file", port_file},
           .environment = {},
           .stdout_file = log,
           .stderr_file = log}));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      auto ports, harness::WaitForPorts(port_file, process.get(), log));
  ports_[name] = ports.at("grpc");
  if (ports.count("http") > 0) ports_["http"] = ports.at("http");
  processes_.push_back(std::move(process));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<GuardedServers>> GuardedServers::Start(
    const harness::Programs& programs, const std::string& directory) {
  std::unique_ptr<GuardedServers> servers(new GuardedServers());
  servers->directory_ = directory;
  OPCON_SNOW_RETURN_IF_ERROR(servers->WritePrincipals());
  OPCON_SNOW_RETURN_IF_ERROR(
      harness::WriteFile(directory + "/upstream", "secret-of-upstream", 0600));
  OPCON_SNOW_RETURN_IF_ERROR(
      servers->StartOne(programs.opcon_gateway, "opcon.v1.OpConGateway",
                        absl::StrCat(kInstances,
                                     "    public_address: opcon.example:1\n"
                                     "    token_file: upstream\n")));
  OPCON_SNOW_RETURN_IF_ERROR(servers->StartOne(
      programs.snow_gateway, "servicenow.v1.ServiceNowGateway",
      absl::StrCat(kInstances,
                   "    api_key_file: upstream\n"
                   "    integration_user: x\n")));
  OPCON_SNOW_RETURN_IF_ERROR(servers->StartOne(
      programs.incident_service, "incident.v1.IncidentService",
      absl::StrCat("opcon_gateway: {address: \"127.0.0.1:1\"}\n"
                   "servicenow_gateway: {address: \"127.0.0.1:1\"}\n"
                   "store: {sqlite: {path: incidents.db}}\n"
                   "deployment: roles\n"
                   "default_opcon: production\n"
                   "templates: [{name: basic.json}]\n"
                   "http: {address: \"127.0.0.1:0\", tls: {certificate_file: ",
                   servers->server_.certificate_file,
                   ", key_file: ", servers->server_.key_file,
                   ", client_ca_file: clients.pem}}\n")));
  return servers;
}

std::shared_ptr<grpc::Channel> GuardedServers::Channel(
    const std::string& service, const Shown& shown) const {
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = harness::ReadFile(server_.certificate_file);
  if (shown.certificate != nullptr) {
    ssl.pem_cert_chain = harness::ReadFile(shown.certificate->certificate_file);
    ssl.pem_private_key = harness::ReadFile(shown.certificate->key_file);
  }
  return grpc::CreateChannel(absl::StrCat("127.0.0.1:", ports_.at(service)),
                             grpc::SslCredentials(ssl));
}

}  // namespace opcon_snow::auth
