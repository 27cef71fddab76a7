#ifndef OPCON_SNOW_COMMON_ASYNC_WORKER_POOL_H_
#define OPCON_SNOW_COMMON_ASYNC_WORKER_POOL_H_

// Threads for calls that wait for the disk or for a gateway, so that gRPC's
// own never do.

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace opcon_snow::async {

class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  // Runs what is queued, then ends the threads.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // From any thread. The queue has no bound of its own: who calls has one (the
  // calls that a listener admits).
  void Run(std::function<void()> function);

  // `co_await pool.Hop()` goes on on a thread of the pool.
  class HopAwaiter {
   public:
    explicit HopAwaiter(WorkerPool* pool) : pool_(pool) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const {
      pool_->Run([waiting] { waiting.resume(); });
    }
    void await_resume() const noexcept {}

   private:
    WorkerPool* const pool_;
  };
  [[nodiscard]] HopAwaiter Hop() { return HopAwaiter(this); }

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace opcon_snow::async

#endif  // OPCON_SNOW_COMMON_ASYNC_WORKER_POOL_H_
