#ifndef OPCON_SNOW_COMMON_ASYNC_ONE_SHOT_H_
#define OPCON_SNOW_COMMON_ASYNC_ONE_SHOT_H_

// File: one_shot.h
//
// `OneShot<T>` hands one value from a callback to one coroutine:
//
//   async::OneShot<absl::Status> done;
//   StartSomething([done](absl::Status s) mutable { done.Set(std::move(s)); });
//   absl::Status status = co_await done.Wait();
//
// Copies share one slot. Any thread may set; the first value wins and later
// ones are ignored, so that an answer, a timer and a cancellation may race.
// The waiting coroutine is resumed inside the winning `Set`, on its thread, or
// does not suspend if the value is there already. At most one coroutine waits,
// once. Somebody must set it: a coroutine whose OneShot is never set leaks. So
// arm it with a timer of the loop, which fires at the latest when that stops.

#include <coroutine>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "common/async/task.h"

namespace opcon_snow::async {

template <typename T>
class OneShot {
 public:
  OneShot() : slot_(std::make_shared<Slot>()) {}

  // True if this value was the first.
  bool Set(T value) {
    // A local reference: the resumed coroutine may destroy *this.
    std::shared_ptr<Slot> slot = slot_;
    std::coroutine_handle<> waiting;
    {
      std::lock_guard<std::mutex> lock(slot->mutex);
      if (slot->set) return false;
      slot->set = true;
      slot->value.emplace(std::move(value));
      waiting = std::exchange(slot->waiting, nullptr);
    }
    if (waiting) waiting.resume();
    return true;
  }

  bool IsSet() const {
    std::lock_guard<std::mutex> lock(slot_->mutex);
    return slot_->set;
  }

  // To be awaited at most once among all copies.
  auto Wait() const { return Awaiter{slot_}; }

 private:
  struct Slot {
    std::mutex mutex;
    bool set = false;
    bool awaited = false;
    std::optional<T> value;
    std::coroutine_handle<> waiting;
  };

  struct Awaiter {
    std::shared_ptr<Slot> slot;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) const {
      std::lock_guard<std::mutex> lock(slot->mutex);
      if (slot->awaited) internal::DieOfMisuse("OneShot awaited twice");
      slot->awaited = true;
      if (slot->set) return false;
      slot->waiting = handle;
      return true;
    }
    T await_resume() const {
      std::lock_guard<std::mutex> lock(slot->mutex);
      return std::move(*slot->value);
    }
  };

  std::shared_ptr<Slot> slot_;
};

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_ONE_SHOT_H_
