#include "sandbox/opcon/action_queue.h"

#include <algorithm>
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
  job_actions_.Clear();
  log_actions_.Clear();
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
  return job_actions_.Add(std::move(action));
}

const LogAction& ActionQueue::Submit(LogActionKind kind,
                                     std::vector<LogActionItem> items) {
  LogAction action;
  action.id = ++last_id_;
  action.kind = kind;
  action.submitted = clock_->Now();
  action.items = std::move(items);
  return log_actions_.Add(std::move(action));
}

const JobAction* ActionQueue::PollJobAction(int id) {
  return job_actions_.Poll(id, policy_, [this](auto& a) { CarryOut(a); });
}

const LogAction* ActionQueue::PollLogAction(int id) {
  return log_actions_.Poll(id, policy_, [this](auto& a) { CarryOut(a); });
}

void ActionQueue::Advance() {
  const auto carry_out = [this](auto& action) { CarryOut(action); };
  job_actions_.Advance(clock_->Now(), policy_, carry_out);
  log_actions_.Advance(clock_->Now(), policy_, carry_out);
}

absl::Time ActionQueue::NextDue() const {
  return std::min(job_actions_.NextDue(policy_), log_actions_.NextDue(policy_));
}

void ActionQueue::CarryOut(JobAction& action) {
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
