#ifndef OPCON_SNOW_COMMON_RPC_MUTEX_CHECKS_H_
#define OPCON_SNOW_COMMON_RPC_MUTEX_CHECKS_H_

#include "absl/synchronization/mutex.h"

namespace opcon_snow::rpc {

// Debian builds Abseil with its checks for debugging: each lock of a mutex
// looks for cycles in the order of all locks. gRPC locks all the time; our own
// code uses std::mutex. Called before gRPC's first use; any number of times,
// from any thread.
inline void TurnOffMutexChecks() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_MUTEX_CHECKS_H_
