#ifndef OPCON_SNOW_COMMON_HTTP_LIMITER_H_
#define OPCON_SNOW_COMMON_HTTP_LIMITER_H_

// File: limiter.h
//
// How many requests are under way to one upstream at once, and who is next.
//
//   Limiter limiter(loop, {.max_concurrent = 16, .max_queued = 256});
//   auto permit = co_await limiter.Acquire(Priority::kCreate, deadline, stop);
//   if (!permit.ok()) co_return permit.status();
//   http::Result result = co_await transport.Send(std::move(request));
//   permit->Report(result.ok() ? Limiter::Outcome::kSuccess
//                              : Limiter::Outcome::kNeutral);
//   // The slot is free again when `permit` is destroyed.
//
// Concurrency adapts: it begins at `max_concurrent`, so that a burst is not
// held up, and is halved, at most once per round of requests, when one reports
// that the upstream was overloaded. It grows again by one each time that as
// many requests succeeded, with all slots taken, as there are slots.
//
// The number of requests an hour may be bounded, too: no hour sees more than
// `requests_per_hour`, a tenth of which may come at once. Calls wait for that
// as for a slot; one whose deadline would pass before is refused at once.
//
// The queue is bounded. A more urgent arrival takes the place of the youngest,
// least urgent waiter; an arrival that finds no place is refused at once.
// Uploads hold at most half of the slots, so that a row of large ones cannot
// keep everything else waiting.
//
// Confined to the loop's thread: construct it anywhere, but call Acquire, move
// and destroy permits on the loop thread. A permit may outlive its limiter.
// State needs no lock.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"

namespace opcon_snow::http {

struct LimiterMetrics;  // upstream_metrics.h

// In order of urgency.
enum class Priority {
  kCreate,  // an effect that somebody waits for and that has no other way
  kUpdate,  // other effects, and all reads
  kUpload,  // bulk that may wait
};

struct LimiterOptions {
  // Requests at once, at most. 1 to 10000.
  int max_concurrent = 16;
  // Waiting for a slot. 0: nobody waits.
  int max_queued = 256;
  // 0: as many as come.
  int requests_per_hour = 0;
  // Where it counts; must outlive the limiter and its permits. Null: nowhere.
  const LimiterMetrics* metrics = nullptr;
};

class Limiter {
 private:
  struct Core;

 public:
  enum class Outcome {
    kNeutral,     // says nothing about the upstream's load
    kSuccess,     // it coped
    kOverloaded,  // it asked to be left alone, or did not answer in time
  };

  // One slot; free again when it is destroyed or assigned to.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() { Release(); }

    // What became of the request; the last report counts. Without one:
    // neutral.
    void Report(Outcome outcome) { outcome_ = outcome; }

   private:
    friend class Limiter;
    Permit(std::shared_ptr<Core> core, Priority priority);
    void Release();

    std::shared_ptr<Core> core_;
    Priority priority_ = Priority::kUpdate;
    Outcome outcome_ = Outcome::kNeutral;
    std::uint64_t round_ = 0;
    absl::Duration since_;
  };

  // `loop` must outlive the limiter and its permits.
  Limiter(async::EventLoop* loop, LimiterOptions options);

  // Waits for a slot. `deadline` is a time of the loop's steady clock
  // (`loop->MonotonicNow()` plus what is left), infinite for none.
  // Errors:
  //   RESOURCE_EXHAUSTED, reason GATEWAY_OVERLOADED, with a delay after which
  //     a retry makes sense: the queue is full, a more urgent call took the
  //     place, or the requests of the hour are used up beyond `deadline`;
  //   DEADLINE_EXCEEDED, reason UPSTREAM_TIMEOUT: no slot by `deadline`;
  //   CANCELLED, reason CANCELLED: `stop` was requested (on any thread) or the
  //     loop stops.
  // In each case nothing was sent.
  async::Task<absl::StatusOr<Permit>> Acquire(Priority priority,
                                              absl::Duration deadline,
                                              std::stop_token stop = {});

  // For metrics and tests. On the loop thread.
  int in_use() const;
  int concurrency() const;
  std::size_t queued() const;

 private:
  static async::Task<absl::StatusOr<Permit>> Wait(std::shared_ptr<Core> core,
                                                  Priority priority,
                                                  absl::Duration deadline,
                                                  std::stop_token stop);

  std::shared_ptr<Core> core_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_LIMITER_H_
