#include "sandbox/opcon/clockwork.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "rapidcheck/gtest.h"
#include "sandbox/opcon/job_query.h"
#include "sandbox/opcon/schedule_builder.h"
#include "sandbox/opcon/state_json.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::CivilDay kDay(2026, 1, 5);

BuildRequest Request(const std::string& schedule) {
  BuildRequest request;
  request.schedule = schedule;
  request.date = kDay;
  return request;
}

// An OpCon at noon of kDay, UTC.
struct World {
  explicit World(int keep_days = 0)
      : clock(&base),
        notify(&clock),
        model({}, &clock, &notify),
        clockwork(keep_days, &model, &clock) {}

  DailyScheduleId Build(MasterSchedule master) {
    const std::string name = master.name;
    EXPECT_OK(DefineMaster(std::move(master), model));
    const auto id = BuildSchedule(Request(name), model);
    EXPECT_OK(id.status());
    clockwork.Advance();
    return id.ok() ? *id : DailyScheduleId();
  }

  int Pass(absl::Duration time) {
    clock.Advance(time);
    return clockwork.Advance();
  }

  const DailyJob& Job(const DailyScheduleId& schedule,
                      const std::string& name) {
    const DailyJob* job = model.FindJob({schedule, name});
    EXPECT_NE(job, nullptr) << name;
    return *job;
  }

  std::string Status(const DailyScheduleId& schedule, const std::string& name) {
    return StateDescription(Job(schedule, name).state);
  }

  std::vector<std::string> Names(const DailyScheduleId& schedule) {
    std::vector<std::string> names;
    for (const DailyJob* job : model.JobsOf(schedule)) {
      names.push_back(job->id.job_name);
    }
    return names;
  }

  std::vector<std::string> Triggers() {
    std::vector<std::string> triggers;
    for (const Notification& row : notify.ReadAll().rows) {
      triggers.push_back(row.trigger);
    }
    return triggers;
  }

  FakeClock base;
  SteppedClock clock;
  NotifyTable notify;
  OpConModel model;
  Clockwork clockwork;
};

MasterJob Planned(const std::string& name, int start_after, int run_seconds,
                  JobState end = JobState::kFinishedOk) {
  MasterJob job;
  job.name = name;
  job.machines = {"GENP001"};
  job.plan.start_after = absl::Seconds(start_after);
  PlannedRun run;
  run.run_time = absl::Seconds(run_seconds);
  run.end = end;
  job.plan.runs = {run};
  return job;
}

MasterSchedule Schedule(const std::string& name, std::vector<MasterJob> jobs,
                        int id = 40) {
  MasterSchedule master;
  master.id = id;
  master.name = name;
  master.jobs = std::move(jobs);
  return master;
}

TEST(ClockworkTest, AJobStartsRunsAndFailsWhenItIsDue) {
  World world;
  MasterJob job = Planned("A", 10, 30, JobState::kFailed);
  job.plan.runs[0].termination = "0000000005";
  job.plan.runs[0].log = LogContent("boom");
  job.plan.runs[0].late_after = absl::Seconds(20);
  const absl::Time noon = world.clock.Now();
  const DailyScheduleId id = world.Build(Schedule("S", {job}));
  EXPECT_EQ(world.Status(id, "A"), "Wait Start Time");
  EXPECT_EQ(world.Pass(absl::Seconds(9)), 0);
  EXPECT_EQ(world.Pass(absl::Seconds(1)), 1);
  EXPECT_EQ(world.Status(id, "A"), "Job Running");
  EXPECT_EQ(world.Pass(absl::Seconds(20)), 1);
  EXPECT_EQ(world.Status(id, "A"), "Job Running; Late to Finish");
  EXPECT_EQ(world.Pass(absl::Hours(5)), 1);
  EXPECT_EQ(world.Status(id, "A"), "Failed");
  const DailyJob& failed = world.Job(id, "A");
  ASSERT_EQ(failed.runs.size(), 1U);
  EXPECT_EQ(*failed.runs[0].start, noon + absl::Seconds(10));
  EXPECT_EQ(*failed.runs[0].end, noon + absl::Seconds(40));
  EXPECT_EQ(failed.termination, "0000000005");
  EXPECT_EQ(failed.runs[0].logs.at(0).data.ToString(), "boom");
  EXPECT_THAT(world.Triggers(),
              ElementsAre("Job Running", "Job Late to Finish", "Job Failed"));
}

TEST(ClockworkTest, AnotherRunGoesByTheNextPlan) {
  World world;
  MasterJob job = Planned("A", 0, 1, JobState::kFailed);
  job.plan.runs.emplace_back().run_time = absl::Seconds(2);
  const DailyScheduleId id = world.Build(Schedule("S", {job}));
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.Status(id, "A"), "Failed");
  const int first = world.Job(id, "A").job_number;
  ASSERT_OK(world.model.ApplyAction({id, "A"}, JobActionKind::kRestart, "r"));
  world.Pass(absl::Seconds(2));
  EXPECT_EQ(world.Status(id, "A"), "Finished OK");
  EXPECT_NE(world.Job(id, "A").job_number, first);
  ASSERT_OK(
      world.model.ApplyAction({id, "A"}, JobActionKind::kRestartOnHold, "r"));
  EXPECT_EQ(world.Pass(absl::Minutes(1)), 0);
  ASSERT_OK(world.model.ApplyAction({id, "A"}, JobActionKind::kRelease, "r"));
  EXPECT_EQ(world.Pass(absl::Minutes(1)), 2);
  EXPECT_EQ(world.Job(id, "A").runs.size(), 3U);
}

TEST(ClockworkTest, AFailedPredecessorHoldsTheNextOneBack) {
  World world;
  MasterJob second = Planned("B", 5, 5);
  second.predecessors = {"A"};
  const DailyScheduleId id = world.Build(
      Schedule("S", {Planned("A", 0, 10, JobState::kFailed), second}));
  EXPECT_EQ(world.Status(id, "B"), "Wait Job Dependency");
  world.Pass(absl::Minutes(5));
  EXPECT_EQ(world.Status(id, "B"), "Wait Job Dependency");
  const absl::Time fixed = world.clock.Now();
  ASSERT_OK(world.model.ApplyAction({id, "A"}, JobActionKind::kMarkFixed, "r"));
  world.Pass(absl::Minutes(5));
  EXPECT_EQ(world.Status(id, "B"), "Finished OK");
  EXPECT_EQ(*world.Job(id, "B").runs[0].start, fixed + absl::Seconds(5));
}

TEST(ClockworkTest, SomeNeverStart) {
  World world;
  const DailyScheduleId id = world.Build(
      Schedule("S", {Planned("A", 1, 0, JobState::kMissedStartTime),
                     Planned("B", 1, 0, JobState::kInitializationError)}));
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.Status(id, "A"), "Missed Start Time");
  EXPECT_EQ(world.Status(id, "B"), "Initialization Error");
  EXPECT_FALSE(world.Job(id, "A").runs[0].start.has_value());
  EXPECT_THAT(world.Job(id, "B").runs[0].logs, IsEmpty());
}

TEST(ClockworkTest, AKilledJobFailsAndAnUnplannedOneIsLeftAlone) {
  World world;
  MasterJob unplanned = Planned("B", 0, 0);
  unplanned.plan.runs.clear();
  const DailyScheduleId id =
      world.Build(Schedule("S", {Planned("A", 0, 3600), unplanned}));
  ASSERT_OK(world.model.ApplyAction({id, "A"}, JobActionKind::kKill, "r"));
  EXPECT_EQ(world.Pass(absl::Seconds(1)), 1);
  EXPECT_EQ(world.Status(id, "A"), "Failed");
  EXPECT_EQ(world.Pass(absl::Hours(11)), 0);
  EXPECT_EQ(world.Status(id, "B"), "Wait to Start");
}

TEST(ClockworkTest, AScheduleOnHoldOrBeforeItsTimeWaits) {
  World world;
  MasterSchedule master = Schedule("S", {Planned("A", 0, 1)});
  master.start_time = absl::Hours(13);
  const DailyScheduleId id = world.Build(master);
  ASSERT_OK(world.model.SetScheduleHold(id, ScheduleHold::kOnHold));
  EXPECT_EQ(StatusOf(world.model, id).description, "On Hold");
  EXPECT_EQ(world.Pass(absl::Minutes(90)), 0);
  ASSERT_OK(world.model.SetScheduleHold(id, ScheduleHold::kReleased));
  const absl::Time released = world.clock.Now();
  world.Pass(absl::Minutes(1));
  EXPECT_EQ(*world.Job(id, "A").runs[0].start, released);
  EXPECT_EQ(StatusOf(world.model, id).description, "Completed");
}

TEST(ClockworkTest, AContainerRunsWhileTheScheduleInsideDoes) {
  World world;
  ASSERT_OK(DefineMaster(
      Schedule("Sub", {Planned("Inner", 0, 60, JobState::kFailed)}, 41),
      world.model));
  MasterJob container;
  container.name = "Load";
  container.type = *FindJobType("Container");
  container.sub_schedule = "Sub";
  container.plan.start_after = absl::Seconds(30);
  const DailyScheduleId id = world.Build(Schedule("Payroll", {container}));
  const DailyScheduleId inside = *world.Job(id, "Load").sub_schedule;
  EXPECT_EQ(world.model.FindSchedule(inside)->name, "Payroll_Load[Sub]");
  world.Pass(absl::Seconds(29));
  EXPECT_EQ(world.Status(inside, "Inner"), "Wait to Start");
  world.Pass(absl::Seconds(1));
  EXPECT_EQ(world.Status(id, "Load"), "Job Running");
  EXPECT_EQ(world.Status(inside, "Inner"), "Job Running");
  world.Pass(absl::Seconds(60));
  EXPECT_EQ(world.Status(id, "Load"), "Job Running");
  ASSERT_OK(world.model.ApplyAction({inside, "Inner"},
                                    JobActionKind::kMarkFixed, "r"));
  world.clockwork.Advance();
  EXPECT_EQ(world.Status(id, "Load"), "Finished OK");
}

TEST(ClockworkTest, CopiesAreNamedAsOpConDoes) {
  World world;
  MasterJob group = Planned("Group", 0, 1);
  group.machines = {"M1", "M2"};
  MasterJob instances = Planned("Multi", 0, 1);
  instances.instances = {{{"region", "EU"}, {"k", "v"}}, {}};
  MasterJob last = Planned("Last", 0, 1);
  last.predecessors = {"Group", "Multi"};
  const DailyScheduleId id =
      world.Build(Schedule("S", {group, instances, last}));
  EXPECT_THAT(world.Names(id), ElementsAre("Group_M1", "Group_M2", "Last",
                                           "Multi$0002", "Multi_EU"));
  EXPECT_THAT(world.Job(id, "Last").predecessors,
              ElementsAre("Group_M1", "Group_M2", "Multi_EU", "Multi$0002"));
  EXPECT_EQ(world.Job(id, "Group_M2").machine, "M2");
  EXPECT_EQ(world.Job(id, "Multi_EU").properties.at(1).value, "v");
}

TEST(ClockworkTest, ASecondBuildNeedsAMultiInstanceScheduleOrOverwrites) {
  World world;
  MasterSchedule master = Schedule("S", {Planned("A", 0, 1)});
  const DailyScheduleId id = world.Build(master);
  EXPECT_THAT(BuildSchedule(Request("s"), world.model).status(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("S")));
  world.Pass(absl::Seconds(1));
  BuildRequest overwrite = Request("S");
  overwrite.overwrite = true;
  ASSERT_OK(BuildSchedule(overwrite, world.model).status());
  EXPECT_THAT(world.Job(id, "A").runs, IsEmpty());
  EXPECT_EQ(SelectHistory(world.model, {}).size(), 1U);

  master.multi_instance = true;
  ASSERT_OK(DefineMaster(master, world.model));
  const auto second = BuildSchedule(Request("S"), world.model);
  ASSERT_OK(second.status());
  EXPECT_EQ(world.model.FindSchedule(*second)->name, "S$0002");
  BuildRequest with_property = Request("S");
  with_property.properties = {{"k", "EU"}};
  const auto third = BuildSchedule(with_property, world.model);
  ASSERT_OK(third.status());
  EXPECT_EQ(world.model.FindSchedule(*third)->name, "S_EU");
  EXPECT_EQ(third->instance, 3);
}

TEST(ClockworkTest, AFailedBuildLeavesNothing) {
  World world;
  MasterJob container;
  container.name = "Load";
  container.sub_schedule = "Sub";
  ASSERT_OK(DefineMaster(Schedule("Sub", {Planned("bad|name", 0, 1)}, 41),
                         world.model));
  ASSERT_OK(DefineMaster(Schedule("S", {Planned("A", 0, 1), container}),
                         world.model));
  EXPECT_THAT(BuildSchedule(Request("S"), world.model).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bad|")));
  EXPECT_THAT(world.model.tables().schedules, IsEmpty());
  EXPECT_THAT(world.model.tables().jobs, IsEmpty());
}

TEST(ClockworkTest, AMasterThatCannotBeBuiltIsRefused) {
  World world;
  MasterJob loop = Planned("A", 0, 1);
  loop.predecessors = {"A"};
  MasterJob lost;
  lost.name = "B";
  lost.sub_schedule = "Nobody";
  for (const MasterJob& job : {loop, lost}) {
    EXPECT_THAT(DefineMaster(Schedule("S", {job}), world.model),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(
      DefineMaster(Schedule("S", {Planned("A", 0, 1), loop}), world.model),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DefineMaster(Schedule("", {}), world.model),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// A schedule that runs inside of itself ends at the deepest level allowed.
TEST(ClockworkTest, ASchedulesInsideOfItselfIsRefusedWhenItIsBuilt) {
  World world;
  ASSERT_OK(DefineMaster(Schedule("S", {}), world.model));
  MasterJob container;
  container.name = "C";
  container.sub_schedule = "S";
  ASSERT_OK(DefineMaster(Schedule("S", {container}), world.model));
  EXPECT_THAT(BuildSchedule(Request("S"), world.model).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("deep")));
  EXPECT_THAT(world.model.tables().schedules, IsEmpty());
}

TEST(ClockworkTest, AtMidnightSchedulesAreBuiltAndOldOnesBecomeHistory) {
  World world(/*keep_days=*/2);
  MasterSchedule master = Schedule("S", {Planned("A", 0, 60)});
  master.auto_build_days_in_advance = 1;
  const DailyScheduleId first = world.Build(master);
  world.Pass(absl::Hours(12));  // to the midnight of the 6th
  EXPECT_NE(world.model.FindSchedule(DailyScheduleId{kDay + 2, 40, 1}),
            nullptr);
  world.Pass(absl::Hours(24));
  EXPECT_NE(world.model.FindSchedule(first), nullptr);
  world.Pass(absl::Hours(24));
  EXPECT_EQ(world.model.FindSchedule(first), nullptr);
  const std::vector<HistoryRow> history = SelectHistory(world.model, {});
  ASSERT_GE(history.size(), 2U);
  EXPECT_EQ(history[0].job->id.schedule, first);
  EXPECT_EQ(world.model.FindRun(history[0].run->job_number).run,
            history[0].run);
}

// Whatever is planned: one long step and many short ones come to the same.
RC_GTEST_PROP(ClockworkProperty, TimeMayPassInAnySteps, ()) {
  const int count = *rc::gen::inRange(1, 12);
  std::vector<MasterJob> jobs;
  for (int i = 0; i < count; ++i) {
    MasterJob job =
        Planned("J" + std::to_string(i), *rc::gen::inRange(0, 50),
                *rc::gen::inRange(0, 100),
                *rc::gen::element(JobState::kFinishedOk, JobState::kFailed,
                                  JobState::kMissedStartTime));
    if (*rc::gen::arbitrary<bool>()) {
      job.plan.runs[0].late_after = absl::Seconds(*rc::gen::inRange(0, 100));
    }
    if (i > 0) {
      job.predecessors = {"J" + std::to_string(*rc::gen::inRange(0, i))};
    }
    jobs.push_back(std::move(job));
  }
  const auto steps =
      *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 60));
  int total = 0;
  World small;
  small.Build(Schedule("S", jobs));
  for (const int step : steps) {
    small.Pass(absl::Seconds(step));
    total += step;
  }
  World large;
  large.Build(Schedule("S", jobs));
  large.Pass(absl::Seconds(total));
  const auto state = [](World& world) {
    nlohmann::json value =
        StateToJson(world.model.tables(), world.notify.ReadAll());
    value["notifications"].erase("epoch");
    return value;
  };
  RC_ASSERT(state(small) == state(large));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
