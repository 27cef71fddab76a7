#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_WRITE_QUEUE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_WRITE_QUEUE_H_

// Group commit: one thread does all writes, and whatever has gathered while the
// disk was busy goes into one transaction. Nobody waits for company: a write
// that comes alone is committed alone.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "incident_service/store/sqlite.h"

namespace opcon_snow::incident {

struct Write {
  // Runs on the queue's thread inside a transaction. If it fails, what it wrote
  // is taken back and the other writes of the transaction go on.
  std::function<absl::Status()> apply;
  // May run twice: when another write of the transaction failed half done.
  // Called on the queue's thread when the write is on disk, or with what kept
  // it from it. Must not wait for another write.
  std::function<void(const absl::Status&)> done;
  // False: a power cut may undo it, together with everything after it, until
  // the next write that is durable; one comes within kSettleAfter.
  bool durable = true;
};

// How a transaction ended.
struct BatchEnd {
  bool committed = false;
  // Whether no power cut can undo it, nor anything before it.
  bool durable = false;
  // What the storage had against the transaction or one of its writes.
  absl::Status trouble;
};

// What the owner keeps in memory beside the file.
class WriteObserver {
 public:
  virtual ~WriteObserver() = default;
  // Around each write, so that memory is taken back with the file.
  virtual void Mark() = 0;
  virtual void BackToMark() = 0;
  // Before the first write of a transaction, when its writes are to run once
  // more, and after its end.
  virtual void BeginBatch() = 0;
  virtual void RestartBatch() = 0;
  virtual void EndBatch(const BatchEnd& end) = 0;
  // A write whose only purpose is to be durable.
  virtual absl::Status Settle() = 0;
};

class WriteQueue {
 public:
  // How long a write that is not durable may stay so.
  static constexpr std::chrono::milliseconds kSettleAfter{50};

  // Both must outlive it; from now on only this thread uses the database.
  WriteQueue(Database* db, WriteObserver* observer);
  // Finishes what is queued.
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // From any thread, also from `done`.
  void Submit(Write write);
  // Submits and waits. Not from `done`.
  absl::Status Run(std::function<absl::Status()> apply, bool durable = true);

  // Writes that no transaction has taken up yet.
  std::size_t waiting() const;
  // Transactions so far, for tests and figures.
  std::int64_t batches() const;

 private:
  void Loop();
  // Waits for writes and takes them; none: it is time to end, or to settle.
  std::deque<Write> Take();
  void RunBatch(std::deque<Write>* batch);
  // The status of each write, or why none of them was stored.
  absl::Status Apply(const std::deque<Write>& batch, bool durable,
                     std::vector<absl::Status>* results);
  // False if a write failed after it had changed the file: then the
  // transaction has to begin again, with savepoints.
  absl::StatusOr<bool> ApplyTogether(const std::deque<Write>& batch,
                                     std::vector<absl::Status>* results);
  absl::Status ApplyApart(const std::deque<Write>& batch,
                          std::vector<absl::Status>* results);
  absl::Status SetSynchronous(bool durable);

  Database* const db_;
  WriteObserver* const observer_;
  bool synchronous_ = true;  // as the database is set
  bool unsettled_ = false;   // the last commits were not durable
  mutable std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<Write> waiting_;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  std::int64_t batches_ = 0;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_WRITE_QUEUE_H_
