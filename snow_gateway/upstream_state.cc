#include "snow_gateway/upstream_state.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "common/status/error.h"
#include "common/status/utf8.h"
#include "snow_gateway/query.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr std::size_t kMaxMessage = 500;

}  // namespace

void UpstreamState::ObserveRateLimit(const http::Headers& headers) {
  std::int32_t limit = 0;
  if (absl::SimpleAtoi(headers.Get("X-RateLimit-Limit").value_or(""), &limit) &&
      limit > 0) {
    rate_limit_.set_requests_per_hour(limit);
  }
  std::int64_t reset = 0;
  google::protobuf::Timestamp reset_time;
  if (absl::SimpleAtoi(headers.Get("X-RateLimit-Reset").value_or(""), &reset)) {
    reset_time.set_seconds(reset);
    if (IsValidTimestamp(reset_time)) {
      *rate_limit_.mutable_reset_time() = reset_time;
    }
  }
  const std::string rule = headers.Get("X-RateLimit-Rule").value_or("");
  if (IsSysId(rule)) rate_limit_.set_rule_sys_id(rule);
}

void UpstreamState::Observe(const Verdict& verdict,
                            const http::Headers* headers, absl::Time now,
                            absl::Duration monotonic) {
  if (headers != nullptr) ObserveRateLimit(*headers);
  // A full semaphore is over in seconds and only asks for fewer at once; a
  // rate rule refuses everything until it says otherwise.
  if (verdict.kind == AnswerKind::kRateRule) {
    const auto delay = RetryDelay(verdict.status);
    if (delay.has_value()) blocked_until_ = monotonic + *delay;
  }
  const v1::HealthState state = MeaningOf(verdict.kind).health;
  if (state == v1::HEALTH_STATE_UNSPECIFIED) return;
  health_.set_state(state);
  *health_.mutable_check_time() = ToTimestamp(now);
  if (state == v1::HEALTH_STATE_HEALTHY) {
    health_.clear_message();
  } else {
    health_.set_message(
        ToValidUtf8(absl::string_view(verdict.status.message().data(),
                                      verdict.status.message().size()),
                    kMaxMessage));
  }
}

std::optional<absl::Duration> UpstreamState::Blocked(
    absl::Duration monotonic) const {
  if (blocked_until_ <= monotonic) return std::nullopt;
  return blocked_until_ - monotonic;
}

v1::RateLimitState UpstreamState::RateLimit(absl::Time now,
                                            absl::Duration monotonic) const {
  v1::RateLimitState state = rate_limit_;
  if (const auto blocked = Blocked(monotonic)) {
    *state.mutable_blocked_until_time() = ToTimestamp(now + *blocked);
  }
  return state;
}

}  // namespace opcon_snow::snow
