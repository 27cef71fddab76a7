#include "common/http/fake_transport.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/http/redact.h"
#include "gtest/gtest.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

TransportError MakeError(Kind kind, bool maybe_processed,
                         absl::string_view message) {
  TransportError error;
  error.kind = kind;
  error.maybe_processed = maybe_processed;
  error.message = std::string(message);
  return error;
}

// What a stream tells a coroutine that waits for it: go on, or give up.
enum class Signal { kGoOn, kTimeout, kCancelled };

// What a request waits for, one thing after the other. Loop thread only, but
// for the functions it hands out, which post.
class Waiter : public std::enable_shared_from_this<Waiter> {
 public:
  explicit Waiter(async::EventLoop* loop) : loop_(loop) {}

  // A function that ends the present or the next wait. It works until
  // NewResume is called again; any thread, any number of times.
  std::function<void()> NewResume() {
    ++phase_;
    pending_ = false;
    return [weak = weak_from_this(), loop = loop_, phase = phase_] {
      loop->Post([weak, phase] {
        auto waiter = weak.lock();
        if (waiter && waiter->phase_ == phase) waiter->GoOn();
      });
    };
  }

  // Ends the present and every later wait with `signal`.
  void End(Signal signal) {
    if (ended_.has_value()) return;
    ended_ = signal;
    if (std::exchange(waiting_, false)) gate_.Set(signal);
  }

  // `co_await waiter->Next()` gives the next signal.
  auto Next() {
    gate_ = async::OneShot<Signal>();
    if (ended_.has_value()) {
      gate_.Set(*ended_);
    } else if (std::exchange(pending_, false)) {
      gate_.Set(Signal::kGoOn);
    } else {
      waiting_ = true;
    }
    return gate_.Wait();
  }

 private:
  void GoOn() {
    if (std::exchange(waiting_, false)) {
      gate_.Set(Signal::kGoOn);
    } else {
      pending_ = true;
    }
  }

  async::EventLoop* loop_;
  async::OneShot<Signal> gate_;
  int phase_ = 0;
  bool waiting_ = false;
  bool pending_ = false;
  std::optional<Signal> ended_;
};

TransportError ErrorOf(Signal signal, bool maybe_processed) {
  return signal == Signal::kTimeout
             ? MakeError(Kind::kTimeout, maybe_processed, "timed out")
             : MakeError(Kind::kCancelled, maybe_processed, "cancelled");
}

// Reads all of `source` to `body`. An error, if it cannot.
async::Task<std::optional<TransportError>> ReadAll(
    std::shared_ptr<Waiter> waiter, std::shared_ptr<BodySource> source,
    std::string* body) {
  const std::optional<std::int64_t> length = source->length();
  source->Open(waiter->NewResume());
  std::optional<TransportError> error;
  std::array<char, 4096> buffer;
  for (bool more = true; more && !error.has_value();) {
    const BodySource::ReadResult read =
        source->Read(buffer.data(), buffer.size());
    if (read.state == BodySource::State::kData) {
      body->append(buffer.data(), read.size);
    } else if (read.state == BodySource::State::kPending) {
      const Signal signal = co_await waiter->Next();
      if (signal != Signal::kGoOn) error = ErrorOf(signal, true);
    } else if (read.state == BodySource::State::kError) {
      error = MakeError(Kind::kSource, true, "the body source failed");
    } else {
      more = false;
    }
  }
  source->Close();
  if (!error.has_value() && length.has_value() &&
      static_cast<std::size_t>(*length) != body->size()) {
    error = MakeError(Kind::kSource, true, "the body source's length is wrong");
  }
  co_return error;
}

// Moves the body of `response` into `sink`, if that wants it.
async::Task<std::optional<TransportError>> WriteAll(
    std::shared_ptr<Waiter> waiter, std::shared_ptr<BodySink> sink,
    Response* response) {
  if (!sink->Open(response->status, response->headers, waiter->NewResume())) {
    co_return std::nullopt;
  }
  const std::string body = std::exchange(response->body, std::string());
  std::optional<TransportError> error;
  // In pieces, as from a network.
  static constexpr std::size_t kPiece = 1024;
  for (std::size_t at = 0; at < body.size() && !error.has_value();) {
    const absl::string_view piece = absl::string_view(body).substr(at, kPiece);
    const BodySink::WriteResult written = sink->Write(piece);
    if (written == BodySink::WriteResult::kTaken) {
      at += piece.size();
    } else if (written == BodySink::WriteResult::kAbort) {
      error = MakeError(Kind::kSink, true, "the body sink gave up");
    } else {
      const Signal signal = co_await waiter->Next();
      if (signal != Signal::kGoOn) error = ErrorOf(signal, true);
    }
  }
  sink->Close(!error.has_value());
  co_return error;
}

// Posts kTimeout and kCancelled to a waiter while it lives.
class Limits {
 public:
  Limits(async::EventLoop* loop, std::shared_ptr<Waiter> waiter,
         absl::Duration timeout, std::stop_token stop)
      : loop_(loop) {
    timer_ = loop->After(timeout, [loop, waiter] {
      waiter->End(loop->Stopping() ? Signal::kCancelled : Signal::kTimeout);
    });
    // A loop that refuses is stopping: nothing may wait.
    if (timer_ == async::EventLoop::kNoTimer) {
      waiter->End(Signal::kCancelled);
    }
    on_stop_.emplace(std::move(stop), [loop, waiter] {
      loop->Post([waiter] { waiter->End(Signal::kCancelled); });
    });
  }
  ~Limits() {
    on_stop_.reset();
    loop_->Cancel(timer_);
  }
  Limits(const Limits&) = delete;
  Limits& operator=(const Limits&) = delete;

 private:
  async::EventLoop* loop_;
  async::EventLoop::TimerId timer_ = async::EventLoop::kNoTimer;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace

struct FakeTransport::State {
  struct Step {
    absl::Duration delay;
    Handler handler;
  };

  async::EventLoop* loop = nullptr;
  std::deque<Step> script;
  Handler rest;
  std::vector<RecordedRequest> requests;
  std::size_t in_flight = 0;

  Step NextStep() {
    if (!script.empty()) {
      Step step = std::move(script.front());
      script.pop_front();
      return step;
    }
    if (rest) return {absl::ZeroDuration(), rest};
    return {absl::ZeroDuration(), [](const RecordedRequest& request) -> Result {
              const std::string text = absl::StrCat(
                  "FakeTransport: no answer is scripted for ",
                  MethodName(request.method), " ", RedactUrl(request.url));
              ADD_FAILURE() << text;
              return MakeError(Kind::kOther, false, text);
            }};
  }
};

FakeTransport::FakeTransport(async::EventLoop* loop)
    : state_(std::make_shared<State>()) {
  state_->loop = loop;
}

FakeTransport::~FakeTransport() = default;

void FakeTransport::Answer(int status, absl::string_view body,
                           Headers headers) {
  Response response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::string(body);
  AnswerAfter(absl::ZeroDuration(), std::move(response));
}

void FakeTransport::AnswerAfter(absl::Duration delay, Result result) {
  state_->script.push_back(
      {delay, [result = std::move(result)](const RecordedRequest&) {
         return result;
       }});
}

void FakeTransport::Fail(Kind kind, bool maybe_processed,
                         absl::string_view message) {
  AnswerAfter(absl::ZeroDuration(), MakeError(kind, maybe_processed, message));
}

void FakeTransport::Handle(Handler handler) {
  state_->script.push_back({absl::ZeroDuration(), std::move(handler)});
}

void FakeTransport::HandleRest(Handler handler) {
  state_->rest = std::move(handler);
}

const std::vector<FakeTransport::RecordedRequest>& FakeTransport::requests()
    const {
  return state_->requests;
}

std::size_t FakeTransport::unused() const { return state_->script.size(); }

std::size_t FakeTransport::in_flight() const { return state_->in_flight; }

async::Task<Result> FakeTransport::Send(Request request) {
  return Run(state_, std::move(request));
}

async::Task<Result> FakeTransport::Run(std::shared_ptr<State> state,
                                       Request request) {
  const absl::Status on_loop = co_await async::Hop(*state->loop);
  if (!on_loop.ok() || state->loop->Stopping() ||
      request.stop.stop_requested()) {
    co_return MakeError(Kind::kCancelled, false, "cancelled");
  }
  if (request.timeout <= absl::ZeroDuration()) {
    co_return MakeError(Kind::kTimeout, false, "no time left to send it");
  }
  auto waiter = std::make_shared<Waiter>(state->loop);
  Limits limits(state->loop, waiter, request.timeout, request.stop);
  ++state->in_flight;

  RecordedRequest recorded;
  recorded.method = request.method;
  recorded.url = request.url;
  recorded.headers = request.headers;
  recorded.body = request.body;
  recorded.timeout = request.timeout;
  recorded.max_response_bytes = request.max_response_bytes;
  std::optional<TransportError> error;
  if (request.body_source != nullptr) {
    recorded.streamed = true;
    error = co_await ReadAll(waiter, request.body_source, &recorded.body);
  }
  state->requests.push_back(recorded);

  std::optional<Result> result;
  if (!error.has_value()) {
    State::Step step = state->NextStep();
    // Also for no delay: the answer comes from the loop, never at once.
    state->loop->After(step.delay, waiter->NewResume());
    const Signal signal = co_await waiter->Next();
    if (signal == Signal::kGoOn) {
      result = step.handler(recorded);
    } else {
      error = ErrorOf(signal, true);
    }
  }
  if (result.has_value() && result->ok()) {
    Response* response = &result->response();
    if (response->body.size() > request.max_response_bytes) {
      error = MakeError(Kind::kTooLarge, true, "the answer is too large");
    } else if (request.body_sink != nullptr) {
      error = co_await WriteAll(waiter, request.body_sink, response);
    }
  }
  --state->in_flight;
  if (error.has_value()) co_return *error;
  co_return *std::move(result);
}

}  // namespace opcon_snow::http
