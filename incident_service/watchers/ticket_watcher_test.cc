#include "incident_service/watchers/ticket_watcher.h"

#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/times.h"
#include "incident_service/watchers/ticket_watcher_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kReview[] = "markUnderReview 20260105|16|1|JOB001";
constexpr char kFixed[] = "markFixed 20260105|16|1|JOB001";
constexpr char kRestart[] = "restart 20260105|16|1|JOB001";
constexpr char kCancel[] = "cancel 20260105|16|1|JOB001";
constexpr char kOwnUser[] = "opcon.integration";

absl::Status LostInTheDark() {
  return MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer came");
}

TEST_F(TicketWatcherTest, EachMoveActsOnce) {
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
  const std::vector<v1::Report> moves = Moves();
  ASSERT_THAT(moves, SizeIs(1));
  EXPECT_EQ(moves[0].state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(moves[0].ticket_change().from_state_value(), "1");
  EXPECT_EQ(moves[0].ticket_change().changed_by(), "a.person");
  EXPECT_THAT(moves[0].summary(), HasSubstr("marked Under Review"));
  // Comments, and looks that find the same again.
  for (int i = 0; i < 3; ++i) {
    servicenow_.Touch(&Incident());
    Round();
  }
  EXPECT_THAT(opcon_.actions, SizeIs(1));
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview, kFixed));
  for (int i = 0; i < 10; ++i) Round();
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  // Each is told with its reason.
  const auto audit = store_->ListAudit({}, "", 1);
  ASSERT_OK(audit.status());
  EXPECT_EQ(audit->records[0].action(), "opcon.SubmitJobAction");
  EXPECT_THAT(audit->records[0].reason(), HasSubstr("resolved (a.person)"));
}

TEST_F(TicketWatcherTest, StraightFromNewToResolvedOrCanceled) {
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
  FailAgain();
  Report("request-2");
  Drive();
  MoveAndFollow(sn::INCIDENT_STATE_CANCELED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed, kCancel));
}

TEST_F(TicketWatcherTest, OtherStatesMeanNothing) {
  OpenTicket();
  for (const sn::IncidentState state :
       {sn::INCIDENT_STATE_ON_HOLD, sn::INCIDENT_STATE_NEW,
        sn::INCIDENT_STATE_CLOSED}) {
    MoveAndFollow(state);
  }
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_THAT(Moves(), IsEmpty());
}

TEST_F(TicketWatcherTest, OnlyTheFinalStateOfTwoQuickMovesCounts) {
  OpenTicket();
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  Move(sn::INCIDENT_STATE_RESOLVED);
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
}

TEST_F(TicketWatcherTest, AMoveThatIsOvertakenIsLeftToTheNextOne) {
  OpenTicket();
  opcon_.failures.FailBefore("GetDailyJob",
                             absl::UnavailableError("OpCon is down"), 1000);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  Drive(/*limit=*/3);
  Move(sn::INCIDENT_STATE_RESOLVED);
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  opcon_.failures.FailBefore("GetDailyJob", absl::OkStatus(), 0);
  Drive();
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
  EXPECT_THAT(Moves()[0].steps(0).outcome(), HasSubstr("moved on"));
}

TEST_F(TicketWatcherTest, AMoveBeforeWeKnowOfTheTicketIsFollowed) {
  servicenow_.failures.LoseAnswer("CreateIncident");
  Report("request-1");
  Drive(/*limit=*/2);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  Drive();
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, AMoveBeforeWeKnowOfOurUpdateIsFollowed) {
  ::config::v1::Template config;
  config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  config.set_existing_ticket(
      ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
  Configure(config);
  OpenTicket();
  FailAgain();
  Report("request-2");
  servicenow_.failures.LoseAnswer("UpdateIncident");
  Drive(/*limit=*/2);
  Move(sn::INCIDENT_STATE_RESOLVED);
  Drive();
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
}

TEST_F(TicketWatcherTest, MovesOfOurOwnUserTriggerNothing) {
  OpenTicket();
  Move(sn::INCIDENT_STATE_RESOLVED, kOwnUser);
  Round();
  EXPECT_THAT(Moves(), IsEmpty());
  // They are seen all the same: moving it back and forth is a person's doing.
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, OurReopeningIsSeenWithoutKnowingOurUser) {
  servicenow_.integration_user = "";
  ::config::v1::Template config;
  config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  config.set_reopen_state(::config::v1::REOPEN_STATE_IN_PROGRESS);
  Configure(config);
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  FailAgain();
  Report("request-2");
  Drive();
  EXPECT_EQ(Incident().incident.state(), sn::INCIDENT_STATE_IN_PROGRESS);
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
}

TEST_F(TicketWatcherTest, AMoveUnderAWorkNoteOfOursIsAPersons) {
  OpenTicket();
  opcon_.Finish(kJob, clock_.Now());
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  Report("request-2", v1::EVENT_KIND_RECOVERED);
  Drive();
  ASSERT_THAT(Incident().work_notes, SizeIs(1));
  EXPECT_EQ(Incident().incident.updated_by(), kOwnUser);
  Round();
  ASSERT_THAT(Moves(), SizeIs(1));
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(opcon_.actions, IsEmpty());
}

TEST_F(TicketWatcherTest, WhatAnOperatorDidStands) {
  OpenTicket();
  opcon_.Mark(kJob, oc::JOB_CATEGORY_UNDER_REVIEW, "Under Review");
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(LastMove().outcome(), HasSubstr("already"));
  opcon_.Mark(kJob, oc::JOB_CATEGORY_FINISHED_OK, "Marked Finished OK");
  MoveAndFollow(sn::INCIDENT_STATE_CANCELED);
  EXPECT_THAT(LastMove().outcome(), HasSubstr("Marked Finished OK"));
  EXPECT_THAT(opcon_.actions, IsEmpty());
}

TEST_F(TicketWatcherTest, ALaterRunIsNotTheTickets) {
  for (const bool keeps_number : {false, true}) {
    opcon_.keeps_job_number = keeps_number;
    OpenStore();
    watcher_ = MakeWatcher("one");
    if (servicenow_.incidents.empty()) OpenTicket();
    // Nobody has reported that it failed again.
    FailAgain();
    MoveAndFollow(keeps_number ? sn::INCIDENT_STATE_RESOLVED
                               : sn::INCIDENT_STATE_IN_PROGRESS);
    EXPECT_THAT(LastMove().outcome(), HasSubstr("run again"));
  }
  EXPECT_THAT(opcon_.actions, IsEmpty());
}

TEST_F(TicketWatcherTest, ARecoveredJobIsNotRestarted) {
  RestartOnResolve();
  OpenTicket();
  clock_.Advance(absl::Minutes(1));
  opcon_.Finish(kJob, clock_.Now());
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
}

TEST_F(TicketWatcherTest, RestartsARunOnce) {
  RestartOnResolve();
  OpenTicket();
  // The number stays, and the restarted job has not ended: the worst case.
  opcon_.keeps_job_number = true;
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  MoveAndFollow(sn::INCIDENT_STATE_NEW);
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  // An operator undoes it: the same run, as far as OpCon tells.
  opcon_.Mark(kJob, oc::JOB_CATEGORY_FAILED, "Marked Failed");
  MoveAndFollow(sn::INCIDENT_STATE_NEW);
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kRestart));
  EXPECT_THAT(LastMove().outcome(), HasSubstr("on behalf of report"));
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
}

TEST_F(TicketWatcherTest, TwoDestinationsRestartARunOnce) {
  servicenow_.instances = {"prod", "test"};
  std::vector<::config::v1::Template> configs(2);
  for (int i = 0; i < 2; ++i) {
    configs[i].set_name(i == 0 ? "basic.json" : "other.json");
    configs[i].set_servicenow(servicenow_.instances[i]);
    configs[i].mutable_state_sync()->set_mode(
        ::config::v1::STATE_SYNC_MODE_WATCH);
    configs[i].mutable_state_sync()->set_restart_on_resolve(true);
  }
  Configure(configs);
  EXPECT_OK(watcher_->Look());
  Report("request-1");
  Report("request-2", v1::EVENT_KIND_JOB_FAILED, "other.json");
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(2));
  // The first restart gets lost before OpCon: nobody can know.
  opcon_.failures.FailBefore("SubmitJobAction", LostInTheDark());
  clock_.Advance(absl::Seconds(1));
  SetState(sn::INCIDENT_STATE_RESOLVED);
  Round();
  EXPECT_THAT(Moves(), SizeIs(2));
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(opcon_.failures.calls("SubmitJobAction"), 1);
}

TEST_F(TicketWatcherTest, ALostAnswerIsFoundOutAtTheJob) {
  RestartOnResolve();
  OpenTicket();
  opcon_.failures.LoseAnswer("SubmitJobAction");
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SUCCEEDED);
  EXPECT_THAT(LastMove().outcome(), HasSubstr("earlier attempt"));
  opcon_.failures.LoseAnswer("SubmitJobAction");
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SUCCEEDED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview, kRestart));
}

TEST_F(TicketWatcherTest, AMarkingThatGotLostIsSentAgainAfterAWhile) {
  OpenTicket();
  opcon_.failures.FailBefore("SubmitJobAction", LostInTheDark());
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  const absl::Time before = clock_.Now();
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
  EXPECT_GE(clock_.Now() - before, absl::Seconds(60));
}

TEST_F(TicketWatcherTest, ARestartThatGotLostNeedsAPerson) {
  RestartOnResolve();
  OpenTicket();
  opcon_.failures.FailBefore("SubmitJobAction", LostInTheDark());
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  const v1::Report stuck = Moves().back();
  EXPECT_EQ(stuck.state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(stuck.error().message(), HasSubstr("not sent again by itself"));
  for (int i = 0; i < 5; ++i) Round();
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_OK(store_->RetryReport(stuck.report_id(), {.actor = "me"}).status());
  Drive();
  EXPECT_THAT(opcon_.actions, ElementsAre(kRestart));
  EXPECT_EQ(Get(stuck.report_id()).state(), v1::REPORT_STATE_SUCCEEDED);
}

TEST_F(TicketWatcherTest, ACrashBeforeTheRestartIsAnOutcomeUnknown) {
  RestartOnResolve();
  OpenTicket();
  Move(sn::INCIDENT_STATE_RESOLVED);
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  const auto claimed = store_->ClaimSteps({.limit = 1});
  ASSERT_THAT(*claimed, SizeIs(1));
  // The plan is stored; then the process dies.
  StepCommit plan;
  plan.claim = (*claimed)[0].claim;
  plan.step = (*claimed)[0].step;
  plan.memo = (*claimed)[0].stored.memo;
  plan.memo->mutable_follow()->set_kind(oc::JOB_ACTION_KIND_RESTART);
  plan.memo->mutable_follow()->set_job_number(Job().job.job_number());
  *plan.memo->mutable_follow()->mutable_run_end_time() = Job().job.end_time();
  SetTime(clock_.Now(), plan.memo->mutable_follow()->mutable_send_time());
  ASSERT_OK(store_->Commit(plan));
  OpenStore();
  Drive();
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(Moves()[0].state(), v1::REPORT_STATE_DEAD_LETTER);
  // The audit tells of the attempt that was cut off.
  const auto audit =
      store_->ListAudit({.report_id = Moves()[0].report_id()}, "", 10);
  ASSERT_OK(audit.status());
  ASSERT_THAT(audit->records, SizeIs(1));
  EXPECT_EQ(audit->records[0].action(), "opcon.SubmitJobAction");
}

TEST_F(TicketWatcherTest, ADeathWhileTheRestartIsSentIsOneToo) {
  RestartOnResolve();
  OpenTicket();
  Move(sn::INCIDENT_STATE_RESOLVED);
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  const auto claimed = store_->ClaimSteps({.limit = 1});
  ASSERT_THAT(*claimed, SizeIs(1));
  // In the place of SIGKILL.
  opcon_.failures.script = [](const std::string& rpc, FailurePlan::Moment) {
    if (rpc == "SubmitJobAction") throw rpc;
    return absl::OkStatus();
  };
  EXPECT_ANY_THROW(static_cast<void>(steps_->Run((*claimed)[0])));
  opcon_.failures.script = nullptr;
  OpenStore();
  Drive();
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(Moves()[0].state(), v1::REPORT_STATE_DEAD_LETTER);
}

TEST_F(TicketWatcherTest, WhatWasReadBeforeOurOwnUpdateIsNoMove) {
  ::config::v1::Template config;
  config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  config.set_existing_ticket(
      ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
  Configure(config);
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  ASSERT_THAT(Moves(), SizeIs(1));
  const sn::Incident before = Incident().incident;
  // Soon enough for the next look to reach back behind it.
  clock_.Advance(absl::Seconds(5));
  opcon_.Fail(kJob, clock_.Now());
  Report("request-2");
  Drive();
  ASSERT_EQ(Link().ticket_state_value(), "2");
  const sn::Incident after = std::exchange(Incident().incident, before);
  EXPECT_OK(watcher_->Look());
  Incident().incident = after;
  EXPECT_THAT(Moves(), SizeIs(1));
  EXPECT_EQ(Link().ticket_state_value(), "2");
}

TEST_F(TicketWatcherTest, ARefusalNeedsAPerson) {
  OpenTicket();
  opcon_.refusal = "You may not do that";
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_EQ(Moves()[0].state(), v1::REPORT_STATE_DEAD_LETTER);
  EXPECT_THAT(Moves()[0].error().message(), HasSubstr("You may not do that"));
  EXPECT_THAT(opcon_.actions, SizeIs(1));
}

TEST_F(TicketWatcherTest, AJobThatChangesAtTheLastMomentIsLeftAlone) {
  OpenTicket();
  opcon_.before_action = [&] { opcon_.Start(kJob, clock_.Now()); };
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
}

TEST_F(TicketWatcherTest, AnotherTicketOnTheJobWins) {
  OpenTicket();
  Tickets()[0].set_ticket_id("INC0099999");
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_THAT(LastMove().outcome(), HasSubstr("INC0099999"));
}

TEST_F(TicketWatcherTest, WithoutTheJobThereIsNothingToDo) {
  OpenTicket();
  opcon_.jobs.clear();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(LastMove().outcome(), HasSubstr("daily tables"));
}

TEST_F(TicketWatcherTest, WhatEachStateMeansIsConfigured) {
  Sync([](::config::v1::StateSync& sync) {
    sync.set_on_in_progress(::config::v1::JOB_FOLLOW_ACTION_NONE);
    sync.set_on_canceled(::config::v1::JOB_FOLLOW_ACTION_MARK_FIXED);
  });
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(Moves(), IsEmpty());
  MoveAndFollow(sn::INCIDENT_STATE_CANCELED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
}

TEST_F(TicketWatcherTest, AFailureUnderATicketInProgressMarksTheJobAgain) {
  // The job is left to the person who works on the ticket.
  ::config::v1::Template config;
  ::config::v1::StateSync& sync = *config.mutable_state_sync();
  sync.set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  sync.set_on_failure_in_progress(
      ::config::v1::JOB_FOLLOW_ACTION_MARK_UNDER_REVIEW);
  config.set_existing_ticket(
      ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
  Configure(config);
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  ASSERT_THAT(opcon_.actions, SizeIs(1));
  FailAgain();
  std::string id = Report("request-2");
  Drive();
  EXPECT_EQ(Incident().incident.state(), sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  EXPECT_EQ(Job().job.status().category(), oc::JOB_CATEGORY_UNDER_REVIEW);
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_FOLLOW_TICKET).outcome(),
            "marked Under Review");
  // Another report of the same failure marks nothing.
  Report("request-3");
  Drive();
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  // What an operator did right after the failure stands.
  FailAgain();
  opcon_.Mark(kJob, oc::JOB_CATEGORY_FIXED, "Fixed");
  id = Report("request-4");
  Drive();
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  EXPECT_THAT(GetStep(id, v1::STEP_KIND_FOLLOW_TICKET).outcome(),
              HasSubstr("which stands"));
  // A job that was restarted by then is not touched.
  FailAgain();
  opcon_.before_action = [&] { opcon_.Start(kJob, clock_.Now()); };
  id = Report("request-5");
  Drive();
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_FOLLOW_TICKET).state(),
            v1::STEP_STATE_SKIPPED);
  // A ticket that nobody works on marks nothing.
  MoveAndFollow(sn::INCIDENT_STATE_ON_HOLD);
  FailAgain();
  id = Report("request-6");
  Drive();
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_FOLLOW_TICKET).kind(),
            v1::STEP_KIND_UNSPECIFIED);
  EXPECT_THAT(opcon_.actions, SizeIs(2));
}

TEST_F(TicketWatcherTest, SwitchingItOnTakesWhatIsThereForSeen) {
  Configure(::config::v1::Template());
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(servicenow_.failures.calls("ListIncidents"), 1);
  // Long after.
  clock_.Advance(absl::Hours(24 * 30));
  Sync([](::config::v1::StateSync&) {});
  Round();
  EXPECT_THAT(Moves(), IsEmpty());
  EXPECT_EQ(Link().ticket_state_value(), "6");
  // Nor is read what has changed in all that time.
  EXPECT_GE(ToTime(servicenow_.last_list.updated_since_time()),
            clock_.Now() - absl::Hours(2));
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

}  // namespace
}  // namespace opcon_snow::incident
