#ifndef OPCON_SNOW_COMMON_RPC_STATUS_CONVERSION_H_
#define OPCON_SNOW_COMMON_RPC_STATUS_CONVERSION_H_

// absl::Status <-> grpc::Status, the only place where one becomes the other.
// Portable; thread-safe (no state).

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace opcon_snow::rpc {

// Bounds that keep status and details inside gRPC's default metadata limit
// of 8 KiB, where a longer trailer would replace the error by another one.
// The details travel base64-encoded (4/3 of their size) in
// grpc-status-details-bin, and the message a second time percent-encoded (up to
// 3 times its size) in grpc-message.
inline constexpr std::size_t kMaxStatusMessageBytes = 1024;
inline constexpr std::size_t kMaxStatusDetailsBytes = 3072;

// The details become one google.rpc.Status with exactly one ErrorInfo, plus
// RetryInfo and BadRequest where `status` has them. A status without reason
// gets the name of its code as reason, one without domain `default_domain`.
// Payloads of other types are dropped. What is too long is cut: first the
// message, then metadata and violations that do not fit any more. OK becomes
// OK.
grpc::Status ToGrpcStatus(const absl::Status& status,
                          absl::string_view default_domain);

// The reverse. Details that are no google.rpc.Status are ignored; payloads of
// foreign types inside it are kept. A code outside gRPC's list is UNKNOWN.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_STATUS_CONVERSION_H_
