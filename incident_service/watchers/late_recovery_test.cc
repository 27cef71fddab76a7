// What may have changed when the ticket is to be told, and what may fail then.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/watchers/recovery_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Everything may have changed between the look and the step.
class LateRecoveryTest : public RecoveryTest {
 protected:
  // Due, found, and not worked off.
  void Find() {
    OpenTicket();
    RunWell();
    clock_.Advance(absl::Minutes(10));
    ASSERT_OK(recovery_->Look());
    ASSERT_THAT(Recoveries(), SizeIs(1));
  }
  void ExpectLeftAlone(const std::string& why) {
    const int before = servicenow_.failures.calls("UpdateIncident");
    Drive();
    EXPECT_EQ(LastRecovery().state(), v1::STEP_STATE_SKIPPED);
    EXPECT_THAT(LastRecovery().outcome(), HasSubstr(why));
    EXPECT_EQ(servicenow_.failures.calls("UpdateIncident"), before);
  }
};

TEST_F(LateRecoveryTest, TheJobHasFailedAgain) {
  Find();
  FailAgain();
  ExpectLeftAlone("has failed again");
}

TEST_F(LateRecoveryTest, TheTicketTellsOfALaterFailureByThen) {
  OpenTicket();
  FailAgain();
  // Its report waits while the job becomes well already.
  Report("request-2");
  RunWell();
  clock_.Advance(absl::Minutes(10));
  ASSERT_OK(recovery_->Look());
  Drive();
  EXPECT_EQ(LastRecovery().state(), v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(LastRecovery().outcome(), HasSubstr("the ticket tells of it"));
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  // It is as well after that failure.
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

TEST_F(LateRecoveryTest, TheJobRunsAgain) {
  Find();
  opcon_.Start(kJob, clock_.Now());
  ExpectLeftAlone("Job Running");
  // That run ends well too, and is a recovery of its own.
  clock_.Advance(absl::Minutes(1));
  opcon_.Finish(kJob, clock_.Now());
  Rounds(10);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

TEST_F(LateRecoveryTest, TheJobHasRunWellOnceMore) {
  opcon_.keeps_job_number = true;
  Find();
  RunWell();
  ExpectLeftAlone("run again since");
}

TEST_F(LateRecoveryTest, APersonHasResolvedClosedOrCanceledTheTicket) {
  for (const sn::IncidentState state :
       {sn::INCIDENT_STATE_RESOLVED, sn::INCIDENT_STATE_CLOSED,
        sn::INCIDENT_STATE_CANCELED}) {
    servicenow_.incidents.clear();
    Tickets().clear();
    OpenStore();
    watcher_ = MakeWatcher("one");
    recovery_ = MakeRecoveryWatcher();
    FailAgain();
    Report(absl::StrCat("request of ", state));
    Drive();
    RunWell();
    clock_.Advance(absl::Minutes(10));
    ASSERT_OK(recovery_->Look());
    Move(state);
    ExpectLeftAlone("by now");
    EXPECT_EQ(State(), state);
  }
}

TEST_F(LateRecoveryTest, APersonResolvesTheTicketAtTheLastMoment) {
  Find();
  // After the step has looked, and before the gateway does.
  servicenow_.failures.script = [&](const std::string& rpc,
                                    FailurePlan::Moment moment) {
    if (rpc == "UpdateIncident" && moment == FailurePlan::Moment::kBefore) {
      servicenow_.SetState(&Incident(), sn::INCIDENT_STATE_CLOSED);
    }
    return absl::OkStatus();
  };
  Drive();
  EXPECT_EQ(LastRecovery().state(), v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(LastRecovery().outcome(),
              HasSubstr("moved the ticket meanwhile"));
  EXPECT_EQ(State(), sn::INCIDENT_STATE_CLOSED);
  EXPECT_THAT(Incident().work_notes, IsEmpty());
}

TEST_F(LateRecoveryTest, APersonHasReopenedTheTicket) {
  Find();
  Move(sn::INCIDENT_STATE_RESOLVED);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  ExpectLeftAlone("reopened");
}

TEST_F(LateRecoveryTest, TheTicketIsDeleted) {
  Find();
  servicenow_.incidents.clear();
  ExpectLeftAlone("not there any more");
}

TEST_F(LateRecoveryTest, AnOperatorHasPutAnotherTicketOnTheJob) {
  Find();
  Tickets()[0].set_ticket_id("INC0099999");
  ExpectLeftAlone("INC0099999");
}

TEST_F(LateRecoveryTest, APersonHasPutTheTicketOnAnotherJobToo) {
  OpenTicket();
  constexpr char kOther[] = "20260105|16|1|JOB002";
  opcon_.Define(kOther).tickets = Tickets();
  clock_.Advance(absl::Minutes(1));
  opcon_.Fail(kOther, clock_.Now());
  v1::Report report = MakeReport("request-2");
  report.mutable_event()->mutable_job_key()->set_job_name("JOB002");
  Store(report);
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  RunWell();
  clock_.Advance(absl::Minutes(10));
  ASSERT_OK(recovery_->Look());
  ASSERT_THAT(Recoveries(), SizeIs(1));
  ExpectLeftAlone("is the ticket of job 20260105|16|1|JOB002 too");
}

TEST_F(LateRecoveryTest, TheJobHasLeftTheDailyTables) {
  Find();
  opcon_.jobs.clear();
  ExpectLeftAlone("daily tables");
}

TEST_F(LateRecoveryTest, TheTemplateDoesNotSayItAnyMore) {
  Find();
  Recovery([](::config::v1::Recovery& recovery) {
    recovery.set_action(::config::v1::RECOVERY_ACTION_OFF);
  });
  ExpectLeftAlone("leaves tickets of jobs that are well again alone");
}

TEST_F(RecoveryTest, ServiceNowAwayWhenItIsToBeResolved) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  servicenow_.failures.FailBefore("GetIncident",
                                  absl::UnavailableError("asleep"), 3);
  servicenow_.failures.FailBefore("UpdateIncident",
                                  absl::UnavailableError("asleep"), 3);
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
}

TEST_F(RecoveryTest, ALostAnswerIsFoundOut) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  servicenow_.failures.LoseAnswer("UpdateIncident");
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(LastRecovery().state(), v1::STEP_STATE_SUCCEEDED);
  EXPECT_EQ(Incident().incident.modification_count(), 1);
  EXPECT_EQ(Link().ticket_state_value(), "6");
}

TEST_F(RecoveryTest, WhatWasReopenedAfterALostAnswerIsNotResolvedAgain) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  servicenow_.failures.LoseAnswer("UpdateIncident");
  ASSERT_OK(recovery_->Look());
  Drive(/*limit=*/1);
  ASSERT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  Drive();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(LastRecovery().outcome(), HasSubstr("reopened"));
}

TEST_F(RecoveryTest, ACloseCodeThatIsRefusedNeedsAPerson) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  servicenow_.failures.FailBefore(
      "UpdateIncident",
      MakeError(absl::StatusCode::kFailedPrecondition,
                "Resolution code must be one of the list",
                {.reason = "ABORTED_BY_BUSINESS_RULE", .domain = "fake"}));
  LookRound();
  const v1::Report stuck = Recoveries()[0];
  EXPECT_EQ(stuck.state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(stuck.error().message(),
              AllOf(HasSubstr("resolving INC0000001 with close_code \"Solution "
                              "provided\" (see recovery in its template)"),
                    HasSubstr("must be one of the list")));
  // Somebody mends the template.
  Recovery([](::config::v1::Recovery& recovery) {
    recovery.set_close_code("Solved");
  });
  EXPECT_OK(store_->RetryReport(stuck.report_id(), {.actor = "me"}).status());
  Drive();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(Incident().incident.close_code(), "Solved");
}

TEST_F(RecoveryTest, ARefusedRecoveryHoldsNoFailureUp) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  servicenow_.failures.FailBefore("UpdateIncident",
                                  absl::FailedPreconditionError("not by you"));
  LookRound();
  const std::string stuck = Recoveries()[0].report_id();
  ASSERT_EQ(Get(stuck).state(), v1::REPORT_STATE_DEAD_LETTER);
  FailAgain();
  const std::string id = Report("request-2");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  // By now there is nothing to resolve.
  EXPECT_OK(store_->RetryReport(stuck, {.actor = "me"}).status());
  Drive();
  EXPECT_EQ(Get(stuck).steps(0).state(), v1::STEP_STATE_SKIPPED);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
}

TEST_F(RecoveryTest, TheServiceIsRestartedInBetween) {
  OpenTicket();
  RunWell();
  Rounds(5);
  OpenStore();
  watcher_ = MakeWatcher("two");
  recovery_ = MakeRecoveryWatcher("two");
  Rounds(5);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(Recoveries(), SizeIs(1));
}

TEST_F(RecoveryTest, WhatAWatcherHasForgottenTheStoreKnows) {
  NoteOnly();
  OpenTicket();
  RunWell();
  Rounds(11);
  OpenStore();
  watcher_ = MakeWatcher("two");
  recovery_ = MakeRecoveryWatcher("two");
  Rounds(5);
  EXPECT_THAT(Recoveries(), SizeIs(1));
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
}

TEST_F(RecoveryTest, OneReplicaLooks) {
  OpenTicket();
  const std::unique_ptr<RecoveryWatcher> other = MakeRecoveryWatcher("two");
  EXPECT_OK(recovery_->Look());
  const int calls = opcon_.failures.calls("ListDailyJobs");
  EXPECT_OK(other->Look());
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), calls);
  // The first is away for a while.
  RunWell();
  clock_.Advance(absl::Minutes(10));
  EXPECT_OK(other->Look());
  EXPECT_OK(recovery_->Look());
  Drive();
  EXPECT_THAT(Recoveries(), SizeIs(1));
}

TEST_F(RecoveryTest, OpConAwayIsSaidAndLosesNothing) {
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  opcon_.failures.FailBefore("ListDailyJobs",
                             absl::UnavailableError("OpCon is down"));
  EXPECT_THAT(recovery_->Look(),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("production"), HasSubstr("down"))));
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

}  // namespace
}  // namespace opcon_snow::incident
