#include "common/http/curl_loop.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace opcon_snow::http::internal {
namespace {

using Kind = TransportError::Kind;

// While it lives, threads that this thread starts have all signals blocked but
// those that report a fault of the thread itself.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

absl::Status CheckOptions(const CurlLoopOptions& options) {
  if (options.max_connections_per_host < 1 ||
      options.max_connections_per_host > 1000) {
    return absl::InvalidArgumentError(
        "HTTP loop option max_connections_per_host: must be from 1 to 1000");
  }
  if (options.max_idle_connections < 1 ||
      options.max_idle_connections > 10000) {
    return absl::InvalidArgumentError(
        "HTTP loop option max_idle_connections: must be from 1 to 10000");
  }
  return absl::OkStatus();
}

CURLMcode Configure(CURLM* multi, const CurlLoopOptions& options) {
  const std::pair<CURLMoption, long> settings[] = {
      {CURLMOPT_PIPELINING, CURLPIPE_NOTHING},
      {CURLMOPT_MAX_HOST_CONNECTIONS, options.max_connections_per_host},
      {CURLMOPT_MAXCONNECTS, options.max_idle_connections},
  };
  for (const auto& [option, value] : settings) {
    const CURLMcode code = curl_multi_setopt(multi, option, value);
    if (code != CURLM_OK) return code;
  }
  return CURLM_OK;
}

}  // namespace

absl::StatusOr<std::shared_ptr<LoopCore>> LoopCore::Start(
    const CurlLoopOptions& options) {
  absl::Status status = CheckOptions(options);
  if (!status.ok()) return status;
  status = InitializeCurl();
  if (!status.ok()) return status;
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) {
    return absl::ResourceExhaustedError("libcurl: out of memory");
  }
  const CURLMcode code = Configure(multi, options);
  std::shared_ptr<LoopCore> core(new LoopCore(multi));
  if (code != CURLM_OK) {
    return absl::InternalError(
        absl::StrCat("libcurl: ", curl_multi_strerror(code)));
  }
  try {
    SignalsBlocked blocked;
    core->thread_ = std::thread([raw = core.get()] { raw->Run(); });
  } catch (const std::system_error& e) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start the HTTP thread: ", e.what()));
  }
  return core;
}

LoopCore::~LoopCore() { curl_multi_cleanup(multi_); }

void LoopCore::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    Wake();
  }
  std::call_once(joined_, [this] {
    if (thread_.joinable()) thread_.join();
  });
}

// With mutex_ held by the caller.
void LoopCore::Wake() { curl_multi_wakeup(multi_); }

bool LoopCore::Post(std::function<void()> fn) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return false;
  posted_.push_back(std::move(fn));
  if (!InLoopThread()) Wake();
  return true;
}

async::EventLoop::TimerId LoopCore::After(absl::Duration delay,
                                          std::function<void()> fn) {
  const absl::Duration due =
      MonotonicNow() + std::max(delay, absl::ZeroDuration());
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) return kNoTimer;
  const TimerId id = next_timer_++;
  auto added = timers_.emplace(TimerKey(due, id), std::move(fn)).first;
  due_.emplace(id, due);
  // The thread sleeps no longer than to the first timer it knows.
  if (added == timers_.begin() && !InLoopThread()) Wake();
  return id;
}

bool LoopCore::Cancel(TimerId id) {
  // Outlives the lock: destroying the function may call back into the loop.
  std::function<void()> dropped;
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = due_.find(id);
  if (found == due_.end()) return false;
  auto timer = timers_.find(TimerKey(found->second, id));
  dropped = std::move(timer->second);
  timers_.erase(timer);
  due_.erase(found);
  return true;
}

bool LoopCore::InLoopThread() const {
  return thread_id_.load(std::memory_order_relaxed) ==
         std::this_thread::get_id();
}

bool LoopCore::Stopping() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

absl::Duration LoopCore::MonotonicNow() const {
  return absl::FromChrono(std::chrono::steady_clock::now() - origin_);
}

CurlLoop::Stats LoopCore::stats() const {
  CurlLoop::Stats stats;
  stats.transfers_started = transfers_started_.load();
  stats.connections_opened = connections_opened_.load();
  stats.transfers_in_flight = transfers_in_flight_.load();
  return stats;
}

void LoopCore::Run() {
  thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  pthread_setname_np(pthread_self(), "http-loop");
  while (!Stopping()) {
    RunReady();
    AddStarting();
    // A failure here (out of memory) concerns all transfers and has no remedy;
    // their own time limits end them.
    int running = 0;
    curl_multi_perform(multi_, &running);
    CollectMessages();
    DeliverFinished();
    curl_multi_poll(multi_, nullptr, 0, PollMilliseconds(), nullptr);
  }
  RunStopping();
}

// Nothing new is accepted from outside any more, so this comes to an end as
// soon as what is pending does not start anew on being cancelled.
void LoopCore::RunStopping() {
  for (;;) {
    RunReady();
    while (!transfers_.empty()) {
      Abort(transfers_.begin()->first, Kind::kCancelled,
            "this process is stopping");
    }
    starting_.clear();
    DeliverFinished();
    std::lock_guard<std::mutex> lock(mutex_);
    if (posted_.empty() && timers_.empty() && transfers_.empty() &&
        finished_.empty()) {
      break;
    }
  }
  pool_.Clear();
}

void LoopCore::RunReady() {
  std::deque<std::function<void()>> posted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    posted.swap(posted_);
  }
  for (std::function<void()>& fn : posted) {
    fn();
    fn = nullptr;
  }
  // Timers that these arm for "now" wait for the next round, so that the
  // network gets its turn.
  const absl::Duration now = MonotonicNow();
  while (std::function<void()> fn = TakeTimerDue(now)) fn();
}

std::function<void()> LoopCore::TakeTimerDue(absl::Duration until) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto first = timers_.begin();
  if (first == timers_.end()) return nullptr;
  if (!stopping_ && first->first.first > until) return nullptr;
  std::function<void()> fn = std::move(first->second);
  due_.erase(first->first.second);
  timers_.erase(first);
  return fn;
}

int LoopCore::PollMilliseconds() {
  static constexpr absl::Duration kLongest = absl::Minutes(1);
  if (!starting_.empty() || !finished_.empty()) return 0;
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_ || !posted_.empty()) return 0;
  absl::Duration wait = kLongest;
  if (!timers_.empty()) {
    wait = std::clamp(timers_.begin()->first.first - MonotonicNow(),
                      absl::ZeroDuration(), kLongest);
  }
  return static_cast<int>(
      absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

void LoopCore::StartTransfer(Request request,
                             std::shared_ptr<const UpstreamSettings> settings,
                             absl::Duration started, absl::Duration deadline,
                             Done done) {
  const TransferId id = next_transfer_++;
  std::stop_token stop = request.stop;
  auto post_resume = [weak = weak_from_this(),
                      id](Transfer::Direction direction) {
    std::shared_ptr<LoopCore> core = weak.lock();
    if (!core) return;
    core->Post(
        [raw = core.get(), id, direction] { raw->Resume(id, direction); });
  };
  Entry& entry = transfers_[id];
  entry.transfer = std::make_unique<Transfer>(
      std::move(request), std::move(settings), std::move(post_resume));
  entry.started = started;
  entry.deadline = deadline;
  entry.done = std::move(done);
  ids_[entry.transfer.get()] = id;
  // libcurl must not be called here: this may be inside one of its callbacks.
  starting_.push_back(id);
  ++transfers_started_;
  ++transfers_in_flight_;
  if (deadline != absl::InfiniteDuration()) {
    entry.deadline_timer = After(deadline - MonotonicNow(), [this, id] {
      Abort(id, Stopping() ? Kind::kCancelled : Kind::kTimeout, "timed out");
    });
  }
  // Runs at once if the stop was requested already, and only posts.
  entry.on_stop.emplace(std::move(stop), [weak = weak_from_this(), id] {
    std::shared_ptr<LoopCore> core = weak.lock();
    if (!core) return;
    core->Post([raw = core.get(), id] {
      raw->Abort(id, Kind::kCancelled, "cancelled by the caller");
    });
  });
}

void LoopCore::AddStarting() {
  for (TransferId id : std::exchange(starting_, {})) {
    auto found = transfers_.find(id);
    if (found != transfers_.end()) Add(id, &found->second);
  }
}

void LoopCore::Add(TransferId id, Entry* entry) {
  CURLcode code =
      entry->transfer->Prepare(pool_.Take(), entry->deadline - MonotonicNow());
  if (code == CURLE_OK) {
    entry->in_multi =
        curl_multi_add_handle(multi_, entry->transfer->easy()) == CURLM_OK;
    if (entry->in_multi) return;
    code = CURLE_FAILED_INIT;
  }
  Complete(
      id,
      [&](Entry* failed) {
        return failed->transfer->Finish(code, absl::ZeroDuration());
      },
      /*keep_easy=*/false);
}

void LoopCore::CollectMessages() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message is gone once its handle is removed.
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    auto found = ids_.find(transfer);
    if (found == ids_.end()) continue;
    Complete(
        found->second,
        [&](Entry* entry) {
          return entry->transfer->Finish(code, MonotonicNow() - entry->started);
        },
        /*keep_easy=*/code == CURLE_OK);
  }
}

void LoopCore::Resume(TransferId id, Transfer::Direction direction) {
  auto found = transfers_.find(id);
  if (found == transfers_.end() || !found->second.in_multi) return;
  const CURLcode code = found->second.transfer->Resume(direction);
  if (code == CURLE_OK) return;
  Complete(
      id,
      [&](Entry* entry) {
        return entry->transfer->Finish(code, absl::ZeroDuration());
      },
      /*keep_easy=*/false);
}

void LoopCore::Abort(TransferId id, Kind kind, absl::string_view reason) {
  if (transfers_.find(id) == transfers_.end()) return;
  Complete(
      id, [&](Entry* entry) { return entry->transfer->Abort(kind, reason); },
      /*keep_easy=*/false);
}

void LoopCore::Complete(TransferId id,
                        const std::function<Result(Entry* entry)>& outcome,
                        bool keep_easy) {
  // Out of the map first: ending the streams runs code of their owners.
  auto node = transfers_.extract(id);
  Entry& entry = node.mapped();
  ids_.erase(entry.transfer.get());
  entry.on_stop.reset();
  Cancel(entry.deadline_timer);
  connections_opened_ += static_cast<std::uint64_t>(entry.transfer->connects());
  if (entry.in_multi) {
    curl_multi_remove_handle(multi_, entry.transfer->easy());
  }
  Result result = outcome(&entry);
  CurlEasy easy = entry.transfer->ReleaseEasy();
  if (keep_easy && result.ok()) pool_.GiveBack(std::move(easy));
  --transfers_in_flight_;
  finished_.push_back({std::move(entry.done), std::move(result)});
}

void LoopCore::DeliverFinished() {
  for (Finished& finished : std::exchange(finished_, {})) {
    finished.done(std::move(finished.result));
  }
}

}  // namespace opcon_snow::http::internal
