#include "common/rpc/call_metrics.h"

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::rpc {
namespace {

using google::protobuf::MethodDescriptor;

// By number, as Go's gRPC writes them and the middlewares after it.
constexpr const char* kCodes[] = {"OK",
                                  "Canceled",
                                  "Unknown",
                                  "InvalidArgument",
                                  "DeadlineExceeded",
                                  "NotFound",
                                  "AlreadyExists",
                                  "PermissionDenied",
                                  "ResourceExhausted",
                                  "FailedPrecondition",
                                  "Aborted",
                                  "OutOfRange",
                                  "Unimplemented",
                                  "Internal",
                                  "Unavailable",
                                  "DataLoss",
                                  "Unauthenticated"};
constexpr std::size_t kCodeCount = std::size(kCodes);
constexpr std::size_t kUnknown = 2;

const char* TypeOf(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

struct MethodMetrics {
  explicit MethodMetrics(const MethodDescriptor& method) {
    metrics::Labels labels = {{"grpc_type", TypeOf(method)},
                              {"grpc_service", method.service()->full_name()},
                              {"grpc_method", method.name()}};
    started = metrics::GetCounter("grpc_server_started_total",
                                  "Calls that have begun.", labels);
    seconds = metrics::GetHistogram("grpc_server_handling_seconds",
                                    "How long calls took.",
                                    metrics::CallBuckets(), labels);
    for (std::size_t i = 0; i < kCodeCount; ++i) {
      labels["grpc_code"] = kCodes[i];
      handled[i] =
          metrics::GetCounter("grpc_server_handled_total",
                              "Calls that have ended, by code.", labels);
    }
  }

  metrics::Counter started;
  std::array<metrics::Counter, kCodeCount> handled;
  metrics::Histogram seconds;
};

}  // namespace

struct CallMetrics::Methods {
  std::unordered_map<std::string, MethodMetrics> by_name;
};

CallMetrics::CallMetrics(const std::string& service)
    : methods_([&service] {
        auto methods = std::make_unique<Methods>();
        const auto* descriptor =
            google::protobuf::DescriptorPool::generated_pool()
                ->FindServiceByName(service);
        const int count =
            descriptor == nullptr ? 0 : descriptor->method_count();
        for (int i = 0; i < count; ++i) {
          const MethodDescriptor& method = *descriptor->method(i);
          methods->by_name.emplace(absl::StrCat(service, "/", method.name()),
                                   MethodMetrics(method));
        }
        return methods;
      }()) {}

CallMetrics::~CallMetrics() = default;

void CallMetrics::Started(const std::string& method) const {
  const auto found = methods_->by_name.find(method);
  if (found != methods_->by_name.end()) found->second.started.Add();
}

void CallMetrics::Handled(const std::string& method, absl::StatusCode code,
                          absl::Duration elapsed) const {
  const auto found = methods_->by_name.find(method);
  if (found == methods_->by_name.end()) return;
  const auto number = static_cast<std::size_t>(code);
  found->second.handled[number < kCodeCount ? number : kUnknown].Add();
  found->second.seconds.Observe(elapsed);
}

}  // namespace opcon_snow::rpc
