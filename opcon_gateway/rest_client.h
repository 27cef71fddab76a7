#ifndef OPCON_SNOW_OPCON_GATEWAY_REST_CLIENT_H_
#define OPCON_SNOW_OPCON_GATEWAY_REST_CLIENT_H_

// One request to one OpCon instance: with its token, in its turn, within the
// call's time, logged, and with every failure in this gateway's words.
//
// Makes one attempt, and a second one only if OpCon refused the token (401:
// nothing was done) and another could be had. Confined to the loop thread.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"
#include "common/clock/clock.h"
#include "common/http/body.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/errors.pb.h"
#include "opcon_gateway/authenticator.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/error_mapping.h"
#include "opcon_gateway/health.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {

struct RestRequest {
  http::Method method = http::Method::kGet;
  std::string url;
  // Sent as JSON; none for GET.
  std::optional<nlohmann::json> body;
  Effect effect = Effect::kRead;
  // What 404 means here.
  ::opcon::v1::ErrorReason not_found =
      ::opcon::v1::ERROR_REASON_RECORD_NOT_FOUND;
  // 404 and 405 are answers to be looked at, not errors: the endpoint may be
  // missing in this version.
  bool missing_is_answer = false;
  // False: sent without token.
  bool authenticated = true;
  http::Priority priority = http::Priority::kUpdate;
  // 0: the instance's bound.
  std::size_t max_response_bytes = 0;
  // Gets the body of a 2xx as it arrives; the answer's body is null then. Such
  // a request may last as long as its call, whatever the limit of one request.
  std::shared_ptr<http::BodySink> sink = nullptr;
};

struct RestAnswer {
  int status = 0;
  // JSON's null if the body was empty.
  nlohmann::json body = {};

  bool missing() const { return status == 404 || status == 405; }
};

struct RestOptions {
  std::string instance;
  // Of one request, whatever the call's deadline.
  absl::Duration call_timeout = absl::Seconds(30);
  std::size_t max_response_bytes = std::size_t{8} << 20;
  // For times without offset.
  SiteZone site_zone;
};

class RestClient {
 public:
  // `loop`, `clock` and `health` must outlive every Send.
  RestClient(RestOptions options, http::BaseUrl base_url,
             async::EventLoop* loop, const Clock* clock,
             std::shared_ptr<http::Transport> transport,
             std::shared_ptr<http::Limiter> limiter,
             std::shared_ptr<Authenticator> authenticator,
             HealthRecord* health);

  // A URL of the API: `path` is our own text, "api/dailyjobs".
  http::UrlBuilder Url(absl::string_view path) const;

  // A 2xx (with missing_is_answer also 404 and 405) whose body is JSON or
  // empty; everything else is an error with reason, ready for the caller.
  async::Task<absl::StatusOr<RestAnswer>> Send(RestRequest request,
                                               const CallScope& scope);

  // An error about an answer that is JSON, but not what the API sends.
  absl::Status Unreadable(const RestRequest& request, const RestAnswer& answer,
                          absl::string_view why) const;

  async::EventLoop* loop() const { return loop_; }
  const std::string& instance() const { return options_.instance; }
  const SiteZone& site_zone() const { return options_.site_zone; }

 private:
  // A slot, and the token to send. Never holds a slot while it waits for a
  // token: the login needs one, too.
  struct Turn {
    http::Limiter::Permit permit;
    Credential credential;
  };
  async::Task<absl::StatusOr<Turn>> TakeTurn(const RestRequest& request,
                                             const CallScope& scope);
  async::Task<absl::StatusOr<http::Response>> Exchange(
      const RestRequest& request, Turn* turn, const CallScope& scope);
  http::Request MakeRequest(const RestRequest& request,
                            const config::Secret& token,
                            const CallScope& scope) const;
  absl::StatusOr<RestAnswer> Read(const RestRequest& request,
                                  const http::Response& response) const;
  absl::Status Failure(const RequestFacts& facts,
                       const http::Response& response) const;
  RequestFacts FactsOf(const RestRequest& request) const;
  void Log(const RequestFacts& facts, const absl::Status& outcome, int status,
           std::size_t bytes, absl::Duration elapsed) const;

  const RestOptions options_;
  const http::BaseUrl base_url_;
  async::EventLoop* const loop_;
  const Clock* const clock_;
  const std::shared_ptr<http::Transport> transport_;
  const std::shared_ptr<http::Limiter> limiter_;
  const std::shared_ptr<Authenticator> authenticator_;
  HealthRecord* const health_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_REST_CLIENT_H_
