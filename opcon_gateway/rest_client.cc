#include "opcon_gateway/rest_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/http/json.h"
#include "common/http/redact.h"
#include "common/http/retry_after.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/upstream_message.h"
#include "opcon_gateway/waiting.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

// A server must not park a call for longer than its caller would plan.
constexpr absl::Duration kMaxRetryAfter = absl::Hours(1);
// How often a call begins to wait anew because its token ended while it waited.
// Tokens that live shorter than that are sent all the same.
constexpr int kMaxTurns = 3;

bool IsMissing(int status) { return status == 404 || status == 405; }

// What a result tells the limiter about the upstream's load.
http::Limiter::Outcome LoadOf(const http::Result& result) {
  using Outcome = http::Limiter::Outcome;
  if (!result.ok()) {
    return result.error().kind == http::TransportError::Kind::kTimeout
               ? Outcome::kOverloaded
               : Outcome::kNeutral;
  }
  const int status = result.response().status;
  if (status == 429 || status == 503) return Outcome::kOverloaded;
  return status < 500 ? Outcome::kSuccess : Outcome::kNeutral;
}

}  // namespace

RestClient::RestClient(RestOptions options, http::BaseUrl base_url,
                       async::EventLoop* loop, const Clock* clock,
                       std::shared_ptr<http::Transport> transport,
                       std::shared_ptr<http::Limiter> limiter,
                       std::shared_ptr<Authenticator> authenticator,
                       HealthRecord* health)
    : options_(std::move(options)),
      base_url_(std::move(base_url)),
      loop_(loop),
      clock_(clock),
      transport_(std::move(transport)),
      limiter_(std::move(limiter)),
      authenticator_(std::move(authenticator)),
      health_(health) {}

http::UrlBuilder RestClient::Url(absl::string_view path) const {
  return http::UrlBuilder(base_url_).Path(path);
}

RequestFacts RestClient::FactsOf(const RestRequest& request) const {
  RequestFacts facts;
  facts.instance = options_.instance;
  facts.method = request.method;
  facts.url = http::RedactUrl(request.url);
  facts.effect = request.effect;
  facts.not_found = request.not_found;
  return facts;
}

async::Task<absl::StatusOr<RestAnswer>> RestClient::Send(
    RestRequest request, const CallScope& scope) {
  for (bool first = true;; first = false) {
    std::uint64_t generation = 0;
    absl::StatusOr<http::Response> response;
    {
      // The slot is free again at the end of this.
      OPCON_SNOW_CO_ASSIGN_OR_RETURN(Turn turn,
                                     co_await TakeTurn(request, scope));
      generation = turn.credential.generation;
      response = co_await Exchange(request, &turn, scope);
    }
    if (!response.ok()) co_return response.status();
    if (response->status == 401 && request.authenticated && first &&
        authenticator_->Refuse(generation)) {
      log::Info("opcon.token_refused", {{"instance", options_.instance}});
      continue;
    }
    absl::StatusOr<RestAnswer> answer = Read(request, *response);
    health_->Note(answer.status(), request.authenticated);
    const trace::Scope traced(scope.trace);
    Log(FactsOf(request), answer.status(), response->status,
        response->body.size(), response->elapsed);
    co_return answer;
  }
}

http::Request RestClient::MakeRequest(const RestRequest& request,
                                      const config::Secret& token,
                                      const CallScope& scope) const {
  http::Request out;
  out.method = request.method;
  out.url = request.url;
  out.headers.Add("Accept", "application/json");
  if (!token.empty()) {
    out.headers.Add("Authorization", absl::StrCat("Token ", token.Reveal()));
  }
  if (request.body.has_value()) {
    out.headers.Add("Content-Type", "application/json");
    out.body = http::WriteJson(*request.body);
  }
  out.timeout = TimeLeft(*loop_, scope);
  if (request.sink == nullptr) {
    out.timeout = std::min(out.timeout, options_.call_timeout);
  }
  out.body_sink = request.sink;
  out.max_response_bytes = request.max_response_bytes > 0
                               ? request.max_response_bytes
                               : options_.max_response_bytes;
  out.stop = scope.stop;
  out.trace = scope.trace;
  return out;
}

async::Task<absl::StatusOr<RestClient::Turn>> RestClient::TakeTurn(
    const RestRequest& request, const CallScope& scope) {
  for (int attempt = 0;; ++attempt) {
    Turn turn;
    if (request.authenticated) {
      absl::StatusOr<Credential> got = co_await authenticator_->Get(scope);
      if (!got.ok()) {
        health_->Note(got.status(), true);
        co_return got.status();
      }
      turn.credential = *std::move(got);
    }
    absl::StatusOr<http::Limiter::Permit> permit = co_await limiter_->Acquire(
        request.priority, scope.deadline, scope.stop);
    if (!permit.ok()) {
      co_return WithContext(
          WithFacts(permit.status(), options_.instance, ""),
          absl::StrCat("OpCon instance \"", options_.instance, "\""));
    }
    turn.permit = *std::move(permit);
    if (!request.authenticated) co_return turn;
    // A token that was refused meanwhile need not be refused once more.
    const std::optional<Credential> now = authenticator_->Current();
    if (now.has_value()) turn.credential = *now;
    if (now.has_value() || attempt == kMaxTurns) co_return turn;
  }
}

async::Task<absl::StatusOr<http::Response>> RestClient::Exchange(
    const RestRequest& request, Turn* turn, const CallScope& scope) {
  http::Request out = MakeRequest(request, turn->credential.token, scope);
  const absl::Duration start = loop_->MonotonicNow();
  http::Result result = co_await transport_->Send(std::move(out));
  turn->permit.Report(LoadOf(result));
  if (!result.ok()) {
    const RequestFacts facts = FactsOf(request);
    const absl::Status status = TransportFailure(facts, result.error());
    health_->Note(status, request.authenticated);
    const trace::Scope traced(scope.trace);
    Log(facts, status, result.error().status, 0, loop_->MonotonicNow() - start);
    co_return status;
  }
  co_return std::move(result).response();
}

absl::StatusOr<RestAnswer> RestClient::Read(
    const RestRequest& request, const http::Response& response) const {
  const RequestFacts facts = FactsOf(request);
  const bool success = response.status >= 200 && response.status < 300;
  RestAnswer answer;
  answer.status = response.status;
  if (!success) {
    if (request.missing_is_answer && IsMissing(response.status)) return answer;
    return Failure(facts, response);
  }
  const BodyForm form = FormOf(response);
  if (form == BodyForm::kEmpty) {
    // Nothing at all is no list without entries, and no record; 204 says that
    // there is nothing to say.
    const bool due = request.method == http::Method::kGet &&
                     request.sink == nullptr && response.status != 204;
    if (!due) return answer;
    return UnreadableAnswer(facts, response.status, form, "an empty body");
  }
  if (form == BodyForm::kHtml) {
    return UnreadableAnswer(facts, response.status, form, "a page of HTML");
  }
  absl::StatusOr<json> body = ParseUpstreamJson(response.body);
  if (!body.ok()) {
    return UnreadableAnswer(facts, response.status, form,
                            absl::string_view(body.status().message()));
  }
  answer.body = *std::move(body);
  return answer;
}

absl::Status RestClient::Failure(const RequestFacts& facts,
                                 const http::Response& response) const {
  const UpstreamMessage message =
      ReadUpstreamMessage(response, [this](std::string text) {
        return authenticator_->Scrub(std::move(text));
      });
  std::optional<absl::Duration> retry_after;
  if (const auto value = response.headers.Get("Retry-After")) {
    retry_after = http::ParseRetryAfter(*value, clock_->Now(), kMaxRetryAfter);
  }
  std::string mend;
  if (response.status == 401) mend = authenticator_->Mend();
  if (response.status == 407) {
    mend =
        "Put valid proxy credentials into the gateway's configuration of "
        "this instance.";
  }
  return AnswerFailure(facts, response.status, message, retry_after, mend);
}

absl::Status RestClient::Unreadable(const RestRequest& request,
                                    const RestAnswer& answer,
                                    absl::string_view why) const {
  return UnreadableAnswer(FactsOf(request), answer.status, BodyForm::kJson,
                          why);
}

void RestClient::Log(const RequestFacts& facts, const absl::Status& outcome,
                     int status, std::size_t bytes,
                     absl::Duration elapsed) const {
  const absl::string_view method = http::MethodName(facts.method);
  // That something is not there is an ordinary answer, and so is the end of a
  // call that nobody waits for any more.
  const bool ordinary = outcome.ok() ||
                        outcome.code() == absl::StatusCode::kNotFound ||
                        outcome.code() == absl::StatusCode::kCancelled;
  if (ordinary) {
    log::Debug("opcon.request", {{"instance", facts.instance},
                                 {"method", method},
                                 {"url", facts.url},
                                 {"status", status},
                                 {"bytes", bytes},
                                 {"elapsed_seconds", elapsed}});
    return;
  }
  log::Warning("opcon.request_failed", {{"instance", facts.instance},
                                        {"method", method},
                                        {"url", facts.url},
                                        {"status", status},
                                        {"reason", GetErrorReason(outcome)},
                                        {"error", outcome},
                                        {"elapsed_seconds", elapsed}});
}

}  // namespace opcon_snow::opcon
