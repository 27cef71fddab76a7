// The real snow_gateway against the real snow_sandbox: processes, HTTP, gRPC.

#include <signal.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "openssl/sha.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using harness::HttpAnswer;
using harness::HttpPeer;
using harness::Process;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Gateway = v1::ServiceNowGateway;
using Stub = Gateway::StubInterface;

constexpr char kIncidents[] = "/api/now/table/incident";
constexpr char kMarker[] = "[failure 4711-0815]";

std::string Sha256(const std::string& text) {
  unsigned char bytes[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         bytes);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
}

std::string SysId(const std::string& seed) {
  return Sha256(seed).substr(0, 32);
}

class GatewayAndSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* name =
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    directory_ = absl::StrCat(::testing::TempDir(), "/", name);
    ASSERT_EQ(std::system(absl::StrCat("mkdir -p '", directory_, "'").c_str()),
              0);
    ASSERT_OK_AND_ASSIGN(programs_, harness::FindPrograms(""));
  }

  void TearDown() override {
    if (gateway_ != nullptr) {
      const auto code = gateway_->Terminate();
      EXPECT_THAT(code, IsOkAndHolds(0)) << GatewayLog();
    }
  }

  std::string PathOf(const std::string& file) const {
    return absl::StrCat(directory_, "/", file);
  }
  std::string GatewayLog() const {
    return harness::ReadFile(PathOf("gateway.log"));
  }

  std::unique_ptr<Process> StartServer(const std::string& name,
                                       std::vector<std::string> arguments,
                                       int* port) {
    const std::string port_file = PathOf(name + ".port");
    const std::string log = PathOf(name + ".log");
    (void)std::remove(port_file.c_str());
    arguments.insert(arguments.end(), {"--port-file", port_file});
    auto process = Process::Start({.arguments = std::move(arguments),
                                   .environment = {},
                                   .stdout_file = log,
                                   .stderr_file = log});
    EXPECT_OK(process);
    const auto ports = harness::WaitForPorts(port_file, process->get(), log);
    EXPECT_OK(ports);
    if (!ports.ok()) return nullptr;
    *port = ports->begin()->second;
    return *std::move(process);
  }

  void StartSandbox(std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments = {programs_.snow_sandbox, "--listen",
                                          "127.0.0.1:0"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    sandbox_ = StartServer("sandbox", std::move(arguments), &sandbox_port_);
    ASSERT_NE(sandbox_, nullptr);
    servicenow_ = std::make_unique<HttpPeer>(
        sandbox_port_,
        absl::StrCat("Basic ", absl::Base64Escape("admin:admin")));
  }

  // `credentials`: the lines of the configuration, indented by four.
  void StartGateway(const std::string& credentials) {
    ASSERT_OK(harness::WriteFile(PathOf("secret"), "sandbox\n", 0600));
    ASSERT_OK(harness::WriteFile(PathOf("key"), "sandbox-key\n", 0600));
    ASSERT_OK(harness::WriteFile(
        PathOf("gateway.yaml"),
        absl::StrCat("listener: {address: \"127.0.0.1:0\"}\n"
                     "logging: {level: debug}\ninstances:\n  - name: prod\n"
                     "    base_url: http://127.0.0.1:",
                     sandbox_port_, "\n    allow_plain_http: true\n",
                     credentials)));
    int port = 0;
    gateway_ = StartServer(
        "gateway", {programs_.snow_gateway, "--config", PathOf("gateway.yaml")},
        &port);
    ASSERT_NE(gateway_, nullptr);
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", port);
    ASSERT_OK_AND_ASSIGN(channel_, rpc::CreateChannel(options));
    stub_ = Gateway::NewStub(channel_);
  }

  void Start(std::vector<std::string> flags = {}) {
    ASSERT_NO_FATAL_FAILURE(StartSandbox(std::move(flags)));
    ASSERT_NO_FATAL_FAILURE(StartGateway(kOAuth));
  }

  // What an administrator sees.
  std::vector<json> Rows(const std::string& path) const {
    const auto answer = servicenow_->Get(path);
    EXPECT_OK(answer);
    EXPECT_EQ(answer->status, 200) << answer->body;
    return answer->json.at("result").get<std::vector<json>>();
  }
  std::vector<json> Incidents(const std::string& correlation_id) const {
    return Rows(
        absl::StrCat(kIncidents, "?sysparm_query=",
                     harness::Encode("correlation_id=" + correlation_id)));
  }
  void Fault(const json& fault) {
    const auto answer = servicenow_->Send("POST", "/_sandbox/faults", fault);
    ASSERT_OK(answer);
    ASSERT_EQ(answer->status, 201) << answer->body;
  }
  std::vector<json> SeenRequests() const {
    const auto answer = servicenow_->Get("/_sandbox/requests");
    EXPECT_OK(answer);
    return answer->json.at("requests").get<std::vector<json>>();
  }

  v1::CreateIncidentRequest NewIncident(const std::string& seed) const {
    v1::CreateIncidentRequest request;
    v1::Incident& incident = *request.mutable_incident();
    incident.set_sys_id(SysId(seed));
    incident.set_short_description("Job JOB 1 failed: \"quoted\" & <umläut>");
    incident.set_description(absl::StrCat("It failed.\n", kMarker));
    incident.set_correlation_id(
        absl::StrCat("opcon:9010,20260105|16|1|", seed));
    incident.set_correlation_display("SMA_OPCON");
    request.set_marker(kMarker);
    return request;
  }
  absl::StatusOr<v1::CreateIncidentResponse> Create(
      const v1::CreateIncidentRequest& request) {
    return rpc::Call(*stub_, &Stub::CreateIncident, request);
  }

  absl::StatusOr<v1::AttachFileResponse> Attach(const std::string& record,
                                                const std::string& name,
                                                const std::string& content) {
    bool announced = false;
    std::size_t offset = 0;
    return rpc::WriteStream(
        *stub_, &Stub::AttachFile, {},
        std::function<absl::StatusOr<bool>(v1::AttachFileRequest&)>(
            [&](v1::AttachFileRequest& part) -> absl::StatusOr<bool> {
              if (!announced) {
                v1::AttachFileHeader& header = *part.mutable_header();
                header.set_record_sys_id(record);
                header.set_file_name(name);
                header.set_size_bytes(
                    static_cast<std::int64_t>(content.size()));
                header.set_sha256(Sha256(content));
                announced = true;
                return true;
              }
              if (offset >= content.size()) return false;
              part.set_chunk(content.substr(offset, 200'000));
              offset += part.chunk().size();
              return true;
            }));
  }

  static constexpr char kOAuth[] =
      "    oauth_client_credentials: {client_id: sandbox, client_secret_file: "
      "secret}\n";

  std::string directory_;
  harness::Programs programs_;
  std::unique_ptr<Process> sandbox_;
  int sandbox_port_ = 0;
  std::unique_ptr<HttpPeer> servicenow_;
  std::unique_ptr<Process> gateway_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(GatewayAndSandboxTest, AnIncidentFromCreationToResolution) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const v1::CreateIncidentRequest request = NewIncident("life");
  const auto created = Create(request);
  ASSERT_OK(created);
  EXPECT_TRUE(created->created());
  EXPECT_THAT(created->warnings(), IsEmpty());
  EXPECT_EQ(created->incident().sys_id(), SysId("life"));
  const std::vector<json> rows = Incidents(request.incident().correlation_id());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("number"), created->incident().number());
  EXPECT_EQ(rows[0].at("short_description"),
            request.incident().short_description());
  EXPECT_EQ(rows[0].at("description"), request.incident().description());

  // Asked again, it is there.
  v1::CreateIncidentRequest again = request;
  again.set_may_exist(true);
  const auto repeated = Create(again);
  ASSERT_OK(repeated);
  EXPECT_FALSE(repeated->created());
  EXPECT_EQ(repeated->incident().number(), created->incident().number());

  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_sys_id(SysId("life"));
  update.mutable_incident()->set_state(v1::INCIDENT_STATE_RESOLVED);
  update.mutable_incident()->set_close_code("Solution provided");
  update.mutable_incident()->set_close_notes("OpCon job rerun finished OK");
  for (const char* path : {"state", "close_code", "close_notes"}) {
    update.mutable_update_mask()->add_paths(path);
  }
  update.add_allowed_from_states(v1::INCIDENT_STATE_NEW);
  v1::NewJournalEntry& entry = *update.mutable_journal_entry();
  entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
  entry.set_text("Resolved by a test. [note 0001]");
  entry.set_marker("[note 0001]");
  for (const bool first : {true, false}) {
    const auto updated = rpc::Call(*stub_, &Stub::UpdateIncident, update);
    ASSERT_OK(updated);
    EXPECT_EQ(updated->journal_entry_added(), first);
    EXPECT_EQ(updated->incident().state(), v1::INCIDENT_STATE_RESOLVED);
    EXPECT_THAT(updated->warnings(), IsEmpty());
  }
  v1::ListJournalEntriesRequest journal;
  journal.set_incident_sys_id(SysId("life"));
  const auto entries = rpc::Call(*stub_, &Stub::ListJournalEntries, journal);
  ASSERT_OK(entries);
  ASSERT_EQ(entries->entries_size(), 1);
  EXPECT_EQ(entries->entries(0).text(), "Resolved by a test. [note 0001]");
  EXPECT_EQ(entries->entries(0).created_by(), "opcon.integration");

  v1::GetIncidentRequest get;
  get.set_number(created->incident().number());
  get.add_columns("priority");
  const auto got = rpc::Call(*stub_, &Stub::GetIncident, get);
  ASSERT_OK(got);
  EXPECT_EQ(got->incident().sys_id(), SysId("life"));
  EXPECT_EQ(got->incident().fields().count("priority"), 1u);
}

TEST_F(GatewayAndSandboxTest, FailuresOfACreateEndInExactlyOneIncident) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::vector<json> actions = {
      {{"kind", "status_after"}, {"status", 500}},
      {{"kind", "status_after"}, {"status", 403}},
      {{"kind", "drop_after"}},
      {{"kind", "empty_202"}},
      {{"kind", "status"}, {"status", 503}},
      {{"kind", "drop_before"}},
      {{"kind", "html"}},
      {{"kind", "truncate"}, {"bytes", 20}}};
  int n = 0;
  for (const json& action : actions) {
    SCOPED_TRACE(action.dump());
    Fault({{"match",
            {{"method", "POST"}, {"path", "/api/now/v2/table/incident"}}},
           {"times", 1},
           {"action", action}});
    v1::CreateIncidentRequest request =
        NewIncident(absl::StrCat("trouble ", ++n));
    auto reply = Create(request);
    if (!reply.ok()) {
      // Whatever it was, repeating it is right.
      request.set_may_exist(true);
      reply = Create(request);
    }
    ASSERT_OK(reply);
    EXPECT_EQ(reply->incident().sys_id(), request.incident().sys_id());
    EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
  }
}

TEST_F(GatewayAndSandboxTest, AlsoWhereChosenSysIdsAreIgnored) {
  ASSERT_NO_FATAL_FAILURE(Start({"--client-sys-id", "ignore"}));
  v1::CreateIncidentRequest request = NewIncident("ignored");
  Fault(
      {{"match", {{"method", "POST"}, {"path", "/api/now/v2/table/incident"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}});
  auto reply = Create(request);
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_NE(reply->incident().sys_id(), request.incident().sys_id());
  request.set_may_exist(true);
  const auto again = Create(request);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());
  EXPECT_EQ(again->incident().sys_id(), reply->incident().sys_id());
  EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
}

TEST_F(GatewayAndSandboxTest, ARepetitionThatDoesNotLookCollides) {
  for (const char* mode : {"honour", "reject-duplicate"}) {
    SCOPED_TRACE(mode);
    if (gateway_ != nullptr) TearDown();
    ASSERT_NO_FATAL_FAILURE(Start({"--client-sys-id", mode}));
    v1::CreateIncidentRequest request = NewIncident("twice");
    ASSERT_OK(Create(request));
    const auto again = Create(request);
    ASSERT_OK(again);
    EXPECT_EQ(again->incident().sys_id(), SysId("twice"));
    EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
    // The same sys_id for something else.
    request.mutable_incident()->set_description("another [marker 0002]");
    request.set_marker("[marker 0002]");
    EXPECT_THAT(Create(request), HasReason("SYS_ID_TAKEN"));
  }
}

TEST_F(GatewayAndSandboxTest, FilesArriveOnceAndUnchanged) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Create(NewIncident("files")));
  std::string content;
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&content, i, "\n");
  const auto attached = Attach(SysId("files"), "job log.txt", content);
  ASSERT_OK(attached);
  EXPECT_TRUE(attached->created());
  const auto again = Attach(SysId("files"), "job log.txt", content);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());
  EXPECT_EQ(again->attachment().sys_id(), attached->attachment().sys_id());

  const auto file = servicenow_->Get(absl::StrCat(
      "/api/now/attachment/", attached->attachment().sys_id(), "/file"));
  ASSERT_OK(file);
  EXPECT_EQ(file->body, content);

  v1::ReadAttachmentRequest read;
  read.set_sys_id(attached->attachment().sys_id());
  std::string received;
  EXPECT_OK(
      rpc::ReadStream(*stub_, &Stub::ReadAttachment, read, {},
                      std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                          [&](v1::ReadAttachmentResponse& part) {
                            received += part.chunk();
                            return absl::OkStatus();
                          })));
  EXPECT_EQ(received, content);

  // Lost answers, blocked types, records that are not there.
  Fault(
      {{"match", {{"method", "POST"}, {"path", "/api/now/v1/attachment/file"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}});
  ASSERT_OK(Attach(SysId("files"), "second.txt", "second"));
  EXPECT_THAT(Attach(SysId("files"), "job.log", "x"),
              HasReason("ATTACHMENT_REFUSED"));
  EXPECT_THAT(Attach(SysId("nobody"), "job.txt", "x"),
              HasReason("RECORD_NOT_FOUND"));
  ASSERT_OK(Attach(SysId("files"), "empty.txt", ""));

  v1::ListAttachmentsRequest list;
  list.set_record_sys_id(SysId("files"));
  const auto listed = rpc::Call(*stub_, &Stub::ListAttachments, list);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->attachments_size(), 3);
}

TEST_F(GatewayAndSandboxTest, ListsAreCursors) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    v1::CreateIncidentRequest request = NewIncident(absl::StrCat("list ", i));
    request.mutable_incident()->set_correlation_display("CURSOR");
    ASSERT_OK(Create(request));
    expected.push_back(request.incident().sys_id());
  }
  v1::ListIncidentsRequest list;
  list.set_correlation_display("CURSOR");
  list.set_page_size(3);
  std::vector<std::string> seen;
  v1::Incident last;
  int pages = 0;
  do {
    const auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
    ASSERT_OK(page);
    for (const v1::Incident& incident : page->incidents()) {
      seen.push_back(incident.sys_id());
      last = incident;
    }
    list.set_page_token(page->next_page_token());
    ASSERT_LT(++pages, 10);
  } while (!list.page_token().empty());
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(expected));

  // After the last one there is nothing, until something changes.
  list.clear_page_token();
  *list.mutable_updated_since_time() = last.update_time();
  list.set_updated_since_sys_id(last.sys_id());
  auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
  ASSERT_OK(page);
  EXPECT_EQ(page->incidents_size(), 0);
  EXPECT_THAT(page->next_page_token(), IsEmpty());

  list.clear_updated_since_time();
  list.clear_updated_since_sys_id();
  list.add_sys_ids(expected[2]);
  list.add_states(v1::INCIDENT_STATE_NEW);
  page = rpc::Call(*stub_, &Stub::ListIncidents, list);
  ASSERT_OK(page);
  ASSERT_EQ(page->incidents_size(), 1);
  EXPECT_EQ(page->incidents(0).sys_id(), expected[2]);
}

TEST_F(GatewayAndSandboxTest, NamesAreLookedUpAndFaultsOfTheRequestTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string group = SysId("group");
  ASSERT_OK(servicenow_->Send("POST", "/api/now/table/sys_user_group",
                              {{"sys_id", group}, {"name", "Night Shift"}}));
  v1::CreateIncidentRequest request = NewIncident("names");
  auto& fields = *request.mutable_incident()->mutable_fields();
  fields["assignment_group"].set_display_value("Night Shift");
  fields["urgency"].set_value("1");
  fields["u_no_such_column"].set_value("x");
  request.mutable_incident()->set_short_description(std::string(200, 'x'));
  const auto created = Create(request);
  ASSERT_OK(created);
  EXPECT_EQ(created->incident().fields().at("assignment_group").value(), group);
  EXPECT_THAT(created->warnings(),
              ElementsAre(HasSubstr("short_description was cut from 200"),
                          HasSubstr("u_no_such_column was ignored")));
  fields["assignment_group"].set_display_value("Nobody");
  EXPECT_THAT(Create(request), HasReason("REFERENCE_NOT_FOUND"));

  v1::LookupRecordsRequest lookup;
  lookup.set_table("sys_user_group");
  lookup.add_conditions()->set_column("name");
  lookup.mutable_conditions(0)->add_values("Night Shift");
  const auto found = rpc::Call(*stub_, &Stub::LookupRecords, lookup);
  ASSERT_OK(found);
  ASSERT_EQ(found->records_size(), 1);
  EXPECT_EQ(found->records(0).sys_id(), group);
  lookup.mutable_conditions(0)->set_column("u_no_such_column");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::LookupRecords, lookup),
              HasReason("UPSTREAM_REJECTED"));
  lookup.set_table("no_such_table");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::LookupRecords, lookup),
              HasReason("UPSTREAM_REJECTED"));

  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_sys_id(SysId("names"));
  update.mutable_incident()->set_state(v1::INCIDENT_STATE_RESOLVED);
  update.mutable_update_mask()->add_paths("state");
  const auto refused = rpc::Call(*stub_, &Stub::UpdateIncident, update);
  EXPECT_THAT(refused, HasReason("MANDATORY_FIELDS_MISSING"));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("Resolution code"));
}

TEST_F(GatewayAndSandboxTest, EveryKindOfCredentialsWorksAndShowsInNoLog) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  const std::vector<std::string> all = {
      kOAuth,
      "    oauth_password: {client: {client_id: sandbox, client_secret_file: "
      "secret}, username: opcon.integration, password_file: secret}\n",
      "    api_key_file: key\n",
      "    basic: {username: opcon.integration, password_file: secret}\n"};
  for (const std::string& credentials : all) {
    SCOPED_TRACE(credentials);
    ASSERT_NO_FATAL_FAILURE(StartGateway(credentials));
    v1::ListInstancesRequest request;
    request.set_probe(true);
    const auto reply = rpc::Call(*stub_, &Stub::ListInstances, request);
    ASSERT_OK(reply);
    EXPECT_EQ(reply->instances(0).health().state(), v1::HEALTH_STATE_HEALTHY)
        << reply->instances(0).health().message();
    EXPECT_THAT(gateway_->Terminate(), IsOkAndHolds(0));
    gateway_ = nullptr;
  }
  EXPECT_THAT(GatewayLog(), HasSubstr("servicenow.call"));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("sandbox-key")));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("sysparm")));
  for (const json& request : SeenRequests()) {
    EXPECT_FALSE(request.at("headers").contains("Cookie"));
  }
}

TEST_F(GatewayAndSandboxTest, AWrongSecretNamesTheFileAndTheMend) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(
      "    oauth_client_credentials: {client_id: wrong, client_secret_file: "
      "key}\n"));
  const auto reply = Create(NewIncident("wrong"));
  EXPECT_THAT(reply, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(std::string(reply.status().message()),
              AllOf(HasSubstr("prod"), HasSubstr(PathOf("key")),
                    HasSubstr("OAuth"), Not(HasSubstr("sandbox-key"))));
}

TEST_F(GatewayAndSandboxTest, RateLimitsHibernationAndOutages) {
  ASSERT_NO_FATAL_FAILURE(Start());
  v1::GetIncidentRequest get;
  get.set_sys_id(SysId("none"));
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetIncident, get),
              HasReason("RECORD_NOT_FOUND"));
  Fault({{"match", {{"method", "GET"}}},
         {"times", 1},
         {"action",
          {{"kind", "body"},
           {"status", 200},
           {"headers", {{"Content-Type", "text/html"}}},
           {"body", "<html><title>Hibernating Instance</title></html>"}}}});
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetIncident, get),
              HasReason("INSTANCE_HIBERNATING"));
  Fault({{"match", {{"method", "GET"}}},
         {"times", 1},
         {"action",
          {{"kind", "status"},
           {"status", 429},
           {"headers", {{"Retry-After", "1800"}}}}}});
  const auto limited = rpc::Call(*stub_, &Stub::GetIncident, get);
  EXPECT_THAT(limited, HasReason("UPSTREAM_RATE_LIMITED"));
  EXPECT_EQ(RetryDelay(limited.status()), absl::Minutes(30));
  const auto state =
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
  ASSERT_OK(state);
  EXPECT_TRUE(state->instances(0).rate_limit().has_blocked_until_time());
}

TEST_F(GatewayAndSandboxTest, AnUnreachableInstanceIsTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  sandbox_->Kill();
  const auto reply = Create(NewIncident("nobody"));
  EXPECT_THAT(reply, HasReason("UPSTREAM_UNREACHABLE"));
  const auto state =
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
  ASSERT_OK(state);
  EXPECT_EQ(state->instances(0).health().state(), v1::HEALTH_STATE_UNREACHABLE);
}

TEST_F(GatewayAndSandboxTest, ReadsItsConfigurationAgainOnHangup) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string config = harness::ReadFile(PathOf("gateway.yaml"));
  ASSERT_OK(harness::WriteFile(
      PathOf("gateway.yaml"),
      absl::StrCat(config,
                   "  - name: second\n    base_url: http://127.0.0.1:1"
                   "\n    allow_plain_http: true\n"
                   "    api_key_file: key\n")));
  ASSERT_EQ(kill(gateway_->pid(), SIGHUP), 0);
  EXPECT_TRUE(harness::Eventually([&] {
    const auto state =
        rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
    return state.ok() && state->instances_size() == 2;
  })) << GatewayLog();
}

TEST_F(GatewayAndSandboxTest, CheckConfigSaysEveryFault) {
  ASSERT_OK(harness::WriteFile(
      PathOf("bad.yaml"),
      "listener: {address: \"0.0.0.0:0\"}\ninstances:\n  - name: X\n"
      "    base_url: nonsense\n    unknown: 1\n"));
  const auto run = harness::RunToEnd({programs_.snow_gateway, "--config",
                                      PathOf("bad.yaml"), "--check-config"},
                                     {}, directory_);
  ASSERT_OK(run);
  EXPECT_EQ(run->exit_code, 78);
  EXPECT_THAT(run->err, AllOf(HasSubstr("unknown"), HasSubstr("bad.yaml:")));
}

}  // namespace
}  // namespace opcon_snow
