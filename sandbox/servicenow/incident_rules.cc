#include "sandbox/servicenow/incident_rules.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sandbox/servicenow/record_writer.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

bool IsFinal(const std::string& state) {
  return state == incident_state::kClosed || state == incident_state::kCanceled;
}

void KeepStatesEqual(const Record* before, Record& after) {
  static const std::string kNew(incident_state::kNew);
  const std::string& state = after.Get("state");
  const std::string& old = before == nullptr ? kNew : before->Get("state");
  // Whichever was changed; `state` if both were.
  if (state == old && after.Get("incident_state") != old) {
    after.values["state"] = after.Get("incident_state");
  } else {
    after.values["incident_state"] = state;
  }
}

// The priority look-up rules that every instance is delivered with.
void ComputePriority(Record& after) {
  int impact = 0;
  int urgency = 0;
  if (!absl::SimpleAtoi(after.Get("impact"), &impact) || impact < 1 ||
      impact > 3 || !absl::SimpleAtoi(after.Get("urgency"), &urgency) ||
      urgency < 1 || urgency > 3) {
    return;
  }
  after.values["priority"] = absl::StrCat(impact + urgency - 1);
}

absl::Status CheckMandatory(const Record& after) {
  const std::string& state = after.Get("state");
  if (state != incident_state::kResolved && state != incident_state::kClosed) {
    return absl::OkStatus();
  }
  std::vector<std::string> missing;
  if (after.Get("close_code").empty()) missing.push_back("Resolution code");
  if (after.Get("close_notes").empty()) missing.push_back("Resolution notes");
  if (missing.empty()) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "Data Policy Exception: The following fields are mandatory: ",
      absl::StrJoin(missing, ", ")));
}

void RecordTransition(const std::string& from, Record& after,
                      const RuleContext& context) {
  const std::string& to = after.Get("state");
  if (to == from) return;
  auto& values = after.values;
  if (to == incident_state::kResolved) {
    values["resolved_at"] = context.now;
    values["resolved_by"] = context.actor.sys_id;
  }
  if (IsFinal(to)) {
    values["active"] = "false";
    values["closed_at"] = context.now;
    values["closed_by"] = context.actor.sys_id;
  } else {
    values["active"] = "true";
  }
  const bool was_done = from == incident_state::kResolved || IsFinal(from);
  const bool is_open = to != incident_state::kResolved && !IsFinal(to);
  if (was_done && is_open) {
    int count = 0;
    (void)absl::SimpleAtoi(after.Get("reopen_count"), &count);
    values["reopen_count"] = absl::StrCat(count + 1);
    values["reopened_by"] = context.actor.sys_id;
    values["reopened_time"] = context.now;
    for (const char* field :
         {"resolved_at", "resolved_by", "closed_at", "closed_by"}) {
      values[field] = "";
    }
  }
}

}  // namespace

absl::Status CheckIncidentAccess(const Record* before, const Record& after,
                                 const RuleContext& context) {
  if (context.settings.closed_incidents_are_read_only && before != nullptr &&
      IsFinal(before->Get("state")) && !context.actor.admin &&
      before->values != after.values) {
    return absl::PermissionDeniedError(
        "ACL Exception Update Failed due to security constraints");
  }
  return absl::OkStatus();
}

void NormalizeIncident(const Record* before, Record& after) {
  KeepStatesEqual(before, after);
  ComputePriority(after);
}

absl::Status FinishIncident(const Record* before, Record& after,
                            const RuleContext& context) {
  if (context.settings.require_close_code) {
    absl::Status status = CheckMandatory(after);
    if (!status.ok()) return status;
  }
  RecordTransition(
      before == nullptr ? incident_state::kNew : before->Get("state"), after,
      context);
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::servicenow
