// incident_service killed at every place where a crash could lose or double
// something, and started again. What is there in the end is counted in the
// upstreams' own tables and request logs.

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string ProgramWithFailpoints() {
  return absl::StrCat(std::getenv("TEST_SRCDIR"),
                      "/opcon_snow/tests/e2e/incident_service_with_failpoints");
}

// Before and after each.
std::vector<std::string> BothSides(const std::vector<std::string>& names) {
  std::vector<std::string> failpoints;
  for (const std::string& name : names) {
    failpoints.push_back(name + ".before");
    failpoints.push_back(name + ".after");
  }
  return failpoints;
}

class KillTest : public E2eTest {
 protected:
  void StartWithFailpoints(std::vector<std::string> snow_sandbox_flags = {},
                           std::vector<std::string> opcon_sandbox_flags = {}) {
    harness::SuiteOptions options = Options();
    options.programs.incident_service = ProgramWithFailpoints();
    options.snow_sandbox_flags = std::move(snow_sandbox_flags);
    options.opcon_sandbox_flags = std::move(opcon_sandbox_flags);
    StartSuite(options);
  }

  // From now on it dies at the failpoint.
  void Arm(const std::string& failpoint) {
    ASSERT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
    ASSERT_OK(suite().RestartIncidentService(
        {{"INCIDENT_SERVICE_FAILPOINT", failpoint}}));
  }

  void AwaitDeath() {
    const auto died = suite().incident_service()->Wait();
    ASSERT_OK(died.status()) << "nothing passes the failpoint";
    ASSERT_EQ(*died, 128 + 9);
  }

  // Reports, waits for the death and for what comes after it.
  void ReportAndSurvive(const harness::Job& job) {
    Report(job);
    AwaitDeath();
    if (HasFatalFailure()) return;
    ASSERT_OK(suite().RestartIncidentService({}));
    // What was not acknowledged is in the spool.
    const auto flushed = suite().Cli({"spool", "flush"});
    ASSERT_OK(flushed.status());
    ASSERT_EQ(flushed->exit_code, 0) << flushed->err;
    AwaitNewest("REPORT_STATE_SUCCEEDED");
  }

  // How many requests of the method for this path the sandbox took.
  int Taken(const harness::HttpPeer& upstream, const std::string& method,
            const std::string& prefix) {
    const auto requests = harness::Requests(upstream);
    EXPECT_OK(requests.status());
    int taken = 0;
    for (const auto& request : harness::RequestsTo(*requests, method, prefix)) {
      if (request.value("status", 0) / 100 == 2) ++taken;
    }
    return taken;
  }

  void Refail(const harness::Job& job, const std::string& log) {
    ASSERT_OK(harness::FailJobAgain(suite(), job, "0000000005", log));
  }

  std::string SysId(const harness::Job& job) {
    const auto incidents = harness::FindIncidents(suite(), job);
    EXPECT_OK(incidents.status());
    return incidents->empty() ? "" : incidents->back().value("sys_id", "");
  }
};

TEST_F(KillTest, AFirstFailureIsAppliedOnce) {
  StartWithFailpoints();
  for (const std::string& failpoint : BothSides(
           {"commit.REPORT", "call.ListInstances", "call.GetDailyJob",
            "commit.OWN", "commit.RESOLVE", "call.GetIncidentTickets",
            "commit.PLAN", "call.CreateIncident", "commit.TICKET",
            "call.SetIncidentTicket", "commit.WRITE_BACK", "call.ListJobLogs",
            "call.ReadJobLog", "call.AttachFile", "commit.ATTACH_LOG"})) {
    SCOPED_TRACE(failpoint);
    Arm(failpoint);
    const std::string log = harness::RandomLog();
    const harness::Job job = FailedJob(log);
    const int created =
        Taken(suite().servicenow(), "POST", "/api/now/v2/table/incident");
    ReportAndSurvive(job);
    ExpectAppliedOnce(job, log);
    EXPECT_THAT(harness::FindWorkNotes(suite(), SysId(job)),
                IsOkAndHolds(SizeIs(0)));
    EXPECT_EQ(Taken(suite().servicenow(), "POST", "/api/now/v2/table/incident"),
              created + 1);
    if (HasFailure()) return;
  }
}

TEST_F(KillTest, AFailureOfAJobWithATicketIsAppliedOnce) {
  StartWithFailpoints();
  for (const std::string& failpoint :
       BothSides({"call.GetIncidentTickets", "call.GetIncident", "commit.PLAN",
                  "call.UpdateIncident", "commit.TICKET",
                  "call.SetIncidentTicket", "call.AttachFile"})) {
    SCOPED_TRACE(failpoint);
    const harness::Job job = FailedJob("first\n");
    Report(job);
    AwaitNewest("REPORT_STATE_SUCCEEDED");
    Arm(failpoint);
    Refail(job, "second\n");
    ReportAndSurvive(job);
    const std::string sys_id = SysId(job);
    EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::FindWorkNotes(suite(), sys_id),
                IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::FindAttachments(suite(), sys_id),
                IsOkAndHolds(SizeIs(2)));
    EXPECT_THAT(harness::GetTickets(suite(), job), IsOkAndHolds(SizeIs(1)));
    if (HasFailure()) return;
  }
}

// Between the update and its record a person closes the ticket: the work note,
// and not the state, tells that the update was made.
TEST_F(KillTest, AnUpdateThatAPersonClosedAfterwardsIsNotRepeated) {
  StartWithFailpoints();
  for (const std::string& failpoint : BothSides({"call.ListJournalEntries"})) {
    SCOPED_TRACE(failpoint);
    const harness::Job job = FailedJob("first\n");
    Report(job);
    AwaitNewest("REPORT_STATE_SUCCEEDED");
    Arm("call.UpdateIncident.after");
    Refail(job, "second\n");
    Report(job);
    AwaitDeath();
    const std::string sys_id = SysId(job);
    ASSERT_OK(harness::SetIncidentState(suite(), sys_id, "7"));
    // Without the gateway it lives until it has started.
    ASSERT_OK(suite().StopGateway("snow"));
    ASSERT_OK(suite().RestartIncidentService(
        {{"INCIDENT_SERVICE_FAILPOINT", failpoint}}));
    ASSERT_OK(suite().StartGateway("snow"));
    AwaitDeath();
    ASSERT_OK(suite().RestartIncidentService({}));
    AwaitNewest("REPORT_STATE_SUCCEEDED");
    EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::FindWorkNotes(suite(), sys_id),
                IsOkAndHolds(SizeIs(1)));
    const auto incident = harness::GetIncident(suite(), sys_id);
    ASSERT_OK(incident.status());
    EXPECT_EQ(incident->at("state"), "7");
    if (HasFailure()) return;
  }
}

TEST_F(KillTest, AClosedTicketIsReplacedOnce) {
  StartWithFailpoints();
  for (const std::string& failpoint :
       BothSides({"call.GetIncident", "commit.PLAN", "call.CreateIncident",
                  "commit.TICKET", "call.SetIncidentTicket",
                  "call.AppendDocumentation", "commit.DOCUMENT"})) {
    SCOPED_TRACE(failpoint);
    const harness::Job job = FailedJob("first\n");
    Report(job);
    AwaitNewest("REPORT_STATE_SUCCEEDED");
    const std::string first = SysId(job);
    const auto before = harness::GetIncident(suite(), first);
    ASSERT_OK(before.status());
    ASSERT_OK(harness::SetIncidentState(suite(), first, "7"));
    Arm(failpoint);
    Refail(job, "second\n");
    ReportAndSurvive(job);
    EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(2)));
    const auto text = harness::GetDocumentation(suite(), job);
    ASSERT_OK(text.status());
    const std::vector<std::string> around =
        absl::StrSplit(*text, before->at("number").get<std::string>());
    EXPECT_THAT(around, SizeIs(2)) << *text;
    EXPECT_THAT(harness::FindAttachments(suite(), first),
                IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::GetTickets(suite(), job), IsOkAndHolds(SizeIs(1)));
    if (HasFailure()) return;
  }
}

// The run that was reported is found in the job's history, whether or not a
// restart changes its number.
class KillAfterRestartTest : public KillTest,
                             public ::testing::WithParamInterface<const char*> {
};

TEST_P(KillAfterRestartTest, TheRunThatFailedIsAppliedOnce) {
  StartWithFailpoints({}, {"--job-number-on-restart", GetParam()});
  for (const std::string& failpoint :
       BothSides({"call.ListJobHistory", "commit.OWN", "commit.RESOLVE",
                  "call.CreateIncident"})) {
    SCOPED_TRACE(failpoint);
    Arm(failpoint);
    const harness::Job job = FailedJob("log\n");
    ASSERT_OK(harness::StartJob(suite(), job));
    ReportAndSurvive(job);
    EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::GetTickets(suite(), job), IsOkAndHolds(SizeIs(1)));
    // The same failure, told once more, and the run after it.
    Report(job);
    AwaitNewest("REPORT_STATE_MERGED");
    ASSERT_OK(harness::FailJob(suite(), job, "0000000005", "next\n"));
    Report(job);
    AwaitNewest("REPORT_STATE_SUCCEEDED");
    EXPECT_THAT(harness::FindIncidents(suite(), job), IsOkAndHolds(SizeIs(1)));
    EXPECT_THAT(harness::FindWorkNotes(suite(), SysId(job)),
                IsOkAndHolds(SizeIs(1)));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(BothNumberings, KillAfterRestartTest,
                         ::testing::Values("new", "same"));

// An instance that ignores the ids that clients choose leaves only the text
// to find the incident by.
TEST_F(KillTest, AlsoWhereTheInstanceIgnoresChosenIds) {
  StartWithFailpoints({"--client-sys-id", "ignore"});
  for (const std::string& failpoint : BothSides({"call.CreateIncident"})) {
    SCOPED_TRACE(failpoint);
    Arm(failpoint);
    const harness::Job job = FailedJob("log\n");
    ReportAndSurvive(job);
    ExpectAppliedOnce(job, "log\n");
  }
}

}  // namespace
}  // namespace opcon_snow::e2e
