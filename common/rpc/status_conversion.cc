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

// What a field costs beside its text, and what google.rpc.Status costs beside
// message and fields (three type URLs above all). Generous.
constexpr std::size_t kFieldOverheadBytes = 12;
constexpr std::size_t kStatusOverheadBytes = 320;

// Takes texts as long as they fit.
class Budget {
 public:
  explicit Budget(std::size_t bytes) : left_(bytes) {}

  bool Take(absl::string_view a, absl::string_view b) {
    const std::size_t needed = a.size() + b.size() + kFieldOverheadBytes;
    if (needed > left_) return false;
    left_ -= needed;
    return true;
  }

 private:
  std::size_t left_;
};

// The details without what is too long, with what can be missed least first.
ErrorDetails Bounded(const ErrorDetails& details, std::size_t message_bytes) {
  ErrorDetails bounded;
  bounded.reason = ToValidUtf8(details.reason, kMaxReasonBytes);
  bounded.domain = ToValidUtf8(details.domain, kMaxDomainBytes);
  bounded.retry_after = details.retry_after;
  Budget budget(kMaxStatusDetailsBytes - kStatusOverheadBytes -
                kMaxReasonBytes - kMaxDomainBytes - message_bytes);
  const auto add_metadata = [&](const std::string& key,
                                const std::string& value) {
    const std::string short_key = ToValidUtf8(key, kMaxMetadataKeyBytes);
    const std::string short_value = ToValidUtf8(value, kMaxMetadataValueBytes);
    if (budget.Take(short_key, short_value)) {
      bounded.metadata.emplace(short_key, short_value);
    }
  };
  const auto outcome = details.metadata.find(kOutcomeKey);
  if (outcome != details.metadata.end()) {
    add_metadata(outcome->first, outcome->second);
  }
  for (const auto& [key, value] : details.metadata) {
    if (key != kOutcomeKey) add_metadata(key, value);
  }
  for (const FieldViolation& violation : details.violations) {
    const FieldViolation cut = {
        ToValidUtf8(violation.field, kMaxFieldBytes),
        ToValidUtf8(violation.description, kMaxDescriptionBytes)};
    if (!budget.Take(cut.field, cut.description)) break;
    bounded.violations.push_back(cut);
  }
  return bounded;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status,
                          absl::string_view default_domain) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message =
      ToValidUtf8(status.message(), kMaxStatusMessageBytes);
  ErrorDetails details =
      Bounded(GetErrorDetails(status).value_or(ErrorDetails()), message.size());
  if (details.reason.empty()) {
    details.reason = absl::StatusCodeToString(status.code());
  }
  if (details.domain.empty()) {
    details.domain = ToValidUtf8(default_domain, kMaxDomainBytes);
  }
  const google::rpc::Status assembled = Assemble(status, message, details);
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
