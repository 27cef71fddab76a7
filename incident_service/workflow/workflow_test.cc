// What a report's way looks like, and what failures on it do.

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(WorkflowTest, AFailureBecomesAnIncidentOnTheJobWithItsLog) {
  const std::string id = Report("request-1");
  Drive();
  const v1::Report report = Get(id);
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED) << report.summary();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  const sn::Incident& incident = servicenow_.incidents.begin()->second.incident;
  EXPECT_EQ(report.ticket().number(), incident.number());
  EXPECT_EQ(incident.correlation_id(),
            "opcon.example:9010,20260105|16|1|JOB001");
  EXPECT_EQ(incident.correlation_display(), "SMA_OPCON");
  EXPECT_THAT(incident.description(),
              HasSubstr(FailureMarker(report.failure_id())));
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_EQ(Tickets()[0].ticket_id(),
            absl::StrCat(incident.number(), "/", incident.sys_id()));
  EXPECT_EQ(Tickets()[0].ticket_url(), incident.url());
  ASSERT_THAT(servicenow_.files(), SizeIs(1));
  EXPECT_EQ(servicenow_.files()[0].content, "line 1\nline 2");
}

TEST_F(WorkflowTest, TwoReportsOfOneFailureMakeOneTicket) {
  const std::string first = Report("request-1");
  const std::string second = Report("request-2", v1::EVENT_KIND_MARKED_FAILED);
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_EQ(Get(second).state(), v1::REPORT_STATE_MERGED);
  EXPECT_EQ(Get(second).merged_into_report_id(), first);
  EXPECT_THAT(servicenow_.files(), SizeIs(1));
}

// Every RPC with an effect, its answer lost once: repeated, and there once.
TEST_F(WorkflowTest, LostAnswersDoubleNothing) {
  for (const char* rpc : {"CreateIncident", "UpdateIncident", "AttachFile"}) {
    servicenow_.failures.LoseAnswer(rpc);
  }
  for (const char* rpc : {"SetIncidentTicket", "AppendDocumentation"}) {
    opcon_.failures.LoseAnswer(rpc);
  }
  const std::string first = Report("request-1");
  Drive();
  EXPECT_EQ(Get(first).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_TRUE(servicenow_.last_create.may_exist());
  EXPECT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(servicenow_.files(), SizeIs(1));
  FailAgain();
  Report("request-2");
  Drive();
  EXPECT_THAT(servicenow_.work_notes(), SizeIs(1));
  EXPECT_THAT(servicenow_.files(), SizeIs(2));
  SetState(sn::INCIDENT_STATE_CLOSED);
  FailAgain();
  Report("request-3");
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
  EXPECT_THAT(Tickets(), SizeIs(1));
  const std::string& text = Job().job.documentation().job_text();
  EXPECT_EQ(text.find("Previous ticket"), text.rfind("Previous ticket"));
  EXPECT_THAT(text, HasSubstr("INC0000001 (closed), followed by INC0000002"));
}

TEST_F(WorkflowTest, ACrashBetweenAnyTwoStepsIsSurvived) {
  // The first attempt of each step is claimed and never finished.
  const std::string id = Report("request-1");
  int crashes = 0;
  while (true) {
    auto claimed = store_->ClaimSteps({.limit = 10});
    ASSERT_OK(claimed.status());
    if (claimed->empty()) break;
    // Even steps do their work first, so that only the record is lost.
    if (++crashes % 2 == 0) {
      EXPECT_OK(steps_->Run(claimed->front()).status());
    }
    OpenStore();
    Drive(1);
  }
  EXPECT_GE(crashes, 3);
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(servicenow_.files(), SizeIs(1));
}

TEST_F(WorkflowTest, AnUpstreamThatIsDownIsWaitedFor) {
  servicenow_.failures.FailBefore("CreateIncident",
                                  absl::UnavailableError("maintenance"), 50);
  const std::string id = Report("request-1");
  Drive(20);
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_WAITING);
  EXPECT_THAT(Get(id).summary(), HasSubstr("maintenance"));
  EXPECT_THAT(Tickets(), IsEmpty());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(WorkflowTest, AWrongTokenIsADeadLetterThatCanBeRetried) {
  opcon_.failures.FailBefore(
      "GetDailyJob", MakeError(absl::StatusCode::kFailedPrecondition,
                               "OpCon refused the token; mend opcon.token",
                               {.reason = "UPSTREAM_AUTHENTICATION_FAILED"}));
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(Get(id).summary(), HasSubstr("mend opcon.token"));
  ASSERT_OK(store_->RetryReport(id, {.actor = "me"}).status());
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(WorkflowTest, AWrongJobAndAnUnknownTemplateAreDeadLetters) {
  const std::string wrong_template =
      Report("request-1", v1::EVENT_KIND_JOB_FAILED, "none.json");
  Drive();
  EXPECT_EQ(Get(wrong_template).state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(Get(wrong_template).summary(),
              HasSubstr("no template \"none.json\"; known are basic.json"));
  opcon_.jobs.clear();
  const std::string wrong_job = Report("request-2");
  Drive();
  EXPECT_EQ(Get(wrong_job).state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
}

TEST_F(WorkflowTest, AJobLogThatCannotBeHadDoesNotHoldTheTicket) {
  opcon_.failures.FailBefore(
      "ListJobLogs",
      MakeError(absl::StatusCode::kFailedPrecondition, "agent broken"), 1000);
  const std::string id = Report("request-1");
  Drive();
  const v1::Report report = Get(id);
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(report.summary(), HasSubstr("agent broken"));
  EXPECT_THAT(Tickets(), SizeIs(1));
}

TEST_F(WorkflowTest, SeveralLogsAreAttachedUnderTheirOwnNames) {
  Job().logs.begin()->second["C:\\other.txt"] = "other";
  Report("request-1");
  Drive();
  ASSERT_THAT(servicenow_.files(), SizeIs(2));
  EXPECT_NE(servicenow_.files()[0].name, servicenow_.files()[1].name);
}

TEST_F(WorkflowTest, NoLogIsNoFault) {
  Job().logs.clear();
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Get(id).steps(3).state(), v1::STEP_STATE_SKIPPED);
}

struct ExistingCase {
  sn::IncidentState state;
  ::config::v1::ExistingTicketPolicy policy;
  bool replaced;
  sn::IncidentState after;
};

class ExistingTicketTest : public WorkflowTest,
                           public ::testing::WithParamInterface<ExistingCase> {
};

TEST_P(ExistingTicketTest, IsUpdatedReopenedOrReplaced) {
  ::config::v1::Template config;
  config.set_existing_ticket(GetParam().policy);
  Configure(config);
  Report("request-1");
  Drive();
  SetState(GetParam().state);
  FailAgain();
  const std::string id = Report("request-2");
  Drive();
  const v1::Report report = Get(id);
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED) << report.summary();
  ASSERT_THAT(servicenow_.incidents, SizeIs(GetParam().replaced ? 2 : 1));
  const sn::Incident& incident =
      servicenow_.incidents[report.ticket().sys_id()].incident;
  EXPECT_EQ(incident.state(), GetParam().after);
  // The description tells of the latest failure.
  EXPECT_THAT(incident.description(),
              HasSubstr(FailureMarker(report.failure_id())));
  EXPECT_THAT(servicenow_.work_notes(), SizeIs(GetParam().replaced ? 0 : 1));
  EXPECT_THAT(servicenow_.files(), SizeIs(2));
  ASSERT_THAT(Tickets(), SizeIs(1));
  EXPECT_THAT(Tickets()[0].ticket_id(), HasSubstr(incident.number()));
}

constexpr auto kReopen = ::config::v1::EXISTING_TICKET_POLICY_REOPEN;
constexpr auto kResolvedOnly =
    ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY;

INSTANTIATE_TEST_SUITE_P(
    AllStates, ExistingTicketTest,
    ::testing::Values(ExistingCase{sn::INCIDENT_STATE_NEW, kReopen, false,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_IN_PROGRESS, kReopen,
                                   false, sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_ON_HOLD, kReopen, false,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_RESOLVED, kReopen, false,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_CLOSED, kReopen, true,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_CANCELED, kReopen, true,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_NEW, kResolvedOnly, false,
                                   sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_IN_PROGRESS,
                                   kResolvedOnly, false,
                                   sn::INCIDENT_STATE_IN_PROGRESS},
                      ExistingCase{sn::INCIDENT_STATE_ON_HOLD, kResolvedOnly,
                                   false, sn::INCIDENT_STATE_ON_HOLD},
                      ExistingCase{sn::INCIDENT_STATE_RESOLVED, kResolvedOnly,
                                   false, sn::INCIDENT_STATE_IN_PROGRESS},
                      ExistingCase{sn::INCIDENT_STATE_CLOSED, kResolvedOnly,
                                   true, sn::INCIDENT_STATE_NEW},
                      ExistingCase{sn::INCIDENT_STATE_CANCELED, kResolvedOnly,
                                   true, sn::INCIDENT_STATE_NEW}));

TEST_F(WorkflowTest, ATicketThatIsGoneIsReplacedAndTheNewOneSaysSo) {
  Report("request-1");
  Drive();
  servicenow_.incidents.clear();
  FailAgain();
  const std::string id = Report("request-2");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_THAT(servicenow_.incidents.begin()->second.incident.description(),
              HasSubstr("Previous ticket: INC0000001 (no longer exists)"));
}

TEST_F(WorkflowTest, ATicketThatAPersonPutOnTheJobWins) {
  const std::string sys_id =
      servicenow_.Add("INC0099999", sn::INCIDENT_STATE_IN_PROGRESS);
  Tickets().emplace_back().set_ticket_id("INC0099999");
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).ticket().sys_id(), sys_id);
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_THAT(servicenow_.work_notes(), SizeIs(1));
}

TEST_F(WorkflowTest, AnEmptyFieldWithAnOpenTicketIsRestored) {
  Report("request-1");
  Drive();
  Tickets().clear();
  FailAgain();
  Report("request-2");
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_THAT(Tickets(), SizeIs(1));
}

TEST_F(WorkflowTest, ATicketThatClosesUnderOurHandsIsReplaced) {
  Report("request-1");
  Drive();
  FailAgain();
  const std::string id = Report("request-2");
  Drive(1);  // RESOLVE
  servicenow_.failures.FailBefore("UpdateIncident",
                                  absl::UnavailableError("down"));
  Drive(1);  // TICKET: decided to update, and could not
  SetState(sn::INCIDENT_STATE_CLOSED);
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
}

TEST_F(WorkflowTest, RecoveryIsNotedOnTheOpenTicketAndOpensNone) {
  const std::string early = Report("request-0", v1::EVENT_KIND_RECOVERED);
  Drive();
  EXPECT_EQ(Get(early).state(), v1::REPORT_STATE_SUPPRESSED);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
  Report("request-1");
  Drive();
  clock_.Advance(absl::Minutes(1));
  opcon_.Finish(kJob, clock_.Now());
  const std::string recovered = Report("request-2", v1::EVENT_KIND_RECOVERED);
  Drive();
  EXPECT_EQ(Get(recovered).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.work_notes(),
              ElementsAre(HasSubstr("JOB001 recovered")));
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

}  // namespace
}  // namespace opcon_snow::incident
