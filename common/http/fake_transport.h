#ifndef OPCON_SNOW_COMMON_HTTP_FAKE_TRANSPORT_H_
#define OPCON_SNOW_COMMON_HTTP_FAKE_TRANSPORT_H_

// File: fake_transport.h
//
// A Transport for unit tests: gives the scripted answers in order and records
// what was asked.
//
//   ManualEventLoop loop;
//   FakeTransport transport(&loop);
//   transport.Answer(200, R"({"result":[]})");
//   ...
//   EXPECT_EQ(transport.requests()[0].url, "https://...");
//
// An answer is given on the loop, at its virtual time, as the real one would.
// A request for which nothing is scripted fails the test and gets kOther.
// `Request::timeout` and `Request::stop` are honoured. Streams: the source is
// read to its end before the answer, the sink is fed with back-pressure.
//
// All methods only on the loop thread, except Send.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/http/transport.h"

namespace opcon_snow::http {

class FakeTransport final : public Transport {
 public:
  struct RecordedRequest {
    Method method = Method::kGet;
    std::string url;
    Headers headers;
    // What was sent, streamed or not.
    std::string body;
    bool streamed = false;
    absl::Duration timeout;
    std::size_t max_response_bytes = 0;
  };

  // Decides on an answer at the time of the request.
  using Handler = std::function<Result(const RecordedRequest&)>;

  // `loop` must outlive the transport and every Send.
  explicit FakeTransport(async::EventLoop* loop);
  ~FakeTransport() override;

  // Appends to the script.
  void Answer(int status, absl::string_view body, Headers headers = {});
  // The same, `delay` of the loop's time after the request.
  void AnswerAfter(absl::Duration delay, Result result);
  void Fail(TransportError::Kind kind, bool maybe_processed,
            absl::string_view message = "scripted failure");
  void Handle(Handler handler);

  // Answers every request for which the script has nothing (left).
  void HandleRest(Handler handler);

  // All requests taken so far, in order.
  const std::vector<RecordedRequest>& requests() const;
  // Scripted answers not used yet; a test usually ends with EXPECT_EQ(0).
  std::size_t unused() const;
  // Requests taken and not yet answered.
  std::size_t in_flight() const;

  async::Task<Result> Send(Request request) override;

 private:
  struct State;
  static async::Task<Result> Run(std::shared_ptr<State> state, Request request);

  std::shared_ptr<State> state_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_FAKE_TRANSPORT_H_
