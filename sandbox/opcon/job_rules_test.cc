#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/opcon/job_action_rules.h"
#include "sandbox/opcon/job_status.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<JobState> AllStates() {
  std::vector<JobState> states;
  for (int i = 0; i < kJobStateCount; ++i) {
    states.push_back(static_cast<JobState>(i));
  }
  return states;
}

TEST(JobStatusTest, EveryDescriptionIsReadBackInAnyCase) {
  std::set<std::string> descriptions;
  std::set<int> ids;
  for (const JobState state : AllStates()) {
    const std::string description = StateDescription(state);
    EXPECT_EQ(ParseState(description), state) << description;
    descriptions.insert(description);
    ids.insert(StatusId(state));
  }
  EXPECT_EQ(descriptions.size(), kJobStateCount);
  EXPECT_EQ(ids.size(), kJobStateCount);
  EXPECT_EQ(ParseState("JOB RUNNING; late to finish"),
            JobState::kJobRunningLateToFinish);
  EXPECT_EQ(ParseState("Exploded"), std::nullopt);
}

TEST(JobStatusTest, KnownIdsAreTheProducts) {
  EXPECT_EQ(StatusId(JobState::kInitializationError), 210);
  EXPECT_EQ(StatusId(JobState::kFinishedOk), 900);
  EXPECT_EQ(StatusId(JobState::kFailed), 910);
  EXPECT_EQ(StatusId(JobState::kMarkedFinishedOk), 920);
  EXPECT_EQ(StatusId(JobState::kMarkedFailed), 921);
  EXPECT_EQ(StatusId(JobState::kSkipped), 940);
  EXPECT_EQ(StatusId(JobState::kCancelled), 950);
}

TEST(JobStatusTest, CategoriesOfTheSurprisingStates) {
  EXPECT_EQ(CategoryOf(JobState::kPrerunFailed), JobCategory::kWaiting);
  EXPECT_EQ(CategoryOf(JobState::kInitializationError), JobCategory::kFailed);
  EXPECT_EQ(CategoryOf(JobState::kMarkedFinishedOk), JobCategory::kFinishedOk);
  EXPECT_EQ(CategoryName(JobCategory::kFinishedOk), "Finished Ok");
  EXPECT_EQ(ParseCategory("finished ok"), JobCategory::kFinishedOk);
  EXPECT_EQ(ParseCategory("Finished"), std::nullopt);
}

TEST(JobStatusTest, ProcessingEventsOnlyWhereOpConHasThatForm) {
  EXPECT_EQ(StateDescription(JobState::kFailed, true),
            "Failed; Processing Events");
  EXPECT_EQ(StateDescription(JobState::kFixed, true),
            "Fixed; Processing Events");
  EXPECT_EQ(StateDescription(JobState::kCancelled, true), "Cancelled");
  EXPECT_EQ(StateDescription(JobState::kJobRunning, true), "Job Running");
}

// The table of the reference, category by category.
struct Allowed {
  JobActionKind kind;
  std::string name;
  std::set<JobCategory> from;
};

std::vector<Allowed> ReferenceTable() {
  using C = JobCategory;
  using K = JobActionKind;
  const std::set<C> restartable = {C::kCancelled, C::kFinishedOk,  C::kFixed,
                                   C::kFailed,    C::kUnderReview, C::kSkipped};
  return {
      {K::kMarkUnderReview, "markUnderReview", {C::kFailed}},
      {K::kMarkFixed, "markFixed", {C::kFailed, C::kUnderReview}},
      {K::kRestart, "restart", restartable},
      {K::kRestartOnHold, "restartOnHold", restartable},
      {K::kForceRestart, "forceRestart", restartable},
      {K::kCancel,
       "cancel",
       {C::kHeld, C::kWaiting, C::kMissedStartTime, C::kFailed,
        C::kUnderReview}},
      {K::kSkip,
       "skip",
       {C::kHeld, C::kWaiting, C::kFailed, C::kUnderReview,
        C::kMissedStartTime}},
      {K::kMarkFinishedOk,
       "markFinishedOk",
       {C::kHeld, C::kWaiting, C::kRunning, C::kFailed, C::kUnderReview,
        C::kMissedStartTime, C::kFixed}},
      {K::kMarkFailed,
       "markFailed",
       {C::kHeld, C::kWaiting, C::kRunning, C::kFinishedOk, C::kFixed,
        C::kMissedStartTime, C::kUnderReview}},
      {K::kHold, "hold", {C::kWaiting}},
      {K::kRelease, "release", {C::kHeld}},
      {K::kStart, "start", {C::kHeld, C::kWaiting, C::kMissedStartTime}},
      {K::kKill, "kill", {C::kRunning}},
  };
}

TEST(JobActionRulesTest, AllowedExactlyWhereTheReferenceSays) {
  ASSERT_EQ(ReferenceTable().size(), kJobActionKindCount);
  for (const Allowed& row : ReferenceTable()) {
    EXPECT_EQ(ParseAction(row.name), row.kind);
    EXPECT_EQ(ActionName(row.kind), row.name);
    for (const JobState state : AllStates()) {
      const bool allowed = RefusalReason(row.kind, {state}).empty();
      EXPECT_EQ(allowed, row.from.count(CategoryOf(state)) == 1)
          << row.name << " from " << StateDescription(state);
    }
  }
}

TEST(JobActionRulesTest, NamesAreExact) {
  EXPECT_EQ(ParseAction("markunderreview"), std::nullopt);
  EXPECT_EQ(ParseAction("job:restart"), std::nullopt);
  EXPECT_EQ(ParseAction(""), std::nullopt);
}

TEST(JobActionRulesTest, ProcessingEventsRefusesMarksRestartsAndCancel) {
  using K = JobActionKind;
  for (const K kind :
       {K::kMarkUnderReview, K::kMarkFixed, K::kMarkFinishedOk, K::kRestart,
        K::kRestartOnHold, K::kForceRestart, K::kCancel}) {
    EXPECT_THAT(RefusalReason(kind, {JobState::kFailed, true}),
                HasSubstr("'Failed; Processing Events'"))
        << ActionName(kind);
    EXPECT_THAT(RefusalReason(kind, {JobState::kFailed, false}), IsEmpty())
        << ActionName(kind);
  }
  EXPECT_THAT(RefusalReason(K::kSkip, {JobState::kFailed, true}), IsEmpty());
}

TEST(JobActionRulesTest, RunningContainersCannotBeMarked) {
  using K = JobActionKind;
  EXPECT_THAT(
      RefusalReason(K::kMarkFailed, {JobState::kJobRunning, false, true}),
      HasSubstr("markFailed is not allowed"));
  EXPECT_THAT(
      RefusalReason(K::kMarkFailed, {JobState::kJobRunning, false, false}),
      IsEmpty());
  EXPECT_THAT(RefusalReason(K::kMarkFixed, {JobState::kFailed, false, true}),
              IsEmpty());
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
