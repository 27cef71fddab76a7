#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_LOG_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_LOG_H_

// What scripts log, and what there is to say about them: records of "syslog",
// as on an instance.

#include <deque>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "sandbox/servicenow/record_hooks.h"

namespace opcon_snow::sandbox::servicenow {

// As the column "level" of syslog has them.
enum class LogLevel { kDebug = -1, kInfo = 0, kWarning = 1, kError = 2 };

// Thread-safe.
class ScriptLog {
 public:
  static constexpr std::size_t kMostEntries = 10'000;

  // `records` must outlive it.
  explicit ScriptLog(RecordAccess* records) : records_(records) {}

  // Bounded: the oldest entry goes when there are too many, and a long message
  // is cut off.
  void Write(LogLevel level, absl::string_view message,
             absl::string_view source);

  // The records are gone.
  void Reset();

 private:
  RecordAccess* const records_;
  std::mutex mutex_;
  std::deque<std::string> ids_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_LOG_H_
