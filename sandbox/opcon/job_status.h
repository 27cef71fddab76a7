#ifndef OPCON_SNOW_SANDBOX_OPCON_JOB_STATUS_H_
#define OPCON_SNOW_SANDBOX_OPCON_JOB_STATUS_H_

// The states a daily job can be in, and the categories OpCon groups them into.
//
// Descriptions and categories are those that the vendor's public Java client
// knows. Of the numeric ids only 210, 900, 910, 920, 921, 940 and 950 are
// known; the others are made up here, so no client may rely on them.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::opcon {

enum class JobCategory {
  kHeld,
  kWaiting,
  kRunning,
  kFinishedOk,
  kFailed,
  kMissedStartTime,
  kCancelled,
  kSkipped,
  kUnderReview,
  kFixed,
};
inline constexpr int kJobCategoryCount = 10;

enum class JobState {
  kOnHold,
  kUnderConstruction,
  kQualifying,
  kReleased,
  kWaitStartTime,
  kWaitJobDependency,
  kWaitExpressionDependency,
  kWaitThresholdResourceDependency,
  kWaitMachine,
  kWaitJobConflict,
  kJobToBeSkipped,
  kLateToStart,
  kWaitToStart,
  kWaitToStartForced,
  kPrerunFailed,
  kAttemptToStart,
  kStartAttempted,
  kStillAttemptingStart,
  kPrerunActive,
  kJobRunning,
  kJobRunningLateToFinish,
  kJobRunningToBeTerminated,
  kInitializationError,
  kFinishedOk,
  kFailed,
  kMarkedFinishedOk,
  kMarkedFailed,
  kSkipped,
  kCancelled,
  kUnderReview,
  kFixed,
  kMissedStartTime,
};
inline constexpr int kJobStateCount = 32;

// "Held", "Finished Ok", …: as on the wire.
absl::string_view CategoryName(JobCategory category);
// In any case, as OpCon compares.
std::optional<JobCategory> ParseCategory(absl::string_view name);

JobCategory CategoryOf(JobState state);
int StatusId(JobState state);

// "Failed", "Job Running; Late to Finish", … With `processing_events` the
// suffix "; Processing Events" where OpCon has that form, else no change.
std::string StateDescription(JobState state, bool processing_events = false);

// Any description without the "; Processing Events" suffix, in any case.
std::optional<JobState> ParseState(absl::string_view description);

// Whether OpCon shows this state with "; Processing Events" for a while after
// it was reached.
bool HasProcessingEventsForm(JobState state);

// Whether the job is over: it will not change by itself any more.
bool IsEnded(JobCategory category);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JOB_STATUS_H_
