// Which jobs have become well, and what their tickets are told.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/watchers/recovery_fixture.h"
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

TEST_F(RecoveryTest, TheTicketOfAJobThatIsWellForLongEnoughIsResolvedOnce) {
  OpenTicket();
  RunWell();
  Rounds(9);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(Recoveries(), IsEmpty());
  LookRound();
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(Incident().incident.close_code(), "Solution provided");
  EXPECT_THAT(
      Incident().incident.close_notes(),
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

TEST_F(RecoveryTest, OurOwnResolvingIsSeenWithoutKnowingOurUser) {
  servicenow_.integration_user = "";
  OpenTicket();
  RunWell();
  Rounds(12);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(Moves(), IsEmpty());
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
  FailNextDay();
  // Yesterday's job is well at last.
  RunWell();
  Rounds(15);
  EXPECT_EQ(State(), sn::INCIDENT_STATE_NEW);
  EXPECT_THAT(LastRecovery().outcome(),
              HasSubstr("is the ticket of job 20260106|16|1|JOB001 too"));
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
