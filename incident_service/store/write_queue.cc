#include "incident_service/store/write_queue.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

// Bounds how long one transaction may take, and with it the wait of the first.
constexpr std::size_t kMostWrites = 500;

struct CommitMetrics {
  static const CommitMetrics& Get() {
    static const auto* metrics = new CommitMetrics;
    return *metrics;
  }
  static metrics::Histogram Seconds(const std::string& durable) {
    return metrics::GetHistogram("opcon_snow_store_commit_duration_seconds",
                                 "How long transactions of the store took.",
                                 metrics::DiskBuckets(),
                                 {{"durable", durable}});
  }

  metrics::Histogram durable = Seconds("true");
  metrics::Histogram soon = Seconds("false");
  metrics::Counter failures = metrics::GetCounter(
      "opcon_snow_store_commit_failures_total",
      "Transactions of the store that the disk did not take.");
};

// Of the storage, not of what was asked of it.
bool IsTrouble(const absl::Status& result) {
  return absl::IsUnavailable(result) || absl::IsDataLoss(result);
}

}  // namespace

WriteQueue::WriteQueue(Database* db, WriteObserver* observer)
    : db_(db), observer_(observer), thread_([this] { Loop(); }) {}

WriteQueue::~WriteQueue() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_one();
  thread_.join();
}

void WriteQueue::Submit(Write write) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(write));
  }
  wakes_.notify_one();
}

absl::Status WriteQueue::Run(std::function<absl::Status()> apply,
                             bool durable) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<absl::Status> result;
  Submit({std::move(apply),
          [&](const absl::Status& status) {
            // Notified under the lock: they live on the waiter's stack.
            const std::lock_guard<std::mutex> lock(mutex);
            result = status;
            changed.notify_one();
          },
          durable});
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return result.has_value(); });
  return *result;
}

std::size_t WriteQueue::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size();
}

std::int64_t WriteQueue::batches() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return batches_;
}

void WriteQueue::Loop() {
  while (true) {
    std::deque<Write> batch = Take();
    if (batch.empty()) {
      if (!unsettled_) return;
      batch.push_back(
          {[this] { return observer_->Settle(); }, [](const absl::Status&) {}});
    }
    RunBatch(&batch);
  }
}

std::deque<Write> WriteQueue::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [this] { return stopping_ || !waiting_.empty(); };
  if (unsettled_) {
    wakes_.wait_for(lock, kSettleAfter, ready);
  } else {
    wakes_.wait(lock, ready);
  }
  std::deque<Write> batch;
  if (waiting_.size() <= kMostWrites) {
    batch.swap(waiting_);
  } else {
    const auto end = waiting_.begin() + kMostWrites;
    std::move(waiting_.begin(), end, std::back_inserter(batch));
    waiting_.erase(waiting_.begin(), end);
  }
  if (!batch.empty()) ++batches_;
  return batch;
}

void WriteQueue::RunBatch(std::deque<Write>* batch) {
  observer_->BeginBatch();
  BatchEnd end;
  end.durable = std::any_of(batch->begin(), batch->end(),
                            [](const Write& write) { return write.durable; });
  std::vector<absl::Status> results;
  const auto started = std::chrono::steady_clock::now();
  const absl::Status stored = Apply(*batch, end.durable, &results);
  const absl::Duration elapsed =
      absl::FromChrono(std::chrono::steady_clock::now() - started);
  const CommitMetrics& metrics = CommitMetrics::Get();
  (end.durable ? metrics.durable : metrics.soon).Observe(elapsed);
  end.committed = stored.ok();
  end.trouble = stored;
  for (const absl::Status& result : results) {
    if (IsTrouble(result)) end.trouble = result;
  }
  if (!end.trouble.ok()) metrics.failures.Add();
  // A disk that takes nothing is not asked again until somebody needs it.
  unsettled_ = !end.durable && end.committed;
  observer_->EndBatch(end);
  for (std::size_t i = 0; i < batch->size(); ++i) {
    (*batch)[i].done(stored.ok() ? results[i] : stored);
  }
}

absl::Status WriteQueue::Apply(const std::deque<Write>& batch, bool durable,
                               std::vector<absl::Status>* results) {
  OPCON_SNOW_RETURN_IF_ERROR(SetSynchronous(durable));
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                                Transaction::Begin(db_));
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool applied,
                                ApplyTogether(batch, results));
    if (applied) return transaction.Commit();
  }
  results->clear();
  observer_->RestartBatch();
  OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(db_));
  OPCON_SNOW_RETURN_IF_ERROR(ApplyApart(batch, results));
  return transaction.Commit();
}

// Nearly every write succeeds, or fails before it has changed anything, and a
// savepoint copies each page that is written after it.
absl::StatusOr<bool> WriteQueue::ApplyTogether(
    const std::deque<Write>& batch, std::vector<absl::Status>* results) {
  for (const Write& write : batch) {
    observer_->Mark();
    const std::int64_t changes = db_->total_changes();
    results->push_back(write.apply());
    if (results->back().ok()) continue;
    // A full or failing disk makes SQLite roll back everything.
    if (!db_->InTransaction()) return results->back();
    if (db_->total_changes() != changes) return false;
    observer_->BackToMark();
  }
  return true;
}

absl::Status WriteQueue::ApplyApart(const std::deque<Write>& batch,
                                    std::vector<absl::Status>* results) {
  for (const Write& write : batch) {
    OPCON_SNOW_RETURN_IF_ERROR(db_->Execute("SAVEPOINT write"));
    observer_->Mark();
    results->push_back(write.apply());
    if (!results->back().ok()) {
      if (!db_->InTransaction()) return results->back();
      OPCON_SNOW_RETURN_IF_ERROR(db_->Execute("ROLLBACK TO write"));
      observer_->BackToMark();
    }
    OPCON_SNOW_RETURN_IF_ERROR(db_->Execute("RELEASE write"));
  }
  return absl::OkStatus();
}

absl::Status WriteQueue::SetSynchronous(bool durable) {
  if (durable == synchronous_) return absl::OkStatus();
  OPCON_SNOW_RETURN_IF_ERROR(db_->Execute(
      durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  synchronous_ = durable;
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
