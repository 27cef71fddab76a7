#include "incident_service/watchers/recovery_watcher.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/times.h"
#include "incident_service/watchers/ticket_watcher_fixture.h"
#include "incident_service/workflow/recovery_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
namespace sn = ::servicenow::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRestart[] = "restart 20260105|16|1|JOB001";

// Tickets are resolved once their job has been well for ten minutes, and people's
// moves restart it: whatever could go round in a circle is switched on.
class RecoveryTest : public TicketWatcherTest {
 protected:
  RecoveryTest() {
    Recovery([](::config::v1::Recovery&) {});
    recovery_ = MakeRecoveryWatcher();
  }

  template <class Edit>
  void Recovery(Edit edit) {
    ::config::v1::Template config;
    config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
    config.mutable_state_sync()->set_restart_on_resolve(true);
    config.mutable_recovery()->set_action(
        ::config::v1::RECOVERY_ACTION_RESOLVE);
    config.mutable_recovery()->set_close_code("Solution provided");
    edit(*config.mutable_recovery());
    Configure(config);
  }
  void NoteOnly() {
    Recovery([](::config::v1::Recovery& recovery) {
      recovery.set_action(::config::v1::RECOVERY_ACTION_WORK_NOTE);
    });
  }

  std::unique_ptr<RecoveryWatcher> MakeRecoveryWatcher(
      const std::string& worker = "one") {
    recovery_options_.worker = worker;
    return std::make_unique<RecoveryWatcher>(
        recovery_options_,
        RecoveryWatcherDependencies{.store = store_.get(),
                                    .opcon = &opcon_,
                                    .templates = [this] { return templates_; },
                                    .clock = &clock_});
  }

  // A minute passes, both watchers look, and what they found is worked off.
  void LookRound() {
    clock_.Advance(absl::Minutes(1));
    EXPECT_OK(recovery_->Look());
    Drive();
    EXPECT_OK(watcher_->Look());
    Drive();
  }
  void Rounds(int count) {
    for (int i = 0; i < count; ++i) LookRound();
  }
  // The job runs again, and well.
  void RunWell() {
    clock_.Advance(absl::Minutes(1));
    opcon_.Finish(kJob, clock_.Now());
  }
  sn::IncidentState State() { return Incident().incident.state(); }

  // Newest first.
  std::vector<v1::Report> Recoveries() {
    const auto page = store_->ListReports({}, "", 1000);
    EXPECT_OK(page.status());
    std::vector<v1::Report> recoveries;
    for (const v1::Report& report : page->reports) {
      if (report.has_job_recovery()) recoveries.push_back(report);
    }
    return recoveries;
  }
  // What the newest came to.
  v1::Step LastRecovery() {
    const std::vector<v1::Report> recoveries = Recoveries();
    return recoveries.empty() ? v1::Step() : recoveries.front().steps(0);
  }

  RecoveryWatcherOptions recovery_options_;
  std::unique_ptr<RecoveryWatcher> recovery_;
};

TEST_F(RecoveryTest, TheTicketOfAJobThatIsWellForLongEnoughIsResolvedOnce) {
  OpenTicket();
  RunWell();
  Rounds(9);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(Recoveries(), IsEmpty());
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(Incident().incident.close_code(), "Solution provided");
  EXPECT_THAT(Incident().incident.close_notes(),
              AllOf(HasSubstr("JOB001 finished OK on"), HasSubstr("run 49896")));
  EXPECT_THAT(Incident().work_notes, ElementsAre(HasSubstr("recovered on")));
  ASSERT_THAT(Recoveries(), SizeIs(1));
  EXPECT_THAT(Recoveries()[0].summary(), HasSubstr("resolved INC0000001"));
  Rounds(30);
  EXPECT_THAT(Recoveries(), SizeIs(1));
  EXPECT_EQ(servicenow_.failures.calls("UpdateIncident"), 1);
  EXPECT_EQ(Incident().incident.modification_count(), 1);
  // Nor did the watcher of tickets take it for a person's move.
  EXPECT_THAT(Moves(), IsEmpty());
  EXPECT_THAT(opcon_.actions, IsEmpty());
  const auto audit = store_->ListAudit({}, "", 1);
  ASSERT_OK(audit.status());
  EXPECT_EQ(audit->records[0].action(), "servicenow.UpdateIncident");
  EXPECT_THAT(audit->records[0].reason(), HasSubstr("well again"));
}

TEST_F(RecoveryTest, OffUnlessTheTemplateSaysSo) {
  Recovery([](::config::v1::Recovery& recovery) { recovery.Clear(); });
  OpenTicket();
  RunWell();
  Rounds(20);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(Incident().work_notes, IsEmpty());
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), 0);
}

TEST_F(RecoveryTest, AWorkNoteLeavesTheTicketOpen) {
  NoteOnly();
  OpenTicket();
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  RunWell();
  Rounds(20);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(Incident().work_notes, ElementsAre(HasSubstr("recovered on")));
  EXPECT_THAT(Recoveries(), SizeIs(1));
}

TEST_F(RecoveryTest, AReportedRecoveryAndTheFoundOneAreOneWorkNote) {
  OpenTicket();
  RunWell();
  Report("request-2", v1::EVENT_KIND_RECOVERED);
  Drive();
  ASSERT_THAT(Incident().work_notes, SizeIs(1));
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  Rounds(15);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
  // Nor does a report that comes late add another.
  Report("request-3", v1::EVENT_KIND_RECOVERED);
  Drive();
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
}

TEST_F(RecoveryTest, AnotherFailureInTheGracePeriodKeepsTheTicketOpen) {
  OpenTicket();
  RunWell();
  Rounds(5);
  clock_.Advance(absl::Minutes(1));
  opcon_.Fail(kJob, clock_.Now());
  // Nobody has reported it yet.
  Rounds(20);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  Report("request-2");
  Drive();
  Rounds(20);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(Recoveries(), IsEmpty());
  // Its own recovery counts.
  RunWell();
  Rounds(9);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

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
  EXPECT_THAT(LastRecovery().outcome(), HasSubstr("moved the ticket meanwhile"));
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

TEST_F(RecoveryTest, WhatAnOperatorMarksHasNotRunWell) {
  OpenTicket();
  for (const auto& [category, words] :
       {std::pair(oc::JOB_CATEGORY_FIXED, "Fixed"),
        std::pair(oc::JOB_CATEGORY_FINISHED_OK, "Marked Finished OK"),
        std::pair(oc::JOB_CATEGORY_SKIPPED, "Skipped"),
        std::pair(oc::JOB_CATEGORY_CANCELLED, "Cancelled")}) {
    opcon_.Mark(kJob, category, words);
    Rounds(12);
    EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW) << words;
  }
  EXPECT_THAT(Recoveries(), IsEmpty());
}

TEST_F(RecoveryTest, OurOwnResolvingRestartsNothing) {
  // Not even where ServiceNow's user is not known, and the service dies between
  // the update and its own note of it.
  servicenow_.integration_user = "";
  OpenTicket();
  RunWell();
  clock_.Advance(absl::Minutes(10));
  ASSERT_OK(recovery_->Look());
  const auto claimed = store_->ClaimSteps({.limit = 1});
  ASSERT_THAT(*claimed, SizeIs(1));
  ASSERT_OK(steps_->Run((*claimed)[0]).status());
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  OpenStore();
  watcher_ = MakeWatcher("two");
  recovery_ = MakeRecoveryWatcher("two");
  clock_.Advance(absl::Minutes(5));
  EXPECT_OK(watcher_->Look());
  EXPECT_THAT(Moves(), SizeIs(1));
  Drive();
  Rounds(20);
  EXPECT_THAT(LastMove().outcome(), HasSubstr("Finished OK"));
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_THAT(Incident().work_notes, SizeIs(1));
  EXPECT_EQ(LastRecovery().state(), v1::STEP_STATE_SUCCEEDED);
}

TEST_F(RecoveryTest, WhoResolvesTheTicketAfterwardsRestartsNothingEither) {
  OpenTicket();
  RunWell();
  Rounds(10);
  ASSERT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  Move(sn::INCIDENT_STATE_IN_PROGRESS);
  LookRound();
  Move(sn::INCIDENT_STATE_RESOLVED);
  Rounds(15);
  EXPECT_THAT(opcon_.actions, IsEmpty());
  EXPECT_THAT(Recoveries(), SizeIs(1));
}

TEST_F(RecoveryTest, AReopenedTicketIsNotResolvedAgain) {
  OpenTicket();
  RunWell();
  Rounds(10);
  MoveAndFollow(sn::INCIDENT_STATE_IN_PROGRESS);
  // Also not by a later run: somebody is not done with it.
  RunWell();
  Rounds(20);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_IN_PROGRESS);
  // A failure that is applied to it begins anew.
  FailAgain();
  Report("request-2");
  Drive();
  RunWell();
  Rounds(10);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

TEST_F(RecoveryTest, ARestartForAResolvedTicketIsNotItsRecovery) {
  // The person's Resolved restarts the job; when it is well there is nothing
  // left to resolve, and nothing is restarted again.
  OpenTicket();
  MoveAndFollow(sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, ElementsAre(kRestart));
  RunWell();
  Rounds(20);
  EXPECT_THAT(opcon_.actions, ElementsAre(kRestart));
  EXPECT_THAT(Incident().work_notes, IsEmpty());
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
  servicenow_.failures.FailBefore(
      "UpdateIncident", absl::FailedPreconditionError("not by you"));
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

TEST_F(RecoveryTest, TwoDestinationsAreEachTold) {
  servicenow_.instances = {"prod", "test"};
  std::vector<::config::v1::Template> configs(2);
  for (std::size_t i = 0; i < 2; ++i) {
    configs[i].set_name(i == 0 ? "basic.json" : "other.json");
    configs[i].set_servicenow(servicenow_.instances[i]);
    configs[i].mutable_recovery()->set_action(
        i == 0 ? ::config::v1::RECOVERY_ACTION_RESOLVE
               : ::config::v1::RECOVERY_ACTION_WORK_NOTE);
  }
  Configure(configs);
  Report("request-1");
  Report("request-2", v1::EVENT_KIND_JOB_FAILED, "other.json");
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(2));
  RunWell();
  Rounds(11);
  for (const auto& [sys_id, fake] : servicenow_.incidents) {
    EXPECT_THAT(fake.work_notes, SizeIs(1)) << fake.instance;
    EXPECT_EQ(fake.incident.state(), fake.instance == "prod"
                                         ? sn::INCIDENT_STATE_RESOLVED
                                         : sn::INCIDENT_STATE_NEW);
  }
}

TEST_F(RecoveryTest, ATicketThatGoesOnForTheNextDayIsThatJobs) {
  ::config::v1::Template config = templates_->Find("")->config();
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
  // Yesterday's job is well at last.
  RunWell();
  Rounds(15);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(LastRecovery().outcome(), HasSubstr("later day"));
  opcon_.Finish(kNextDay, clock_.Now());
  Rounds(10);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

TEST_F(RecoveryTest, TheLateStartOfAJobThatRunsWellInTheEnd) {
  opcon_.Define(kJob);
  Job().runs.clear();
  Job().job.clear_end_time();
  opcon_.Mark(kJob, oc::JOB_CATEGORY_MISSED_START_TIME, "Missed Start Time");
  Report("request-1", v1::EVENT_KIND_MISSED_START_TIME);
  Drive();
  ASSERT_THAT(servicenow_.incidents, SizeIs(1));
  RunWell();
  Rounds(10);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

TEST_F(RecoveryTest, TicketsThatHaveNotChangedForAWeekAreNotLookedAt) {
  OpenTicket();
  clock_.Advance(absl::Hours(24 * 7 + 1));
  const int calls = opcon_.failures.calls("ListDailyJobs");
  LookRound();
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), calls);
  // A reported recovery brings it back.
  RunWell();
  Report("request-2", v1::EVENT_KIND_RECOVERED);
  Drive();
  Rounds(10);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
}

// Many jobs with open tickets.
class ManyRecoveriesTest : public RecoveryTest {
 protected:
  std::string Id(int i) const {
    return absl::StrFormat("20260105|16|1|MANY%03d", i);
  }
  void OpenMany(int from, int to) {
    for (int i = from; i < to; ++i) {
      opcon_.Define(Id(i));
      opcon_.Fail(Id(i), clock_.Now());
      v1::Report report = MakeReport(Id(i));
      report.mutable_event()->mutable_job_key()->set_job_name(
          absl::StrFormat("MANY%03d", i));
      Store(report);
    }
    Drive(1000);
    clock_.Advance(absl::Minutes(1));
    for (int i = from; i < to; ++i) opcon_.Finish(Id(i), clock_.Now());
    clock_.Advance(absl::Minutes(10));
  }
  int Queries() {
    const int before = opcon_.failures.calls("ListDailyJobs");
    EXPECT_OK(recovery_->Look());
    return opcon_.failures.calls("ListDailyJobs") - before;
  }
};

TEST_F(ManyRecoveriesTest, ALookCostsABoundedNumberOfQueries) {
  recovery_options_.few_jobs = 2;
  recovery_options_.jobs_at_once = 4;
  recovery_options_.most_queries = 3;
  recovery_ = MakeRecoveryWatcher();
  OpenMany(0, 2);
  EXPECT_EQ(Queries(), 2);
  EXPECT_THAT(opcon_.last_list.job_names(), SizeIs(1));
  OpenMany(2, 32);
  EXPECT_EQ(Queries(), 3);
  EXPECT_THAT(opcon_.last_list.job_names(), SizeIs(4));
  EXPECT_THAT(Recoveries(), SizeIs(2 + 12));
  // The next ones go on.
  EXPECT_EQ(Queries(), 3);
  EXPECT_EQ(Queries(), 2);
  EXPECT_THAT(Recoveries(), SizeIs(2 + 30));
  Drive(1000);
  for (const auto& [sys_id, fake] : servicenow_.incidents) {
    EXPECT_EQ(fake.incident.state(), sn::INCIDENT_STATE_RESOLVED);
  }
}

TEST(RecoveryPolicyTest, OnlyARunThatEndedByItselfEndedWell) {
  oc::DailyJob job;
  job.mutable_end_time()->set_seconds(100);
  oc::JobStatus& status = *job.mutable_status();
  status.set_category(oc::JOB_CATEGORY_FINISHED_OK);
  for (const char* words :
       {"Finished OK", "Finished Ok", "Finished OK; Processing Events", ""}) {
    status.set_description(words);
    EXPECT_TRUE(HasEndedWell(job)) << words;
  }
  for (const char* words : {"Marked Finished OK", "marked finished ok",
                            "Marked Finished OK; Processing Events"}) {
    status.set_description(words);
    EXPECT_FALSE(HasEndedWell(job)) << words;
  }
  status.set_description("Finished OK");
  job.clear_end_time();
  EXPECT_FALSE(HasEndedWell(job));
}

TEST(RecoveryPolicyTest, AnOlderRunIsNoRecovery) {
  oc::DailyJob job;
  job.mutable_end_time()->set_seconds(100);
  v1::TicketLink link;
  EXPECT_TRUE(IsAfterFailure(job, link));
  for (const auto& [failed, is_after] :
       {std::pair(99, true), std::pair(100, false), std::pair(101, false)}) {
    link.mutable_last_run_end_time()->set_seconds(failed);
    EXPECT_EQ(IsAfterFailure(job, link), is_after) << failed;
  }
}

}  // namespace
}  // namespace opcon_snow::incident
