#ifndef OPCON_SNOW_COMMON_HTTP_CURL_LOOP_H_
#define OPCON_SNOW_COMMON_HTTP_CURL_LOOP_H_

// File: curl_loop.h
//
// The thread behind CurlLoop. Private to common/http.

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/http/curl_easy.h"
#include "common/http/curl_transfer.h"
#include "common/http/curl_transport.h"
#include "common/http/transport.h"

namespace opcon_snow::http::internal {

// Kept alive by its CurlLoop and by the transports; only CurlLoop stops it.
class LoopCore final : public async::EventLoop,
                       public std::enable_shared_from_this<LoopCore> {
 public:
  using Done = std::function<void(Result)>;

  static absl::StatusOr<std::shared_ptr<LoopCore>> Start(
      const CurlLoopOptions& options);
  // Stop must have been called.
  ~LoopCore() override;

  // See CurlLoop.
  void Stop();
  bool Post(std::function<void()> fn) override;
  TimerId After(absl::Duration delay, std::function<void()> fn) override;
  bool Cancel(TimerId id) override;
  bool InLoopThread() const override;
  bool Stopping() const override;
  absl::Duration MonotonicNow() const override;
  CurlLoop::Stats stats() const;

  // Begins a transfer that must be over at `deadline` (by MonotonicNow) and
  // calls `done` exactly once, not before this returns. Loop thread only, but
  // any place on it, libcurl's callbacks included.
  void StartTransfer(Request request,
                     std::shared_ptr<const UpstreamSettings> settings,
                     absl::Duration started, absl::Duration deadline,
                     Done done);

 private:
  using TransferId = std::uint64_t;
  using TimerKey = std::pair<absl::Duration, TimerId>;
  using StopCallback = std::stop_callback<std::function<void()>>;

  struct Entry {
    std::unique_ptr<Transfer> transfer;
    absl::Duration started;
    absl::Duration deadline;
    Done done;
    bool in_multi = false;
    TimerId deadline_timer = kNoTimer;
    std::optional<StopCallback> on_stop;
  };
  struct Finished {
    Done done;
    Result result;
  };

  explicit LoopCore(CURLM* multi) : multi_(multi) {}

  void Run();
  void RunStopping();
  void RunReady();
  std::function<void()> TakeTimerDue(absl::Duration until);
  int PollMilliseconds();

  void AddStarting();
  void Add(TransferId id, Entry* entry);
  void CollectMessages();
  void Resume(TransferId id, Transfer::Direction direction);
  void Abort(TransferId id, TransportError::Kind kind,
             absl::string_view reason);
  void Complete(TransferId id,
                const std::function<Result(Entry* entry)>& outcome,
                bool keep_easy);
  void DeliverFinished();
  void Wake();

  const std::chrono::steady_clock::time_point origin_ =
      std::chrono::steady_clock::now();
  CURLM* const multi_;
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;
  std::atomic<std::uint64_t> transfers_started_{0};
  std::atomic<std::uint64_t> connections_opened_{0};
  std::atomic<std::uint64_t> transfers_in_flight_{0};

  std::once_flag joined_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  bool stopping_ = false;
  TimerId next_timer_ = 1;
  std::deque<std::function<void()>> posted_;
  std::map<TimerKey, std::function<void()>> timers_;
  std::map<TimerId, absl::Duration> due_;

  // Loop thread only.
  EasyPool pool_;
  TransferId next_transfer_ = 1;
  std::map<TransferId, Entry> transfers_;
  std::map<Transfer*, TransferId> ids_;
  std::vector<TransferId> starting_;
  std::vector<Finished> finished_;
};

}  // namespace opcon_snow::http::internal

#endif  // OPCON_SNOW_COMMON_HTTP_CURL_LOOP_H_
