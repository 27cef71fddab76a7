#include "sandbox/opcon/action_queue.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ActionQueueTest : public ::testing::Test {
 protected:
  void Make(const ActionPolicy& policy) {
    queue_ = std::make_unique<ActionQueue>(policy, &model_, &clock_);
    JobDefinition definition;
    definition.id = id_;
    definition.schedule_name = "Payroll";
    definition.machine = "GENP001";
    EXPECT_OK(model_.DefineJob(definition));
    EXPECT_OK(model_.EndJob(id_, {}));
  }

  int Mark(const std::vector<DailyJobId>& ids,
           JobActionKind kind = JobActionKind::kMarkUnderReview) {
    std::vector<JobActionItem> items;
    for (const DailyJobId& id : ids) {
      JobActionItem item;
      item.id = id;
      items.push_back(item);
    }
    return queue_->Submit(kind, "reason", std::move(items)).id;
  }

  LogAction Logs(LogActionKind kind, int job_number,
                 const std::string& file = "") {
    LogActionItem item;
    item.job_number = job_number;
    item.file = file;
    const int id = queue_->Submit(kind, {item}).id;
    clock_.Advance(absl::Seconds(1));
    queue_->Advance();
    return *queue_->PollLogAction(id);
  }

  JobState State() { return model_.FindJob(id_)->state; }

  const DailyJobId id_ = {{absl::CivilDay(2026, 1, 5), 16, 1}, "JOB001"};
  FakeClock clock_;
  NotifyTable notify_{&clock_};
  OpConModel model_{{}, &clock_, &notify_};
  std::unique_ptr<ActionQueue> queue_;
};

TEST_F(ActionQueueTest, AnActionHappensAfterTheDelayWithoutBeingAskedFor) {
  ActionPolicy policy;
  policy.delay = absl::Seconds(3);
  Make(policy);
  const int id = Mark({id_});
  EXPECT_EQ(queue_->NextDue(), clock_.Now() + absl::Seconds(3));
  clock_.Advance(absl::Seconds(2));
  queue_->Advance();
  EXPECT_EQ(State(), JobState::kFailed);
  EXPECT_EQ(queue_->PollJobAction(id)->result, ActionResult::kSubmitted);
  clock_.Advance(absl::Seconds(1));
  queue_->Advance();
  EXPECT_EQ(State(), JobState::kUnderReview);
  EXPECT_EQ(queue_->PollJobAction(id)->result, ActionResult::kSuccess);
  EXPECT_EQ(queue_->NextDue(), absl::InfiniteFuture());
}

TEST_F(ActionQueueTest, PollsHurryItIfToldSo) {
  ActionPolicy policy;
  policy.delay = absl::Hours(1);
  policy.polls = 2;
  policy.expiry = absl::Hours(2);
  Make(policy);
  const int id = Mark({id_});
  EXPECT_EQ(queue_->PollJobAction(id)->result, ActionResult::kSubmitted);
  EXPECT_EQ(State(), JobState::kFailed);
  EXPECT_EQ(queue_->PollJobAction(id)->result, ActionResult::kSuccess);
  EXPECT_EQ(State(), JobState::kUnderReview);
  // And not a second time when the delay is over.
  ASSERT_OK(model_.ApplyAction(id_, JobActionKind::kRestart, ""));
  ASSERT_OK(model_.EndJob(id_, {}));
  clock_.Advance(absl::Hours(1));
  queue_->Advance();
  EXPECT_EQ(State(), JobState::kFailed);
}

TEST_F(ActionQueueTest, EachJobHasItsOwnResultAndOneFailureFailsTheWhole) {
  Make({});
  const DailyJobId other = {id_.schedule, "OTHER"};
  JobDefinition definition;
  definition.id = other;
  definition.schedule_name = "Payroll";
  ASSERT_OK(model_.DefineJob(definition));
  const int id = Mark({other, id_});
  clock_.Advance(absl::Seconds(1));
  queue_->Advance();
  const JobAction* action = queue_->PollJobAction(id);
  EXPECT_EQ(action->result, ActionResult::kFailed);
  ASSERT_THAT(action->items, SizeIs(2));
  EXPECT_EQ(action->items[0].result, ActionResult::kFailed);
  EXPECT_THAT(action->items[0].message, HasSubstr("'Wait to Start'"));
  EXPECT_EQ(action->items[1].result, ActionResult::kSuccess);
  EXPECT_EQ(State(), JobState::kUnderReview);
}

TEST_F(ActionQueueTest, AnswersExpire) {
  ActionPolicy policy;
  policy.expiry = absl::Seconds(60);
  Make(policy);
  const int id = Mark({id_});
  clock_.Advance(absl::Seconds(60));
  queue_->Advance();
  EXPECT_NE(queue_->PollJobAction(id), nullptr);
  clock_.Advance(absl::Seconds(1));
  queue_->Advance();
  EXPECT_EQ(queue_->PollJobAction(id), nullptr);
  EXPECT_EQ(queue_->PollJobAction(9999), nullptr);
}

TEST_F(ActionQueueTest, ListsAndReadsTheFilesOfARun) {
  Make({});
  const int number = model_.FindJob(id_)->job_number;
  const LogAction list = Logs(LogActionKind::kList, number);
  EXPECT_EQ(list.result, ActionResult::kSuccess);
  ASSERT_THAT(list.items[0].files, SizeIs(1));
  EXPECT_FALSE(list.items[0].data.has_value());
  const LogAction file =
      Logs(LogActionKind::kFile, number, list.items[0].files[0]);
  EXPECT_EQ(file.items[0].result, ActionResult::kSuccess);
  ASSERT_TRUE(file.items[0].data.has_value());
  EXPECT_THAT(file.items[0].data->ToString(), HasSubstr("JOB001"));
}

TEST_F(ActionQueueTest, AnItemMayFailWhileTheActionSucceeds) {
  Make({});
  const int number = model_.FindJob(id_)->job_number;
  const LogAction unknown = Logs(LogActionKind::kList, 1);
  EXPECT_EQ(unknown.result, ActionResult::kSuccess);
  EXPECT_EQ(unknown.items[0].result, ActionResult::kFailed);
  EXPECT_THAT(unknown.items[0].message, HasSubstr("job number 1"));

  EXPECT_THAT(Logs(LogActionKind::kFile, number, "nothing").items[0].message,
              HasSubstr("File not found"));

  model_.FindJob(id_)->log_error = "JORS timed out";
  EXPECT_EQ(Logs(LogActionKind::kList, number).items[0].message,
            "JORS timed out");
}

TEST_F(ActionQueueTest, ARunThatStillRunsHasNoFiles) {
  Make({});
  ASSERT_OK(model_.StartJob(id_));
  const int number = model_.FindJob(id_)->job_number;
  EXPECT_THAT(Logs(LogActionKind::kList, number).items[0].message,
              HasSubstr("No job output"));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
