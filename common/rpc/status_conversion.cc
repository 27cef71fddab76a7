#include "common/rpc/status_conversion.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "common/status/utf8.h"
#include "google/protobuf/any.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace opcon_snow::rpc {
namespace {

constexpr std::size_t kMaxReasonBytes = 63;
constexpr std::size_t kMaxDomainBytes = 128;
constexpr std::size_t kMaxMetadataKeyBytes = 64;
constexpr std::size_t kMaxMetadataValueBytes = 512;
constexpr std::size_t kMaxFieldBytes = 128;
constexpr std::size_t kMaxDescriptionBytes = 512;

google::rpc::Status Assemble(const absl::Status& status,
                             const std::string& message,
                             const ErrorDetails& details) {
  google::rpc::Status result;
  result.set_code(static_cast<int>(status.code()));
  result.set_message(message);
  const absl::Status clean =
      WithDetails(absl::Status(status.code(), ""), details);
  // In a fixed order, ErrorInfo first; ForEachPayload's order is not.
  const std::string types[] = {
      google::rpc::ErrorInfo::descriptor()->full_name(),
      google::rpc::RetryInfo::descriptor()->full_name(),
      google::rpc::BadRequest::descriptor()->full_name(),
  };
  for (const std::string& type : types) {
    const std::string type_url = "type.googleapis.com/" + type;
    const auto payload = clean.GetPayload(type_url);
    if (!payload.has_value()) continue;
    google::protobuf::Any* detail = result.add_details();
    detail->set_type_url(type_url);
    detail->set_value(std::string(*payload));
  }
  return result;
}

// What is in no case too long and always UTF-8, which other languages'
// protobufs insist on.
ErrorDetails Bounded(const ErrorDetails& details) {
  ErrorDetails bounded;
  bounded.reason = ToValidUtf8(details.reason, kMaxReasonBytes);
  bounded.domain = ToValidUtf8(details.domain, kMaxDomainBytes);
  bounded.retry_after = details.retry_after;
  for (const auto& [key, value] : details.metadata) {
    bounded.metadata[ToValidUtf8(key, kMaxMetadataKeyBytes)] =
        ToValidUtf8(value, kMaxMetadataValueBytes);
  }
  for (const FieldViolation& violation : details.violations) {
    bounded.violations.push_back(
        {ToValidUtf8(violation.field, kMaxFieldBytes),
         ToValidUtf8(violation.description, kMaxDescriptionBytes)});
  }
  return bounded;
}

// Drops what can be missed most; false if nothing is left to drop.
bool DropOne(ErrorDetails& details) {
  if (!details.violations.empty()) {
    details.violations.pop_back();
    return true;
  }
  for (auto it = details.metadata.rbegin(); it != details.metadata.rend();
       ++it) {
    if (it->first == kOutcomeKey) continue;
    details.metadata.erase(it->first);
    return true;
  }
  return false;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status,
                          absl::string_view default_domain) {
  if (status.ok()) return grpc::Status::OK;
  ErrorDetails details =
      Bounded(GetErrorDetails(status).value_or(ErrorDetails()));
  if (details.reason.empty()) {
    details.reason = absl::StatusCodeToString(status.code());
  }
  if (details.domain.empty()) {
    details.domain = ToValidUtf8(default_domain, kMaxDomainBytes);
  }
  const std::string message =
      ToValidUtf8(status.message(), kMaxStatusMessageBytes);
  google::rpc::Status assembled = Assemble(status, message, details);
  while (assembled.ByteSizeLong() > kMaxStatusDetailsBytes &&
         DropOne(details)) {
    assembled = Assemble(status, message, details);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      assembled.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
  google::rpc::Status details;
  // A code outside the list reads as UNKNOWN.
  if (result.code() == absl::StatusCode::kUnknown) {
    result = absl::UnknownError(status.error_message());
  }
  if (status.error_details().empty() ||
      !details.ParseFromString(status.error_details())) {
    return result;
  }
  for (const google::protobuf::Any& detail : details.details()) {
    if (detail.type_url().empty()) continue;
    if (result.GetPayload(detail.type_url()).has_value()) continue;
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace opcon_snow::rpc
