#include "opcon_gateway/health.h"

#include <optional>
#include <string>

#include "opcon_gateway/error_mapping.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

// Nothing: `outcome` does not tell.
std::optional<v1::HealthState> StateAfter(const absl::Status& outcome) {
  if (outcome.ok()) return v1::HEALTH_STATE_HEALTHY;
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  v1::ErrorReason_Parse("ERROR_REASON_" + GetErrorReason(outcome), &reason);
  switch (reason) {
    case v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED:
      return v1::HEALTH_STATE_UNAUTHENTICATED;
    case v1::ERROR_REASON_UPSTREAM_UNREACHABLE:
    case v1::ERROR_REASON_UPSTREAM_UNAVAILABLE:
    case v1::ERROR_REASON_UPSTREAM_TIMEOUT:
    case v1::ERROR_REASON_UPSTREAM_NOT_OPCON:
    case v1::ERROR_REASON_OUTCOME_UNKNOWN:
      return v1::HEALTH_STATE_UNREACHABLE;
    case v1::ERROR_REASON_UNSPECIFIED:
    case v1::ERROR_REASON_INVALID_REQUEST:
    case v1::ERROR_REASON_CANCELLED:
    case v1::ERROR_REASON_GATEWAY_OVERLOADED:
      return std::nullopt;
    default:
      // A refusal, a 404, even a 500: OpCon has answered.
      return v1::HEALTH_STATE_HEALTHY;
  }
}

}  // namespace

void HealthRecord::Note(const absl::Status& outcome, bool authenticated) {
  const std::optional<v1::HealthState> state = StateAfter(outcome);
  if (!state) return;
  if (!authenticated && *state == v1::HEALTH_STATE_HEALTHY &&
      health_.state() == v1::HEALTH_STATE_UNAUTHENTICATED) {
    return;
  }
  health_.set_state(*state);
  *health_.mutable_check_time() = ToTimestamp(clock_->Now());
  health_.set_message(*state == v1::HEALTH_STATE_HEALTHY
                          ? std::string()
                          : std::string(outcome.message()));
}

void HealthRecord::NoteVersion(absl::string_view version) {
  health_.set_version(std::string(version));
}

}  // namespace opcon_snow::opcon
