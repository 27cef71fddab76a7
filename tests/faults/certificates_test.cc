// Certificates that are not good, on every way between two processes: each says
// which, of whom, and what to do. And good ones that are exchanged while calls
// go on.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/http/http_testing.h"
#include "common/http/test_certificate.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/jobs.h"
#include "tests/harness/process.h"
#include "tests/harness/reporter.h"

namespace opcon_snow::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kNotGood[] = "in date";
constexpr char kWrongName[] = "name";

// A server with a certificate that is not good, and a word of the advice that
// its callers must get.
struct BadServer {
  std::string name;
  http::TestCertificate certificate;
  std::string advice;
  std::unique_ptr<httplib::SSLServer> server{};
  std::unique_ptr<http::RunningServer> running{};

  // For HTTP clients, and gRPC clients that do not get past its certificate.
  std::string address() const {
    return absl::StrCat("127.0.0.1:", running->port());
  }
};

class BadCertificateTest : public ::testing::Test {
 protected:
  BadCertificateTest() {
    options_ = E2eOptions();
    Add("expired",
        http::MakeTestCertificate("expired", "localhost", "127.0.0.1",
                                  -absl::Minutes(1)),
        kNotGood);
    Add("early",
        http::MakeTestCertificate("early", "localhost", "127.0.0.1",
                                  absl::Hours(2), absl::Hours(1)),
        kNotGood);
    Add("elsewhere",
        http::MakeTestCertificate("elsewhere", "elsewhere.example",
                                  "127.0.0.9"),
        kWrongName);
    std::string authorities;
    for (const BadServer& server : servers_) {
      authorities += harness::ReadFile(server.certificate.certificate_file);
    }
    // Of an authority that nobody knows.
    Add("stranger",
        http::MakeTestCertificate("stranger", "localhost", "127.0.0.1"),
        kNotGood);
    authorities_ = PathOf("authorities.pem");
    EXPECT_OK(harness::WriteFile(authorities_, authorities));
    EXPECT_OK(
        harness::WriteFile(PathOf("secret"), "a-secret-of-upstream", 0600));
  }

  static harness::SuiteOptions E2eOptions() {
    struct Access : E2eTest {
      using E2eTest::Options;
    };
    return Access::Options();
  }

  std::string PathOf(const std::string& file) const {
    return absl::StrCat(options_.directory, "/", file);
  }

  void Add(const std::string& name, http::TestCertificate certificate,
           const std::string& advice) {
    BadServer& added =
        servers_.emplace_back(BadServer{name, std::move(certificate), advice});
    added.server = std::make_unique<httplib::SSLServer>(
        added.certificate.certificate_file.c_str(),
        added.certificate.key_file.c_str());
    added.running = std::make_unique<http::RunningServer>(added.server.get());
  }

  // That a name is not in a certificate is looked at last, and only of servers
  // that speak HTTP/2: then it is a gateway that has it.
  std::string GrpcAddressOf(const BadServer& server) {
    if (server.name != "elsewhere") return server.address();
    return absl::StrCat(
        "127.0.0.1:",
        Start(options_.programs.opcon_gateway,
              absl::StrCat("gateway-", processes_.size()),
              "instances:\n  - name: production\n"
              "    base_url: https://127.0.0.1:1\n    token_file: secret\n"
              "    public_address: opcon.example:1\n",
              absl::StrCat(", tls: {certificate_file: ",
                           server.certificate.certificate_file,
                           ", key_file: ", server.certificate.key_file, "}")));
  }

  // Starts a server program and gives its port.
  int Start(const std::string& program, const std::string& name,
            const std::string& yaml, const std::string& tls = "") {
    EXPECT_OK(harness::WriteFile(
        PathOf(name + ".yaml"),
        absl::StrCat("listener: {address: \"127.0.0.1:0\"", tls, "}\n", yaml)));
    const std::string log = PathOf(name + ".log");
    auto process = harness::Process::Start(
        {.arguments = {program, "--config", PathOf(name + ".yaml"),
                       "--port-file", PathOf(name + ".port")},
         .environment = {},
         .stdout_file = log,
         .stderr_file = log});
    EXPECT_OK(process);
    const auto ports =
        harness::WaitForPorts(PathOf(name + ".port"), process->get(), log);
    EXPECT_OK(ports);
    processes_.push_back(*std::move(process));
    return ports.ok() ? ports->at("grpc") : 0;
  }

  harness::Finished Cli(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {options_.programs.incidentctl};
    all.insert(all.end(), arguments.begin(), arguments.end());
    auto run = harness::RunToEnd(
        all, {{"INCIDENTCTL_SPOOL_DIR", PathOf("spool")}}, options_.directory);
    EXPECT_OK(run);
    return run.ok() ? *run : harness::Finished();
  }

  harness::SuiteOptions options_;
  std::string authorities_;
  std::vector<BadServer> servers_;
  std::vector<std::unique_ptr<harness::Process>> processes_;
};

TEST_F(BadCertificateTest, TheCommandSaysWhichAndWhatToDo) {
  for (const BadServer& server : servers_) {
    const std::string address = GrpcAddressOf(server);
    const harness::Finished run =
        Cli({"--server", address, "--tls-ca", authorities_, "reports", "list"});
    EXPECT_EQ(run.exit_code, 69) << server.name;
    EXPECT_THAT(run.err, AllOf(HasSubstr(address), HasSubstr("About TLS: "),
                               HasSubstr(server.advice)))
        << server.name;
  }
}

TEST_F(BadCertificateTest, TheServiceSaysItOfItsGateways) {
  for (std::size_t i = 0; i + 1 < servers_.size(); i += 2) {
    const std::string tls =
        absl::StrCat("  tls: {ca_file: ", authorities_, "}\n");
    const std::string name = absl::StrCat("service-", i);
    const std::string addresses[] = {GrpcAddressOf(servers_[i]),
                                     GrpcAddressOf(servers_[i + 1])};
    const int port = Start(
        options_.programs.incident_service, name,
        absl::StrCat("opcon_gateway:\n  address: ", addresses[0], "\n", tls,
                     "servicenow_gateway:\n  address: ", addresses[1], "\n",
                     tls, "store: {sqlite: {path: ", name, ".db}}\n",
                     "deployment: certificates\ndefault_opcon: production\n"
                     "templates: [{name: basic.json}]\n"));
    const harness::Finished doctor =
        Cli({"--server", absl::StrCat("127.0.0.1:", port), "--output", "json",
             "doctor"});
    EXPECT_EQ(doctor.exit_code, 69);
    std::map<std::string, std::string> messages;
    const nlohmann::json seen = nlohmann::json::parse(doctor.out);
    for (const nlohmann::json& hop : seen.at("hops")) {
      messages[hop.at("name")] = hop.value("message", "");
    }
    for (const std::size_t which : {0, 1}) {
      const BadServer& server = servers_[i + which];
      EXPECT_THAT(messages[which == 0 ? "opcon-gateway" : "servicenow-gateway"],
                  AllOf(HasSubstr(addresses[which]), HasSubstr("certificate"),
                        HasSubstr(server.advice)))
          << server.name << doctor.out << doctor.err;
    }
  }
}

TEST_F(BadCertificateTest, TheGatewaysSayItOfTheirUpstreams) {
  const auto instances = [&](const std::string& more) {
    std::string yaml = "instances:\n";
    for (const BadServer& server : servers_) {
      absl::StrAppend(&yaml, "  - name: ", server.name,
                      "\n    base_url: https://", server.address(),
                      "\n    tls: {ca_file: ", authorities_, "}\n", more);
    }
    return yaml;
  };
  const auto expect = [&](const auto& reply) {
    ASSERT_OK(reply);
    ASSERT_EQ(reply->instances_size(), static_cast<int>(servers_.size()));
    for (int i = 0; i < reply->instances_size(); ++i) {
      const BadServer& server = servers_[static_cast<std::size_t>(i)];
      EXPECT_THAT(reply->instances(i).health().message(),
                  AllOf(HasSubstr(server.name), HasSubstr("certificate"),
                        HasSubstr("tls")))
          << server.name;
    }
  };
  const auto channel = [](int port) {
    return *rpc::CreateChannel({.target = absl::StrCat("127.0.0.1:", port)});
  };
  const int opcon = Start(options_.programs.opcon_gateway, "opcon",
                          instances("    token_file: secret\n"
                                    "    public_address: opcon.example:1\n"));
  ::opcon::v1::ListInstancesRequest opcon_request;
  opcon_request.set_probe(true);
  expect(rpc::Call<::opcon::v1::OpConGateway::StubInterface>(
      *::opcon::v1::OpConGateway::NewStub(channel(opcon)),
      &::opcon::v1::OpConGateway::StubInterface::ListInstances, opcon_request));
  const int snow = Start(options_.programs.snow_gateway, "snow",
                         instances("    api_key_file: secret\n"
                                   "    integration_user: x\n"));
  ::servicenow::v1::ListInstancesRequest snow_request;
  snow_request.set_probe(true);
  expect(rpc::Call<::servicenow::v1::ServiceNowGateway::StubInterface>(
      *::servicenow::v1::ServiceNowGateway::NewStub(channel(snow)),
      &::servicenow::v1::ServiceNowGateway::StubInterface::ListInstances,
      snow_request));
}

TEST_F(BadCertificateTest, NoListenerStartsWithOneThatHasRunOut) {
  const http::TestCertificate& expired = servers_[0].certificate;
  const std::string tls =
      absl::StrCat("{certificate_file: ", expired.certificate_file,
                   ", key_file: ", expired.key_file, "}");
  const std::string listener =
      absl::StrCat("listener: {address: \"127.0.0.1:0\", tls: ", tls, "}\n");
  const std::string instance =
      "instances:\n  - name: production\n    base_url: https://127.0.0.1:1\n";
  const std::string service =
      "opcon_gateway: {address: \"127.0.0.1:1\"}\n"
      "servicenow_gateway: {address: \"127.0.0.1:1\"}\n"
      "store: {sqlite: {path: expired.db}}\n"
      "deployment: certificates\ndefault_opcon: production\n"
      "templates: [{name: basic.json}]\n";
  const std::pair<std::string, std::string> all[] = {
      {options_.programs.opcon_gateway,
       absl::StrCat(listener, instance,
                    "    token_file: secret\n"
                    "    public_address: opcon.example:1\n")},
      {options_.programs.snow_gateway,
       absl::StrCat(listener, instance,
                    "    api_key_file: secret\n    integration_user: x\n")},
      {options_.programs.incident_service, absl::StrCat(listener, service)},
      {options_.programs.incident_service,
       absl::StrCat("listener: {address: \"127.0.0.1:0\"}\n",
                    "http: {address: \"127.0.0.1:0\", tls: ", tls, "}\n",
                    service)}};
  for (const auto& [program, yaml] : all) {
    SCOPED_TRACE(yaml);
    ASSERT_OK(harness::WriteFile(PathOf("expired.yaml"), yaml));
    const auto run = harness::RunToEnd(
        {program, "--config", PathOf("expired.yaml")}, {}, options_.directory);
    ASSERT_OK(run);
    EXPECT_EQ(run->exit_code, 78);
    EXPECT_THAT(run->err, AllOf(HasSubstr(expired.certificate_file),
                                HasSubstr("has run out; renew it")));
  }
}

// Two generations of certificates; `tls` is a link to the folder of one.
class SwapTest : public E2eTest {
 protected:
  void Start() {
    harness::SuiteOptions options = Options();
    directory_ = options.directory;
    std::string servers;
    std::string clients;
    for (const int generation : {0, 1}) {
      const std::string folder = FolderOf(generation);
      fs::create_directory(folder);
      const http::TestCertificate server = http::MakeTestCertificate(
          "server", NameOf("server", generation), "127.0.0.1");
      const http::TestCertificate client =
          http::MakeTestCertificate("client", NameOf("client", generation), "");
      servers += harness::ReadFile(server.certificate_file);
      clients += harness::ReadFile(client.certificate_file);
      for (const auto& [from, to] :
           {std::pair{server.certificate_file, "server.pem"},
            {server.key_file, "server.key"},
            {client.certificate_file, "client.pem"},
            {client.key_file, "client.key"}}) {
        fs::copy_file(from, absl::StrCat(folder, "/", to));
      }
    }
    ASSERT_OK(harness::WriteFile(PathOf("servers.pem"), servers));
    ASSERT_OK(harness::WriteFile(PathOf("clients.pem"), clients));
    fs::create_directory_symlink(FolderOf(0), PathOf("tls"));

    const std::string tls =
        absl::StrCat("  tls: {certificate_file: ", PathOf("tls/server.pem"),
                     ", key_file: ", PathOf("tls/server.key"),
                     ", client_ca_file: ", PathOf("clients.pem"), "}\n");
    options.listener_yaml =
        absl::StrCat(tls, "  authorization:\n    principals:\n", PrincipalOf(0),
                     PrincipalOf(1));
    options.gateway_listener_yaml = options.listener_yaml;
    options.gateway_channel_yaml =
        absl::StrCat("  tls: {ca_file: ", PathOf("servers.pem"),
                     ", certificate_file: ", PathOf("tls/client.pem"),
                     ", key_file: ", PathOf("tls/client.key"), "}\n");
    options.incident_service_yaml =
        absl::StrCat("http:\n  address: 127.0.0.1:0\n", tls);
    StartSuite(options);
    service_ = PortsOf("incident_service", suite().incident_service());
    gateway_ = PortsOf("opcon_gateway", suite().gateway("opcon"));
  }

  // Names differ, because OpenSSL looks for the authority of a certificate by
  // name, and these are their own.
  static std::string NameOf(const char* what, int generation) {
    return absl::StrCat(what, "-", generation, ".example");
  }
  static std::string PrincipalOf(int generation) {
    return absl::StrCat("      - {name: client-", generation,
                        ", certificate_san: ", NameOf("client", generation),
                        ", roles: [service, operator, reporter]}\n");
  }

  std::map<std::string, int> PortsOf(const std::string& name,
                                     harness::Process* process) {
    const std::string file = PathOf(name + ".port");
    const auto ports = harness::WaitForPorts(file, process, file);
    EXPECT_OK(ports);
    return ports.ok() ? *ports : std::map<std::string, int>();
  }

  std::string PathOf(const std::string& file) const {
    return absl::StrCat(directory_, "/", file);
  }
  std::string FolderOf(int generation) const {
    return PathOf(absl::StrCat("generation-", generation));
  }

  // At once, as orchestrators do it.
  void SwitchTo(int generation) {
    fs::create_directory_symlink(FolderOf(generation), PathOf("tls.new"));
    fs::rename(PathOf("tls.new"), PathOf("tls"));
  }

  // The channel's options for a connection of its own; its own certificate is
  // of `generation`.
  rpc::ChannelOptions ChannelTo(int port, const std::string& authorities,
                                int generation) {
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", port);
    options.use_tls = true;
    options.tls.ca_file = authorities;
    options.tls.certificate_file = FolderOf(generation) + "/client.pem";
    options.tls.private_key_file = FolderOf(generation) + "/client.key";
    options.user_agent = absl::StrCat("call-", ++calls_);
    return options;
  }

  absl::Status CallService(const std::string& authorities, int generation) {
    const auto channel = rpc::CreateChannel(
        ChannelTo(service_.at("grpc"), authorities, generation));
    if (!channel.ok()) return channel.status();
    using Stub = ::incident::v1::IncidentService::StubInterface;
    return rpc::Call<Stub>(*::incident::v1::IncidentService::NewStub(*channel),
                           &Stub::ListReports, {})
        .status();
  }
  absl::Status CallGateway(const std::string& authorities, int generation) {
    const auto channel = rpc::CreateChannel(
        ChannelTo(gateway_.at("grpc"), authorities, generation));
    if (!channel.ok()) return channel.status();
    using Stub = ::opcon::v1::OpConGateway::StubInterface;
    return rpc::Call<Stub>(*::opcon::v1::OpConGateway::NewStub(*channel),
                           &Stub::ListInstances, {})
        .status();
  }
  absl::Status CallDoor(const std::string& authorities, int generation) {
    httplib::SSLClient client("127.0.0.1", service_.at("http"),
                              FolderOf(generation) + "/client.pem",
                              FolderOf(generation) + "/client.key");
    client.set_ca_cert_path(authorities.c_str());
    client.set_read_timeout(60);
    const httplib::Result result = client.Get("/v1/reports");
    if (!result) {
      return absl::UnavailableError(httplib::to_string(result.error()));
    }
    return result->status == 200
               ? absl::OkStatus()
               : absl::InternalError(absl::StrCat(result->status));
  }

  std::string directory_;
  std::map<std::string, int> service_;
  std::map<std::string, int> gateway_;
  std::atomic<int> calls_ = 0;
};

TEST_F(SwapTest, CertificatesAreSwappedUnderLoadWithoutAFailedCall) {
  Start();
  using Call = std::function<absl::Status(const std::string&, int)>;
  const Call all[] = {
      [this](const std::string& ca, int own) { return CallService(ca, own); },
      [this](const std::string& ca, int own) { return CallGateway(ca, own); },
      [this](const std::string& ca, int own) { return CallDoor(ca, own); }};
  std::atomic<int> succeeded = 0;
  std::vector<std::jthread> callers;
  for (const Call& call : all) {
    callers.emplace_back([&, call](const std::stop_token& stop) {
      for (int i = 0; !stop.stop_requested(); ++i) {
        EXPECT_OK(call(PathOf("servers.pem"), i % 2));
        ++succeeded;
      }
    });
  }
  int reports = 0;
  for (const int generation : {1, 0, 1}) {
    SwitchTo(generation);
    // Only who trusts this generation alone sees that it is the one.
    for (const Call& call : all) {
      EXPECT_TRUE(harness::Eventually([&] {
        return call(FolderOf(generation) + "/server.pem", generation).ok();
      })) << generation;
      EXPECT_FALSE(call(FolderOf(1 - generation) + "/server.pem", 0).ok());
    }
    // And the way from one process to the next.
    const std::string log = absl::StrCat("log ", generation, "\n");
    const harness::Job job = FailedJob(log);
    using Stub = ::incident::v1::IncidentService::StubInterface;
    const auto channel = rpc::CreateChannel(
        ChannelTo(service_.at("grpc"), PathOf("servers.pem"), generation));
    ASSERT_OK(channel);
    ::incident::v1::ReportJobEventRequest report;
    report.set_request_id(
        absl::StrCat("generation-", generation, "-", ++reports));
    report.set_template_("basic.json");
    *report.mutable_event() = harness::EventOf(job, "0000000005", absl::Now());
    ASSERT_OK(
        rpc::Call<Stub>(*::incident::v1::IncidentService::NewStub(*channel),
                        &Stub::ReportJobEvent, report));
    EXPECT_TRUE(harness::Eventually([&] {
      const auto files = harness::FindIncidents(suite(), job);
      return files.ok() && files->size() == 1;
    })) << suite().LogOf("incident_service");
  }
  // Stops and joins.
  callers.clear();
  GTEST_LOG_(INFO) << succeeded << " calls on as many connections";
  EXPECT_GT(succeeded, 30);
  EXPECT_THAT(suite().LogOf("incident_service"), HasSubstr("tls.reloaded"));
}

}  // namespace
}  // namespace opcon_snow::e2e
