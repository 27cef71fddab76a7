#ifndef OPCON_SNOW_CLI_PAUSE_H_
#define OPCON_SNOW_CLI_PAUSE_H_

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "absl/time/time.h"

namespace opcon_snow::cli {

// Waits for `pause`, or until a stop is requested.
inline void PauseFor(absl::Duration pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, absl::ToChronoNanoseconds(pause),
                 [] { return false; });
}

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_PAUSE_H_
