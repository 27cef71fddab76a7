#ifndef OPCON_SNOW_COMMON_ASYNC_SYNC_WAIT_H_
#define OPCON_SNOW_COMMON_ASYNC_SYNC_WAIT_H_

// File: sync_wait.h
//
// Blocks the calling thread until a task has finished. For `main` and tests.
// Never on a loop thread (the task could not proceed) nor in an RPC handler
// (handlers do not block).

#include <condition_variable>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/async/task.h"

namespace opcon_snow::async {

template <typename T>
T SyncWait(Task<T> task) {
  std::mutex mutex;
  std::condition_variable changed;
  bool finished = false;
  // Notifies under the lock: the waiting thread owns the variable and may
  // destroy it as soon as the lock is free.
  auto finish = [&] {
    std::lock_guard<std::mutex> lock(mutex);
    finished = true;
    changed.notify_one();
  };
  auto wait = [&] {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return finished; });
  };
  if constexpr (std::is_void_v<T>) {
    Start(std::move(task), finish);
    wait();
  } else {
    std::optional<T> result;
    Start(std::move(task), [&](T value) {
      result.emplace(std::move(value));
      finish();
    });
    wait();
    return std::move(*result);
  }
}

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_SYNC_WAIT_H_
