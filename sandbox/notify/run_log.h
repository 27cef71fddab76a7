#ifndef OPCON_SNOW_SANDBOX_NOTIFY_RUN_LOG_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_RUN_LOG_H_

// What was run, as one JSON object a line:
//
//   {"time":"2026-01-05T12:00:00.123Z", "n":1, "notify_id":"70001",
//    "trigger":"Job Failed",
//    "command":"…",       // after the tokens were replaced
//    "argv":["…"],        // as Windows would split it
//    "program":"…",       // what was really run
//    "exit_code":0,       // null if it did not end by itself
//    "signal":0,          // that ended it, or 0
//    "timed_out":false,
//    "error":"",          // why it could not be started
//    "duration_ms":12, "stdout":"…", "stderr":"…",  // the first 64 KiB each
//    "stdout_bytes":0, "stderr_bytes":0}            // all there were

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/notify/notification_source.h"
#include "sandbox/notify/process.h"

namespace opcon_snow::sandbox::notify {

struct RunRecord {
  absl::Time time;  // when the program was started
  const Notification* notification = nullptr;
  std::string command;
  std::vector<std::string> arguments;
  std::string program;
  ProcessResult result;
};

nlohmann::json RunToJson(const RunRecord& record);

// Appends lines to a file, each with one write. Not thread-safe.
class RunLog {
 public:
  // "" or "-": standard output.
  static absl::StatusOr<std::unique_ptr<RunLog>> Open(const std::string& path);

  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  absl::Status Write(const RunRecord& record);

 private:
  RunLog(int fd, bool owned) : fd_(fd), owned_(owned) {}

  const int fd_;
  const bool owned_;
};

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_RUN_LOG_H_
