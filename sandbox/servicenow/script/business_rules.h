#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_BUSINESS_RULES_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_BUSINESS_RULES_H_

// The records of sys_script: which of them a change meets, in what order, and
// what running one does to the change.
//
// A rule of a table holds for the tables that extend it, too. A rule whose
// sys_scope is an application and whose table is not that application's runs
// its script only if it is async, as the platform has it; a rule for "display"
// or for queries never runs. The first time that keeps one from running is
// logged.
//
// A script that fails is logged and the change goes on; one that takes too long
// ends the transaction: INTERNAL.

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/script/script_log.h"
#include "sandbox/servicenow/script/script_run.h"

namespace opcon_snow::sandbox::servicenow {

// A script of an async rule that a change has met.
struct QueuedRule {
  std::string rule;  // sys_id
  RecordOperation operation = RecordOperation::kUpdate;
  Record current;
  Actor actor;
  int generation = 0;  // how many async rules led to each other
};

// Thread-safe.
class BusinessRules {
 public:
  // Rules that cause each other run so deep, and not deeper.
  static constexpr int kDeepest = 8;
  static constexpr int kMostGenerations = 20;

  BusinessRules(RecordAccess* records, ScriptRunner* runner, ScriptLog* log)
      : records_(records), runner_(runner), log_(log) {}

  // See RecordHooks.
  absl::Status Before(RecordOperation operation, const Record* previous,
                      Record& current, const Actor& actor);
  absl::Status After(RecordOperation operation, const Record* previous,
                     const Record& current, const Actor& actor);

  // The async rules to be run later, in their order. Conditions are those of
  // now, as on an instance.
  std::vector<QueuedRule> Queued(RecordOperation operation,
                                 const Record* previous, const Record& current,
                                 const Actor& actor);

  // Runs one, on the record as it is then. False: its script failed.
  bool RunQueued(const QueuedRule& queued);

  void Reset();

 private:
  struct Change {
    RecordOperation operation;
    const Record* previous;
    const Actor& actor;
  };

  std::vector<Record> RulesFor(const std::string& when, const Change& change,
                               const Record& current);
  bool Meets(const Record& rule, const Change& change, const Record& current);
  bool HasRole(const Record& rule, const Actor& actor);
  bool MayScript(const Record& rule);
  bool InOtherScope(const Record& rule);
  static void SetFields(const Record& rule, Record& current);
  absl::Status RunBefore(const Record& rule, const Change& change,
                         Record& current);
  absl::StatusOr<ScriptResult> RunScript(const Record& rule,
                                         const Change& change,
                                         const Record& current);
  void WarnOnce(const Record& rule, const std::string& why);

  RecordAccess* const records_;
  ScriptRunner* const runner_;
  ScriptLog* const log_;
  std::mutex mutex_;
  std::set<std::string> warned_;  // sys_ids of rules
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_BUSINESS_RULES_H_
