#include "sandbox/servicenow/script/business_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sandbox/servicenow/query.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

constexpr std::array<const char*, 3> kOperations = {"insert", "update",
                                                    "delete"};

const char* NameOf(RecordOperation operation) {
  return kOperations.at(static_cast<std::size_t>(operation));
}

// The rules that run on this thread now: names for messages, and rule and
// record so that a rule does not cause itself.
struct Running {
  std::vector<std::string> names;
  std::vector<std::string> pairs;
  int generation = 0;
};

Running& ThisThread() {
  static thread_local Running running;
  return running;
}

std::string PairOf(const Record& rule, const Record& current) {
  return absl::StrCat(rule.sys_id(), " ", current.sys_id());
}

absl::Status Aborted(const Record& rule, const std::string& table) {
  std::vector<std::string> stack = ThisThread().names;
  stack.push_back(rule.Get("name"));
  return absl::PermissionDeniedError(absl::StrCat(
      "Operation against file '", table, "' was aborted by Business Rule '",
      rule.Get("name"), "^", rule.sys_id(),
      "'. Business Rule Stack:", absl::StrJoin(stack, ",")));
}

// What a rule that took too long does to its transaction.
bool EndsTransaction(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status);
}

std::string EntryOf(const Record& rule, const std::string& when) {
  if (rule.Get("execute_function") != "true") return "";
  if (when == "before") return "onBefore";
  return when == "after" ? "onAfter" : "onAsync";
}

}  // namespace

std::vector<Record> BusinessRules::RulesFor(const std::string& when,
                                            const Change& change,
                                            const Record& current) {
  std::vector<Record> rules;
  for (Record& rule :
       records_->Query("sys_script",
                       absl::StrCat("active=true^when", when, "^action_",
                                    NameOf(change.operation),
                                    "=true^ORDERBYorder^ORDERBYname"),
                       0, change.actor)) {
    const std::string& table = rule.Get("collection");
    if ((table == "global" || records_->Extends(current.table, table)) &&
        HasRole(rule, change.actor)) {
      rules.push_back(std::move(rule));
    }
  }
  return rules;
}

bool BusinessRules::HasRole(const Record& rule, const Actor& actor) {
  const std::string& roles = rule.Get("role_conditions");
  if (absl::StripAsciiWhitespace(roles).empty()) return true;
  for (const absl::string_view item : absl::StrSplit(roles, ',')) {
    std::string role(absl::StripAsciiWhitespace(item));
    const std::optional<Record> record = records_->Find("sys_user_role", role);
    if (record.has_value()) role = record->Get("name");
    if (records_->HasRole(actor.sys_id, role)) return true;
  }
  return false;
}

bool BusinessRules::Meets(const Record& rule, const Change& change,
                          const Record& current) {
  const std::vector<std::string>& running = ThisThread().pairs;
  // An async rule is a transaction of its own and may cause itself.
  if (!absl::StartsWith(rule.Get("when"), "async") &&
      std::find(running.begin(), running.end(), PairOf(rule, current)) !=
          running.end()) {
    return false;
  }
  const std::string& condition = rule.Get("filter_condition");
  return condition.empty() ||
         records_->Matches(condition, change.previous, current, change.actor);
}

bool BusinessRules::InOtherScope(const Record& rule) {
  const std::string& scope = rule.Get("sys_scope");
  if (scope.empty() || scope == "global") return false;
  const std::optional<Record> application = records_->Find("sys_app", scope);
  const std::string name =
      application.has_value() ? application->Get("scope") : scope;
  return !absl::StartsWith(rule.Get("collection"), absl::StrCat(name, "_"));
}

bool BusinessRules::MayScript(const Record& rule) {
  if (rule.Get("advanced") != "true" || rule.Get("script").empty()) {
    return false;
  }
  const std::string& when = rule.Get("when");
  if ((when == "before" || when == "after") && InOtherScope(rule)) {
    WarnOnce(rule, absl::StrCat(
                       "the script does not run: the rule belongs to an "
                       "application and the table ",
                       rule.Get("collection"),
                       " does not; only async rules may have a script there"));
    return false;
  }
  return true;
}

void BusinessRules::WarnOnce(const Record& rule, const std::string& why) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!warned_.insert(rule.sys_id()).second) return;
  }
  log_->Write(LogLevel::kWarning, why,
              absl::StrCat("business rule ", rule.Get("name")));
}

void BusinessRules::SetFields(const Record& rule, Record& current) {
  const absl::StatusOr<Query> query = ParseQuery(rule.Get("template"));
  if (!query.ok() || query->groups.empty()) return;
  for (const OrList& any : query->groups.front()) {
    if (any.size() == 1 && any.front().op == Operator::kEquals) {
      current.values[any.front().field] = any.front().value;
    }
  }
}

absl::StatusOr<ScriptResult> BusinessRules::RunScript(const Record& rule,
                                                      const Change& change,
                                                      const Record& current) {
  Running& running = ThisThread();
  if (running.names.size() >= kDeepest) {
    absl::Status status = absl::ResourceExhaustedError(
        absl::StrCat("business rules cause each other more than ", kDeepest,
                     " deep: ", absl::StrJoin(running.names, ", ")));
    log_->Write(LogLevel::kError, std::string(status.message()),
                absl::StrCat("business rule ", rule.Get("name")));
    return status;
  }
  running.names.push_back(rule.Get("name"));
  running.pairs.push_back(PairOf(rule, current));
  const absl::Cleanup leave = [&running] {
    running.names.pop_back();
    running.pairs.pop_back();
  };
  const std::string& when = rule.Get("when");
  const bool async = absl::StartsWith(when, "async");
  return runner_->Run({.name = absl::StrCat("business rule ", rule.Get("name")),
                       .script = rule.Get("script"),
                       .condition = async ? "" : rule.Get("condition"),
                       .entry = EntryOf(rule, when),
                       .scope = rule.Get("sys_scope"),
                       .when = when,
                       .operation = NameOf(change.operation),
                       .current = &current,
                       .previous = async ? nullptr : change.previous,
                       .watched = !async,
                       .actor = change.actor});
}

absl::Status BusinessRules::RunBefore(const Record& rule, const Change& change,
                                      Record& current) {
  const bool script = MayScript(rule);
  std::optional<ScriptResult> result;
  if (script || !rule.Get("condition").empty()) {
    Record tried = rule;
    // Only the condition is asked, then.
    if (!script) tried.values["script"] = "";
    absl::StatusOr<ScriptResult> ran = RunScript(tried, change, current);
    if (!ran.ok()) {
      return EndsTransaction(ran.status())
                 ? absl::InternalError(std::string(ran.status().message()))
                 : absl::OkStatus();
    }
    if (ran->skipped) return absl::OkStatus();
    result = *std::move(ran);
  }
  SetFields(rule, current);
  if (result.has_value()) {
    for (auto& [name, value] : result->values) {
      current.values[name] = std::move(value);
    }
  }
  if (rule.Get("abort_action") == "true" ||
      (result.has_value() && result->aborted)) {
    return Aborted(rule, current.table);
  }
  return absl::OkStatus();
}

absl::Status BusinessRules::Before(RecordOperation operation,
                                   const Record* previous, Record& current,
                                   const Actor& actor) {
  const Change change{operation, previous, actor};
  for (const Record& rule : RulesFor("=before", change, current)) {
    // Against what the rules before it made of the record.
    if (!Meets(rule, change, current)) continue;
    absl::Status status = RunBefore(rule, change, current);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BusinessRules::After(RecordOperation operation,
                                  const Record* previous, const Record& current,
                                  const Actor& actor) {
  const Change change{operation, previous, actor};
  for (const Record& rule : RulesFor("=after", change, current)) {
    if (!Meets(rule, change, current) || !MayScript(rule)) continue;
    const absl::StatusOr<ScriptResult> ran = RunScript(rule, change, current);
    if (!ran.ok() && EndsTransaction(ran.status())) {
      return absl::InternalError(std::string(ran.status().message()));
    }
  }
  return absl::OkStatus();
}

std::vector<QueuedRule> BusinessRules::Queued(RecordOperation operation,
                                              const Record* previous,
                                              const Record& current,
                                              const Actor& actor) {
  const Change change{operation, previous, actor};
  std::vector<QueuedRule> queued;
  const int generation = ThisThread().generation;
  for (const Record& rule : RulesFor("INasync,async_always", change, current)) {
    if (!Meets(rule, change, current) || !MayScript(rule)) continue;
    if (generation > kMostGenerations) {
      WarnOnce(rule, absl::StrCat("not run: async rules have caused each other "
                                  "more than ",
                                  kMostGenerations, " times"));
      continue;
    }
    if (!rule.Get("condition").empty()) {
      // It sees the change, unlike the script.
      Record asked = rule;
      asked.values["script"] = "";
      asked.values["when"] = "after";
      const absl::StatusOr<ScriptResult> ran =
          RunScript(asked, change, current);
      if (!ran.ok() || ran->skipped) continue;
    }
    queued.push_back(
        {rule.sys_id(), operation, current, actor, generation + 1});
  }
  return queued;
}

bool BusinessRules::RunQueued(const QueuedRule& queued) {
  const std::optional<Record> rule = records_->Find("sys_script", queued.rule);
  // It was deleted or switched off meanwhile.
  if (!rule.has_value() || rule->Get("active") != "true") return true;
  const std::optional<Record> stored =
      records_->Find(queued.current.table, queued.current.sys_id());
  const Change change{queued.operation, nullptr, queued.actor};
  Running& running = ThisThread();
  running.generation = queued.generation;
  const absl::Cleanup leave = [&running] { running.generation = 0; };
  return RunScript(*rule, change, stored.has_value() ? *stored : queued.current)
      .ok();
}

void BusinessRules::Reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  warned_.clear();
}

}  // namespace opcon_snow::sandbox::servicenow
