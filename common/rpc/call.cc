#include "common/rpc/call.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpc/grpc.h"
#include "grpc/slice.h"
#include "grpc/support/time.h"
#include "grpcpp/client_context.h"

namespace opcon_snow::rpc::internal {
namespace {

// gRPC aborts the process on metadata that HTTP/2 does not allow.
absl::Status CheckMetadata(const std::string& key, const std::string& value) {
  const grpc_slice key_slice =
      grpc_slice_from_static_buffer(key.data(), key.size());
  const grpc_slice value_slice =
      grpc_slice_from_static_buffer(value.data(), value.size());
  if (!grpc_header_key_is_legal(key_slice) || absl::StartsWith(key, "grpc-")) {
    return absl::InvalidArgumentError(
        "a metadata key must be lower-case letters, digits and \"-_.\", and "
        "not begin with \"grpc-\"");
  }
  if (!grpc_is_binary_header(key_slice) &&
      !grpc_header_nonbin_value_is_legal(value_slice)) {
    // Without the value: it may be a credential.
    return absl::InvalidArgumentError(absl::StrCat(
        "the value of the metadata \"", key, "\" must be printable ASCII"));
  }
  return absl::OkStatus();
}

// Remaining time towards both limits.
absl::Duration TimeAllowed(const CallOptions& options) {
  absl::Duration allowed = options.timeout;
  if (options.deadline != std::chrono::steady_clock::time_point::max()) {
    allowed = std::min(
        allowed, absl::FromChrono(options.deadline.time_since_epoch()) -
                     absl::FromChrono(
                         std::chrono::steady_clock::now().time_since_epoch()));
  }
  return allowed;
}

}  // namespace

absl::Status PrepareContext(const CallOptions& options,
                            grpc::ClientContext& context) {
  if (options.cancel.stop_requested()) {
    return absl::CancelledError("cancelled before the call was sent");
  }
  const absl::Duration allowed = TimeAllowed(options);
  if (allowed <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError(
        "the deadline had passed before the call was sent");
  }
  if (allowed != absl::InfiniteDuration()) {
    context.set_deadline(gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC),
        gpr_time_from_nanos(absl::ToInt64Nanoseconds(allowed), GPR_TIMESPAN)));
  }
  context.set_wait_for_ready(options.wait_for_ready);
  for (const auto& [key, value] : options.metadata) {
    absl::Status legal = CheckMetadata(key, value);
    if (!legal.ok()) return legal;
    context.AddMetadata(key, value);
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::rpc::internal
