#include "incident_service/identity.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kFirstEnd = 1767603607;

v1::JobKey Key() {
  v1::JobKey key;
  key.set_opcon("production");
  key.mutable_schedule_date()->set_year(2026);
  key.mutable_schedule_date()->set_month(1);
  key.mutable_schedule_date()->set_day(5);
  key.set_schedule_id(16);
  key.set_schedule_instance(1);
  key.set_job_name("JOB001");
  return key;
}

v1::Report FailedReport(const std::string& report_id) {
  v1::Report report;
  report.set_report_id(report_id);
  *report.mutable_event()->mutable_job_key() = Key();
  report.mutable_event()->set_kind(v1::EVENT_KIND_JOB_FAILED);
  report.mutable_event()->set_machine("SAID");
  return report;
}

::opcon::v1::DailyJob FailedJob() {
  ::opcon::v1::DailyJob job;
  job.set_id("20260105|16|1|JOB001");
  job.set_uid(4711);
  job.set_job_number(49895);
  job.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_FAILED);
  job.mutable_end_time()->set_seconds(kFirstEnd);
  job.set_termination("5");
  job.set_start_machine("GENP001");
  return job;
}

TEST(IdentityTest, JobKeyIsOpConsDailyJobId) {
  EXPECT_EQ(JobId(Key()), "20260105|16|1|JOB001");
  EXPECT_EQ(JobKeyText(Key()), "production/20260105|16|1|JOB001");
}

TEST(IdentityTest, DailyJobIdsAreTakenApart) {
  const auto key = ParseJobId("20260105|16|1|Load A/B $0001");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(JobId(*key), "20260105|16|1|Load A/B $0001");
  EXPECT_EQ(key->opcon(), "");
  // What is left is the name, and for others to judge.
  EXPECT_EQ(ParseJobId("20261399|0|1|a|b")->job_name(), "a|b");
  for (const char* text :
       {"", "20260105", "20260105|16|1", "2026-1-5|16|1|A", "20260105||1|A",
        "20260105|16|+1|A", "20260105|16|1 |A", "20260105|-16|1|A",
        "20260105|99999999999|1|A", "202601050|16|1|A"}) {
    EXPECT_FALSE(ParseJobId(text).has_value()) << text;
  }
}

// The failure of the latest run, whatever else there may be.
v1::Failure Identify(const v1::Report& report,
                     const ::opcon::v1::DailyJob& job) {
  return FailureOfRun(report, job, LatestRun(job));
}

TEST(IdentityTest, TwoReportersOfOneRunFindTheSameFailure) {
  const v1::Failure a = Identify(FailedReport("a"), FailedJob());
  const v1::Failure b = Identify(FailedReport("b"), FailedJob());
  EXPECT_EQ(a.failure_id(), b.failure_id());
  EXPECT_FALSE(a.provisional());
  // OpCon is believed, not the reporter.
  EXPECT_EQ(a.machine(), "GENP001");
}

TEST(IdentityTest, AnotherRunIsAnotherFailureWhetherOrNotItsNumberChanges) {
  const std::string first =
      Identify(FailedReport("a"), FailedJob()).failure_id();
  ::opcon::v1::DailyJob new_number = FailedJob();
  new_number.set_job_number(49896);
  EXPECT_NE(Identify(FailedReport("a"), new_number).failure_id(), first);
  ::opcon::v1::DailyJob same_number = FailedJob();
  same_number.mutable_end_time()->set_seconds(kFirstEnd + 600);
  EXPECT_NE(Identify(FailedReport("a"), same_number).failure_id(), first);
}

TEST(IdentityTest, AReportMayNameItsRun) {
  v1::Report report = FailedReport("a");
  EXPECT_FALSE(NamedRun(report, FailedJob()).has_value());
  report.mutable_event()->set_job_number(49895);
  EXPECT_FALSE(NamedRun(report, FailedJob()).has_value());
  report.mutable_event()->mutable_run_end_time()->set_seconds(kFirstEnd);
  // The job still shows it: OpCon is believed.
  const auto shown = NamedRun(report, FailedJob());
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->machine(), "GENP001");
  EXPECT_EQ(shown->termination(), "5");
  // And when it does not any more it is the same failure, however it is told
  // that the job ran again.
  ::opcon::v1::DailyJob new_number = FailedJob();
  new_number.set_job_number(49896);
  ::opcon::v1::DailyJob same_number = FailedJob();
  same_number.mutable_end_time()->set_seconds(kFirstEnd + 600);
  ::opcon::v1::DailyJob well = FailedJob();
  well.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_FINISHED_OK);
  for (const ::opcon::v1::DailyJob& job : {new_number, same_number, well}) {
    const auto named = NamedRun(report, job);
    ASSERT_TRUE(named.has_value());
    EXPECT_EQ(named->machine(), "SAID");
    EXPECT_EQ(FailureOfRun(report, job, *named).failure_id(),
              Identify(FailedReport("b"), FailedJob()).failure_id());
  }
}

TEST(IdentityTest, ARunIsTheSameInTheHistoryAndOnTheJob) {
  const ::opcon::v1::DailyJob failed = FailedJob();
  ::opcon::v1::DailyJob running = FailedJob();
  running.set_job_number(49896);
  running.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);
  running.clear_end_time();
  const auto runs =
      FailedRunsOf(FailedReport("b"), running, {LatestRun(failed)});
  ASSERT_THAT(runs, SizeIs(1));
  const v1::Failure later = FailureOfRun(FailedReport("b"), running, runs[0]);
  EXPECT_EQ(later.failure_id(),
            Identify(FailedReport("a"), failed).failure_id());
  EXPECT_EQ(later.termination(), "5");
  // Templates speak of the run that failed, not of the one under way.
  const ::opcon::v1::DailyJob shown = JobAtRun(running, runs[0]);
  EXPECT_EQ(shown.job_number(), 49895);
  EXPECT_EQ(shown.end_time().seconds(), kFirstEnd);
  EXPECT_EQ(shown.status().category(), ::opcon::v1::JOB_CATEGORY_FAILED);
}

TEST(IdentityTest, TheLatestRunIsTheOneUnlessTheReportIsOlderOrSaysOtherwise) {
  const ::opcon::v1::DailyJob job = FailedJob();
  EXPECT_TRUE(IsAboutTheLatestRun(FailedReport("a"), job));
  v1::Report older = FailedReport("a");
  older.mutable_event()->mutable_occurred_time()->set_seconds(kFirstEnd - 60);
  EXPECT_FALSE(IsAboutTheLatestRun(older, job));
  // It arrived before the run ended, whatever the reporter's clock says.
  v1::Report arrived = FailedReport("a");
  arrived.mutable_create_time()->set_seconds(kFirstEnd - 60);
  arrived.mutable_event()->mutable_occurred_time()->set_seconds(kFirstEnd + 60);
  EXPECT_FALSE(IsAboutTheLatestRun(arrived, job));
  v1::Report numbered = FailedReport("a");
  numbered.mutable_event()->set_job_number(7);
  EXPECT_FALSE(IsAboutTheLatestRun(numbered, job));
  v1::Report other_code = FailedReport("a");
  other_code.mutable_event()->set_termination("6");
  EXPECT_FALSE(IsAboutTheLatestRun(other_code, job));
  ::opcon::v1::DailyJob running = FailedJob();
  running.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);
  EXPECT_FALSE(IsAboutTheLatestRun(FailedReport("a"), running));
}

TEST(IdentityTest, TheLikeliestRunComesFirstThenLaterThenEarlierOnes) {
  ::opcon::v1::DailyJob job = FailedJob();
  std::vector<::opcon::v1::JobRun> history;
  for (int i = 0; i < 4; ++i) {
    ::opcon::v1::JobRun run = LatestRun(job);
    run.mutable_end_time()->set_seconds(kFirstEnd + i * 100);
    run.set_termination(absl::StrCat(i));
    history.insert(history.begin(), run);
  }
  // Neither a run that went well nor one of another day is a candidate.
  history.push_back(history[0]);
  history.back().mutable_status()->set_category(
      ::opcon::v1::JOB_CATEGORY_FINISHED_OK);
  history.back().mutable_end_time()->set_seconds(kFirstEnd + 140);
  history.push_back(history[0]);
  history.back().set_job_id("20260104|16|1|JOB001");
  history.back().mutable_end_time()->set_seconds(kFirstEnd + 145);
  job.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);

  const auto order = [&](const v1::Report& report) {
    std::vector<std::string> codes;
    for (const auto& run : FailedRunsOf(report, job, history)) {
      codes.push_back(run.termination());
    }
    return codes;
  };
  v1::Report report = FailedReport("a");
  report.mutable_event()->mutable_occurred_time()->set_seconds(kFirstEnd + 150);
  EXPECT_THAT(order(report), ElementsAre("1", "2", "3", "0"));
  // Made before any run ended by its clock: the first.
  report.mutable_event()->mutable_occurred_time()->set_seconds(kFirstEnd - 50);
  EXPECT_THAT(order(report), ElementsAre("0", "1", "2", "3"));
  report.mutable_event()->set_termination("2");
  EXPECT_THAT(order(report), ElementsAre("2", "3", "1", "0"));
  report.mutable_event()->set_termination("none has it");
  report.mutable_event()->mutable_occurred_time()->set_seconds(kFirstEnd + 999);
  EXPECT_THAT(order(report), ElementsAre("3", "2", "1", "0"));
}

// As the RESOLVE step does it: the first candidate that nobody has reported.
// Each run is reported at least once, some time after its end, and each report
// is looked into at any later time, when the job may have failed again or run:
// every run is applied, and once.
RC_GTEST_PROP(IdentityProperties, EveryFailedRunIsAppliedWhateverTheDelays,
              (bool keeps_number, bool shows_last_run)) {
  const int count = *rc::gen::inRange(1, 5);
  std::vector<::opcon::v1::JobRun> runs;
  for (int i = 0; i < count; ++i) {
    ::opcon::v1::JobRun run = LatestRun(FailedJob());
    run.set_job_number(keeps_number ? 7 : 7 + i);
    run.mutable_end_time()->set_seconds(kFirstEnd + i * 100);
    runs.push_back(run);
  }
  struct Observation {
    v1::Report report;
    int runs_at_look;
  };
  std::vector<Observation> observations;
  for (int i = 0; i < count; ++i) {
    const int copies = *rc::gen::inRange(1, 3);
    for (int copy = 0; copy < copies; ++copy) {
      v1::Report report = FailedReport(absl::StrCat(i, "-", copy));
      report.mutable_event()->mutable_occurred_time()->set_seconds(
          runs[static_cast<std::size_t>(i)].end_time().seconds() +
          *rc::gen::inRange(0, 500));
      if (*rc::gen::arbitrary<bool>()) {
        report.mutable_event()->set_job_number(
            runs[static_cast<std::size_t>(i)].job_number());
      }
      observations.push_back({report, *rc::gen::inRange(i + 1, count + 1)});
    }
  }
  // Reports are looked into in any order that their looks allow.
  std::stable_sort(observations.begin(), observations.end(),
                   [](const Observation& a, const Observation& b) {
                     return a.runs_at_look < b.runs_at_look;
                   });
  std::set<std::string> applied;
  for (const Observation& observation : observations) {
    ::opcon::v1::DailyJob job = FailedJob();
    const std::vector<::opcon::v1::JobRun> ended(
        runs.begin(), runs.begin() + observation.runs_at_look);
    job = JobAtRun(job, ended.back());
    if (!shows_last_run) {
      job.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);
    }
    for (const auto& run : FailedRunsOf(observation.report, job, ended)) {
      const std::string id =
          FailureOfRun(observation.report, job, run).failure_id();
      if (applied.insert(id).second) break;
    }
  }
  RC_ASSERT(applied.size() == static_cast<std::size_t>(count));
}

TEST(IdentityTest, RecoveryOfARunIsNotItsFailure) {
  v1::Report recovered = FailedReport("a");
  recovered.mutable_event()->set_kind(v1::EVENT_KIND_RECOVERED);
  EXPECT_NE(FailureOfEvent(recovered, FailedJob()).failure_id(),
            Identify(FailedReport("a"), FailedJob()).failure_id());
}

TEST(IdentityTest, TwoEventsOfOneRunAreTwo) {
  v1::Report late_start = FailedReport("a");
  late_start.mutable_event()->set_kind(v1::EVENT_KIND_LATE_TO_START);
  v1::Report late_finish = FailedReport("b");
  late_finish.mutable_event()->set_kind(v1::EVENT_KIND_LATE_TO_FINISH);
  v1::Report late_again = FailedReport("c");
  late_again.mutable_event()->set_kind(v1::EVENT_KIND_LATE_TO_FINISH);
  const ::opcon::v1::DailyJob job = FailedJob();
  EXPECT_NE(FailureOfEvent(late_start, job).failure_id(),
            FailureOfEvent(late_finish, job).failure_id());
  EXPECT_EQ(FailureOfEvent(late_again, job).failure_id(),
            FailureOfEvent(late_finish, job).failure_id());
  EXPECT_TRUE(TellsOfAFailedRun(v1::EVENT_KIND_INITIALIZATION_ERROR));
  EXPECT_TRUE(TellsOfAFailedRun(static_cast<v1::EventKind>(4711)));
  EXPECT_FALSE(TellsOfAFailedRun(v1::EVENT_KIND_LATE_TO_START));
}

TEST(IdentityTest, ARunThatOpConCannotTellIsProvisional) {
  ::opcon::v1::DailyJob running = FailedJob();
  running.mutable_status()->set_category(::opcon::v1::JOB_CATEGORY_RUNNING);
  const v1::Failure a = ProvisionalFailure(FailedReport("a"), running);
  const v1::Failure b = ProvisionalFailure(FailedReport("b"), running);
  EXPECT_TRUE(a.provisional());
  EXPECT_EQ(a.machine(), "SAID");
  // Nothing says that the two are one.
  EXPECT_NE(a.failure_id(), b.failure_id());

  v1::Report numbered = FailedReport("c");
  numbered.mutable_event()->set_job_number(7);
  v1::Report numbered_too = FailedReport("d");
  numbered_too.mutable_event()->set_job_number(7);
  EXPECT_EQ(ProvisionalFailure(numbered, running).failure_id(),
            ProvisionalFailure(numbered_too, running).failure_id());
  // Where the number stays the same it tells nothing.
  running.set_job_number(7);
  EXPECT_NE(ProvisionalFailure(numbered, running).failure_id(),
            ProvisionalFailure(numbered_too, running).failure_id());
}

TEST(IdentityTest, WhatAReportKnowsMakesAJob) {
  const ::opcon::v1::DailyJob job = JobFromReport(FailedReport("a"));
  EXPECT_EQ(job.id(), "20260105|16|1|JOB001");
  EXPECT_EQ(job.start_machine(), "SAID");
  EXPECT_EQ(CorrelationId("opcon:9010", job),
            "opcon:9010,20260105|16|1|JOB001");
}

TEST(IdentityTest, SysIdsLookLikeServiceNowsAndDependOnEveryPart) {
  const std::string id = ChooseSysId("d", "f", "s", 1);
  EXPECT_THAT(id, SizeIs(32));
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(id, ChooseSysId("d", "f", "s", 1));
  EXPECT_NE(id, ChooseSysId("e", "f", "s", 1));
  EXPECT_NE(id, ChooseSysId("d", "g", "s", 1));
  EXPECT_NE(id, ChooseSysId("d", "f", "t", 1));
  EXPECT_NE(id, ChooseSysId("d", "f", "s", 2));
}

TEST(IdentityTest, CorrelationIdHasTheUidForANameThatCannotBeLookedFor) {
  ::opcon::v1::DailyJob job = FailedJob();
  job.set_id("20260105|16|1|JOB^2");
  EXPECT_EQ(CorrelationId("opcon:9010", job), "opcon:9010,#4711");
}

TEST(IdentityTest, CorrelationIdFallsBackToTheUidWhereItWouldBeCutOff) {
  ::opcon::v1::DailyJob job = FailedJob();
  EXPECT_EQ(CorrelationId("opcon:9010", job),
            "opcon:9010,20260105|16|1|JOB001");
  job.set_id("20260105|16|1|" + std::string(75, 'x'));
  EXPECT_THAT(CorrelationId("opcon:9010", job), SizeIs(100));
  job.set_id(job.id() + "x");
  EXPECT_EQ(CorrelationId("opcon:9010", job), "opcon:9010,#4711");
  job.clear_uid();
  EXPECT_THAT(CorrelationId("opcon:9010", job),
              HasSubstr("opcon:9010,#unknown-"));
}

TEST(IdentityTest, TicketFieldIsTakenApart) {
  const std::string sys_id = "67ed05f9dbce00101e349b81ca961951";
  TicketId both = ParseTicketId(" INC0010025/" + sys_id + " ");
  EXPECT_EQ(both.number, "INC0010025");
  EXPECT_EQ(both.sys_id, sys_id);
  EXPECT_EQ(ParseTicketId("INC0010025").number, "INC0010025");
  EXPECT_EQ(ParseTicketId("INC0010025").sys_id, "");
  EXPECT_EQ(ParseTicketId(sys_id).sys_id, sys_id);
  for (const char* other : {"", "see the wiki", "inc0010025", "INC", "0010025",
                            "INC1^state=1", "INC0010025/../x y"}) {
    const TicketId id = ParseTicketId(other);
    EXPECT_TRUE(id.sys_id.empty()) << other;
    if (std::string(other).rfind("INC0010025", 0) != 0) {
      EXPECT_TRUE(id.number.empty()) << other;
    }
  }
}

RC_GTEST_PROP(IdentityProperties, NoTwoListsOfPartsLookAlike,
              (std::string a, std::string b, std::string c)) {
  // Moving a border between parts must change the fingerprint.
  if (!b.empty()) {
    RC_ASSERT(Fingerprint({a + b, c}) != Fingerprint({a, b + c}));
  }
  RC_ASSERT(Fingerprint({a, b}) != Fingerprint({a + b}));
}

RC_GTEST_PROP(IdentityProperties, AnyTicketTextGivesSafeParts,
              (std::string text)) {
  const TicketId id = ParseTicketId(text);
  RC_ASSERT(id.number.find_first_of("^=/ ") == std::string::npos);
  RC_ASSERT(id.sys_id.empty() || id.sys_id.size() == 32);
}

TEST(IdentityTest, ReportIdsSortByTimeThenCounter) {
  const absl::Time now = absl::FromUnixMillis(1767603607000);
  const std::string a = MakeReportId(now, 0, 99);
  const std::string b = MakeReportId(now, 1, 5);
  const std::string c = MakeReportId(now + absl::Milliseconds(1), 0, 0);
  EXPECT_THAT(a, SizeIs(26));
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
}

TEST(IdentityTest, TextsAreQuotedWithoutTheirMarkers) {
  EXPECT_EQ(WithoutMarkers("nothing in it"), "nothing in it");
  EXPECT_EQ(WithoutMarkers("Was INC1. [OpCon failure 0123456789abcdef]\nmore"),
            "Was INC1.\nmore");
  EXPECT_EQ(
      WithoutMarkers(absl::StrCat(FailureMarker("a"), "x", FailureMarker("b"))),
      "x");
  EXPECT_EQ(WithoutMarkers("[OpCon failure without an end"),
            "[OpCon failure without an end");
}

}  // namespace
}  // namespace opcon_snow::incident
