#include "common/web/http_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/ssl/context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "common/log/log.h"
#include "common/rpc/address.h"
#include "common/rpc/tls_files.h"
#include "common/status/status_macros.h"
#include "common/web/connection.h"
#include "common/web/tls.h"

namespace opcon_snow::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// A connection may keep the server waiting so long although others wait: who
// has just connected is about to send.
constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kLookAgain{100};

}  // namespace

struct HttpServer::Core final : ConnectionHost {
  using ConnectionHost::ConnectionHost;

  absl::Status Listen();
  void Run();
  // Takes what the TLS files say now. After an error the context is what it
  // was.
  absl::Status UpdateTls();
  void Accept();
  void OnAccepted(const error_code& error, tcp::socket socket);
  // Lets the connection in that waits for a place, if there is one now.
  void AdmitParked();
  bool MakeRoom();
  void Admit(tcp::socket socket);
  void LookAgain();
  void OnChange() override;
  void BeginDrain();
  void CloseAll();
  bool AwaitIdle(absl::Duration limit);

  tcp::acceptor acceptor{io};
  asio::steady_timer look_again{io};
  std::shared_ptr<const rpc::TlsContent> tls_content;
  std::shared_ptr<asio::ssl::context> tls_context;  // null without TLS
  std::optional<tcp::socket> parked;
  bool admission_posted = false;
  bool accept_under_way = false;
  bool accept_failed = false;
  std::atomic<int> port{0};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>>
      keeps_running;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable changed;
  bool idle = false;  // guarded by mutex; only ever true while draining
};

absl::Status HttpServer::Core::Listen() {
  error_code error;
  const std::string host =
      options.host == "localhost" ? "127.0.0.1" : options.host;
  const asio::ip::address address = asio::ip::make_address(host, error);
  const tcp::endpoint endpoint(address,
                               static_cast<std::uint16_t>(options.port));
  if (!error) acceptor.open(endpoint.protocol(), error);
  // Not reuse_port: two processes would share the calls without a word.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot listen for HTTP on ",
      rpc::JoinHostPort(options.host, options.port), ": ", error.message()));
}

void HttpServer::Core::Run() {
  while (true) {
    try {
      io.run();
      return;
    } catch (const std::exception& exception) {
      // The connection that it happened to has lost its last reference.
      log::Error("http.unexpected", {{"what", exception.what()}});
    }
  }
}

absl::Status HttpServer::Core::UpdateTls() {
  if (options.tls == nullptr) return absl::OkStatus();
  std::shared_ptr<const rpc::TlsContent> content = options.tls->Current();
  if (content == tls_content) return absl::OkStatus();
  tls_content = content;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      tls_context,
      MakeTlsContext(*content,
                     options.tls->files().client_certificate_optional));
  return absl::OkStatus();
}

void HttpServer::Core::Accept() {
  accept_under_way = true;
  acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
    OnAccepted(error, std::move(socket));
  });
}

void HttpServer::Core::OnAccepted(const error_code& error, tcp::socket socket) {
  accept_under_way = false;
  if (draining) return;
  if (error) {
    // Out of descriptors, or the client has gone already.
    if (!std::exchange(accept_failed, true)) {
      log::Warning("http.accept_failed", {{"error", error.message()}});
    }
    LookAgain();
    return;
  }
  accept_failed = false;
  parked = std::move(socket);
  AdmitParked();
}

void HttpServer::Core::AdmitParked() {
  if (!parked.has_value() || draining) return;
  if (static_cast<int>(connections.size()) >= options.max_connections &&
      !MakeRoom()) {
    LookAgain();
    return;
  }
  tcp::socket socket = *std::move(parked);
  parked.reset();
  const absl::Status updated = UpdateTls();
  if (!updated.ok()) log::Error("http.tls", {{"status", updated}});
  std::make_shared<Connection>(this, std::move(socket), tls_context)->Begin();
  Accept();
}

bool HttpServer::Core::MakeRoom() {
  const auto latest = Connection::Clock::now() - kPatience;
  Connection* longest = nullptr;
  for (Connection* connection : connections) {
    const auto since = connection->waiting_since();
    if (since.has_value() && *since <= latest &&
        (longest == nullptr || *since < *longest->waiting_since())) {
      longest = connection;
    }
  }
  if (longest == nullptr) return false;
  longest->Close();
  metrics.refused.Add();
  return true;
}

void HttpServer::Core::LookAgain() {
  look_again.expires_after(kLookAgain);
  look_again.async_wait([this](const error_code& error) {
    if (error || draining) return;
    if (parked.has_value()) {
      AdmitParked();
    } else if (!accept_under_way) {
      Accept();
    }
  });
}

void HttpServer::Core::OnChange() {
  if (draining && connections.empty() && handling == 0) {
    const std::lock_guard<std::mutex> lock(mutex);
    idle = true;
    changed.notify_all();
  }
  if (!parked.has_value() || std::exchange(admission_posted, true)) return;
  asio::post(io, [this] {
    admission_posted = false;
    AdmitParked();
  });
}

void HttpServer::Core::BeginDrain() {
  draining = true;
  error_code ignored;
  acceptor.close(ignored);
  look_again.cancel(ignored);
  parked.reset();
  const std::list<Connection*> all = connections;
  for (Connection* connection : all) connection->Drain();
  OnChange();
}

void HttpServer::Core::CloseAll() {
  const std::list<Connection*> all = connections;
  for (Connection* connection : all) connection->Close();
}

bool HttpServer::Core::AwaitIdle(absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex);
  return changed.wait_for(lock, absl::ToChronoNanoseconds(limit),
                          [this] { return idle; });
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Create(
    ServerOptions options, Handler* handler) {
  if (options.tls == nullptr && !rpc::IsLoopbackHost(options.host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listening for HTTP on ", options.host,
                     " without TLS is not allowed, because other machines can "
                     "reach it; set up TLS or listen on 127.0.0.1"));
  }
  auto core = std::make_shared<Core>(std::move(options), handler);
  OPCON_SNOW_RETURN_IF_ERROR(core->UpdateTls());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() {
  const absl::Status stopped = Stop();
  if (!stopped.ok()) log::Error("http.stop_failed", {{"status", stopped}});
}

absl::Status HttpServer::Start() {
  if (core_->thread.joinable() || stopped_) {
    return absl::FailedPreconditionError("the server was started before");
  }
  OPCON_SNOW_RETURN_IF_ERROR(core_->Listen());
  core_->keeps_running.emplace(core_->io.get_executor());
  core_->Accept();
  core_->thread = std::thread([core = core_.get()] { core->Run(); });
  return absl::OkStatus();
}

absl::Status HttpServer::Stop() {
  if (!std::exchange(stopped_, true)) stop_result_ = StopOnce();
  return stop_result_;
}

absl::Status HttpServer::StopOnce() {
  if (!core_->thread.joinable()) return absl::OkStatus();
  Core* const core = core_.get();
  asio::post(core->io, [core] { core->BeginDrain(); });
  bool idle = core->AwaitIdle(core->options.drain_timeout);
  if (!idle) {
    asio::post(core->io, [core] { core->CloseAll(); });
    idle = core->AwaitIdle(core->options.cancel_timeout);
  }
  core->keeps_running.reset();
  core->io.stop();
  core->thread.join();
  if (idle) return absl::OkStatus();
  return absl::DeadlineExceededError(
      "a request over HTTP was not answered in time");
}

int HttpServer::port() const { return core_->port; }

}  // namespace opcon_snow::web
