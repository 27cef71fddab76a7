#include "common/http/curl_transport.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/http/curl_easy.h"
#include "common/http/curl_loop.h"
#include "common/http/redact.h"

namespace opcon_snow::http {
namespace {

using internal::LoopCore;
using internal::UpstreamSettings;
using Kind = TransportError::Kind;

Result NotSent(const Request& request, Kind kind, absl::string_view reason) {
  TransportError error;
  error.kind = kind;
  error.maybe_processed = false;
  error.message = absl::StrCat(MethodName(request.method), " ",
                               RedactUrl(request.url), ": ", reason);
  return error;
}

async::Task<Result> SendOn(std::shared_ptr<LoopCore> core,
                           std::shared_ptr<const UpstreamSettings> settings,
                           Request request) {
  const absl::Duration started = core->MonotonicNow();
  absl::Status valid = CheckRequest(request, *settings);
  if (!valid.ok())
    co_return NotSent(request, Kind::kBadRequest, valid.message());
  if (request.timeout <= absl::ZeroDuration()) {
    co_return NotSent(request, Kind::kTimeout, "no time left to send it");
  }
  if (request.stop.stop_requested()) {
    co_return NotSent(request, Kind::kCancelled, "cancelled by the caller");
  }
  absl::Status on_loop = co_await async::Hop(*core);
  if (!on_loop.ok() || core->Stopping()) {
    co_return NotSent(request, Kind::kCancelled, "this process is stopping");
  }
  const absl::Duration deadline = started + request.timeout;
  async::OneShot<Result> answer;
  core->StartTransfer(
      std::move(request), std::move(settings), started, deadline,
      [answer](Result result) mutable { answer.Set(std::move(result)); });
  Result result = co_await answer.Wait();
  co_return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CurlLoop>> CurlLoop::Create(
    CurlLoopOptions options) {
  auto core = LoopCore::Start(options);
  if (!core.ok()) return core.status();
  return std::unique_ptr<CurlLoop>(new CurlLoop(*std::move(core)));
}

CurlLoop::CurlLoop(std::shared_ptr<LoopCore> core) : core_(std::move(core)) {}

CurlLoop::~CurlLoop() { Stop(); }

void CurlLoop::Stop() { core_->Stop(); }

bool CurlLoop::Post(std::function<void()> fn) {
  return core_->Post(std::move(fn));
}

async::EventLoop::TimerId CurlLoop::After(absl::Duration delay,
                                          std::function<void()> fn) {
  return core_->After(delay, std::move(fn));
}

bool CurlLoop::Cancel(TimerId id) { return core_->Cancel(id); }

bool CurlLoop::InLoopThread() const { return core_->InLoopThread(); }

bool CurlLoop::Stopping() const { return core_->Stopping(); }

absl::Duration CurlLoop::MonotonicNow() const { return core_->MonotonicNow(); }

CurlLoop::Stats CurlLoop::stats() const { return core_->stats(); }

absl::StatusOr<std::unique_ptr<CurlTransport>> CurlTransport::Create(
    CurlLoop* loop, CurlTransportOptions options) {
  auto settings = UpstreamSettings::Create(std::move(options));
  if (!settings.ok()) return settings.status();
  return std::unique_ptr<CurlTransport>(
      new CurlTransport(loop->core_, *std::move(settings)));
}

CurlTransport::CurlTransport(std::shared_ptr<LoopCore> core,
                             std::shared_ptr<const UpstreamSettings> settings)
    : core_(std::move(core)), settings_(std::move(settings)) {}

CurlTransport::~CurlTransport() = default;

// Not a coroutine itself, so that the task does not refer to the transport.
async::Task<Result> CurlTransport::Send(Request request) {
  return SendOn(core_, Settings(), std::move(request));
}

std::shared_ptr<const UpstreamSettings> CurlTransport::Settings() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const CurlTransportOptions& options = settings_->options();
  if (!options.fresh_proxy_password) return settings_;
  std::optional<std::string> password = options.fresh_proxy_password();
  if (!password.has_value()) return settings_;
  CurlTransportOptions changed = options;
  changed.proxy_password = *std::move(password);
  auto fresh = UpstreamSettings::Create(std::move(changed));
  if (fresh.ok()) settings_ = *std::move(fresh);
  return settings_;
}

}  // namespace opcon_snow::http
