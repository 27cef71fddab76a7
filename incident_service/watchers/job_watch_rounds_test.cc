// The job watcher's rounds: their bounds, errors, replicas, days.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/fault.h"
#include "common/config/yaml_loader.h"
#include "common/log/capture.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/watchers/job_watcher_fixture.h"
#include "incident_service/watchers/watcher_config.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of each job, how many reports.
std::map<std::string, int> CountByJob(const std::vector<v1::Report>& reports) {
  std::map<std::string, int> counts;
  for (const v1::Report& report : reports) {
    ++counts[report.event().job_key().job_name()];
  }
  return counts;
}

TEST_F(JobWatcherTest, ALongListIsReadInPartsAndEachFailureReportedOnce) {
  options_.page_size = 3;
  options_.most_pages = 2;
  options_.grace_period = absl::ZeroDuration();
  Begin();
  FailMany(20);
  for (int round = 0; round < 12; ++round) {
    const int calls = opcon_.failures.calls("ListDailyJobs");
    Rounds(1);
    EXPECT_LE(opcon_.failures.calls("ListDailyJobs"), calls + 2);
  }
  const std::map<std::string, int> counts = CountByJob(Found());
  EXPECT_THAT(counts, SizeIs(20));
  EXPECT_THAT(counts, Each(testing::Pair(HasSubstr("MANY"), 1)));
}

TEST_F(JobWatcherTest, AFirstRoundInPartsTakesNoteOfAll) {
  options_.page_size = 3;
  options_.most_pages = 2;
  FailMany(20);
  Begin();
  Rounds(1);
  // It ends in the middle of its first pass, and begins again.
  Restart();
  Rounds(10);
  EXPECT_THAT(Reports(), IsEmpty());
  FailNow(kOther);
  Rounds(8);
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, ARoundReportsSoManyAtMost) {
  options_.most_reports = 7;
  Begin();
  FailMany(20);
  Rounds(3);
  EXPECT_THAT(Found(), SizeIs(7));
  Rounds(1);
  EXPECT_THAT(Found(), SizeIs(14));
  Rounds(3);
  EXPECT_THAT(Found(), SizeIs(20));
}

TEST_F(JobWatcherTest, TheDaysAroundTodayAreLookedAt) {
  const auto days = [&] {
    std::vector<std::string> told;
    for (const google::type::Date& date : opcon_.last_list.schedule_dates()) {
      told.push_back(absl::StrFormat("%02d-%02d", date.month(), date.day()));
    }
    return told;
  };
  Begin();
  EXPECT_THAT(days(), ElementsAre("01-02", "01-03", "01-04", "01-05", "01-06"));
  // Of January's first days, in the next year's calendar.
  options_.days_back = 28;
  clock_.SetNow(absl::FromUnixSeconds(1767225599));  // 2025-12-31 23:59:59
  Restart();
  EXPECT_OK(watcher_->Look());
  ASSERT_THAT(days(), SizeIs(31));
  EXPECT_EQ(days().front(), "12-02");
  EXPECT_EQ(days().back(), "01-01");
}

TEST_F(JobWatcherTest, WhatWasTakenNoteOfIsForgottenWithItsDay) {
  Begin();
  const auto known = [&] {
    const auto watch =
        store_->ClaimWatch("jobs/production", "one", absl::Minutes(1));
    EXPECT_OK(watch.status());
    return (*watch)->state.known_failures_size();
  };
  EXPECT_EQ(known(), 1);
  for (int day = 0; day < 3; ++day) {
    clock_.Advance(absl::Hours(24));
    EXPECT_OK(watcher_->Look());
    EXPECT_EQ(known(), 1);
  }
  clock_.Advance(absl::Hours(24));
  EXPECT_OK(watcher_->Look());
  EXPECT_EQ(known(), 0);
}

TEST_F(JobWatcherTest, AfterAWeekAwayTheNextRoundTakesNoteOnly) {
  Begin();
  clock_.Advance(absl::Hours(24 * 7 + 1));
  constexpr char kLate[] = "20260112|16|1|JOB001";
  opcon_.Define(kLate);
  FailNow(kLate);
  GoOn();
  EXPECT_THAT(Reports(), IsEmpty());
  // A day away loses nothing.
  Restart();
  clock_.Advance(absl::Hours(24));
  opcon_.Define("20260112|16|1|JOB002");
  FailNow("20260112|16|1|JOB002");
  GoOn();
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, OneReplicaLooksAndTheOtherTakesOver) {
  Begin();
  const std::unique_ptr<Intake> first_intake = std::move(intake_);
  const std::unique_ptr<JobWatcher> other = MakeWatcher("two");
  FailNow(kOther);
  const int calls = opcon_.failures.calls("ListDailyJobs");
  EXPECT_OK(other->Look());
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), calls);
  EXPECT_OK(watcher_->Look());
  // The first is gone before it has reported anything.
  clock_.Advance(absl::Minutes(4));
  for (int i = 0; i < 4; ++i) {
    EXPECT_OK(other->Look());
    clock_.Advance(absl::Minutes(1));
  }
  Drive();
  EXPECT_THAT(Found(), SizeIs(1));
  // And comes back.
  clock_.Advance(absl::Minutes(4));
  watcher_ = MakeWatcher("one");
  GoOn();
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, WhoeverHasLostTheWatchReportsNothing) {
  Begin();
  FailNow(kOther);
  Rounds(2);
  // Another process claims it while the round is under way.
  opcon_.failures.script = [&](const std::string& rpc,
                               FailurePlan::Moment moment) {
    if (rpc == "ListDailyJobs" && moment == FailurePlan::Moment::kAfter) {
      clock_.Advance(absl::Minutes(10));
      EXPECT_OK(store_->ClaimWatch("jobs/production", "two", absl::Minutes(5))
                    .status());
    }
    return absl::OkStatus();
  };
  EXPECT_OK(watcher_->Look());
  EXPECT_THAT(Reports(), IsEmpty());
  opcon_.failures.script = nullptr;
  clock_.Advance(absl::Minutes(5));
  // It begins from the first sight.
  Rounds(2);
  EXPECT_THAT(Reports(), IsEmpty());
  Rounds(1);
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, AnInstanceInTroubleIsAskedLessOftenAndHoldsUpNobody) {
  options_.opcons = {"away", "production"};
  watcher_ = MakeWatcher();
  EXPECT_THAT(watcher_->Look(), StatusIs(absl::StatusCode::kNotFound,
                                         HasSubstr("the jobs of away")));
  FailNow(kOther);
  int asked = 0;
  for (int i = 0; i < 60; ++i) {
    clock_.Advance(absl::Minutes(1));
    const int before = opcon_.failures.calls("ListDailyJobs");
    EXPECT_THAT(watcher_->Look(), HasReason("UNKNOWN_INSTANCE"));
    asked += opcon_.failures.calls("ListDailyJobs") - before - 1;
  }
  // After 1, 2, 4, 8 minutes and then every 15.
  EXPECT_EQ(asked, 7);
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, AnInstanceThatIsBackIsAskedAsBefore) {
  Begin();
  opcon_.failures.FailBefore(
      "ListDailyJobs",
      MakeError(absl::StatusCode::kUnavailable, "OpCon is busy",
                {.retry_after = absl::Minutes(3)}));
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(watcher_->Look(), StatusIs(absl::StatusCode::kUnavailable,
                                         HasSubstr("OpCon is busy")));
  const int calls = opcon_.failures.calls("ListDailyJobs");
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(watcher_->Look(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), calls);
  clock_.Advance(absl::Minutes(1));
  EXPECT_OK(watcher_->Look());
  clock_.Advance(absl::Minutes(1));
  EXPECT_OK(watcher_->Look());
  EXPECT_EQ(opcon_.failures.calls("ListDailyJobs"), calls + 2);
}

TEST_F(JobWatcherTest, AFullServiceIsAskedAgainAndNothingIsLost) {
  Begin();
  FailMany(12);
  watcher_ = MakeWatcher("one", /*max_open=*/5);
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const absl::Status looked = watcher_->Look();
    if (!looked.ok()) {
      EXPECT_THAT(looked, HasReason("OVERLOADED"));
      ++refused;
    }
    Drive();
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_GT(refused, 0);
  const std::map<std::string, int> counts = CountByJob(Found());
  EXPECT_THAT(counts, SizeIs(12));
  EXPECT_THAT(servicenow_.incidents, SizeIs(12));
}

TEST_F(JobWatcherTest, WhatNobodyTakesIsSaidOnce) {
  Begin();
  const std::string id = "20260105|16|1|" + std::string(129, 'x');
  opcon_.Define(id);
  FailNow(id);
  opcon_.Define("not an id");
  FailNow(kOther);
  const log::CaptureLogs logs;
  GoOn();
  EXPECT_THAT(logs.Lines("job_watcher.refused"),
              ElementsAre(HasSubstr("event.job_key.job_name")));
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, AThousandAtOnceAreReportedOnceEach) {
  Begin();
  FailMany(1000);
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(watcher_->Look());
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_THAT(CountByJob(Found()), SizeIs(1000));
  // Nothing of it is done by now.
  const int reports = static_cast<int>(Reports().size());
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(watcher_->Look());
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_THAT(Reports(), SizeIs(reports));
}

// The section of the configuration.
class JobWatcherConfigTest : public JobWatcherTest {
 protected:
  std::string FaultsOf(const std::string& yaml) {
    config::Faults faults("service.yaml");
    config_.Clear();
    (void)config::LoadYamlText(yaml, &config_, &faults);
    ValidateJobWatcher(config_.job_watcher(), templates_.get(), &faults);
    return faults.Format();
  }

  ::config::v1::IncidentServiceConfig config_;
};

TEST_F(JobWatcherConfigTest, AnEmptySectionIsEnough) {
  EXPECT_EQ(FaultsOf("default_opcon: prod\njob_watcher: {}\n"), "");
  EXPECT_TRUE(config_.has_job_watcher());
  const JobWatcherOptions options = JobWatcherOptionsFrom(config_);
  EXPECT_THAT(options.opcons, ElementsAre("prod"));
  EXPECT_EQ(options.days_back, 2);
  EXPECT_EQ(options.grace_period, absl::Minutes(2));
  EXPECT_THAT(options.events, SizeIs(3));
}

TEST_F(JobWatcherConfigTest, EverythingCanBeSaid) {
  EXPECT_EQ(FaultsOf(R"yaml(
job_watcher:
  interval: 30s
  grace_period: 0s
  report_existing: true
  opcon: [prod, test]
  days_back: 5
  events: [job_failed, missed_start_time]
  jobs:
    - {matchers: [{tag: NO_TICKET}], ignore: true}
    - {matchers: [{schedule_regex: "Pay.*", negate: true}], template: basic.json}
    - {}
)yaml"),
            "");
  const JobWatcherOptions options = JobWatcherOptionsFrom(config_);
  EXPECT_EQ(options.interval, absl::Seconds(30));
  EXPECT_EQ(options.grace_period, absl::ZeroDuration());
  EXPECT_TRUE(options.report_existing);
  EXPECT_THAT(options.opcons, ElementsAre("prod", "test"));
  EXPECT_EQ(options.days_back, 5);
  EXPECT_THAT(options.events, ElementsAre(v1::EVENT_KIND_JOB_FAILED,
                                          v1::EVENT_KIND_MISSED_START_TIME));
  v1::Failure failure;
  oc::DailyJob job;
  failure.set_schedule_name("Payroll");
  EXPECT_EQ(options.jobs->TemplateFor(failure, job), "");
  failure.set_schedule_name("Stock");
  EXPECT_EQ(options.jobs->TemplateFor(failure, job), "basic.json");
  job.add_tags("NO_TICKET");
  EXPECT_FALSE(options.jobs->TemplateFor(failure, job).has_value());
}

TEST_F(JobWatcherConfigTest, EveryMistakeIsNamed) {
  EXPECT_THAT(
      FaultsOf(R"yaml(
job_watcher:
  interval: 100ms
  grace_period: 25h
  opcon: [prod, "", prod]
  days_back: 29
  jobs:
    - {template: none}
    - {matchers: [{job_regex: "("}], ignore: true, template: basic.json}
    - {matchers: [{working_hours: office}, {value: {name: log_tail}}, {}]}
)yaml"),
      AllOf(HasSubstr("job_watcher.interval: "),
            HasSubstr("job_watcher.grace_period: "),
            HasSubstr("job_watcher.opcon[1]: "),
            HasSubstr("job_watcher.opcon[2]: \"prod\" is there already"),
            HasSubstr("job_watcher.days_back: 29 is not between 1"),
            HasSubstr("job_watcher.jobs[0].template: \"none\" is not "
                      "among the templates: basic.json"),
            HasSubstr("job_watcher.jobs[1].template: has no effect"),
            HasSubstr("job_watcher.jobs[1].matchers[0].job_regex: ")));
  EXPECT_THAT(
      FaultsOf("job_watcher: {jobs: [{matchers: [{working_hours: office}, "
               "{value: {name: log_tail}}, {}]}]}"),
      AllOf(HasSubstr("jobs[0].matchers[0].working_hours: "),
            HasSubstr("jobs[0].matchers[1].value.name: \"log_tail\" is no "
                      "value"),
            HasSubstr("jobs[0].matchers[2]: must give at least one")));
  EXPECT_THAT(FaultsOf("job_watcher: {events: [unspecified]}"),
              HasSubstr("job_watcher.events[0]: \"unspecified\" is none of "
                        "job_failed, "));
}

}  // namespace
}  // namespace opcon_snow::incident
