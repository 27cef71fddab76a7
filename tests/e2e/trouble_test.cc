// What goes wrong at real sites: every trouble gives an error that names its
// cause and its mend, and nothing that was reported is lost.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string Message(const nlohmann::json& report) {
  return report.value("summary", "");
}

TEST_F(E2eTest, ServiceNowThatIsDownIsWaitedFor) {
  StartSuite();
  ASSERT_OK(
      harness::AddFault(suite().servicenow(),
                        {{"match", {{"path", "/api/now/v2/table/incident"}}},
                         {"times", 1000000},
                         {"action", {{"kind", "status"}, {"status", 503}}}}));
  const harness::Job job = FailedJob("log\n");
  Report(job);
  const nlohmann::json waiting = AwaitNewest("REPORT_STATE_WAITING");
  EXPECT_THAT(Message(waiting),
              AllOf(HasSubstr("503"), HasSubstr("production")));
  ASSERT_OK(harness::ClearFaults(suite().servicenow()));
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "log\n");
}

TEST_F(E2eTest, AnAnswerThatIsLostAfterTheCreateDoublesNothing) {
  StartSuite();
  ASSERT_OK(harness::AddFault(
      suite().servicenow(),
      {{"match", {{"method", "POST"}, {"path", "/api/now/v2/table/incident"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}}));
  const harness::Job job = FailedJob("log\n");
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "log\n");
}

TEST_F(E2eTest, AGatewayThatIsDownIsWaitedFor) {
  StartSuite();
  ASSERT_OK(suite().StopGateway("opcon"));
  const harness::Job job = FailedJob("log\n");
  Report(job);
  const nlohmann::json waiting = AwaitNewest("REPORT_STATE_WAITING");
  EXPECT_THAT(Message(waiting),
              AllOf(HasSubstr("OpCon gateway"), HasSubstr("see that it runs")));
  ASSERT_OK(suite().StartGateway("opcon"));
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "log\n");
}

TEST_F(E2eTest, AWrongTokenIsNamedAndTheReportKept) {
  harness::SuiteOptions options = Options();
  options.opcon_token = "11111111-1111-4111-8111-111111111111";
  StartSuite(options);
  const harness::Job job = FailedJob();
  Report(job);
  const nlohmann::json dead = AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_THAT(Message(dead),
              AllOf(HasSubstr("production"), HasSubstr("opcon.token"),
                    Not(HasSubstr("11111111-1111"))));
  EXPECT_THAT(suite().LogOf("opcon_gateway"),
              Not(HasSubstr("11111111-1111-4111")));
}

TEST_F(E2eTest, AWrongSecretForServiceNowIsNamedAndTheReportKept) {
  harness::SuiteOptions options = Options();
  options.snow_client_secret = "not-the-secret";
  StartSuite(options);
  const harness::Job job = FailedJob();
  Report(job);
  const nlohmann::json dead = AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_THAT(Message(dead), AllOf(HasSubstr("servicenow.secret"),
                                   Not(HasSubstr("not-the-secret"))));
}

TEST_F(E2eTest, AWrongJobIsNamedAndTheReportKept) {
  StartSuite();
  const harness::Job job = harness::RandomJob();  // not in OpCon
  Report(job);
  const nlohmann::json dead = AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_THAT(Message(dead), HasSubstr(job.id()));
  // It appears (the schedule was being built), and a person retries.
  ASSERT_OK(harness::DefineJob(suite(), job));
  ASSERT_OK(harness::FailJob(suite(), job, "0000000005", "log\n"));
  const auto retried = suite().Cli({"reports", "retry", dead.at("reportId")});
  ASSERT_OK(retried.status());
  EXPECT_EQ(retried->exit_code, 0) << retried->err;
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "log\n");
}

TEST_F(E2eTest, AnUnknownTemplateIsToldAtOnceAndTheReportKept) {
  StartSuite();
  const harness::Job job = FailedJob();
  const harness::Finished finished = Report(job, 0, "none.json");
  EXPECT_THAT(finished.err,
              AllOf(HasSubstr("none.json"), HasSubstr("basic.json")));
  const nlohmann::json dead = AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_THAT(Message(dead), HasSubstr("none.json"));
}

TEST_F(E2eTest, AMalformedCommandLineIsKeptForAPerson) {
  StartSuite();
  const auto finished = suite().Cli(
      {"-a", "GENP001", "-s", "Payroll", "-jn", "[[$JOB NAME]]", "-e", "5",
       "-sd", "2026-01-05", "-si", "16", "-sn", "1", "-t", "basic.json"});
  ASSERT_OK(finished.status());
  EXPECT_EQ(finished->exit_code, 65);
  EXPECT_THAT(finished->err,
              AllOf(HasSubstr("-jn"), HasSubstr("[[$JOB NAME]]")));
  const nlohmann::json dead = AwaitNewest("REPORT_STATE_DEAD_LETTER");
  EXPECT_THAT(dead.at("rejected").at("arguments").dump(),
              AllOf(HasSubstr("GENP001"), HasSubstr("[[$JOB NAME]]")));
}

TEST_F(E2eTest, AReportMadeWhileTheServiceIsDownIsSpooledAndDelivered) {
  StartSuite();
  const harness::Job first = FailedJob("first\n");
  ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  const harness::Finished spooled = Report(first);
  EXPECT_THAT(spooled.err, HasSubstr("spool"));
  ASSERT_OK(suite().RestartIncidentService({}));
  EXPECT_THAT(Reports(), IsEmpty());
  const harness::Job second = FailedJob("second\n");
  Report(second);
  ASSERT_TRUE(harness::Eventually([&] {
    int succeeded = 0;
    for (const nlohmann::json& report : Reports()) {
      if (report.value("state", "") == "REPORT_STATE_SUCCEEDED") ++succeeded;
    }
    return succeeded == 2;
  })) << suite().LogOf("incident_service");
  ExpectAppliedOnce(first, "first\n");
  ExpectAppliedOnce(second, "second\n");
}

TEST_F(E2eTest, AConfigurationWithFaultsNamesThemAllAndStartsNothing) {
  const harness::SuiteOptions options = Options();
  const std::string config = options.directory + "/bad.yaml";
  ASSERT_OK(harness::WriteFile(config,
                               "listener:\n"
                               "  address: 127.0.0.1:0\n"
                               "  drain_timout: 3s\n"
                               "workflow:\n"
                               "  workers: many\n"
                               "store:\n"
                               "  postgresql: {connection_file: c}\n"));
  const auto finished = harness::RunToEnd(
      {options.programs.incident_service, "--check-config", "--config", config},
      {}, options.directory);
  ASSERT_OK(finished.status());
  EXPECT_EQ(finished->exit_code, 78);
  EXPECT_THAT(finished->err,
              AllOf(HasSubstr("bad.yaml:3"), HasSubstr("drain_timeout"),
                    HasSubstr("bad.yaml:5"), HasSubstr("workers"),
                    HasSubstr("not available in this version")));
}

}  // namespace
}  // namespace opcon_snow::e2e
