#ifndef OPCON_SNOW_SANDBOX_NOTIFY_PROCESS_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_PROCESS_H_

// Runs one program to its end, without a shell.

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace opcon_snow::sandbox::notify {

struct ProcessSpec {
  std::string program;                   // a path; PATH is not searched
  std::vector<std::string> arguments;    // argv, the first included
  std::string working_directory;         // empty: the caller's
  std::vector<std::string> environment;  // "NAME=value", nothing else
  std::size_t max_output = 64 * 1024;    // bytes kept of each of the two
  absl::Duration timeout = absl::Minutes(5);
  // How long the program may go on once a stop has been asked for.
  absl::Duration stop_grace = absl::Seconds(5);
};

struct ProcessResult {
  absl::Status started;  // not OK: it never ran, and the rest means nothing
  int exit_code = -1;    // if it ended by itself
  int signal = 0;        // if a signal ended it
  bool timed_out = false;
  absl::Duration duration;
  std::string out;  // the first max_output bytes
  std::string err;
  std::uint64_t out_bytes = 0;  // all that were written
  std::uint64_t err_bytes = 0;
};

// Blocks until the program has ended; standard input is empty. At the timeout,
// or `stop_grace` after `stop` was requested, the program and the processes of
// its group are killed. Output that a background child of the program holds
// open is not waited for. Thread-safe.
ProcessResult RunProcess(const ProcessSpec& spec, std::stop_token stop);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_PROCESS_H_
