#include "sandbox/opcon/job_query.h"

#include <string>
#include <vector>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class JobQueryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Define("LOAD", "Payroll", 16, {"ROUTE1-a", "EXIT"}, "GENP001");
    Define("LOAD2", "Payroll", 16, {"route2"}, "GENP002");
    Define("RELOAD", "Payroll_Cont[Sub]", 17, {}, "");
    ASSERT_OK(model_.EndJob(Id("LOAD", 16), {}));
    clock_.Advance(absl::Seconds(10));
    ASSERT_OK(model_.StartJob(Id("LOAD2", 16)));
  }

  static DailyJobId Id(const std::string& name, int schedule, int day = 5) {
    return {{absl::CivilDay(2026, 1, day), schedule, 1}, name};
  }

  void Define(const std::string& name, const std::string& schedule, int id,
              const std::vector<std::string>& tags, const std::string& machine,
              int day = 5) {
    JobDefinition definition;
    definition.id = Id(name, id, day);
    definition.schedule_name = schedule;
    definition.tags = tags;
    definition.machine = machine;
    ASSERT_OK(model_.DefineJob(definition));
  }

  std::vector<std::string> Names(const JobFilter& filter,
                                 const std::vector<JobOrder>& order = {}) {
    std::vector<std::string> names;
    for (const DailyJob* job : SelectJobs(model_, filter, order)) {
      names.push_back(job->id.job_name);
    }
    return names;
  }

  FakeClock clock_;
  NotifyTable notify_{&clock_};
  OpConModel model_{{}, &clock_, &notify_};
};

TEST_F(JobQueryTest, NamesOverMatch) {
  JobFilter filter;
  filter.name = "load";
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2", "RELOAD"));
  filter.name = "LOAD?";
  EXPECT_THAT(Names(filter), ElementsAre("LOAD2"));
  filter = {};
  filter.schedule_name = "Payroll";
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2", "RELOAD"));
  filter.schedule_name = "Payroll_Cont?Sub?";
  EXPECT_THAT(Names(filter), ElementsAre("RELOAD"));
}

TEST_F(JobQueryTest, IdsAreWhole) {
  JobFilter filter;
  filter.ids = {"20260105|16|1|load"};
  EXPECT_THAT(Names(filter), ElementsAre("LOAD"));
  filter = {};
  filter.uids = {model_.FindJob(Id("LOAD2", 16))->uid, 1};
  EXPECT_THAT(Names(filter), ElementsAre("LOAD2"));
  filter = {};
  filter.schedule_ids = {"20260105|17|1"};
  EXPECT_THAT(Names(filter), ElementsAre("RELOAD"));
  filter = {};
  filter.job_number = model_.FindJob(Id("LOAD", 16))->job_number;
  EXPECT_THAT(Names(filter), ElementsAre("LOAD"));
}

TEST_F(JobQueryTest, StatusCategoryTagMachineTypeAndDate) {
  JobFilter filter;
  filter.categories = {"failed", "Running"};
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2"));
  filter = {};
  filter.status = "Run";
  EXPECT_THAT(Names(filter), ElementsAre("LOAD2"));
  filter = {};
  filter.tags = {"ROUTE2", "nothing"};
  EXPECT_THAT(Names(filter), ElementsAre("LOAD2"));
  filter = {};
  filter.machine = "GENP";
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2"));
  filter = {};
  filter.job_type = "3";
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2", "RELOAD"));
  filter.job_type = "UNIX";
  EXPECT_THAT(Names(filter), IsEmpty());
  filter = {};
  filter.termination = "0001";
  EXPECT_THAT(Names(filter), ElementsAre("LOAD"));
  filter = {};
  filter.dates = {absl::CivilDay(2026, 1, 6)};
  EXPECT_THAT(Names(filter), IsEmpty());
}

TEST_F(JobQueryTest, FailedFindsMarkedFailedToo) {
  ASSERT_OK(
      model_.ApplyAction(Id("LOAD2", 16), JobActionKind::kMarkFailed, ""));
  JobFilter filter;
  filter.status = "Failed";
  EXPECT_THAT(Names(filter), UnorderedElementsAre("LOAD", "LOAD2"));
}

TEST_F(JobQueryTest, SortsByColumnsInTheirOrder) {
  EXPECT_THAT(Names({}, {{JobColumn::kName, true}}),
              ElementsAre("RELOAD", "LOAD2", "LOAD"));
  EXPECT_THAT(Names({}, {{JobColumn::kScheduleName, true},
                         {JobColumn::kMachine, true}}),
              ElementsAre("RELOAD", "LOAD2", "LOAD"));
  EXPECT_THAT(Names({}, {{JobColumn::kStart, false}}),
              ElementsAre("RELOAD", "LOAD", "LOAD2"));
  EXPECT_EQ(ParseJobColumn("TermDesc"), JobColumn::kTermination);
  EXPECT_EQ(ParseJobColumn("colour"), std::nullopt);
}

TEST_F(JobQueryTest, AScheduleIsComputedFromItsJobs) {
  const DailyScheduleId payroll = Id("", 16).schedule;
  ScheduleStatus status = StatusOf(model_, payroll);
  EXPECT_EQ(status.description, "In Process");
  EXPECT_TRUE(status.contains_failed_jobs);
  EXPECT_FALSE(status.last_end.has_value());
  EXPECT_EQ(StatusOf(model_, Id("", 17).schedule).description, "Wait to Start");

  ASSERT_OK(model_.ApplyAction(Id("LOAD", 16), JobActionKind::kMarkFixed, ""));
  ASSERT_OK(
      model_.EndJob(Id("LOAD2", 16), {JobState::kFinishedOk, "", {}, {}}));
  status = StatusOf(model_, payroll);
  EXPECT_EQ(status.description, "Completed");
  EXPECT_EQ(status.category, "Finished Ok");
  EXPECT_FALSE(status.contains_failed_jobs);
  EXPECT_EQ(status.last_end, clock_.Now());
}

TEST_F(JobQueryTest, SelectsSchedules) {
  ScheduleFilter filter;
  filter.failed_jobs = true;
  std::vector<const DailySchedule*> found = SelectSchedules(model_, filter);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->name, "Payroll");
  filter = {};
  filter.categories = {"waiting"};
  found = SelectSchedules(model_, filter);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->name, "Payroll_Cont[Sub]");
  filter = {};
  filter.ids = {"20260105|16|1"};
  EXPECT_EQ(SelectSchedules(model_, filter).size(), 1u);
  filter.dates = {absl::CivilDay(2026, 1, 6)};
  EXPECT_THAT(SelectSchedules(model_, filter), IsEmpty());
}

TEST_F(JobQueryTest, HistoryHasTheRunsThatEndedInThatOrder) {
  ASSERT_OK(model_.EndJob(Id("LOAD2", 16), {}));
  clock_.Advance(absl::Seconds(10));
  ASSERT_OK(model_.EndJob(Id("LOAD", 16), {}));
  ASSERT_OK(model_.StartJob(Id("RELOAD", 17)));  // has not ended
  std::vector<std::string> rows;
  for (const HistoryRow& row : SelectHistory(model_, {})) {
    rows.push_back(row.job->id.job_name + std::to_string(row.run->number));
  }
  EXPECT_THAT(rows, ElementsAre("LOAD1", "LOAD21", "LOAD2"));

  HistoryFilter filter;
  filter.unique_job_ids = {model_.FindJob(Id("LOAD", 16))->unique_job_id};
  EXPECT_EQ(SelectHistory(model_, filter).size(), 2u);
  filter = {};
  filter.to = absl::CivilDay(2026, 1, 4);
  EXPECT_THAT(SelectHistory(model_, filter), IsEmpty());
  filter = {};
  filter.from = absl::CivilDay(2026, 1, 5);
  filter.job_name = "LOAD2";
  EXPECT_EQ(SelectHistory(model_, filter).size(), 1u);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
