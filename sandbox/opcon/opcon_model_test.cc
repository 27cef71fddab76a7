#include "sandbox/opcon/opcon_model.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OpConModelTest : public ::testing::Test {
 protected:
  void Make(const ModelOptions& options = {}) {
    model_ = std::make_unique<OpConModel>(options, &clock_, &notify_);
  }

  void SetUp() override { Make(); }

  JobDefinition Definition(const std::string& name = "JOB001") const {
    JobDefinition definition;
    definition.id = {{absl::CivilDay(2026, 1, 5), 16, 1}, name};
    definition.schedule_name = "Payroll";
    definition.machine = "GENP001";
    return definition;
  }

  DailyJobId Define(const JobDefinition& definition) {
    const auto job = model_->DefineJob(definition);
    EXPECT_OK(job);
    return definition.id;
  }

  const DailyJob& Job(const DailyJobId& id) { return *model_->FindJob(id); }

  std::string Status(const DailyJobId& id) {
    const DailyJob& job = Job(id);
    return StateDescription(job.state, job.IsProcessingEvents(clock_.Now()));
  }

  std::vector<std::string> Triggers() const {
    std::vector<std::string> triggers;
    for (const Notification& row : notify_.ReadAll().rows) {
      triggers.push_back(row.trigger);
    }
    return triggers;
  }

  std::map<std::string, std::string> LastProperties() const {
    return notify_.ReadAll().rows.back().properties;
  }

  FakeClock clock_;
  NotifyTable notify_{&clock_};
  std::unique_ptr<OpConModel> model_;
};

TEST_F(OpConModelTest, AFailureSetsStatusTimesTerminationAndLog) {
  const DailyJobId id = Define(Definition());
  EXPECT_EQ(Status(id), "Wait to Start");
  ASSERT_OK(model_->StartJob(id));
  EXPECT_EQ(Status(id), "Job Running");
  const absl::Time start = clock_.Now();
  clock_.Advance(absl::Seconds(6));
  JobEnd end;
  end.termination = "0000000005";
  end.logs.emplace().emplace_back("Joblog.txt", "boom");
  ASSERT_OK(model_->EndJob(id, end));

  const DailyJob& job = Job(id);
  EXPECT_EQ(Status(id), "Failed");
  EXPECT_EQ(job.termination, "0000000005");
  ASSERT_THAT(job.runs, SizeIs(1));
  EXPECT_EQ(job.runs[0].start, start);
  EXPECT_EQ(job.runs[0].end, start + absl::Seconds(6));
  EXPECT_EQ(job.runs[0].job_number, job.job_number);
  ASSERT_THAT(job.runs[0].logs, SizeIs(1));
  EXPECT_EQ(job.runs[0].logs[0].data.ToString(), "boom");
  EXPECT_THAT(job.runs[0].logs[0].name, EndsWith("\\Joblog.txt"));
  EXPECT_THAT(Triggers(), ElementsAre("Job Running", "Job Failed"));
}

TEST_F(OpConModelTest, ANotificationHasThePropertiesOfTheReference) {
  ModelOptions options;
  options.zone = absl::FixedTimeZone(-6 * 3600);
  Make(options);
  JobDefinition definition = Definition("Load A/B $0001");
  definition.schedule_name = "Payroll_Cont[Sub]";
  definition.properties = {{"DEPT", "HR"}};
  const DailyJobId id = Define(definition);
  JobEnd end;
  end.termination = "0000000005";
  ASSERT_OK(model_->EndJob(id, end));

  const auto properties = LastProperties();
  EXPECT_EQ(properties.at("$MACHINE NAME"), "GENP001");
  EXPECT_EQ(properties.at("$SCHEDULE NAME"), "Payroll_Cont[Sub]");
  EXPECT_EQ(properties.at("$JOB NAME"), "Load A/B $0001");
  EXPECT_EQ(properties.at("$JOB TERMINATION"), "0000000005");
  EXPECT_EQ(properties.at("$SCHEDULE DATE"), "05-Jan-2026");
  EXPECT_EQ(properties.at("$SCHEDULE DATE-SNOW"), "2026-01-05");
  EXPECT_EQ(properties.at("$SCHEDULE ID"), "16");
  EXPECT_EQ(properties.at("$SCHEDULE INST"), "1");
  EXPECT_EQ(properties.at("$JOBID"), "0000049895");
  EXPECT_EQ(properties.at("$JOB STATUS"), "Failed");
  EXPECT_EQ(properties.at("$JOB STATUS CATEGORY"), "Failed");
  EXPECT_EQ(properties.at("$FREQUENCY NAME"), "AllDays");
  EXPECT_EQ(properties.at("$JOB ENDTIME"), "2026/01/05 06:00:00");
  EXPECT_EQ(properties.at("JI.DEPT"), "HR");
  EXPECT_THAT(properties.at("$NOTIFYID"), testing::Not(IsEmpty()));
}

TEST_F(OpConModelTest, AJobWithoutAMachineHasNoLogAndIsNotAvailable) {
  JobDefinition definition = Definition();
  definition.machine = "";
  definition.type = *FindJobType("Null Job");
  const DailyJobId id = Define(definition);
  ASSERT_OK(model_->EndJob(id, {}));
  EXPECT_THAT(Job(id).runs[0].logs, IsEmpty());
  EXPECT_EQ(LastProperties().at("$MACHINE NAME"), "N/A");
}

TEST_F(OpConModelTest, ARestartedJobRunsWithANewNumber) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {}));
  const int first = Job(id).job_number;
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kRestart, "INC1"));
  EXPECT_EQ(Status(id), "Job Running");
  EXPECT_EQ(Job(id).termination, "");
  EXPECT_EQ(Job(id).change_reason, "INC1");
  EXPECT_NE(Job(id).job_number, first);
  ASSERT_OK(model_->EndJob(id, {}));
  ASSERT_THAT(Job(id).runs, SizeIs(2));
  EXPECT_EQ(model_->FindRun(first).run->number, 1);
  EXPECT_EQ(model_->FindRun(Job(id).job_number).run->number, 2);
  EXPECT_NE(Job(id).runs[0].logs[0].name, Job(id).runs[1].logs[0].name);
  EXPECT_THAT(Triggers(),
              ElementsAre("Job Running", "Job Failed", "Job Restarted",
                          "Job Running", "Job Failed"));
}

TEST_F(OpConModelTest, ARestartedJobKeepsItsNumberIfToldSo) {
  ModelOptions options;
  options.job_number_on_restart = JobNumberOnRestart::kSame;
  Make(options);
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {}));
  const int first = Job(id).job_number;
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kForceRestart, ""));
  ASSERT_OK(model_->EndJob(id, {}));
  EXPECT_EQ(Job(id).job_number, first);
  EXPECT_EQ(model_->FindRun(first).run->number, 2);
}

TEST_F(OpConModelTest, ARestartOnHoldShowsNoTimesUntilItIsReleased) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {}));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kRestartOnHold, ""));
  EXPECT_EQ(Status(id), "On Hold");
  EXPECT_EQ(Job(id).ShownRun(), nullptr);
  EXPECT_THAT(Job(id).runs, SizeIs(1));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kRelease, ""));
  EXPECT_EQ(Status(id), "Wait to Start");
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kStart, ""));
  EXPECT_EQ(Status(id), "Job Running");
  EXPECT_THAT(Job(id).runs, SizeIs(2));
}

TEST_F(OpConModelTest, AReportOnAnEndedJobIsANewRun) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {}));
  ASSERT_OK(model_->EndJob(id, {}));
  EXPECT_THAT(Job(id).runs, SizeIs(2));
  ASSERT_OK(model_->StartJob(id));
  ASSERT_OK(model_->StartJob(id));  // it runs already
  EXPECT_THAT(Job(id).runs, SizeIs(3));
}

TEST_F(OpConModelTest, AnInitializationErrorNeverReachesTheAgent) {
  const DailyJobId id = Define(Definition());
  JobEnd end;
  end.state = JobState::kInitializationError;
  ASSERT_OK(model_->EndJob(id, end));
  EXPECT_EQ(Status(id), "Initialization Error");
  ASSERT_THAT(Job(id).runs, SizeIs(1));
  EXPECT_FALSE(Job(id).runs[0].start.has_value());
  EXPECT_TRUE(Job(id).runs[0].end.has_value());
  EXPECT_THAT(Job(id).runs[0].logs, IsEmpty());
  EXPECT_THAT(Triggers(), ElementsAre("Job Initialization Error"));
}

TEST_F(OpConModelTest, AMissedStartTimeCanStillBeStarted) {
  const DailyJobId id = Define(Definition());
  JobEnd end;
  end.state = JobState::kMissedStartTime;
  ASSERT_OK(model_->EndJob(id, end));
  EXPECT_THAT(Triggers(), ElementsAre("Job Missed Start Time"));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kStart, ""));
  EXPECT_EQ(Status(id), "Job Running");
}

TEST_F(OpConModelTest, MarksChangeTheStatusAndNotify) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {}));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kMarkUnderReview, "r1"));
  EXPECT_EQ(Status(id), "Under Review");
  EXPECT_THAT(model_->ApplyAction(id, JobActionKind::kMarkUnderReview, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("'Under Review'")));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kMarkFixed, "r2"));
  EXPECT_EQ(Status(id), "Fixed");
  EXPECT_EQ(Job(id).change_reason, "r2");
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kMarkFailed, ""));
  EXPECT_EQ(Status(id), "Marked Failed");
  EXPECT_THAT(Triggers(),
              ElementsAre("Job Running", "Job Failed", "Job Under Review",
                          "Job Fixed", "Job Marked Failed"));
}

TEST_F(OpConModelTest, ARefusedActionChangesNothing) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->EndJob(id, {JobState::kFinishedOk, "", {}, {}}));
  ASSERT_THAT(model_->ApplyAction(id, JobActionKind::kMarkFixed, "no"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Status(id), "Finished OK");
  EXPECT_EQ(Job(id).change_reason, "");
  EXPECT_THAT(Triggers(), ElementsAre("Job Running", "Job Finished OK"));
}

TEST_F(OpConModelTest, ProcessingEventsPassesWithTime) {
  const DailyJobId id = Define(Definition());
  JobEnd end;
  end.processing_events = absl::Seconds(2);
  ASSERT_OK(model_->EndJob(id, end));
  EXPECT_EQ(Status(id), "Failed; Processing Events");
  EXPECT_THAT(model_->ApplyAction(id, JobActionKind::kMarkUnderReview, ""),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Status(id), "Failed");
  EXPECT_OK(model_->ApplyAction(id, JobActionKind::kMarkUnderReview, ""));
}

TEST_F(OpConModelTest, MarkingARunningJobEndsItsRun) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->StartJob(id));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kMarkFinishedOk, ""));
  EXPECT_TRUE(Job(id).runs[0].end.has_value());
  EXPECT_EQ(Job(id).runs[0].state, JobState::kMarkedFinishedOk);
}

TEST_F(OpConModelTest, AKilledJobRunsUntilTheAgentReports) {
  const DailyJobId id = Define(Definition());
  ASSERT_OK(model_->StartJob(id));
  ASSERT_OK(model_->ApplyAction(id, JobActionKind::kKill, ""));
  EXPECT_EQ(Status(id), "Job Running; To be terminated");
  ASSERT_OK(model_->EndJob(id, {}));
  EXPECT_EQ(Status(id), "Failed");
  EXPECT_THAT(Job(id).runs, SizeIs(1));
}

TEST_F(OpConModelTest, UnixJobsEndTheUnixWay) {
  JobDefinition definition = Definition();
  definition.type = *FindJobType("unix");
  const DailyJobId id = Define(definition);
  ASSERT_OK(model_->EndJob(id, {}));
  EXPECT_EQ(Job(id).termination, "+000000001:0000:N");
  EXPECT_THAT(Job(id).runs[0].logs[0].name, EndsWith("/Joblog.txt"));
}

TEST_F(OpConModelTest, ARebuiltJobHasANewUidAndNoTicket) {
  const DailyJobId id = Define(Definition());
  model_->AddTicket(*model_->FindJob(id), "INC1", "");
  const auto uid = Job(id).uid;
  EXPECT_THAT(model_->DefineJob(Definition()),
              StatusIs(absl::StatusCode::kAlreadyExists));
  JobDefinition again = Definition();
  again.replace = true;
  Define(again);
  EXPECT_NE(Job(id).uid, uid);
  EXPECT_THAT(Job(id).tickets, IsEmpty());
}

TEST_F(OpConModelTest, TicketsAreRowsOfTheirOwn) {
  const DailyJobId id = Define(Definition());
  DailyJob& job = *model_->FindJob(id);
  const int first = model_->AddTicket(job, "INC1", "u1").id;
  const int second = model_->AddTicket(job, "INC2", "u2").id;
  ASSERT_OK(model_->ReplaceTicket(job, second, "INC3", "u3"));
  EXPECT_EQ(job.tickets[0].ticket_id, "INC1");
  EXPECT_EQ(job.tickets[1].ticket_id, "INC3");
  ASSERT_OK(model_->RemoveTicket(job, first));
  EXPECT_THAT(job.tickets, SizeIs(1));
  EXPECT_THAT(model_->RemoveTicket(job, first),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(model_->ReplaceTicket(job, 99, "", ""),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OpConModelTest, RefusesWhatOpConWouldNotTake) {
  for (const char* name : {"", "A|B", "A,B", "A[1]", "A%20", "A*"}) {
    EXPECT_THAT(model_->DefineJob(Definition(name)),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
  EXPECT_THAT(model_->DefineJob(Definition(std::string(129, 'x'))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  JobDefinition definition = Definition();
  definition.state = JobState::kFailed;
  EXPECT_THAT(model_->DefineJob(definition),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Define(Definition("A"));
  definition = Definition("B");
  definition.schedule_name = "Another";
  EXPECT_THAT(
      model_->DefineJob(definition),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'Payroll'")));
}

TEST_F(OpConModelTest, NumbersAreTheSameAfterAReset) {
  const DailyJobId id = Define(Definition());
  const auto uid = Job(id).uid;
  const int number = Job(id).job_number;
  const std::string unique = Job(id).unique_job_id;
  ASSERT_OK(model_->EndJob(id, {}));
  model_->Reset();
  EXPECT_EQ(model_->FindJob(id), nullptr);
  EXPECT_THAT(Triggers(), IsEmpty());
  Define(Definition());
  EXPECT_EQ(Job(id).uid, uid);
  EXPECT_EQ(Job(id).job_number, number);
  EXPECT_EQ(Job(id).unique_job_id, unique);
}

TEST_F(OpConModelTest, UnknownJobs) {
  const DailyJobId id = Definition().id;
  EXPECT_THAT(model_->StartJob(id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(model_->EndJob(id, {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(model_->ApplyAction(id, JobActionKind::kHold, ""),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(model_->FindRun(49895).run, nullptr);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
