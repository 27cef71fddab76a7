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

  static json MasterJob(const std::string& name) {
    return {{"name", name}, {"machine", "GENP001"}, {"frequency", "AllDays"}};
  }

  // Payroll, whose jobs are in the daily tables, and Nightly, which has not
  // been built.
  void HaveMasterSchedules() {
    Post("/_sandbox/schedules",
         {{"name", kSchedule},
          {"schedule_id", 16},
          {"jobs", json::array({MasterJob("JOB001"), MasterJob("ADDED")})}});
    Post("/_sandbox/schedules", {{"name", "Nightly"},
                                 {"schedule_id", 17},
                                 {"jobs", json::array({MasterJob("N1")})}});
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
  HaveMasterSchedules();
  HaveFailedJob(name);
  ASSERT_OK_AND_ASSIGN(const auto job, GetJob(name));
  CallSubject subject;
  subject.job_id = job.job().id();
  subject.job_uid = job.job().uid();
  subject.job_number = job.job().job_number();
  subject.schedule_id = job.job().schedule().id();
  subject.schedule_name = "Nightly";
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
  names[2].mutable_name()->set_schedule_name(kSchedule);
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
  schedule.mutable_name()->set_schedule_name(kSchedule);
  *schedule.mutable_name()->mutable_schedule_date() =
      job.job().schedule().date();
  EXPECT_OK(rpc::Call(*stub_, &Stub::GetDailySchedule, schedule).status());

  const auto check = conformance::CheckOpConRequests(
      OpConUrl(), {"GET /api/version",
                   "POST /api/tokens",
                   "GET /api/dailyjobs",
                   "GET /api/dailyjobs/{id}",
                   "GET /api/jobhistories",
                   "GET /api/dailyjobs/{uid}/incidentTickets",
                   "POST /api/dailyjobs/{uid}/incidentTickets",
                   "PUT /api/dailyjobs/{uid}/incidentTickets/{row}",
                   "GET /api/dailyjobs/{id}/documentation",
                   "PUT /api/dailyjobs/{id}/documentation/{row}",
                   "POST /api/jobinstanceactions",
                   "GET /api/jobinstanceactions/{id}",
                   "POST /api/jobactions",
                   "GET /api/jobactions/{id}",
                   "POST /api/schedulebuilds",
                   "GET /api/schedulebuilds/{id}",
                   "GET /api/dailyschedules",
                   "GET /api/dailyschedules/{id}",
                   "GET /api/dailyschedules/{id}/properties",
                   "POST /api/scheduleactions",
                   "GET /api/scheduleactions/{id}",
                   "GET /api/machines"});
  EXPECT_TRUE(check.ok) << check.report;

  // No secret is in what the gateway says of all this.
  EXPECT_THAT(GatewayLog(), Not(HasSubstr("opconxps")));
  EXPECT_THAT(GatewayLog(), Not(HasSubstr(kToken)));
}

TEST_F(OperationTest, BuildsAScheduleAndAddsJobsToIt) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml("prod", TokenYaml())));
  HaveMasterSchedules();
  v1::BuildScheduleRequest build;
  build.set_schedule_name("Nightly");
  build.mutable_schedule_date()->set_year(2026);
  build.mutable_schedule_date()->set_month(1);
  build.mutable_schedule_date()->set_day(5);
  build.set_on_hold(true);
  ASSERT_OK_AND_ASSIGN(const auto built,
                       rpc::Call(*stub_, &Stub::BuildSchedule, build));
  EXPECT_EQ(built.build().state(), v1::ACTION_STATE_SUCCEEDED)
      << built.ShortDebugString();
  EXPECT_EQ(built.build().schedule().id(), "20260105|17|1");
  // It is there, and nobody said that it may be replaced.
  ASSERT_OK_AND_ASSIGN(const auto again,
                       rpc::Call(*stub_, &Stub::BuildSchedule, build));
  EXPECT_EQ(again.build().state(), v1::ACTION_STATE_FAILED);
  EXPECT_NE(again.build().message(), "");

  HaveFailedJob("JOB001");
  v1::AddJobsToDailyScheduleRequest add;
  add.set_schedule_id(kScheduleId);
  add.set_reason("INC1");
  for (const char* job_name : {"ADDED", "NOBODY"}) {
    add.add_jobs()->set_job_name(job_name);
    add.mutable_jobs(add.jobs_size() - 1)->set_frequency("AllDays");
  }
  ASSERT_OK_AND_ASSIGN(const auto added,
                       rpc::Call(*stub_, &Stub::AddJobsToDailySchedule, add));
  ASSERT_EQ(added.jobs_size(), 2);
  EXPECT_EQ(added.jobs(0).state(), v1::ACTION_STATE_SUCCEEDED)
      << added.ShortDebugString();
  EXPECT_EQ(added.jobs(0).job_id(), JobId("ADDED"));
  EXPECT_EQ(added.jobs(1).state(), v1::ACTION_STATE_FAILED);
  EXPECT_NE(added.jobs(1).message(), "");
  EXPECT_OK(GetJob("ADDED").status());
  v1::ListDailyJobsRequest list;
  *list.add_schedule_dates() = build.schedule_date();
  list.add_schedule_names(kSchedule);
  ASSERT_OK_AND_ASSIGN(const auto jobs,
                       rpc::Call(*stub_, &Stub::ListDailyJobs, list));
  EXPECT_EQ(jobs.jobs_size(), 2);
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
  ASSERT_OK_AND_ASSIGN(const auto list, rpc::Call(*stub_, &Stub::ListInstances,
                                                  v1::ListInstancesRequest()));
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

TEST_F(OperationTest, ReadsEachOfSeveralLogsOfARun) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml("prod", TokenYaml())));
  HaveFailedJob(
      "JOB001",
      {{"logs", json::array({{{"name", "a.txt"}, {"data", "first"}},
                             {{"name", "b.txt"}, {"data", ""}},
                             {{"name", "c.txt"}, {"data", "third\r\n"}}})}});
  ASSERT_OK_AND_ASSIGN(const auto job, GetJob("JOB001"));
  v1::ListJobLogsRequest list;
  list.set_job_number(job.job().job_number());
  ASSERT_OK_AND_ASSIGN(const auto logs,
                       rpc::Call(*stub_, &Stub::ListJobLogs, list));
  std::vector<std::string> texts;
  for (const v1::JobLogFile& file : logs.files()) {
    v1::ReadJobLogRequest request;
    request.set_job_number(job.job().job_number());
    request.set_path(file.path());
    std::string text = file.display_name() + ":";
    EXPECT_OK(
        rpc::ReadStream(*stub_, &Stub::ReadJobLog, request, {},
                        std::function<absl::Status(v1::ReadJobLogResponse&)>(
                            [&text](v1::ReadJobLogResponse& part) {
                              text += part.chunk();
                              return absl::OkStatus();
                            })));
    texts.push_back(text);
  }
  EXPECT_THAT(texts, ::testing::ElementsAre("a.txt:first",
                                            "b.txt:", "c.txt:third\r\n"));
}

TEST_F(OperationTest, AStreamThatBreaksHasNoTrailer) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml("prod", TokenYaml())));
  HaveFailedJob("JOB001", {{"log", std::string(400'000, 'x')}});
  ASSERT_OK_AND_ASSIGN(const auto job, GetJob("JOB001"));
  // Short answers are not cut by this.
  Fault({{"path", "/api/jobinstanceactions/*"}},
        {{"kind", "truncate"}, {"bytes", 200'000}});
  v1::ReadJobLogRequest request;
  request.set_job_number(job.job().job_number());
  std::size_t bytes = 0;
  bool trailer = false;
  const absl::Status status =
      rpc::ReadStream(*stub_, &Stub::ReadJobLog, request, {},
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
