// A job fails and an incident exists, through all the real processes.

#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kCommand[] =
    "INCIDENTCTL -a [[$MACHINE NAME]] -s [[$SCHEDULE NAME]] "
    "-jn [[$JOB NAME]] -e [[$JOB TERMINATION]] -sd [[$SCHEDULE DATE-SNOW]] "
    "-si [[$SCHEDULE ID]] -sn [[$SCHEDULE INST]] -t basic.json";

// A business rule as other applications have them: it takes OpCon's address and
// the job from the ticket. Only the host is replaced, because it has to be this
// machine.
constexpr char kRuleOfAnotherApplication[] = R"js(
  if (current.correlation_display == 'SMA_OPCON') {
    var parts = current.correlation_id.toString().split(',');
    var message = new sn_ws.RESTMessageV2();
    message.setHttpMethod('post');
    message.setEndpoint('http://127.0.0.1:' + parts[0].split(':')[1] +
        '/api/jobactions');
    message.setRequestHeader('Content-Type', 'application/json');
    message.setRequestHeader('Authorization',
        'Token 00000000-0000-4000-8000-000000000001');
    message.setRequestBody(JSON.stringify({
        action: 'markUnderReview', reason: 'taken', jobs: [{id: parts[1]}]
    }));
    message.execute();
  }
)js";

TEST_F(E2eTest, NotificationManagersCommandMakesAnIncident) {
  StartSuite();
  ASSERT_OK(suite().StartNotificationManager(kCommand));
  const std::string log = harness::RandomLog();
  const harness::Job job = FailedJob(log);
  const nlohmann::json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, log);
  const auto incidents = harness::FindIncidents(suite(), job);
  ASSERT_OK(incidents.status());
  const nlohmann::json& incident = incidents->front();
  EXPECT_EQ(incident.at("correlation_display"), "SMA_OPCON");
  EXPECT_EQ(incident.at("state"), "1");
  EXPECT_THAT(incident.at("short_description").get<std::string>(),
              HasSubstr(job.name));
  const std::string description = incident.at("description");
  for (const std::string& part :
       {job.schedule, job.name, job.machine, std::string("0000000005")}) {
    EXPECT_THAT(description, HasSubstr(part));
  }
  EXPECT_EQ(report.at("ticket").at("number"), incident.at("number"));
}

TEST_F(E2eTest, ASecondFailureGoesToTheSameIncident) {
  StartSuite();
  const harness::Job job = FailedJob("first\n");
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  // Restarted in OpCon by an operator, and failed again.
  ASSERT_OK(suite()
                .opcon()
                .Send("POST", "/api/jobactions",
                      {{"action", "restart"},
                       {"reason", "try again"},
                       {"jobs", {{{"id", job.id()}}}}})
                .status());
  ASSERT_TRUE(harness::Eventually([&] {
    const auto shown = harness::GetJob(suite(), job);
    return shown.ok() && shown->at("status").at("category") == "Running";
  }));
  ASSERT_OK(harness::FailJob(suite(), job, "0000000006", "second\n"));
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  const auto incidents = harness::FindIncidents(suite(), job);
  ASSERT_OK(incidents.status());
  ASSERT_THAT(*incidents, SizeIs(1));
  EXPECT_THAT(incidents->front().at("description").get<std::string>(),
              HasSubstr("0000000006"));
  EXPECT_THAT(
      harness::FindAttachments(suite(), incidents->front().at("sys_id")),
      IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(harness::GetTickets(suite(), job), IsOkAndHolds(SizeIs(1)));
}

TEST_F(E2eTest, ASilencedFailureOpensNoTicket) {
  StartSuite();
  const harness::Job job = harness::RandomJob();
  const auto made = suite().Cli({"--output", "json", "silences", "add", "--job",
                                 job.name, "--schedule", "~.*", "--until", "1h",
                                 "--reason", "the bank is upgraded"});
  ASSERT_OK(made.status());
  ASSERT_EQ(made->exit_code, 0) << made->err;
  const std::string silence =
      nlohmann::json::parse(made->out).at("silence").at("silenceId");
  ASSERT_OK(harness::DefineJob(suite(), job));
  ASSERT_OK(harness::FailJob(suite(), job, "0000000005", "log\n"));
  Report(job);
  const nlohmann::json report = AwaitNewest("REPORT_STATE_SUPPRESSED");
  EXPECT_EQ(report.at("silenceId"), silence);
  EXPECT_THAT(report.at("summary").get<std::string>(),
              HasSubstr("the bank is upgraded"));
  // Others have theirs.
  const harness::Job other = FailedJob();
  Report(other);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_THAT(harness::FindIncidents(suite(), other), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(0)));

  // Of what a killed service had acknowledged nothing is gone.
  suite().incident_service()->Kill();
  ASSERT_OK(suite().RestartIncidentService({}));
  const auto ended = suite().Cli({"silences", "expire", silence});
  ASSERT_OK(ended.status());
  EXPECT_EQ(ended->exit_code, 0) << ended->err;
  const auto listed =
      suite().Cli({"--output", "json", "silences", "list", "--all"});
  ASSERT_OK(listed.status());
  EXPECT_EQ(nlohmann::json::parse(listed->out)
                .at("silences")
                .at(0)
                .at("suppressedCount"),
            "1");
  ASSERT_OK(harness::FailJobAgain(suite(), job, "0000000006", "log\n"));
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(1)));
}

TEST_F(E2eTest, RulesOfAnotherApplicationUnderstandTheTicket) {
  StartSuite();
  const auto rule =
      suite().servicenow().Send("POST", "/api/now/table/sys_script",
                                {{"name", "Tell the scheduler"},
                                 {"collection", "incident"},
                                 {"when", "async"},
                                 {"action_update", "true"},
                                 {"filter_condition", "stateCHANGESTO2^EQ"},
                                 {"advanced", "true"},
                                 {"active", "true"},
                                 {"script", kRuleOfAnotherApplication}});
  ASSERT_OK(rule.status());
  ASSERT_EQ(rule->status, 201) << rule->body;
  const harness::Job job = FailedJob();
  Report(job);
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  const auto incidents = harness::FindIncidents(suite(), job);
  ASSERT_OK(incidents.status());
  ASSERT_THAT(*incidents, SizeIs(1));
  ASSERT_OK(
      harness::SetIncidentState(suite(), incidents->front().at("sys_id"), "2"));
  EXPECT_TRUE(harness::Eventually([&] {
    const auto shown = harness::GetJob(suite(), job);
    return shown.ok() && shown->at("status").at("category") == "Under Review";
  })) << suite().servicenow().Get("/api/now/table/syslog")->body;
}

TEST_F(E2eTest, TheSameFailureReportedTwiceIsAppliedOnce) {
  StartSuite();
  const harness::Job job = FailedJob("log\n");
  Report(job);
  Report(job);
  ASSERT_TRUE(harness::Eventually([&] {
    const auto reports = Reports();
    return reports.size() == 2 &&
           reports[0].value("state", "") == "REPORT_STATE_MERGED" &&
           reports[1].value("state", "") == "REPORT_STATE_SUCCEEDED";
  })) << suite().LogOf("incident_service");
  ExpectAppliedOnce(job, "log\n");
}

TEST_F(E2eTest, AReportIsShownWithItsSteps) {
  StartSuite();
  const harness::Job job = FailedJob();
  Report(job);
  const nlohmann::json report = AwaitNewest("REPORT_STATE_SUCCEEDED");
  const auto shown = suite().Cli({"reports", "show", report.at("reportId")});
  ASSERT_OK(shown.status());
  EXPECT_EQ(shown->exit_code, 0);
  EXPECT_THAT(shown->out, HasSubstr(job.name));
  EXPECT_THAT(shown->out, HasSubstr("created INC"));
}

TEST_F(E2eTest, EveryProcessStopsCleanlyOnSigterm) {
  StartSuite();
  EXPECT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
  EXPECT_OK(suite().StopGateway("opcon"));
  EXPECT_OK(suite().StopGateway("snow"));
}

}  // namespace
}  // namespace opcon_snow::e2e
