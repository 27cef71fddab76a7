#ifndef OPCON_SNOW_COMMON_ASYNC_TASK_H_
#define OPCON_SNOW_COMMON_ASYNC_TASK_H_

// File: task.h
//
// `Task<T>` is a lazy coroutine that produces one value of type T (or nothing).
//
//   async::Task<int> Answer(async::EventLoop& loop) {
//     absl::Status slept = co_await async::Sleep(loop, absl::Seconds(1));
//     co_return slept.ok() ? 42 : 0;
//   }
//
// * Lazy: nothing runs before the task is awaited, or given to `Start` or
//   `Detach`. A task that is never awaited is destroyed without running.
// * Awaited once, as an rvalue: `co_await Answer(loop)` or
//   `co_await std::move(task)`.
// * Threads: a task runs on the thread that starts it, up to its first
//   suspension, and then on the thread that resumes it. Nothing here locks.
// * Ownership: the task object owns the frame. A frame that is suspended
//   inside an operation in progress must not be destroyed; in practice only
//   `Start` and `Detach` hold running tasks, and they free the frame when it
//   has finished. Every operation of an EventLoop or Transport completes (with
//   CANCELLED at the latest when the loop stops), so no frame is left behind.
// * Exceptions: none crosses a task. One that leaves a coroutine body ends the
//   process with its text on stderr, because the caller could not be told.
//
// Rules for authors of coroutines. The last three are there because GCC 12
// generates wrong code without a warning (double destruction or early
// destruction of temporaries):
//
// 1. Take parameters BY VALUE (or a reference to something that outlives every
//    call, such as a loop). The frame copies a reference, not what it names,
//    and a lazy task starts after the full expression that made it. That
//    concerns `const std::string&` and `absl::string_view` in particular.
// 2. Never make a coroutine of a capturing lambda that does not outlive it: the
//    captures live in the closure object, not in the frame. Pass them as
//    parameters of a captureless lambda or use a named function.
// 3. The same holds for `this` of a member function: the object must live until
//    the task has finished.
// 4. Keep `co_await` out of `?:`, `&&`, `||` and out of the argument list of
//    another call. Write `auto x = co_await ...;` and use `x`.
// 5. Do not build arguments with braces or designated initializers inside an
//    awaited expression. Make a named local and `std::move` it:
//       Request request = ...;                       // good
//       Result r = co_await transport.Send(std::move(request));
// 6. Symmetric transfer is a tail call only with -foptimize-sibling-calls (part
//    of -O2) and never under the sanitizers; otherwise a loop uses stack for
//    each await that completes without suspending. Bound such loops.
//
// Never hold a `std::mutex` across a `co_await`.

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace opcon_snow::async {

template <typename T = void>
class Task;

namespace internal {

// Prints the exception in flight and aborts.
[[noreturn]] void DieOfException() noexcept;
// Prints `message` and aborts: a rule of this file was broken.
[[noreturn]] void DieOfMisuse(const char* message) noexcept;

class PromiseBase {
 public:
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> finished) const noexcept {
      return finished.promise().continuation_;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() const noexcept { DieOfException(); }

  void set_continuation(std::coroutine_handle<> continuation) noexcept {
    continuation_ = continuation;
  }

 private:
  std::coroutine_handle<> continuation_ = std::noop_coroutine();
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;

  template <typename U>
  requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) { value_.emplace(std::forward<U>(value)); }

  T TakeValue() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void TakeValue() const noexcept {}
};

}  // namespace internal

template <typename T>
class [[nodiscard]] Task final {
 public:
  static_assert(!std::is_reference_v<T>, "a Task holds a value");
  using promise_type = internal::Promise<T>;

  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // False after the task was moved from.
  bool valid() const noexcept { return static_cast<bool>(handle_); }

  auto operator co_await() && noexcept {
    if (!handle_) internal::DieOfMisuse("co_await on a moved-from Task");
    return Awaiter{handle_};
  }

 private:
  friend promise_type;

  struct Awaiter {
    std::coroutine_handle<promise_type> task;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(
        std::coroutine_handle<> awaiting) const noexcept {
      task.promise().set_continuation(awaiting);
      return task;
    }
    T await_resume() const { return task.promise().TakeValue(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept
      : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace internal {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// A coroutine that starts at once and frees itself when it ends.
struct SelfOwned {
  struct promise_type {
    SelfOwned get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { DieOfException(); }
  };
};

template <typename T, typename Done>
SelfOwned Drive(Task<T> task, Done done) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    done();
  } else {
    T value = co_await std::move(task);
    done(std::move(value));
  }
}

}  // namespace internal

// Starts `task` on the calling thread and calls `done(T value)`, or `done()`
// for a Task<void>, when it has finished, on the thread that finished it, which
// may be before `Start` returns. The frame, with everything it owns, lives
// until `done` has returned. `done` must not throw.
template <typename T, typename Done>
void Start(Task<T> task, Done done) {
  internal::Drive(std::move(task), std::move(done));
}

// Starts `task` on the calling thread; nobody is told when it ends.
void Detach(Task<void> task);

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_TASK_H_
