#ifndef OPCON_SNOW_SANDBOX_OPCON_ACTION_QUEUE_H_
#define OPCON_SNOW_SANDBOX_OPCON_ACTION_QUEUE_H_

// Actions that the API accepts at once and carries out later: job actions
// (hold, restart, markFixed, …) and job instance actions (job logs).
//
// An accepted action is `submitted` until it is due, whether or not anybody
// asks for its result; clients that never poll exist.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "sandbox/opcon/ids.h"
#include "sandbox/opcon/log_content.h"
#include "sandbox/opcon/opcon_model.h"
#include "sandbox/opcon/timed_actions.h"

namespace opcon_snow::sandbox::opcon {

// "submitted", "success", "failed".
absl::string_view ResultName(ActionResult result);

struct JobActionItem {
  DailyJobId id;
  std::optional<std::string> step;
  ActionResult result = ActionResult::kSubmitted;
  std::string message;
};

// Succeeds if every job's part did.
struct JobAction {
  int id = 0;
  JobActionKind kind = JobActionKind::kHold;
  std::string reason;
  ActionResult result = ActionResult::kSubmitted;
  absl::Time submitted;
  int polls = 0;
  std::vector<JobActionItem> items;
};

enum class LogActionKind { kList, kFile };

struct LogActionItem {
  int job_number = 0;
  std::string file;  // for kFile
  ActionResult result = ActionResult::kSubmitted;
  std::string message;
  std::vector<std::string> files;  // of kList
  std::optional<LogContent> data;  // of kFile
};

// Succeeds as a whole even if some of its items failed, as the product's.
struct LogAction {
  int id = 0;
  LogActionKind kind = LogActionKind::kList;
  ActionResult result = ActionResult::kSubmitted;
  absl::Time submitted;
  int polls = 0;
  std::vector<LogActionItem> items;
};

// Not thread-safe. `model` and `clock` are not owned and must outlive this.
class ActionQueue {
 public:
  ActionQueue(ActionPolicy policy, OpConModel* model, Clock* clock);

  // Accepts an action; the answer is as it stands now.
  const JobAction& Submit(JobActionKind kind, std::string reason,
                          std::vector<JobActionItem> items);
  const LogAction& Submit(LogActionKind kind, std::vector<LogActionItem> items);

  // Counts as a poll. nullptr: never given, or expired.
  const JobAction* PollJobAction(int id);
  const LogAction* PollLogAction(int id);

  // Carries out what is due by time. To be called before anything is read or
  // changed, so that what was due before happens before.
  void Advance();

  // When the next action that is still submitted will be due by time;
  // infinite: there is none.
  absl::Time NextDue() const;

  void Reset();

  absl::Time ExpiryOf(absl::Time submitted) const {
    return submitted + policy_.expiry;
  }

  // False: never given, or expired.
  bool DeleteLogAction(int id) { return log_actions_.Erase(id); }

  // For the state dump.
  const std::map<int, JobAction>& job_actions() const {
    return job_actions_.all();
  }
  const std::map<int, LogAction>& log_actions() const {
    return log_actions_.all();
  }

 private:
  void CarryOut(JobAction& action);
  void CarryOut(LogAction& action);
  void CarryOutItem(LogActionKind kind, LogActionItem& item);

  const ActionPolicy policy_;
  OpConModel* const model_;
  Clock* const clock_;
  int last_id_ = 0;
  TimedActions<JobAction> job_actions_;
  TimedActions<LogAction> log_actions_;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_ACTION_QUEUE_H_
