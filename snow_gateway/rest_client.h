#ifndef OPCON_SNOW_SNOW_GATEWAY_REST_CLIENT_H_
#define OPCON_SNOW_SNOW_GATEWAY_REST_CLIENT_H_

// One request to one instance: its turn, its proof, its timeout, the verdict on
// its answer, the log line. What is requested is record_client.h's business.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"
#include "common/clock/clock.h"
#include "common/http/body.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "nlohmann/json.hpp"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/credentials.h"
#include "snow_gateway/error_mapping.h"
#include "snow_gateway/upstream_state.h"

namespace opcon_snow::snow {

struct RestClientOptions {
  std::string instance;
  http::BaseUrl base_url;
  absl::Duration call_timeout = absl::Seconds(65);
  std::size_t max_response_bytes = std::size_t{8} << 20;
  http::LimiterOptions limiter{};
};

// A request before it is sent. `facts.path` is its path, built from checked
// parts; `query` is encoded.
struct RestCall {
  RequestFacts facts;
  std::string query;
  std::string content_type;
  std::string body;
  // Makes the body for each attempt; null: `body`.
  std::function<std::shared_ptr<http::BodySource>()> body_source;
  // False: the body can be had only once.
  bool resendable = true;
  // Gets the answer's body; null: it is parsed as JSON.
  std::shared_ptr<http::BodySink> body_sink;
  // 0: the client's bound.
  std::size_t max_response_bytes = 0;
};

struct RestReply {
  // The `result` of the answer; null if its body went to a sink.
  nlohmann::json result;
};

// Confined to the loop's thread. Must outlive its calls.
class RestClient {
 public:
  // `loop` and `clock` must outlive the client and what it started.
  RestClient(RestClientOptions options, async::EventLoop* loop,
             std::shared_ptr<http::Transport> transport,
             std::unique_ptr<Authenticator> authenticator, const Clock* clock);

  // Errors are this gateway's, with doubt where `facts.effect` is kWrite.
  // After a refused token there is one new login and one more attempt.
  async::Task<absl::StatusOr<RestReply>> Send(RestCall call, CallScope scope);

  // The time by the instance's own clock, to the second, if it has ever told.
  std::optional<absl::Time> InstanceNow() const;

  const http::BaseUrl& base_url() const { return options_.base_url; }
  const UpstreamState& state() const { return state_; }
  absl::Duration call_timeout() const { return options_.call_timeout; }
  async::EventLoop& loop() const { return *loop_; }
  const Clock& clock() const { return *clock_; }

 private:
  struct Attempt {
    Verdict verdict;
    int http_status = 0;
  };

  absl::Status CheckBefore(const RestCall& call) const;
  absl::StatusOr<http::Request> MakeRequest(const RestCall& call,
                                            const Authenticator::Proof& proof,
                                            const CallScope& scope) const;
  async::Task<absl::StatusOr<Attempt>> Try(const RestCall& call,
                                           Authenticator::Proof proof,
                                           const CallScope& scope,
                                           http::Limiter::Permit& permit);
  void ObserveLogin(const absl::Status& failure);
  void Log(const RequestFacts& facts, const http::Result& result,
           const Verdict& verdict) const;
  void ObserveDate(const http::Headers& headers, absl::Time now);

  const RestClientOptions options_;
  async::EventLoop* const loop_;
  const std::shared_ptr<http::Transport> transport_;
  const std::unique_ptr<Authenticator> authenticator_;
  const Clock* const clock_;
  http::Limiter limiter_;
  UpstreamState state_;
  // What the instance's clock showed last, and when by the loop's.
  std::optional<absl::Time> date_;
  absl::Duration date_seen_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_REST_CLIENT_H_
