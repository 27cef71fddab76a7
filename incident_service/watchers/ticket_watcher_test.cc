#include "incident_service/watchers/ticket_watcher.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/follow_policy.h"
#include "incident_service/workflow/workflow_fixture.h"

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

class TicketWatcherTest : public WorkflowTest {
 protected:
  TicketWatcherTest() {
    servicenow_.clock = &clock_;
    Sync([](::config::v1::StateSync&) {});
    watcher_ = MakeWatcher("one");
    // What was there before is taken for seen.
    EXPECT_OK(watcher_->Look());
  }

  // One template that watches, and what else `edit` says.
  template <class Edit>
  void Sync(Edit edit) {
    ::config::v1::Template config;
    config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
    edit(*config.mutable_state_sync());
    Configure(config);
  }
  void RestartOnResolve() {
    Sync([](::config::v1::StateSync& sync) {
      sync.set_restart_on_resolve(true);
    });
  }

  std::unique_ptr<TicketWatcher> MakeWatcher(const std::string& worker) {
    options_.worker = worker;
    return std::make_unique<TicketWatcher>(
        options_,
        TicketWatcherDependencies{.store = store_.get(),
                                  .opcon = &opcon_,
                                  .servicenow = &servicenow_,
                                  .templates = [this] { return templates_; },
                                  .clock = &clock_});
  }

  // kJob's failure gets its ticket.
  void OpenTicket() {
    Report("request-1");
    Drive();
    ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  }
  void Move(sn::IncidentState state, const std::string& user = "a.person") {
    clock_.Advance(absl::Seconds(1));
    servicenow_.SetState(&Incident(), state, user);
  }
  // The watcher looks, and what it finds is worked off.
  void Round() {
    clock_.Advance(absl::Seconds(30));
    EXPECT_OK(watcher_->Look());
    Drive();
  }
  void MoveAndFollow(sn::IncidentState state) {
    Move(state);
    Round();
  }

  // Reports of moves, oldest first.
  std::vector<v1::Report> Moves() {
    const auto page = store_->ListReports({}, "", 1000);
    EXPECT_OK(page.status());
    std::vector<v1::Report> moves;
    for (const v1::Report& report : page->reports) {
      if (report.has_ticket_change()) moves.push_back(report);
    }
    std::reverse(moves.begin(), moves.end());
    return moves;
  }
  // What the last move came to.
  v1::Step LastMove() {
    const std::vector<v1::Report> moves = Moves();
    return moves.empty() ? v1::Step() : moves.back().steps(0);
  }
  v1::TicketLink Link() {
    const auto link =
        store_->FindLink(MakeReport("any").event().job_key(), "prod");
    EXPECT_OK(link.status());
    return link.ok() && link->has_value() ? **link : v1::TicketLink();
  }

  TicketWatcherOptions options_;
  std::unique_ptr<TicketWatcher> watcher_;
};

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
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, VerifyLeavesItToTheRulesFirst) {
  Sync([](::config::v1::StateSync& sync) {
    sync.set_mode(::config::v1::STATE_SYNC_MODE_VERIFY);
  });
  OpenTicket();
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  opcon_.Mark(kJob, oc::JOB_CATEGORY_UNDER_REVIEW, "Under Review");
  Round();
  EXPECT_EQ(LastMove().state(), v1::STEP_STATE_SKIPPED);
  EXPECT_THAT(opcon_.actions, IsEmpty());
  // This time the rule does not get through.
  Move(sn::INCIDENT_STATE_RESOLVED);
  const absl::Time before = clock_.Now();
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kFixed));
  EXPECT_GE(clock_.Now() - before, absl::Minutes(20));
}

TEST_F(TicketWatcherTest, AFailureDoesNotWaitForAVerification) {
  Sync([](::config::v1::StateSync& sync) {
    sync.set_mode(::config::v1::STATE_SYNC_MODE_VERIFY);
  });
  OpenTicket();
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  const std::string id = Report("request-2");
  const auto claimed = store_->ClaimSteps({.limit = 10});
  ASSERT_THAT(*claimed, SizeIs(1));
  EXPECT_EQ((*claimed)[0].claim.report_id, id);
}

TEST_F(TicketWatcherTest, ServiceNowAwayForAWhileLosesNothing) {
  OpenTicket();
  servicenow_.failures.FailBefore("ListIncidents",
                                  absl::UnavailableError("asleep"), 2);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(watcher_->Look(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("prod")));
  EXPECT_THAT(watcher_->Look(), StatusIs(absl::StatusCode::kUnavailable));
  clock_.Advance(absl::Hours(10));
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, OneReplicaLooksAndTheOtherTakesOver) {
  OpenTicket();
  const std::unique_ptr<TicketWatcher> other = MakeWatcher("two");
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  const int calls = servicenow_.failures.calls("ListIncidents");
  EXPECT_OK(other->Look());
  EXPECT_EQ(servicenow_.failures.calls("ListIncidents"), calls);
  // The first is gone.
  clock_.Advance(absl::Minutes(3));
  EXPECT_OK(other->Look());
  // And comes back.
  EXPECT_OK(watcher_->Look());
  Drive();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
  EXPECT_THAT(Moves(), SizeIs(1));
}

TEST_F(TicketWatcherTest, AChangeThatShowsLateIsFound) {
  OpenTicket();
  const std::string other = servicenow_.Add("INC5", sn::INCIDENT_STATE_NEW);
  FakeIncident& ours = servicenow_.incidents.rbegin()->second;
  ASSERT_NE(ours.incident.number(), "INC5");
  Round();
  // A person's change of another ticket is seen...
  clock_.Advance(absl::Seconds(40));
  const absl::Time begun = clock_.Now();
  clock_.Advance(absl::Seconds(20));
  servicenow_.Touch(&servicenow_.incidents[other]);
  Round();
  // ...before one whose transaction had begun earlier.
  servicenow_.SetState(&ours, sn::INCIDENT_STATE_IN_PROGRESS);
  SetTime(begun, ours.incident.mutable_update_time());
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, ABurstIsNotReadForEver) {
  OpenTicket();
  Round();
  clock_.Advance(absl::Minutes(5));
  Round();
  EXPECT_NE(servicenow_.last_list.updated_since_sys_id(), "");
  const int calls = servicenow_.failures.calls("ListIncidents");
  Round();
  EXPECT_EQ(servicenow_.failures.calls("ListIncidents"), calls + 1);
}

TEST_F(TicketWatcherTest, ADeletedTicketIsNoticedOnceADay) {
  OpenTicket();
  servicenow_.incidents.clear();
  Round();
  EXPECT_FALSE(Link().gone());
  clock_.Advance(absl::Hours(24));
  Round();
  EXPECT_TRUE(Link().gone());
  EXPECT_THAT(Moves(), IsEmpty());
  // The next failure opens a new one, which is there.
  FailAgain();
  Report("request-2");
  Drive();
  EXPECT_FALSE(Link().gone());
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(TicketWatcherTest, AMoveThatLeftNoTimeIsFoundOnceADay) {
  OpenTicket();
  const auto stamp = Incident().incident.update_time();
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  *Incident().incident.mutable_update_time() = stamp;
  clock_.Advance(absl::Minutes(10));
  Round();
  Round();
  clock_.Advance(absl::Hours(24));
  Round();
  EXPECT_THAT(opcon_.actions, ElementsAre(kReview));
}

TEST_F(TicketWatcherTest, ATicketThatGoesOnForTheNextDayIsThatJobs) {
  ::config::v1::Template config;
  config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  config.mutable_reuse_within()->set_seconds(24 * 3600);
  Configure(config);
  OpenTicket();
  constexpr char kNextDay[] = "20260106|16|1|JOB001";
  opcon_.Define(kNextDay);
  clock_.Advance(absl::Hours(24));
  opcon_.Fail(kNextDay, clock_.Now());
  v1::Report report = MakeReport("request-2");
  report.mutable_event()->mutable_job_key()->mutable_schedule_date()->set_day(
      6);
  Store(report);
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, ElementsAre("markFixed 20260106|16|1|JOB001"));
}

// Many jobs whose tickets move at once.
class ManyTicketsTest : public TicketWatcherTest {
 protected:
  void OpenMany(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string name = absl::StrFormat("MANY%03d", i);
      const std::string id = "20260105|16|1|" + name;
      opcon_.Define(id);
      opcon_.Fail(id, clock_.Now());
      v1::Report report = MakeReport(name);
      report.mutable_event()->mutable_job_key()->set_job_name(name);
      Store(report);
    }
    Drive(count * 10);
  }

  // So many open tickets of jobs, as they stand long after.
  void KeepMany(int count) {
    std::atomic<int> stored{0};
    for (int i = 0; i < count; ++i) {
      v1::Report report = MakeReport(absl::StrCat("many-", i));
      report.mutable_event()->mutable_job_key()->set_job_name(
          absl::StrCat("MANY", i));
      store_->CreateReportAsync(
          {report, "digest", {v1::STEP_KIND_RESOLVE}, count + 1},
          [&](const auto& created) { stored += created.ok() ? 1 : 0; });
    }
    while (stored < count) std::this_thread::yield();
    const auto claimed = store_->ClaimSteps({.limit = count});
    ASSERT_OK(claimed.status());
    ASSERT_THAT(*claimed, SizeIs(count));
    for (const ClaimedStep& step : *claimed) {
      const std::string sys_id =
          servicenow_.Add(absl::StrCat("INC", step.claim.report_id),
                          sn::INCIDENT_STATE_IN_PROGRESS);
      const sn::Incident& incident = servicenow_.incidents[sys_id].incident;
      StepCommit commit = Succeeded(step, "");
      v1::TicketLink& link = commit.link.emplace();
      *link.mutable_job_key() = step.stored.report.event().job_key();
      link.mutable_ticket()->set_servicenow("prod");
      link.mutable_ticket()->set_sys_id(sys_id);
      link.mutable_ticket()->set_number(incident.number());
      link.set_ticket_state_value(incident.state_value());
      link.set_ticket_modification_count(incident.modification_count());
      commit.durable = false;
      ASSERT_OK(store_->Commit(commit));
    }
  }
};

TEST_F(ManyTicketsTest, TenThousandThatDoNotMoveCostOneQueryARound) {
  KeepMany(10000);
  // What has just been opened is looked at until its time is over.
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Minutes(5));
    EXPECT_OK(watcher_->Look());
  }
  const int calls = servicenow_.failures.calls("ListIncidents");
  const std::clock_t begun = std::clock();
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  const double cpu_ms =
      1000.0 * static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  EXPECT_EQ(servicenow_.failures.calls("ListIncidents"), calls + 1);
  EXPECT_NE(servicenow_.last_list.updated_since_sys_id(), "");
  EXPECT_THAT(Moves(), IsEmpty());
  // The fake's own search included; a figure, not a bound.
  RecordProperty("one_round_cpu_us", static_cast<int>(1000 * cpu_ms));
  // One of them moves.
  servicenow_.SetState(&servicenow_.incidents.rbegin()->second,
                       sn::INCIDENT_STATE_RESOLVED);
  Round();
  EXPECT_THAT(Moves(), SizeIs(1));
}

TEST_F(ManyTicketsTest, ARoundThatIsCutOffGoesOn) {
  options_.page_size = 3;
  options_.most_pages = 2;
  watcher_ = MakeWatcher("one");
  OpenMany(20);
  clock_.Advance(absl::Minutes(5));
  for (auto& [sys_id, incident] : servicenow_.incidents) {
    servicenow_.SetState(&incident, sn::INCIDENT_STATE_IN_PROGRESS);
  }
  for (int i = 0; i < 12; ++i) Round();
  EXPECT_THAT(opcon_.actions, SizeIs(20));
  std::sort(opcon_.actions.begin(), opcon_.actions.end());
  EXPECT_EQ(std::unique(opcon_.actions.begin(), opcon_.actions.end()),
            opcon_.actions.end());
}

// What FindTicketRun goes by when the ticket was opened without OpCon.
TEST(FollowPolicyTest, ARunThatIsNotKnownIsMarkedButNotRestarted) {
  v1::Failure provisional;
  provisional.set_provisional(true);
  provisional.add_tickets()->set_sys_id("aa");
  v1::TicketRef ticket;
  ticket.set_sys_id("aa");
  oc::DailyJob job;
  job.mutable_status()->set_category(oc::JOB_CATEGORY_FAILED);
  v1::Failure found;
  const TicketRun run = FindTicketRun({provisional}, ticket, job, &found);
  EXPECT_EQ(run, TicketRun::kUnknown);
  EXPECT_EQ(JudgeAction(oc::JOB_ACTION_KIND_MARK_FIXED, job, run).action,
            v1::SYNC_ACTION_MARKED_FIXED);
  EXPECT_EQ(JudgeAction(oc::JOB_ACTION_KIND_RESTART, job, run).action,
            v1::SYNC_ACTION_NOT_APPLICABLE);
}

}  // namespace
}  // namespace opcon_snow::incident
