#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_ENGINE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_ENGINE_H_

// What runs on an instance by itself: business rules, scheduled jobs, and the
// update sets that they come in.
//
// Control paths:
//   GET  /_sandbox/scripts[?wait_ms=N]
//        {"queued": async rules that wait or run, "ran": …, "failed": …,
//         "update_sets": [{"name": …, "records": …, "unknown_tables": […],
//         "faults": […]}]}; waits at most so long until nothing is queued or
//        due
//   POST /_sandbox/scripts {"script": "…", "user": "admin"}
//        runs it as a background script: {"value": "…"}, or 422 {"error": "…"}
//   POST /_sandbox/scheduled-jobs/{name or sys_id}     runs it now; the same
//   POST /_sandbox/update-sets      with the XML as body: 201, as in the list
//                                   above; forgotten by a reset

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/script/business_rules.h"
#include "sandbox/servicenow/script/outbound_http.h"
#include "sandbox/servicenow/script/scheduled_jobs.h"
#include "sandbox/servicenow/script/script_log.h"
#include "sandbox/servicenow/script/script_run.h"
#include "sandbox/servicenow/script/script_workers.h"
#include "sandbox/servicenow/script/update_set.h"

namespace opcon_snow::sandbox::servicenow {

// Thread-safe. Has one thread, on which async rules and scheduled jobs run one
// after the other; it takes no signals.
class ScriptEngine : public RecordHooks {
 public:
  struct Options {
    ScriptWorkers::Options workers;
    int display_offset_minutes = 0;
    std::string ca_file;  // see OutboundHttp
    // Name (for messages) and content; committed at the start and after each
    // reset.
    std::vector<std::pair<std::string, UpdateSet>> update_sets;
  };

  static constexpr std::size_t kMostQueued = 100'000;

  // `records` must outlive it. Install it with Instance::SetHooks, and take it
  // away before it is destroyed.
  ScriptEngine(Options options, RecordAccess* records);
  ~ScriptEngine() override;

  ScriptEngine(const ScriptEngine&) = delete;
  ScriptEngine& operator=(const ScriptEngine&) = delete;

  absl::Status Before(RecordOperation operation, const Record* previous,
                      Record& current, const Actor& actor) override;
  absl::Status After(RecordOperation operation, const Record* previous,
                     const Record& current, const Actor& actor) override;
  void Queue(RecordOperation operation, std::optional<Record> previous,
             Record current, const Actor& actor) override;
  absl::StatusOr<std::string> Evaluate(const std::string& expression,
                                       const Actor& actor) override;
  std::optional<Reply> Control(const SandboxRequest& request) override;
  void Reset() override;
  void Planted() override;

 private:
  void Work();
  // Waits until nothing is queued or runs, and what is due has run.
  void AwaitIdle(absl::Duration limit);
  void Commit(const std::string& name, const UpdateSet& update_set);
  Reply ControlScripts(const SandboxRequest& request);
  Reply RunBackground(const SandboxRequest& request);
  Reply ControlUpdateSets(const SandboxRequest& request);

  const Options options_;
  RecordAccess* const records_;
  ScriptLog log_;
  OutboundHttp http_;
  ScriptWorkers workers_;
  ScriptRunner runner_;
  BusinessRules rules_;
  ScheduledJobs jobs_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<QueuedRule> queue_;
  bool working_ = false;
  bool stopping_ = false;
  std::uint64_t rounds_ = 0;         // of the scheduler
  std::uint64_t wanted_rounds_ = 0;  // that somebody waits for
  std::uint64_t ran_ = 0;
  std::uint64_t failed_ = 0;
  bool committed_ = false;
  nlohmann::json update_sets_ = nlohmann::json::array();
  std::thread thread_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_ENGINE_H_
