// Every call of the gateway against OpCon's wire as it is written down, and
// what the configuration of an instance does.

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/http/test_certificate.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "tests/conformance/opcon_wire_check.h"
#include "tests/opcon_gateway/calls.h"
#include "tests/opcon_gateway/gateway_and_opcon.h"

namespace opcon_snow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace v1 = ::opcon::v1;
using nlohmann::json;

class OperationTest : public GatewayAndOpConTest {
 protected:
  std::string TokenYaml() const {
    return absl::StrCat("    token_file: ", PathOf("token"), "\n");
  }

  absl::StatusOr<v1::GetDailyJobResponse> GetJob(
      const std::string& name, const std::string& instance = "") {
    v1::GetDailyJobRequest request;
    request.set_instance(instance);
    request.mutable_job()->set_id(JobId(name));
    return rpc::Call(*stub_, &Stub::GetDailyJob, request);
  }
};

TEST_F(OperationTest, EveryCallKeepsToTheWire) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(absl::StrCat(
      InstanceYaml("prod", absl::StrCat("    login: {username: ocadm, "
                                        "password_file: ",
                                        PathOf("password"), "}\n")),
      InstanceYaml("other", TokenYaml()))));
  // With everything that OpCon allows and a URL does not.
  const std::string name = "Load A/B $0001";
  HaveFailedJob(name);
  ASSERT_OK_AND_ASSIGN(const auto job, GetJob(name));
  CallSubject subject;
  subject.job_id = job.job().id();
  subject.job_uid = job.job().uid();
  subject.job_number = job.job().job_number();
  subject.schedule_id = job.job().schedule().id();
  subject.schedule_name = job.job().schedule().name();
  for (const GatewayCall& call : AllCalls()) {
    const absl::Status status = call.make(*stub_, subject);
    if (call.name == "GetJobAction") {
      EXPECT_THAT(status, HasReason("RECORD_NOT_FOUND"));
    } else {
      EXPECT_OK(status) << call.name;
    }
  }
  v1::ListInstancesRequest probe;
  probe.set_probe(true);
  EXPECT_OK(rpc::Call(*stub_, &Stub::ListInstances, probe).status());

  // By each of its other names, a ticket that gives way, a schedule by name.
  std::vector<v1::JobSelector> names(3);
  names[0].set_uid(subject.job_uid);
  names[1].set_job_number(subject.job_number);
  *names[2].mutable_name()->mutable_schedule_date() =
      job.job().schedule().date();
  names[2].mutable_name()->set_schedule_name(subject.schedule_name);
  names[2].mutable_name()->set_job_name(name);
  for (const v1::JobSelector& selector : names) {
    v1::GetDailyJobRequest request;
    *request.mutable_job() = selector;
    EXPECT_OK(rpc::Call(*stub_, &Stub::GetDailyJob, request).status());
  }
  v1::SetIncidentTicketRequest ticket;
  ticket.mutable_job()->set_uid(subject.job_uid);
  ticket.set_ticket_id("INC0010026");
  ticket.set_replaced_ticket_id("INC0010025");
  EXPECT_OK(rpc::Call(*stub_, &Stub::SetIncidentTicket, ticket).status());
  v1::GetDailyScheduleRequest schedule;
  schedule.mutable_name()->set_schedule_name(subject.schedule_name);
  *schedule.mutable_name()->mutable_schedule_date() =
      job.job().schedule().date();
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetDailySchedule, schedule).status());

  const auto check = conformance::CheckOpConRequests(
      OpConUrl(),
      {"GET /api/version", "POST /api/tokens", "GET /api/dailyjobs",
       "GET /api/dailyjobs/{id}", "GET /api/jobhistories",
       "GET /api/dailyjobs/{uid}/incidentTickets",
       "POST /api/dailyjobs/{uid}/incidentTickets",
       "PUT /api/dailyjobs/{uid}/incidentTickets/{row}",
       "GET /api/dailyjobs/{id}/documentation",
       "PUT /api/dailyjobs/{id}/documentation/{documentation}",
       "POST /api/jobinstanceactions", "GET /api/jobinstanceactions/{id}",
       "POST /api/jobactions", "GET /api/jobactions/{id}",
       "POST /api/schedulebuilds", "GET /api/schedulebuilds/{id}",
       "GET /api/dailyschedules", "GET /api/dailyschedules/{id}",
       "GET /api/dailyschedules/{id}/properties", "POST /api/scheduleactions",
       "GET /api/scheduleactions/{id}", "GET /api/machines"});
  EXPECT_TRUE(check.ok) << check.report;

  // No secret is in what the gateway says of all this.
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("opconxps")));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr(kToken)));
}

TEST_F(OperationTest, GoesToAnotherAddressWhereTheFirstIsOutOfReach) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(absl::StrCat(
      "  - name: prod\n    base_url: http://127.0.0.1:9\n"
      "    failover_urls: [\"http://127.0.0.1:7\", \"",
      OpConUrl(), "\"]\n    allow_plain_http: true\n", TokenYaml())));
  HaveFailedJob("JOB001");
  ASSERT_OK(GetJob("JOB001").status());
  // What changes something goes there, too, and once.
  v1::SetIncidentTicketRequest ticket;
  ticket.mutable_job()->set_id(JobId("JOB001"));
  ticket.set_ticket_id("INC1");
  ASSERT_OK(rpc::Call(*stub_, &Stub::SetIncidentTicket, ticket).status());
  int writes = 0;
  for (const json& request : SeenRequests()) {
    if (request.at("method") != "GET") ++writes;
  }
  EXPECT_EQ(writes, 1);
  ASSERT_OK_AND_ASSIGN(
      const auto list,
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest()));
  EXPECT_EQ(list.instances(0).base_url(), OpConUrl());
  EXPECT_THAT(GatewayLog(), HasSubstr("http.address_changed"));
}

TEST_F(OperationTest, TrustsThePrivateAuthorityThatIsConfiguredAndNoOther) {
  const http::TestCertificate ours =
      http::MakeTestCertificate("opcon", "localhost", "127.0.0.1");
  ASSERT_NO_FATAL_FAILURE(StartSandbox(
      {"--tls-cert", ours.certificate_file, "--tls-key", ours.key_file}));
  const std::string url = absl::StrCat("https://127.0.0.1:", sandbox_port_);
  ASSERT_NO_FATAL_FAILURE(StartGateway(absl::StrCat(
      "  - name: trusting\n    base_url: ", url, "\n", TokenYaml(),
      "    tls: {ca_file: ", ours.certificate_file, "}\n",
      "  - name: strict\n    base_url: ", url, "\n", TokenYaml())));
  v1::GetApiVersionRequest request;
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetApiVersion, request).status());
  request.set_instance("strict");
  const auto refused = rpc::Call(*stub_, &Stub::GetApiVersion, request);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(refused, HasReason("UPSTREAM_UNREACHABLE"));
}

TEST_F(OperationTest, KeepsToTheRequestsOfTheHour) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml(
      "prod",
      absl::StrCat(TokenYaml(), "    limits: {requests_per_hour: 30}\n"))));
  HaveFailedJob("JOB001");
  for (int i = 0; i < 3; ++i) EXPECT_OK(GetJob("JOB001").status());
  const auto refused = GetJob("JOB001");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("30 requests an hour")));
  EXPECT_THAT(refused, HasReason("GATEWAY_OVERLOADED"));
  EXPECT_GT(RetryDelay(refused.status()), absl::Seconds(100));
  EXPECT_EQ(SeenRequests().size(), 3u);
}

TEST_F(OperationTest, AStreamThatBreaksHasNoTrailer) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml("prod", TokenYaml())));
  HaveFailedJob("JOB001", std::string(400'000, 'x'));
  ASSERT_OK_AND_ASSIGN(const auto job, GetJob("JOB001"));
  // Short answers are not cut by this.
  Fault({{"path", "/api/jobinstanceactions/*"}},
        {{"kind", "truncate"}, {"bytes", 200'000}});
  v1::ReadJobLogRequest request;
  request.set_job_number(job.job().job_number());
  std::size_t bytes = 0;
  bool trailer = false;
  const absl::Status status = rpc::ReadStream(
      *stub_, &Stub::ReadJobLog, request, {},
      std::function<absl::Status(v1::ReadJobLogResponse&)>(
          [&](v1::ReadJobLogResponse& part) {
            bytes += part.chunk().size();
            trailer |= part.has_trailer();
            return absl::OkStatus();
          }));
  EXPECT_THAT(status, HasReason("UPSTREAM_UNAVAILABLE"));
  EXPECT_FALSE(trailer);
  EXPECT_LT(bytes, 200'000u);
}

}  // namespace
}  // namespace opcon_snow
