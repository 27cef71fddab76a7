#include "common/rpc/call_context.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/trace/caller_span.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "grpc/grpc_security_constants.h"
#include "grpc/support/time.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/string_ref.h"

namespace opcon_snow::rpc {
namespace {

// Time left; infinite if the client set no deadline.
absl::Duration DurationLeft(const grpc::CallbackServerContext* context) {
  if (context == nullptr) return absl::InfiniteDuration();
  const gpr_timespec raw =
      gpr_convert_clock_type(context->raw_deadline(), GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(raw, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) {
    return absl::InfiniteDuration();
  }
  const gpr_timespec left = gpr_time_sub(raw, gpr_now(GPR_CLOCK_MONOTONIC));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

// A hundred years are as good as no deadline, and fit every type.
constexpr absl::Duration kLongest = absl::Hours(24 * 365 * 100);

}  // namespace

absl::Time CallDeadline(const grpc::CallbackServerContext* context) {
  const absl::Duration left = DurationLeft(context);
  return left > kLongest ? absl::InfiniteFuture() : absl::Now() + left;
}

SteadyTime SteadyCallDeadline(const grpc::CallbackServerContext* context) {
  const absl::Duration left = DurationLeft(context);
  if (left > kLongest) return SteadyTime::max();
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(left);
}

CallContext::CallContext(grpc::CallbackServerContext* context,
                         std::string method, std::stop_token drain)
    : context_(context),
      method_(std::move(method)),
      peer_(context == nullptr ? "" : context->peer()),
      deadline_(CallDeadline(context)),
      steady_deadline_(SteadyCallDeadline(context)),
      drain_(std::move(drain)) {}

absl::Status CallContext::CheckCancelled() const {
  if (std::chrono::steady_clock::now() >= steady_deadline_) {
    return absl::DeadlineExceededError("the call's deadline has passed");
  }
  if (IsCancelled()) return absl::CancelledError("the call was cancelled");
  return absl::OkStatus();
}

std::optional<std::string> CallContext::Metadata(absl::string_view key) const {
  if (context_ == nullptr) return std::nullopt;
  const auto& metadata = context_->client_metadata();
  const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
  if (found == metadata.end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

void CallContext::BeginSpan() {
  trace_caller_ = trace::ReadCaller(Metadata(trace::kTraceParentKey),
                                    Metadata(trace::kCallerSpanKey));
  span_ =
      trace::StartServerSpan(method_.empty() ? "rpc" : method_, trace_caller_);
  span_.Set("rpc.system", "grpc");
  const std::pair<absl::string_view, absl::string_view> names =
      absl::StrSplit(method_, absl::MaxSplits('/', 1));
  span_.Set("rpc.service", names.first);
  span_.Set("rpc.method", names.second);
}

auth::Credentials CallContext::ShownCredentials() const {
  auth::Credentials shown{.peer = peer_};
  if (context_ == nullptr) return shown;
  const auto& metadata = context_->client_metadata();
  const auto [first, last] = metadata.equal_range("authorization");
  for (auto value = first; value != last; ++value) {
    shown.authorization.emplace_back(value->second.data(),
                                     value->second.size());
  }
  // Never the common name: what it means was never agreed on.
  const auto auth = context_->auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return shown;
  for (const grpc::string_ref& name :
       auth->FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME)) {
    shown.certificate_names.emplace_back(name.data(), name.size());
  }
  return shown;
}

}  // namespace opcon_snow::rpc
