#include "common/rpc/bridge_state.h"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/auth/caller.h"
#include "common/rpc/call_context.h"
#include "common/rpc/call_metrics.h"
#include "common/rpc/status_conversion.h"
#include "common/status/error.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"

namespace opcon_snow::rpc::internal {
namespace {

using google::protobuf::Descriptor;

// Request types of the service's methods, without those of several.
std::map<const Descriptor*, std::string> MethodNames(
    const std::string& service_name) {
  std::map<const Descriptor*, std::string> names;
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          service_name);
  if (service == nullptr) return names;
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    const auto [entry, is_new] =
        names.emplace(method->input_type(),
                      absl::StrCat(service->full_name(), "/", method->name()));
    if (!is_new) entry->second.clear();
  }
  return names;
}

void EndRpcSpan(const absl::Status& status, trace::Span* span) {
  span->Set("rpc.grpc.status_code", static_cast<int>(status.code()));
  span->SetStatus(status);
  span->End();
}

}  // namespace

BridgeState::BridgeState(BridgeOptions options)
    : options_(std::move(options)),
      methods_(MethodNames(options_.service)),
      metrics_(std::make_shared<CallMetrics>(options_.service)) {}

absl::Status BridgeState::Enter(CallContext& call) {
  metrics_->Started(call.method());
  int running = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++active_;
    running = ++running_;
  }
  if (authorizer_ != nullptr) {
    absl::StatusOr<auth::Caller> caller =
        authorizer_->Admit(call.method(), call.ShownCredentials());
    if (!caller.ok()) return caller.status();
    call.set_caller(*std::move(caller));
  }
  call.BeginSpan();
  if (running > options_.max_active_calls) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        absl::StrCat("the server already has ", options_.max_active_calls,
                     " calls under way; try again later"),
        {.reason = "TOO_MANY_CALLS", .retry_after = absl::Seconds(1)});
  }
  return options_.admit ? options_.admit(call) : absl::OkStatus();
}

void BridgeState::Leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (--active_ == 0) idle_.notify_all();
}

bool BridgeState::AwaitIdle(absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto idle = [this] { return active_ == 0; };
  if (limit == absl::InfiniteDuration()) {
    idle_.wait(lock, idle);
    return true;
  }
  return idle_.wait_for(lock, absl::ToChronoNanoseconds(limit), idle);
}

int BridgeState::active_calls() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return active_;
}

void BridgeState::Run(std::function<void()> function) const {
  if (options_.executor) {
    options_.executor(std::move(function));
  } else {
    function();
  }
}

std::string BridgeState::MethodName(const Descriptor* request) const {
  const auto found = methods_.find(request);
  return found == methods_.end() ? "" : found->second;
}

grpc::Status BridgeState::Finish(CallContext& call, const absl::Status& status,
                                 SteadyTime started) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --running_;
  }
  const absl::Duration elapsed =
      absl::FromChrono(std::chrono::steady_clock::now() - started);
  metrics_->Handled(call.method(), status.code(), elapsed);
  const trace::Scope traced(call.trace());
  if (options_.on_finished) options_.on_finished({&call, status, elapsed});
  EndRpcSpan(status, &call.span());
  return ToGrpcStatus(status, options_.domain);
}

absl::Status StatusOfCurrentException() {
  constexpr char kMessage[] = "the handler failed unexpectedly";
  const ErrorDetails details = {.reason = "HANDLER_EXCEPTION"};
  try {
    throw;
  } catch (const std::exception& exception) {
    return MakeError(absl::StatusCode::kInternal,
                     absl::StrCat(kMessage, ": ", exception.what()), details);
  } catch (...) {
    return MakeError(absl::StatusCode::kInternal, kMessage, details);
  }
}

}  // namespace opcon_snow::rpc::internal
