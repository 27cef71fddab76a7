#include "snow_gateway/rest_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/http/json.h"
#include "common/http/retry_after.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "snow_gateway/errors.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

// Servers and proxies refuse longer ones with answers of every kind.
constexpr std::size_t kMaxUrl = 8000;
// Of what is left of a write's time, kept back for looking what became of it.
constexpr absl::Duration kLookReserve = absl::Seconds(5);
constexpr absl::Duration kLoginRetry = absl::Seconds(1);
// An upstream that was given less time than this is not called overloaded.
constexpr absl::Duration kFairTimeout = absl::Seconds(10);

// The secret part of a proof, without "Bearer ".
config::Secret BareProof(const Authenticator::Proof& proof) {
  return config::Secret(proof.value.substr(proof.value.rfind(' ') + 1));
}

// The body is gone with the attempt; the next call begins with a new login.
absl::Status LoginWasOld(const RequestFacts& facts) {
  ErrorDetails details;
  details.metadata["instance"] = facts.instance;
  details.metadata["http_status_code"] = "401";
  details.retry_after = kLoginRetry;
  return GatewayError(
      v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
      absl::StrCat(Describe(facts),
                   ": the instance no longer took the gateway's login, and "
                   "what was sent cannot be sent again from here; nothing was "
                   "done, repeat the call"),
      std::move(details));
}

}  // namespace

RestClient::RestClient(RestClientOptions options, async::EventLoop* loop,
                       std::shared_ptr<http::Transport> transport,
                       std::unique_ptr<Authenticator> authenticator,
                       const Clock* clock)
    : options_(std::move(options)),
      loop_(loop),
      transport_(std::move(transport)),
      authenticator_(std::move(authenticator)),
      clock_(clock),
      limiter_(loop, options_.limiter) {}

absl::Status RestClient::CheckBefore(const RestCall& call) const {
  const auto blocked = state_.Blocked(loop_->MonotonicNow());
  if (blocked.has_value()) {
    ErrorDetails details;
    details.retry_after = *blocked;
    return GatewayError(
        v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
        absl::StrCat("ServiceNow instance ", options_.instance,
                     " refused earlier calls by a rate rule; nothing was sent, "
                     "because it would be refused again"),
        std::move(details));
  }
  const std::size_t length = options_.base_url.text().size() +
                             call.facts.path.size() + call.query.size();
  if (length > kMaxUrl) {
    return GatewayError(
        v1::ERROR_REASON_INVALID_REQUEST,
        absl::StrCat("the request would need an address of ", length,
                     " bytes, more than ", kMaxUrl,
                     "; ask for fewer columns or values at a time"));
  }
  return absl::OkStatus();
}

absl::StatusOr<http::Request> RestClient::MakeRequest(
    const RestCall& call, const Authenticator::Proof& proof,
    const CallScope& scope) const {
  const absl::Duration left = scope.deadline - loop_->MonotonicNow();
  const absl::Duration reserve = call.facts.effect == Effect::kWrite
                                     ? std::min(kLookReserve, left / 5)
                                     : absl::ZeroDuration();
  http::Request request;
  request.timeout = std::min(options_.call_timeout, left - reserve);
  if (request.timeout <= absl::ZeroDuration()) {
    return GatewayError(v1::ERROR_REASON_UPSTREAM_TIMEOUT,
                        absl::StrCat(Describe(call.facts),
                                     ": no time was left to send the request"));
  }
  request.method = call.facts.method;
  request.url = absl::StrCat(options_.base_url.text(), call.facts.path,
                             call.query.empty() ? "" : "?", call.query);
  request.headers.Set("Accept", call.body_sink ? "*/*" : "application/json");
  if (!call.content_type.empty()) {
    request.headers.Set("Content-Type", call.content_type);
  }
  if (!proof.header.empty()) request.headers.Set(proof.header, proof.value);
  if (call.body_source) {
    request.body_source = call.body_source();
  } else {
    request.body = call.body;
  }
  request.body_sink = call.body_sink;
  request.max_response_bytes = call.max_response_bytes > 0
                                   ? call.max_response_bytes
                                   : options_.max_response_bytes;
  request.stop = scope.stop;
  request.trace = scope.trace;
  return request;
}

async::Task<absl::StatusOr<RestClient::Attempt>> RestClient::Try(
    const RestCall& call, Authenticator::Proof proof, const CallScope& scope,
    http::Limiter::Permit& permit) {
  absl::StatusOr<http::Request> request = MakeRequest(call, proof, scope);
  if (!request.ok()) co_return request.status();
  const bool fair = request->timeout >= kFairTimeout;
  const http::Result result = co_await transport_->Send(*std::move(request));

  const absl::Time now = clock_->Now();
  Attempt attempt;
  attempt.verdict =
      Judge(call.facts, result, now, [this, &proof](std::string text) {
        // Also of a token that another call has had replaced meanwhile.
        return ScrubSecret(authenticator_->Scrub(std::move(text)),
                           BareProof(proof));
      });
  const Verdict& verdict = attempt.verdict;
  const http::Headers* headers = nullptr;
  if (result.ok()) {
    headers = &result.response().headers;
    attempt.http_status = result.response().status;
    ObserveDate(*headers, now);
  }
  const bool unfair_timeout = verdict.kind == AnswerKind::kTimeout && !fair;
  permit.Report(unfair_timeout ? http::Limiter::Outcome::kNeutral
                               : MeaningOf(verdict.kind).load);
  if (!unfair_timeout) {
    state_.Observe(verdict, headers, now, loop_->MonotonicNow());
  }
  const trace::Scope traced(scope.trace);
  Log(call.facts, result, verdict);
  co_return attempt;
}

async::Task<absl::StatusOr<RestReply>> RestClient::Send(RestCall call,
                                                        CallScope scope) {
  absl::Status ready = CheckBefore(call);
  if (!ready.ok()) co_return WithFact(ready, "instance", options_.instance);
  async::Task<absl::StatusOr<http::Limiter::Permit>> turn =
      limiter_.Acquire(scope.priority, scope.deadline, scope.stop);
  absl::StatusOr<http::Limiter::Permit> permit = co_await std::move(turn);
  if (!permit.ok()) {
    co_return WithFact(permit.status(), "instance", options_.instance);
  }

  for (bool last = false;; last = true) {
    async::Task<absl::StatusOr<Authenticator::Proof>> proving =
        authenticator_->Prove(scope.deadline, scope.stop);
    absl::StatusOr<Authenticator::Proof> proof = co_await std::move(proving);
    if (!proof.ok()) {
      ObserveLogin(proof.status());
      co_return WithFact(proof.status(), "instance", options_.instance);
    }
    async::Task<absl::StatusOr<Attempt>> trying =
        Try(call, *proof, scope, *permit);
    absl::StatusOr<Attempt> attempt = co_await std::move(trying);
    if (!attempt.ok()) {
      co_return WithFact(attempt.status(), "instance", options_.instance);
    }
    if (attempt->verdict.kind == AnswerKind::kUnauthenticated) {
      const bool renewable = authenticator_->Refused(*proof);
      if (renewable && !last) {
        if (call.resendable) continue;
        co_return LoginWasOld(call.facts);
      }
      co_return AuthenticationFailed(
          options_.instance, *authenticator_,
          absl::StrCat("HTTP ", attempt->http_status, " to ",
                       http::MethodName(call.facts.method), " ",
                       call.facts.path),
          attempt->http_status);
    }
    if (!attempt->verdict.status.ok()) co_return attempt->verdict.status;

    RestReply reply;
    if (!call.body_sink) {
      const nlohmann::json* result =
          http::FindMember(attempt->verdict.body, "result");
      if (result == nullptr) {
        co_return UnexpectedReply(call.facts, "the reply has no \"result\"");
      }
      reply.result = *result;
    }
    co_return reply;
  }
}

void RestClient::ObserveDate(const http::Headers& headers, absl::Time now) {
  const auto header = headers.Get("Date");
  if (!header.has_value()) return;
  const auto date = http::ParseHttpDate(*header, now);
  if (!date.has_value()) return;
  date_ = *date;
  date_seen_ = loop_->MonotonicNow();
}

std::optional<absl::Time> RestClient::InstanceNow() const {
  if (!date_.has_value()) return std::nullopt;
  return *date_ + (loop_->MonotonicNow() - date_seen_);
}

void RestClient::ObserveLogin(const absl::Status& failure) {
  Verdict verdict;
  verdict.status = failure;
  for (AnswerKind kind :
       {AnswerKind::kUnauthenticated, AnswerKind::kUnreachable,
        AnswerKind::kUnavailable, AnswerKind::kHibernating,
        AnswerKind::kNotServiceNow}) {
    if (!CarriesReason(failure, MeaningOf(kind).reason)) continue;
    verdict.kind = kind;
    state_.Observe(verdict, nullptr, clock_->Now(), loop_->MonotonicNow());
    return;
  }
}

void RestClient::Log(const RequestFacts& facts, const http::Result& result,
                     const Verdict& verdict) const {
  // That a record is not there is often just what was to be found out.
  const bool expected =
      verdict.status.ok() ||
      (verdict.kind == AnswerKind::kNotFound && facts.effect == Effect::kRead);
  const log::Level level = expected ? log::Level::kDebug : log::Level::kWarning;
  if (!log::IsEnabled(level)) return;
  const int status =
      result.ok() ? result.response().status : result.error().status;
  log::Write(
      level, "servicenow.call",
      {{"instance", facts.instance},
       {"method", http::MethodName(facts.method)},
       {"path", facts.path},
       {"status", status},
       {"elapsed",
        result.ok() ? result.response().elapsed : absl::ZeroDuration()},
       {"transport_error", result.ok() ? absl::string_view()
                                       : http::KindName(result.error().kind)},
       {"reason", GetErrorReason(verdict.status)}});
}

}  // namespace opcon_snow::snow
