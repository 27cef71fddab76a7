#ifndef OPCON_SNOW_TESTS_HARNESS_PROCESS_H_
#define OPCON_SNOW_TESTS_HARNESS_PROCESS_H_

// Real processes for tests and the demo: started with a log file, waited for
// by what they say, never by a fixed time, and always stopped.

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace opcon_snow::harness {

// How long things that must happen may take before a test gives up. Generous:
// it is only ever waited for in full when something is broken.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Asks `done` again and again until it is true; false after `limit`.
bool Eventually(const std::function<bool()>& done,
                absl::Duration limit = kPatience);

struct ProcessOptions {
  std::vector<std::string> arguments;  // with the program first
  // The whole environment.
  std::map<std::string, std::string> environment;
  std::string working_directory{};  // empty: this process's
  // Standard output and error go to the end of these; may be the same file.
  std::string stdout_file;
  std::string stderr_file;
};

class Process {
 public:
  static absl::StatusOr<std::unique_ptr<Process>> Start(
      const ProcessOptions& options);
  // Kills it, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  // SIGKILL, and waits until it is gone.
  void Kill();
  // SIGTERM; the exit code, or 128 + the signal that ended it.
  // DEADLINE_EXCEEDED if it does not end; then it has been killed.
  absl::StatusOr<int> Terminate();
  // Waits for its own end.
  absl::StatusOr<int> Wait(absl::Duration limit = kPatience);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}
  const pid_t pid_;
  bool reaped_ = false;
  int exit_code_ = -1;
};

// The ports in the file that a server writes once it accepts calls, by name.
// UNAVAILABLE, with "ended with CODE" (as Wait tells it) and the end of its
// log, if the process ends first.
absl::StatusOr<std::map<std::string, int>> WaitForPorts(
    const std::string& port_file, Process* process,
    const std::string& log_file);

// Runs a program to its end.
struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};
absl::StatusOr<Finished> RunToEnd(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment,
    const std::string& scratch_directory);

std::string ReadFile(const std::string& path);
absl::Status WriteFile(const std::string& path, const std::string& content,
                       unsigned mode = 0644);

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_PROCESS_H_
