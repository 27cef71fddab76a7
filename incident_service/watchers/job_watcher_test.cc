// What becomes of failures that the job watcher finds, whoever else reports
// them.

#include "incident_service/watchers/job_watcher.h"

#include <string>
#include <vector>

#include "common/config/fault.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/times.h"
#include "incident_service/watchers/job_watcher_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(JobWatcherTest, WhatIsFailedAtFirstIsTakenNoteOfForGood) {
  Begin();
  GoOn();
  Restart();
  GoOn();
  EXPECT_THAT(Reports(), IsEmpty());
  // The job's next failure is news.
  FailAgain();
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  EXPECT_EQ(Found()[0].state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(JobWatcherTest, IfWantedWhatIsThereIsReportedToo) {
  options_.report_existing = true;
  Begin();
  GoOn();
  EXPECT_THAT(Found(), SizeIs(1));
  Restart();
  GoOn();
  EXPECT_THAT(Reports(), SizeIs(1));
}

TEST_F(JobWatcherTest, AFailureIsReportedOnceAfterTheGracePeriod) {
  Begin();
  FailNow(kOther);
  // Seen first now, whatever time the job ended at.
  Rounds(2);
  EXPECT_THAT(Reports(), IsEmpty());
  Rounds(1);
  ASSERT_THAT(Reports(), SizeIs(1));
  const v1::Report report = Reports()[0];
  EXPECT_EQ(report.state(), v1::REPORT_STATE_SUCCEEDED) << report.summary();
  EXPECT_EQ(report.source().program(), "job watcher");
  EXPECT_EQ(report.event().kind(), v1::EVENT_KIND_JOB_FAILED);
  EXPECT_EQ(report.event().job_key().job_name(), "JOB002");
  EXPECT_EQ(report.event().job_key().opcon(), "production");
  EXPECT_EQ(report.event().termination(), "0000000005");
  EXPECT_EQ(report.event().schedule_name(), "Payroll");
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  GoOn();
  Restart();
  GoOn();
  EXPECT_THAT(Reports(), SizeIs(1));
  EXPECT_THAT(servicenow_.work_notes(), IsEmpty());
}

TEST_F(JobWatcherTest, WhatSomebodyHasReportedIsLeftAlone) {
  Begin();
  FailNow(kOther);
  Rounds(1);
  ReportOther("request-1");
  GoOn();
  Restart();
  GoOn();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(JobWatcherTest, AReportThatIsAtWorkIsWaitedFor) {
  Begin();
  FailNow(kOther);
  ReportOther("request-1");
  // Resolved only much later.
  for (int i = 0; i < 10; ++i) {
    EXPECT_OK(watcher_->Look());
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_THAT(Reports(), SizeIs(1));
  GoOn();
  EXPECT_THAT(Reports(), SizeIs(1));
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(JobWatcherTest, AReportThatCameToNothingIsNotWaitedFor) {
  Begin();
  FailNow(kOther);
  v1::Report report = MakeReport("request-1");
  report.mutable_event()->mutable_job_key()->set_job_name("JOB002");
  report.set_requested_template("none");
  const std::string id = Store(report);
  GoOn();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_DEAD_LETTER);
  ASSERT_THAT(Found(), SizeIs(1));
  // A person mends it.
  ::config::v1::Template basic;
  ::config::v1::Template none;
  basic.set_name("basic.json");
  none.set_name("none");
  Configure({basic, none});
  EXPECT_OK(store_->RetryReport(id, {.actor = "a.person"}).status());
  GoOn();
  EXPECT_EQ(Get(id).merged_into_report_id(), Found()[0].report_id());
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(JobWatcherTest, BothAtTheSameMomentMakeOneTicket) {
  Begin();
  // An earlier failed run that nobody reported, so that the report that is too
  // many could be taken for one of it.
  FailNow(kOther);
  clock_.Advance(absl::Seconds(1));
  FailNow(kOther);
  for (const bool command_first : {true, false}) {
    SCOPED_TRACE(command_first);
    std::string by_command;
    before_report_ = [&] {
      if (command_first) by_command = ReportOther("request-1");
    };
    for (int i = 0; i < 3; ++i) {
      EXPECT_OK(watcher_->Look());
      clock_.Advance(absl::Minutes(1));
    }
    if (!command_first) by_command = ReportOther("request-2");
    Drive();
    ASSERT_THAT(Found(), SizeIs(command_first ? 1 : 2));
    const v1::Report found = Found().back();
    const v1::Report command = Get(by_command);
    EXPECT_EQ((command_first ? command : found).state(),
              v1::REPORT_STATE_SUCCEEDED);
    if (command_first) {
      EXPECT_EQ(found.merged_into_report_id(), by_command);
    }
    EXPECT_EQ(found.failure_id(), found.request_id().substr(4));
    GoOn();
    // The next time round.
    opcon_.jobs.erase(kOther);
    opcon_.Define(kOther);
    clock_.Advance(absl::Minutes(1));
    FailNow(kOther);
  }
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(JobWatcherTest, TheCommandThatComesLaterIsMerged) {
  Begin();
  FailNow(kOther);
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  // From a spool, with a time of its own.
  const std::string late = ReportOther("request-1");
  GoOn();
  EXPECT_EQ(Get(late).state(), v1::REPORT_STATE_MERGED);
  EXPECT_EQ(Get(late).merged_into_report_id(), Found()[0].report_id());
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
  EXPECT_THAT(servicenow_.work_notes(), IsEmpty());
}

TEST_F(JobWatcherTest, AJobThatIsRestartedInTimeIsNobodysBusiness) {
  Begin();
  FailNow(kOther);
  Rounds(1);
  clock_.Advance(absl::Seconds(30));
  opcon_.Start(kOther, clock_.Now());
  GoOn();
  EXPECT_THAT(Reports(), IsEmpty());
  FailNow(kOther);
  Rounds(2);
  // The grace period is the new failure's own.
  EXPECT_THAT(Reports(), IsEmpty());
  Rounds(2);
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, AReportTellsOfTheRunThatWasSeen) {
  for (const bool keeps_number : {false, true}) {
    for (const bool history : {false, true}) {
      SCOPED_TRACE(testing::Message() << keeps_number << history);
      opcon_.keeps_job_number = keeps_number;
      opcon_.has_history = history;
      if (watcher_ == nullptr) Begin();
      const std::size_t before = Found().size();
      clock_.Advance(absl::Minutes(1));
      FailNow(kOther);
      const auto end = opcon_.jobs.at(kOther).job.end_time();
      for (int i = 0; i < 3; ++i) {
        EXPECT_OK(watcher_->Look());
        clock_.Advance(absl::Minutes(1));
      }
      ASSERT_THAT(Found(), SizeIs(before + 1));
      // Restarted, and failed again, before the report is looked into.
      FailNow(kOther);
      Drive();
      GoOn();
      const std::vector<v1::Report> found = Found();
      ASSERT_THAT(found, SizeIs(before + 2));
      const auto failures =
          store_->ListFailures(found[before].event().job_key(), "", 2);
      ASSERT_OK(failures.status());
      EXPECT_EQ(failures->records[1].failure_id(), found[before].failure_id());
      EXPECT_EQ(ToTime(failures->records[1].run_end_time()), ToTime(end));
      EXPECT_FALSE(failures->records[1].provisional());
      EXPECT_NE(found[before + 1].failure_id(), found[before].failure_id());
    }
  }
  EXPECT_THAT(servicenow_.incidents, SizeIs(1));
}

TEST_F(JobWatcherTest, OpConsClockDoesNotMatter) {
  Begin();
  for (const absl::Duration off :
       {absl::Hours(3), -absl::Hours(3), absl::Hours(30)}) {
    SCOPED_TRACE(off);
    const std::size_t before = Found().size();
    opcon_.Fail(kOther, clock_.Now() + off);
    GoOn();
    ASSERT_THAT(Found(), SizeIs(before + 1));
    EXPECT_EQ(Found().back().state(), v1::REPORT_STATE_SUCCEEDED);
    EXPECT_EQ(Found().back().failure_id(),
              Found().back().request_id().substr(4));
    EXPECT_THAT(Found().back().warnings(), IsEmpty());
  }
  EXPECT_EQ(opcon_.failures.calls("ListJobHistory"), 0);
}

TEST_F(JobWatcherTest, OurOwnClockMayJump) {
  Begin();
  FailNow(kOther);
  EXPECT_OK(watcher_->Look());
  clock_.SetNow(clock_.Now() + absl::Hours(1));
  EXPECT_OK(watcher_->Look());
  EXPECT_THAT(Reports(), IsEmpty());
  clock_.SetNow(clock_.Now() - absl::Hours(2));
  clock_.Advance(absl::Minutes(2));
  EXPECT_OK(watcher_->Look());
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(JobWatcherTest, WhatSomebodyLooksIntoIsLeftAlone) {
  Begin();
  FailNow(kOther);
  Rounds(1);
  opcon_.Mark(kOther, oc::JOB_CATEGORY_UNDER_REVIEW, "Under Review");
  GoOn();
  opcon_.Mark(kOther, oc::JOB_CATEGORY_FIXED, "Fixed");
  GoOn();
  EXPECT_THAT(Reports(), IsEmpty());
  // Put back for others, it is found, and once only.
  opcon_.Mark(kOther, oc::JOB_CATEGORY_FAILED, "Marked Failed");
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  EXPECT_EQ(Found()[0].event().kind(), v1::EVENT_KIND_MARKED_FAILED);
  opcon_.Mark(kOther, oc::JOB_CATEGORY_UNDER_REVIEW, "Under Review");
  GoOn();
  opcon_.Mark(kOther, oc::JOB_CATEGORY_FAILED, "Failed");
  GoOn();
  EXPECT_THAT(Reports(), SizeIs(1));
}

TEST_F(JobWatcherTest, AJobThatNeverRanIsReportedOnce) {
  Begin();
  opcon_.Mark(kOther, oc::JOB_CATEGORY_FAILED,
              "Initialization Error; Processing Events");
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  EXPECT_EQ(Found()[0].event().kind(), v1::EVENT_KIND_INITIALIZATION_ERROR);
  EXPECT_FALSE(Found()[0].event().has_run_end_time());
  Restart();
  GoOn();
  EXPECT_THAT(Reports(), SizeIs(1));
}

TEST_F(JobWatcherTest, OnlyTheEventsThatAreWantedCount) {
  options_.events = {v1::EVENT_KIND_MISSED_START_TIME};
  Begin();
  EXPECT_THAT(opcon_.last_list.categories(),
              ElementsAre(oc::JOB_CATEGORY_MISSED_START_TIME));
  FailNow(kOther);
  opcon_.Define("20260105|16|1|LATE");
  opcon_.Mark("20260105|16|1|LATE", oc::JOB_CATEGORY_MISSED_START_TIME,
              "Missed Start Time");
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  EXPECT_EQ(Found()[0].event().kind(), v1::EVENT_KIND_MISSED_START_TIME);
  EXPECT_EQ(Found()[0].failure_id(), Found()[0].request_id().substr(4));
  options_.events = {v1::EVENT_KIND_MISSED_START_TIME,
                     v1::EVENT_KIND_MARKED_FAILED};
  Restart();
  GoOn();
  EXPECT_THAT(
      opcon_.last_list.categories(),
      ElementsAre(oc::JOB_CATEGORY_FAILED, oc::JOB_CATEGORY_MISSED_START_TIME));
  EXPECT_THAT(Reports(), SizeIs(1));
}

TEST_F(JobWatcherTest, RulesSayWhichJobsAndWithWhichTemplate) {
  ::config::v1::Template basic;
  ::config::v1::Template payroll;
  basic.set_name("basic.json");
  payroll.set_name("payroll");
  Configure({basic, payroll});
  ::config::v1::JobWatcher config;
  ::config::v1::WatchedJobs* ignored = config.add_jobs();
  ignored->set_ignore(true);
  ignored->add_matchers()->set_tag("NO_TICKET");
  ::config::v1::WatchedJobs* own = config.add_jobs();
  own->set_template_("payroll");
  own->add_matchers()->set_schedule("Payroll");
  own->add_matchers()->set_machine_regex("GENP.*");
  config::Faults faults;
  options_.jobs = WatchedJobs::Compile(config.jobs(), "jobs", &faults);
  ASSERT_NE(options_.jobs, nullptr) << faults.Format();
  Begin();
  FailMany(3);
  opcon_.jobs.at("20260105|16|1|MANY0000").job.add_tags("NO_TICKET");
  opcon_.jobs.at("20260105|16|1|MANY0001")
      .job.mutable_schedule()
      ->set_name("Another");
  GoOn();
  ASSERT_THAT(Found(), SizeIs(1));
  EXPECT_EQ(Found()[0].event().job_key().job_name(), "MANY0002");
  EXPECT_EQ(Found()[0].requested_template(), "payroll");
}

}  // namespace
}  // namespace opcon_snow::incident
