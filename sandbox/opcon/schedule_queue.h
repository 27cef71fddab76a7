#ifndef OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_QUEUE_H_
#define OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_QUEUE_H_

// What the API accepts at once and does to schedules later: builds and schedule
// actions. Carried out like the actions of action_queue.h.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "sandbox/opcon/action_queue.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/job_action_rules.h"
#include "sandbox/opcon/job_status.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/schedule_builder.h"
#include "sandbox/opcon/timed_actions.h"

namespace opcon_snow::sandbox::opcon {

// One schedule on one date.
struct ScheduleBuildItem {
  std::string name;
  absl::CivilDay date;
  std::optional<int> schedule_id;  // once it is known
  ActionResult result = ActionResult::kSubmitted;
  std::string message = "Submitted";  // "Completed", or why not
};

struct ScheduleBuild {
  int id = 0;
  std::vector<Property> properties;
  std::string log_file;
  std::string named_instance;
  bool overwrite = false;
  bool hold = false;
  ActionResult result = ActionResult::kSubmitted;
  absl::Time submitted;
  int polls = 0;
  std::vector<ScheduleBuildItem> items;
};

enum class ScheduleActionKind {
  kRelease,
  kHold,
  kStart,
  kClose,
  kJobs,  // `job_action` on jobs of the schedule
  kAddJobs,
  kAddJobsOnHold,
};

struct ScheduleActionName {
  ScheduleActionKind kind = ScheduleActionKind::kHold;
  JobActionKind job_action = JobActionKind::kHold;  // of kJobs
};

// "release", "markJobsFixed", "addJobs", …: exactly as on the wire.
std::optional<ScheduleActionName> ParseScheduleAction(absl::string_view name);

struct ScheduleActionJob {
  std::string id;  // the name in the master schedule; of kJobs a daily job's
  std::string frequency;
  std::vector<Property> properties;
  bool apply_exceptions = false;
  ActionResult result = ActionResult::kSubmitted;
  std::string message;
  std::optional<std::int64_t> uid;
};

struct ScheduleActionItem {
  DailyScheduleId id;
  ActionResult result = ActionResult::kSubmitted;
  std::string message;
  std::vector<ScheduleActionJob> jobs;
};

// Succeeds if all of its items did; an item does if all of its jobs did.
struct ScheduleAction {
  int id = 0;
  std::string name;
  ScheduleActionName action;
  std::vector<JobCategory> states;  // of kJobs; empty: whatever allows it
  std::string reason;
  ActionResult result = ActionResult::kSubmitted;
  absl::Time submitted;
  int polls = 0;
  std::vector<ScheduleActionItem> items;
};

// Not thread-safe. `model` and `clock` are not owned and must outlive this.
class ScheduleQueue {
 public:
  ScheduleQueue(ActionPolicy policy, OpConModel* model, Clock* clock);

  // Gives it its id and time.
  const ScheduleBuild& Submit(ScheduleBuild build);
  const ScheduleAction& Submit(ScheduleAction action);

  // Counts as a poll. nullptr: never given, or expired.
  const ScheduleBuild* PollBuild(int id);
  const ScheduleAction* PollAction(int id);

  // See ActionQueue.
  void Advance();
  absl::Time NextDue() const;
  void Reset();
  absl::Time ExpiryOf(absl::Time submitted) const {
    return submitted + policy_.expiry;
  }

 private:
  void CarryOut(ScheduleBuild& build);
  void CarryOut(ScheduleAction& action);
  void CarryOutItem(const ScheduleAction& action, ScheduleActionItem& item);
  absl::Status ActOnSchedule(ScheduleActionKind kind,
                             const DailyScheduleId& id);
  void ActOnJobs(const ScheduleAction& action, ScheduleActionItem& item);
  void AddJobs(bool on_hold, ScheduleActionItem& item);

  const ActionPolicy policy_;
  OpConModel* const model_;
  Clock* const clock_;
  int last_build_ = 0;
  int last_action_ = 0;
  TimedActions<ScheduleBuild> builds_;
  TimedActions<ScheduleAction> actions_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_SCHEDULE_QUEUE_H_
