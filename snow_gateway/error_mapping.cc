#include "snow_gateway/error_mapping.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/http/retry_after.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Load = http::Limiter::Outcome;

constexpr std::size_t kKinds =
    static_cast<std::size_t>(AnswerKind::kNumberOfKinds);
// Nothing waits longer because an instance says so.
constexpr absl::Duration kMaxRetryAfter = absl::Hours(1);
constexpr absl::Duration kRateRuleDefault = absl::Minutes(1);
constexpr absl::Duration kShortly = absl::Seconds(5);

// clang-format off
constexpr std::array<Meaning, kKinds> kMeanings = {{
  {AnswerKind::kOk, v1::ERROR_REASON_UNSPECIFIED, Doubt::kNothingDone,
   RetryAdvice::kNone, Load::kSuccess, v1::HEALTH_STATE_HEALTHY, "", ""},

  {AnswerKind::kEmptyAccepted, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kShortly, Load::kOverloaded,
   v1::HEALTH_STATE_HEALTHY,
   "gave up waiting in its own queue (202 without a body)",
   "try again later"},
  {AnswerKind::kErrorInAnswer, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kNone, Load::kOverloaded,
   v1::HEALTH_STATE_HEALTHY,
   "broke its answer off with an error",
   "try again later; if it stays, ask for less at a time"},
  {AnswerKind::kBrokenJson, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "sent JSON that cannot be read, as when a quota cuts an answer off",
   "try again later; if it stays, ask for less at a time"},
  {AnswerKind::kNotServiceNow, v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW,
   Doubt::kRefused, RetryAdvice::kIfTold, Load::kNeutral,
   v1::HEALTH_STATE_UNREACHABLE,
   "did not answer as ServiceNow's API does: probably a proxy, a login page or "
   "another server",
   "check base_url and proxy of this instance in the gateway's configuration"},
  {AnswerKind::kHibernating, v1::ERROR_REASON_INSTANCE_HIBERNATING,
   Doubt::kNothingDone, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_HIBERNATING,
   "is a developer instance that hibernates",
   "wake it at developer.servicenow.com"},
  {AnswerKind::kMalformed, v1::ERROR_REASON_UPSTREAM_REJECTED,
   Doubt::kRefused, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "refused the request as malformed",
   "check table and columns of the request"},
  {AnswerKind::kUnauthenticated,
   v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED, Doubt::kNothingDone,
   RetryAdvice::kNone, Load::kNeutral, v1::HEALTH_STATE_UNAUTHENTICATED,
   "refused this gateway's credentials",
   "check the credentials of this instance in the gateway's configuration"},
  {AnswerKind::kBusinessRule, v1::ERROR_REASON_ABORTED_BY_BUSINESS_RULE,
   Doubt::kEnded, RetryAdvice::kNone, Load::kSuccess,
   v1::HEALTH_STATE_HEALTHY,
   "aborted the change by a business rule",
   "the ServiceNow administrator can say what the rule demands"},
  {AnswerKind::kDataPolicy, v1::ERROR_REASON_MANDATORY_FIELDS_MISSING,
   Doubt::kEnded, RetryAdvice::kNone, Load::kSuccess,
   v1::HEALTH_STATE_HEALTHY,
   "demands fields that are missing, by a data policy",
   "give the fields that it names (by their labels)"},
  {AnswerKind::kForbidden, v1::ERROR_REASON_UPSTREAM_FORBIDDEN,
   Doubt::kEnded, RetryAdvice::kNone, Load::kSuccess,
   v1::HEALTH_STATE_HEALTHY,
   "forbids it by an access rule",
   "the ServiceNow administrator can give the integration user the right"},
  {AnswerKind::kNotFound, v1::ERROR_REASON_RECORD_NOT_FOUND,
   Doubt::kNothingDone, RetryAdvice::kNone, Load::kSuccess,
   v1::HEALTH_STATE_HEALTHY,
   "has no such record, or hides it from the integration user",
   "check the key; if it is right, the ServiceNow administrator can give the "
   "right to read it"},
  {AnswerKind::kUnacceptable, v1::ERROR_REASON_UPSTREAM_REJECTED,
   Doubt::kNothingDone, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "does not accept the request's method, type or size",
   "make the request smaller, or ask the ServiceNow administrator"},
  {AnswerKind::kRequestTimeout, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kMayStillRun, RetryAdvice::kIfTold, Load::kOverloaded,
   v1::HEALTH_STATE_UNSPECIFIED,
   "gave up waiting (408)",
   "try again later"},
  {AnswerKind::kConflict, v1::ERROR_REASON_UPSTREAM_REJECTED,
   Doubt::kRefused, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "refused the change because it conflicts with what is there",
   "look at the record and decide"},
  {AnswerKind::kRateRule, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
   Doubt::kNothingDone, RetryAdvice::kUntilReset, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "refused the request by a rate rule",
   "try again after the delay; if it happens often, the ServiceNow "
   "administrator can raise the limit"},
  {AnswerKind::kSemaphore, v1::ERROR_REASON_UPSTREAM_RATE_LIMITED,
   Doubt::kNothingDone, RetryAdvice::kShortly, Load::kOverloaded,
   v1::HEALTH_STATE_HEALTHY,
   "has no thread free for API calls",
   "try again after the delay; if it happens often, lower "
   "max_concurrent_requests in the gateway's configuration"},
  {AnswerKind::kOtherRefusal, v1::ERROR_REASON_UPSTREAM_REJECTED,
   Doubt::kRefused, RetryAdvice::kIfTold, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "refused the request",
   "ServiceNow's own words are all there is to go by"},
  {AnswerKind::kAborted, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kIfTold, Load::kOverloaded,
   v1::HEALTH_STATE_HEALTHY,
   "cancelled the request (499)",
   "try again later"},
  {AnswerKind::kQuota, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kShortly, Load::kOverloaded,
   v1::HEALTH_STATE_HEALTHY,
   "gave the transaction up after its longest time",
   "try again later; if it stays, ask for less at a time"},
  {AnswerKind::kInternal, v1::ERROR_REASON_UPSTREAM_FAILURE,
   Doubt::kEnded, RetryAdvice::kIfTold, Load::kNeutral,
   v1::HEALTH_STATE_HEALTHY,
   "failed inside",
   "the ServiceNow administrator finds the cause in the system log"},
  {AnswerKind::kProxyFailure, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kMayStillRun, RetryAdvice::kIfTold, Load::kOverloaded,
   v1::HEALTH_STATE_UNREACHABLE,
   "is behind a load balancer that got no answer from it",
   "try again later"},
  {AnswerKind::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kEnded, RetryAdvice::kIfTold, Load::kOverloaded,
   v1::HEALTH_STATE_UNREACHABLE,
   "cannot serve now, as during maintenance (503)",
   "try again later"},

  {AnswerKind::kNotSendable, v1::ERROR_REASON_INVALID_REQUEST,
   Doubt::kNothingDone, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_UNSPECIFIED,
   "cannot be sent this request",
   "change the request"},
  {AnswerKind::kUnreachable, v1::ERROR_REASON_UPSTREAM_UNREACHABLE,
   Doubt::kNothingDone, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_UNREACHABLE,
   "cannot be reached",
   "check network, base_url, proxy and tls of this instance; try again later"},
  {AnswerKind::kTimeout, v1::ERROR_REASON_UPSTREAM_TIMEOUT,
   Doubt::kMayStillRun, RetryAdvice::kShortly, Load::kOverloaded,
   v1::HEALTH_STATE_UNREACHABLE,
   "did not answer in time",
   "try again later"},
  {AnswerKind::kBroken, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE,
   Doubt::kMayStillRun, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_UNREACHABLE,
   "broke the connection before it had answered",
   "try again later"},
  {AnswerKind::kNotHttp, v1::ERROR_REASON_UPSTREAM_NOT_SERVICENOW,
   Doubt::kMayStillRun, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_UNREACHABLE,
   "answered with something that is not HTTP",
   "check base_url and proxy of this instance in the gateway's configuration"},
  {AnswerKind::kTooLarge, v1::ERROR_REASON_TOO_LARGE,
   Doubt::kEnded, RetryAdvice::kNone, Load::kSuccess,
   v1::HEALTH_STATE_HEALTHY,
   "sent an answer that is larger than the configured bound",
   "raise limits.max_response_bytes of this instance, or ask for less"},
  {AnswerKind::kGivenUp, v1::ERROR_REASON_CANCELLED,
   Doubt::kMayStillRun, RetryAdvice::kNone, Load::kNeutral,
   v1::HEALTH_STATE_UNSPECIFIED,
   "was not waited for: the caller gave up, or the gateway shuts down",
   "repeat the call if it still matters"},
}};
// clang-format on

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kMeanings[i].kind != static_cast<AnswerKind>(i)) return false;
  }
  return true;
}
static_assert(InOrder(), "kMeanings must have one row a kind, in its order");

std::optional<absl::Duration> RetryAfterOf(const http::Response& response,
                                           RetryAdvice advice, absl::Time now) {
  if (advice == RetryAdvice::kNone) return std::nullopt;
  if (const auto header = response.headers.Get("Retry-After")) {
    const auto told = http::ParseRetryAfter(*header, now, kMaxRetryAfter);
    if (told.has_value()) return told;
  }
  if (advice == RetryAdvice::kShortly) return kShortly;
  if (advice != RetryAdvice::kUntilReset) return std::nullopt;
  std::int64_t reset = 0;
  if (absl::SimpleAtoi(response.headers.Get("X-RateLimit-Reset").value_or(""),
                       &reset)) {
    return std::clamp(absl::FromUnixSeconds(reset) - now, absl::Seconds(1),
                      kMaxRetryAfter);
  }
  return kRateRuleDefault;
}

Reason ReasonFor(const Meaning& meaning, Endpoint endpoint) {
  // Nothing else of an upload than the file can be unacceptable.
  if (endpoint == Endpoint::kAttachmentUpload &&
      meaning.reason == v1::ERROR_REASON_UPSTREAM_REJECTED) {
    return v1::ERROR_REASON_ATTACHMENT_REFUSED;
  }
  return meaning.reason;
}

absl::Status MakeStatus(const RequestFacts& facts, const Meaning& meaning,
                        absl::string_view evidence, ErrorDetails details) {
  details.metadata["instance"] = facts.instance;
  if (!facts.table.empty()) details.metadata["table"] = facts.table;
  if (!facts.sys_id.empty()) details.metadata["sys_id"] = facts.sys_id;
  const std::string message =
      absl::StrCat(Describe(facts), ": the instance ", meaning.what,
                   evidence.empty() ? "" : " (", evidence,
                   evidence.empty() ? "" : ")", "; ", meaning.mend);
  return WithDoubt(
      GatewayError(ReasonFor(meaning, facts.endpoint), message,
                   std::move(details)),
      facts.effect == Effect::kWrite ? meaning.doubt : Doubt::kNothingDone);
}

Verdict JudgeResponse(const RequestFacts& facts, const http::Response& response,
                      absl::Time now, const Scrub& scrub) {
  ParsedBody body = ParseBody(response, scrub);
  Verdict verdict;
  verdict.kind = KindOf(response, body, facts.endpoint);
  if (verdict.kind == AnswerKind::kOk) {
    verdict.body = std::move(body.json);
    return verdict;
  }
  const Meaning& meaning = MeaningOf(verdict.kind);
  ErrorDetails details;
  details.metadata["http_status_code"] = absl::StrCat(response.status);
  details.retry_after = RetryAfterOf(response, meaning.retry, now);
  std::string evidence = absl::StrCat("HTTP ", response.status);
  if (!body.words.message.empty()) {
    details.metadata["upstream_message"] = body.words.message;
    absl::StrAppend(&evidence, ": ", body.words.message);
  }
  if (!body.words.detail.empty()) {
    details.metadata["upstream_detail"] = body.words.detail;
    absl::StrAppend(&evidence, ": ", body.words.detail);
  }
  verdict.status = MakeStatus(facts, meaning, evidence, std::move(details));
  return verdict;
}

Verdict JudgeTransportError(const RequestFacts& facts,
                            const http::TransportError& error) {
  Verdict verdict;
  verdict.kind = KindOf(error);
  ErrorDetails details;
  details.metadata["transport_error"] = std::string(http::KindName(error.kind));
  // Callers do not repeat a timeout by themselves: it may have been their own
  // deadline.
  if (MeaningOf(verdict.kind).retry == RetryAdvice::kShortly) {
    details.retry_after = kShortly;
  }
  if (error.status != 0) {
    details.metadata["http_status_code"] = absl::StrCat(error.status);
  }
  verdict.status = MakeStatus(facts, MeaningOf(verdict.kind), error.message,
                              std::move(details));
  if (!error.maybe_processed) {
    verdict.status = WithDoubt(verdict.status, Doubt::kNothingDone);
  }
  return verdict;
}

}  // namespace

const Meaning& MeaningOf(AnswerKind kind) {
  return kMeanings[static_cast<std::size_t>(kind)];
}

std::string Describe(const RequestFacts& facts) {
  return absl::StrCat("ServiceNow instance ", facts.instance, ", ",
                      http::MethodName(facts.method), " ", facts.path);
}

Verdict Judge(const RequestFacts& facts, const http::Result& result,
              absl::Time now, const Scrub& scrub) {
  return result.ok() ? JudgeResponse(facts, result.response(), now, scrub)
                     : JudgeTransportError(facts, result.error());
}

absl::Status UnexpectedReply(const RequestFacts& facts, absl::string_view why) {
  Meaning meaning = MeaningOf(AnswerKind::kNotServiceNow);
  // It was answered like a success.
  meaning.doubt = Doubt::kEnded;
  return MakeStatus(facts, meaning, why, {});
}

}  // namespace opcon_snow::snow
