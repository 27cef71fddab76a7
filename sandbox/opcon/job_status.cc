#include "sandbox/opcon/job_status.h"

#include <array>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

struct CategoryRow {
  JobCategory category;
  absl::string_view name;
};

constexpr std::array<CategoryRow, kJobCategoryCount> kCategories = {{
    {JobCategory::kHeld, "Held"},
    {JobCategory::kWaiting, "Waiting"},
    {JobCategory::kRunning, "Running"},
    {JobCategory::kFinishedOk, "Finished Ok"},
    {JobCategory::kFailed, "Failed"},
    {JobCategory::kMissedStartTime, "Missed Start Time"},
    {JobCategory::kCancelled, "Cancelled"},
    {JobCategory::kSkipped, "Skipped"},
    {JobCategory::kUnderReview, "Under Review"},
    {JobCategory::kFixed, "Fixed"},
}};

struct StateRow {
  JobState state;
  absl::string_view description;
  JobCategory category;
  int id;
  bool processing_events_form;
};

// In the order of the enum, so that a state is the index of its row.
constexpr std::array<StateRow, kJobStateCount> kStates = {{
    {JobState::kOnHold, "On Hold", JobCategory::kHeld, 0, false},
    {JobState::kUnderConstruction, "Under Construction", JobCategory::kWaiting,
     5, false},
    {JobState::kQualifying, "Qualifying", JobCategory::kWaiting, 10, false},
    {JobState::kReleased, "Released", JobCategory::kWaiting, 20, false},
    {JobState::kWaitStartTime, "Wait Start Time", JobCategory::kWaiting, 30,
     false},
    {JobState::kWaitJobDependency, "Wait Job Dependency", JobCategory::kWaiting,
     40, false},
    {JobState::kWaitExpressionDependency, "Wait Expression Dependency",
     JobCategory::kWaiting, 45, false},
    {JobState::kWaitThresholdResourceDependency,
     "Wait Threshold/Resource Dependency", JobCategory::kWaiting, 50, false},
    {JobState::kWaitMachine, "Wait Machine", JobCategory::kWaiting, 60, false},
    {JobState::kWaitJobConflict, "Wait Job Conflict", JobCategory::kWaiting, 70,
     false},
    {JobState::kJobToBeSkipped, "Job to be Skipped", JobCategory::kWaiting, 80,
     false},
    {JobState::kLateToStart, "Late to Start", JobCategory::kWaiting, 90, false},
    {JobState::kWaitToStart, "Wait to Start", JobCategory::kWaiting, 100,
     false},
    {JobState::kWaitToStartForced, "Wait to Start; Forced",
     JobCategory::kWaiting, 110, false},
    {JobState::kPrerunFailed, "Prerun Failed", JobCategory::kWaiting, 220,
     false},
    {JobState::kAttemptToStart, "Attempt to Start", JobCategory::kRunning, 200,
     false},
    {JobState::kStartAttempted, "Start Attempted", JobCategory::kRunning, 201,
     false},
    {JobState::kStillAttemptingStart, "Still Attempting Start",
     JobCategory::kRunning, 202, false},
    {JobState::kPrerunActive, "Prerun Active", JobCategory::kRunning, 230,
     false},
    {JobState::kJobRunning, "Job Running", JobCategory::kRunning, 500, false},
    {JobState::kJobRunningLateToFinish, "Job Running; Late to Finish",
     JobCategory::kRunning, 510, false},
    {JobState::kJobRunningToBeTerminated, "Job Running; To be terminated",
     JobCategory::kRunning, 520, false},
    {JobState::kInitializationError, "Initialization Error",
     JobCategory::kFailed, 210, false},
    {JobState::kFinishedOk, "Finished OK", JobCategory::kFinishedOk, 900, true},
    {JobState::kFailed, "Failed", JobCategory::kFailed, 910, true},
    {JobState::kMarkedFinishedOk, "Marked Finished OK",
     JobCategory::kFinishedOk, 920, true},
    {JobState::kMarkedFailed, "Marked Failed", JobCategory::kFailed, 921, true},
    {JobState::kSkipped, "Skipped", JobCategory::kSkipped, 940, true},
    {JobState::kCancelled, "Cancelled", JobCategory::kCancelled, 950, false},
    {JobState::kUnderReview, "Under Review", JobCategory::kUnderReview, 960,
     true},
    {JobState::kFixed, "Fixed", JobCategory::kFixed, 970, true},
    {JobState::kMissedStartTime, "Missed Start Time",
     JobCategory::kMissedStartTime, 980, false},
}};

constexpr bool RowsFollowTheEnum() {
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    if (static_cast<std::size_t>(kStates[i].state) != i) return false;
  }
  for (std::size_t i = 0; i < kCategories.size(); ++i) {
    if (static_cast<std::size_t>(kCategories[i].category) != i) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnum());

const StateRow& Row(JobState state) {
  return kStates[static_cast<std::size_t>(state)];
}

}  // namespace

absl::string_view CategoryName(JobCategory category) {
  return kCategories[static_cast<std::size_t>(category)].name;
}

std::optional<JobCategory> ParseCategory(absl::string_view name) {
  for (const CategoryRow& row : kCategories) {
    if (absl::EqualsIgnoreCase(row.name, name)) return row.category;
  }
  return std::nullopt;
}

JobCategory CategoryOf(JobState state) { return Row(state).category; }

int StatusId(JobState state) { return Row(state).id; }

std::string StateDescription(JobState state, bool processing_events) {
  const StateRow& row = Row(state);
  return absl::StrCat(row.description,
                      processing_events && row.processing_events_form
                          ? "; Processing Events"
                          : "");
}

std::optional<JobState> ParseState(absl::string_view description) {
  for (const StateRow& row : kStates) {
    if (absl::EqualsIgnoreCase(row.description, description)) return row.state;
  }
  return std::nullopt;
}

bool HasProcessingEventsForm(JobState state) {
  return Row(state).processing_events_form;
}

bool IsEnded(JobCategory category) {
  return category != JobCategory::kHeld && category != JobCategory::kWaiting &&
         category != JobCategory::kRunning;
}

}  // namespace opcon_snow::sandbox::opcon
