// When the watcher looks, at what, and who of several does.

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/times.h"
#include "incident_service/watchers/many_tickets.h"
#include "incident_service/watchers/ticket_watcher.h"
#include "incident_service/watchers/ticket_watcher_fixture.h"
#include "incident_service/workflow/follow_policy.h"

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

// ServiceNow's goes on as it is.
TEST_F(TicketWatcherTest, TheServicesClockMayJump) {
  FakeClock theirs(clock_.Now());
  servicenow_.clock = &theirs;
  const auto move = [&](absl::Duration jump, sn::IncidentState state) {
    clock_.SetNow(clock_.Now() + jump);
    theirs.Advance(absl::Seconds(31));
    MoveAndFollow(state);
  };
  OpenTicket();
  move(absl::Minutes(10), sn::INCIDENT_STATE_IN_PROGRESS);
  EXPECT_THAT(opcon_.actions, SizeIs(1));
  move(-absl::Minutes(20), sn::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(opcon_.actions, SizeIs(2));
  for (int i = 0; i < 3; ++i) {
    theirs.Advance(absl::Seconds(30));
    Round();
  }
  EXPECT_THAT(opcon_.actions, SizeIs(2)) << "once each";
  EXPECT_THAT(Moves(), SizeIs(2));
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
  FailNextDay();
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
};

TEST_F(ManyTicketsTest, TenThousandThatDoNotMoveCostOneQueryARound) {
  ASSERT_OK(KeepManyTickets(10000, store_.get(), &servicenow_));
  // What has just been opened is looked at until its time is over.
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Minutes(5));
    EXPECT_OK(watcher_->Look());
  }
  // Whatever is asked of either gateway.
  int requests = 0;
  const auto count = [&](const std::string&, FailurePlan::Moment moment) {
    requests += moment == FailurePlan::Moment::kBefore ? 1 : 0;
    return absl::OkStatus();
  };
  servicenow_.failures.script = count;
  opcon_.failures.script = count;
  const int calls = servicenow_.failures.calls("ListIncidents");
  const std::clock_t begun = std::clock();
  clock_.Advance(absl::Seconds(30));
  EXPECT_OK(watcher_->Look());
  const double cpu_ms =
      1000.0 * static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  EXPECT_EQ(servicenow_.failures.calls("ListIncidents"), calls + 1);
  EXPECT_LE(requests, 3);
  EXPECT_NE(servicenow_.last_list.updated_since_sys_id(), "");
  EXPECT_THAT(Moves(), IsEmpty());
  // The fake's own search included; a figure, not a bound: that is printed by
  // ./dev bench watch.
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
