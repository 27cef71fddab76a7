#include "common/http/failover_transport.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/log/log.h"

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

// Whether another address of the same upstream may do better.
bool IsOutOfReach(const Result& result) {
  if (result.ok() || result.error().maybe_processed) return false;
  switch (result.error().kind) {
    case Kind::kResolve:
    case Kind::kConnect:
    case Kind::kTls:
    case Kind::kTimeout:
    case Kind::kSend:
    case Kind::kReceive:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct FailoverTransport::State {
  std::string name;
  std::vector<BaseUrl> addresses;
  async::EventLoop* loop = nullptr;
  std::shared_ptr<Transport> inner;
  std::size_t current = 0;
  // When the first address was left, or found out of reach again.
  absl::Duration left_at = -absl::InfiniteDuration();

  std::size_t First() const {
    return loop->MonotonicNow() - left_at >= kReturnAfter ? 0 : current;
  }

  void Reached(std::size_t index) {
    if (index == current) return;
    log::Warning("http.address_changed",
                 {{"upstream", name}, {"address", addresses[index].text()}});
    current = index;
  }

  void NotReached(std::size_t index) {
    if (index == 0) left_at = loop->MonotonicNow();
  }
};

FailoverTransport::FailoverTransport(std::string name,
                                     std::vector<BaseUrl> addresses,
                                     async::EventLoop* loop,
                                     std::shared_ptr<Transport> inner)
    : state_(std::make_shared<State>()) {
  state_->name = std::move(name);
  state_->addresses = std::move(addresses);
  state_->loop = loop;
  state_->inner = std::move(inner);
}

FailoverTransport::~FailoverTransport() = default;

const BaseUrl& FailoverTransport::current() const {
  return state_->addresses[state_->current];
}

async::Task<Result> FailoverTransport::Send(Request request) {
  if (state_->addresses.size() == 1) {
    return state_->inner->Send(std::move(request));
  }
  return Run(state_, std::move(request));
}

async::Task<Result> FailoverTransport::Run(std::shared_ptr<State> state,
                                           Request request) {
  const std::string path(absl::StripPrefix(
      request.url, absl::string_view(state->addresses.front().text())));
  const absl::Duration deadline = state->loop->MonotonicNow() + request.timeout;
  const std::size_t count = state->addresses.size();
  const std::size_t first = state->First();
  std::string failures;
  for (std::size_t i = 0;; ++i) {
    const std::size_t index = (first + i) % count;
    Request attempt = request;
    attempt.url = absl::StrCat(state->addresses[index].text(), path);
    attempt.timeout = deadline - state->loop->MonotonicNow();
    Result result = co_await state->inner->Send(std::move(attempt));
    if (!IsOutOfReach(result)) {
      // A request that was given up tells nothing of the address.
      if (result.ok() || result.error().maybe_processed) state->Reached(index);
      co_return result;
    }
    state->NotReached(index);
    absl::StrAppend(&failures, failures.empty() ? "" : "; ",
                    result.error().message);
    const bool last = i + 1 == count || request.body_source != nullptr ||
                      state->loop->MonotonicNow() >= deadline;
    if (last) {
      TransportError error = result.error();
      error.message = failures;
      co_return error;
    }
  }
}

}  // namespace opcon_snow::http
