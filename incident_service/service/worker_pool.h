#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WORKER_POOL_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WORKER_POOL_H_

// Threads for calls that wait for the disk or for a gateway, so that gRPC's
// own never do.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace opcon_snow::incident {

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

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WORKER_POOL_H_
