#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKERS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKERS_H_

// The processes in which scripts run, kept for the next script.

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::sandbox::servicenow {

// Thread-safe. The program's main() must call RunIfScriptWorker.
class ScriptWorkers {
 public:
  struct Options {
    std::size_t memory_bytes = std::size_t{64} << 20;  // of one script
    // For one script, with what it waits for; then its process is ended.
    absl::Duration time_limit = absl::Seconds(10);
    // Scripts that cause other scripts run at the same time.
    int most_processes = 32;
  };

  // Answers a call of a script; see script_host.h. `deadline`: when the script
  // will be ended.
  using Host = std::function<nlohmann::json(const nlohmann::json& call,
                                            absl::Time deadline)>;

  explicit ScriptWorkers(Options options);
  ~ScriptWorkers();

  ScriptWorkers(const ScriptWorkers&) = delete;
  ScriptWorkers& operator=(const ScriptWorkers&) = delete;

  // Runs one script, whose calls `host` answers on this thread. What is
  // returned is described in script_run.h; an error that the script made is
  // part of it. DEADLINE_EXCEEDED: it took too long. RESOURCE_EXHAUSTED: it
  // used up its memory, or too many scripts run. INTERNAL: the process could
  // not be started.
  absl::StatusOr<nlohmann::json> Run(const nlohmann::json& request,
                                     const Host& host);

  // Ends every script that runs, and starts none any more.
  void Stop();

 private:
  struct Worker {
    pid_t pid = -1;
    int socket = -1;
  };

  absl::StatusOr<Worker> Take();
  absl::StatusOr<Worker> Start() const;
  void GiveBack(Worker worker);
  void End(Worker worker);

  const Options options_;
  std::mutex mutex_;
  std::vector<Worker> idle_;
  std::set<pid_t> busy_;
  bool stopped_ = false;
  int processes_ = 0;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKERS_H_
