#include "incident_service/service/retention.h"

#include <utility>

#include "absl/status/statusor.h"
#include "common/log/log.h"

namespace opcon_snow::incident {
namespace {

// Between two batches, so that reports do not queue behind deletions.
constexpr absl::Duration kPause = absl::Milliseconds(100);

}  // namespace

Retention::Retention(RetentionOptions options, Store* store, Clock* clock)
    : options_(options), store_(store), clock_(clock) {}

Retention::~Retention() { Stop(); }

void Retention::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Retention::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Retention::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool more = DeleteSome();
    lock.lock();
    clock_->WaitUntil(
        lock, wakes_,
        SteadyAfter(clock_->SteadyNow(), more ? kPause : options_.interval),
        [this] { return stopping_; });
  }
}

bool Retention::DeleteSome() {
  Expiry expiry;
  const absl::Time now = clock_->Now();
  expiry.reports_before = now - options_.reports;
  expiry.keys_before = now - options_.keys;
  const absl::StatusOr<int> deleted = store_->DeleteExpired(expiry);
  if (!deleted.ok()) {
    log::Error("retention.failed", {{"error", deleted.status()}});
    return false;
  }
  if (*deleted > 0) log::Debug("retention.deleted", {{"records", *deleted}});
  return *deleted >= expiry.limit;
}

}  // namespace opcon_snow::incident
