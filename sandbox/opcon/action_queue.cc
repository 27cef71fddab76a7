#include "sandbox/opcon/action_queue.h"

#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr int kFirstActionId = 321;

void Fail(LogActionItem& item, std::string message) {
  item.result = ActionResult::kFailed;
  item.message = std::move(message);
}

template <typename Action>
void ForgetExpired(std::map<int, Action>& actions, absl::Time now,
                   absl::Duration expiry) {
  for (auto it = actions.begin(); it != actions.end();) {
    it =
        it->second.submitted + expiry < now ? actions.erase(it) : std::next(it);
  }
}

}  // namespace

absl::string_view ResultName(ActionResult result) {
  switch (result) {
    case ActionResult::kSubmitted:
      return "submitted";
    case ActionResult::kSuccess:
      return "success";
    case ActionResult::kFailed:
      return "failed";
  }
  return "";
}

ActionQueue::ActionQueue(ActionPolicy policy, OpConModel* model, Clock* clock)
    : policy_(policy), model_(model), clock_(clock) {
  Reset();
}

void ActionQueue::Reset() {
  job_actions_.clear();
  log_actions_.clear();
  last_id_ = kFirstActionId - 1;
}

const JobAction& ActionQueue::Submit(JobActionKind kind, std::string reason,
                                     std::vector<JobActionItem> items) {
  JobAction action;
  action.id = ++last_id_;
  action.kind = kind;
  action.reason = std::move(reason);
  action.submitted = clock_->Now();
  action.items = std::move(items);
  return job_actions_.emplace(action.id, std::move(action)).first->second;
}

const LogAction& ActionQueue::Submit(LogActionKind kind,
                                     std::vector<LogActionItem> items) {
  LogAction action;
  action.id = ++last_id_;
  action.kind = kind;
  action.submitted = clock_->Now();
  action.items = std::move(items);
  return log_actions_.emplace(action.id, std::move(action)).first->second;
}

const JobAction* ActionQueue::PollJobAction(int id) {
  const auto found = job_actions_.find(id);
  if (found == job_actions_.end()) return nullptr;
  JobAction& action = found->second;
  if (++action.polls == policy_.polls) CarryOut(action);
  return &action;
}

const LogAction* ActionQueue::PollLogAction(int id) {
  const auto found = log_actions_.find(id);
  if (found == log_actions_.end()) return nullptr;
  LogAction& action = found->second;
  if (++action.polls == policy_.polls) CarryOut(action);
  return &action;
}

void ActionQueue::Advance() {
  const absl::Time now = clock_->Now();
  // In the order of the ids, which is the order of submission.
  for (auto& [id, action] : job_actions_) {
    if (action.submitted + policy_.delay <= now) CarryOut(action);
  }
  for (auto& [id, action] : log_actions_) {
    if (action.submitted + policy_.delay <= now) CarryOut(action);
  }
  ForgetExpired(job_actions_, now, policy_.expiry);
  ForgetExpired(log_actions_, now, policy_.expiry);
}

std::optional<absl::Time> ActionQueue::NextDue() const {
  std::optional<absl::Time> next;
  const auto consider = [&](const auto& actions) {
    for (const auto& [id, action] : actions) {
      if (action.result != ActionResult::kSubmitted) continue;
      const absl::Time due = action.submitted + policy_.delay;
      if (!next || due < *next) next = due;
    }
  };
  consider(job_actions_);
  consider(log_actions_);
  return next;
}

void ActionQueue::CarryOut(JobAction& action) {
  if (action.result != ActionResult::kSubmitted) return;
  action.result = ActionResult::kSuccess;
  for (JobActionItem& item : action.items) {
    const absl::Status status =
        model_->ApplyAction(item.id, action.kind, action.reason);
    if (status.ok()) {
      item.result = ActionResult::kSuccess;
    } else {
      item.result = ActionResult::kFailed;
      item.message = std::string(status.message());
      action.result = ActionResult::kFailed;
    }
  }
}

void ActionQueue::CarryOut(LogAction& action) {
  if (action.result != ActionResult::kSubmitted) return;
  action.result = ActionResult::kSuccess;
  for (LogActionItem& item : action.items) CarryOutItem(action.kind, item);
}

void ActionQueue::CarryOutItem(LogActionKind kind, LogActionItem& item) {
  const OpConModel::RunOfJob found = model_->FindRun(item.job_number);
  if (found.run == nullptr) {
    return Fail(item, absl::StrCat("No job instance with job number ",
                                   item.job_number));
  }
  if (!found.job->log_error.empty()) return Fail(item, found.job->log_error);
  const std::vector<LogFile>& logs = found.run->logs;
  if (logs.empty()) {
    return Fail(item, absl::StrCat("No job output is available for job number ",
                                   item.job_number));
  }
  if (kind == LogActionKind::kList) {
    for (const LogFile& file : logs) item.files.push_back(file.name);
    item.result = ActionResult::kSuccess;
    return;
  }
  for (const LogFile& file : logs) {
    if (file.name != item.file) continue;
    item.data = file.data;
    item.result = ActionResult::kSuccess;
    return;
  }
  Fail(item, absl::StrCat("File not found on the machine: ", item.file));
}

}  // namespace opcon_snow::sandbox::opcon
