#include "sandbox/notify/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/http/json.h"

namespace opcon_snow::sandbox::notify {

using nlohmann::json;

json RunToJson(const RunRecord& record) {
  const ProcessResult& result = record.result;
  const bool ended = result.started.ok() && result.signal == 0;
  return {
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", record.time,
                                absl::UTCTimeZone())},
      {"n", record.notification->n},
      {"notify_id", record.notification->notify_id},
      {"trigger", record.notification->trigger},
      {"command", record.command},
      {"argv", record.arguments},
      {"program", record.program},
      {"exit_code", ended ? json(result.exit_code) : json(nullptr)},
      {"signal", result.signal},
      {"timed_out", result.timed_out},
      {"error", std::string(result.started.message())},
      {"duration_ms", absl::ToInt64Milliseconds(result.duration)},
      {"stdout", result.out},
      {"stderr", result.err},
      {"stdout_bytes", result.out_bytes},
      {"stderr_bytes", result.err_bytes},
  };
}

absl::StatusOr<std::unique_ptr<RunLog>> RunLog::Open(const std::string& path) {
  if (path.empty() || path == "-") {
    return std::unique_ptr<RunLog>(new RunLog(STDOUT_FILENO, false));
  }
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  return std::unique_ptr<RunLog>(new RunLog(fd, true));
}

RunLog::~RunLog() {
  if (owned_) close(fd_);
}

absl::Status RunLog::Write(const RunRecord& record) {
  const std::string line = http::WriteJson(RunToJson(record)) + "\n";
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t count =
        write(fd_, line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return absl::UnavailableError(
          absl::StrCat("cannot write the log: ", std::strerror(errno)));
    }
    written += static_cast<std::size_t>(count);
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::notify
