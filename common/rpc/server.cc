#include "common/rpc/server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/auth/permissions.h"
#include "common/log/log.h"
#include "common/rpc/acceptor.h"
#include "common/rpc/address.h"
#include "common/rpc/mutex_checks.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server_credentials.h"
#include "common/rpc/tls_files.h"
#include "common/status/status_macros.h"
#include "grpc/grpc.h"
#include "grpc/support/log.h"
#include "grpc/support/time.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace opcon_snow::rpc {
namespace {

void LogFromGrpc(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  log::Warning(
      "grpc",
      {{"file", args->file}, {"line", args->line}, {"message", args->message}});
}

// What gRPC keeps per process and does not guard.
void SetUpProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
    TurnOffMutexChecks();
    gpr_set_log_function(&LogFromGrpc);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::clamp<std::int64_t>(
      absl::ToInt64Milliseconds(duration), 1, std::numeric_limits<int>::max()));
}

absl::Status CheckOptions(const ServerOptions& options,
                          const std::vector<ServedService>& services) {
  const auto invalid = [](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(parts...));
  };
  if (options.host.empty()) return invalid("the server has no host to bind");
  if (options.port < 0 || options.port > 65535) {
    return invalid("port ", options.port, " is not between 0 and 65535");
  }
  if (!options.use_tls && !IsLoopbackHost(options.host)) {
    return invalid("listening on ", options.host,
                   " without TLS is not allowed, because other machines can "
                   "reach it; set up TLS or listen on 127.0.0.1");
  }
  if (options.authorizer == nullptr && !IsLoopbackHost(options.host)) {
    return invalid("listening on ", options.host,
                   " without authorization is not allowed, because other "
                   "machines can reach it; say who may call what");
  }
  if (options.use_tls && (options.tls.certificate_file.empty() ||
                          options.tls.private_key_file.empty())) {
    return invalid(
        "TLS needs both a certificate and its private key, and one is missing");
  }
  if (options.max_connections < 1 || options.max_connections_per_peer < 1) {
    return invalid("at least one connection must be allowed");
  }
  // With fewer threads than it keeps for polling, gRPC aborts the process.
  if (options.max_threads < 4) {
    return invalid("max_threads is ", options.max_threads,
                   ", it must be at least 4");
  }
  constexpr auto kMaxBytes =
      static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (options.max_receive_bytes == 0 || options.max_receive_bytes > kMaxBytes ||
      options.max_send_bytes == 0 || options.max_send_bytes > kMaxBytes) {
    return invalid("message sizes must be between 1 byte and 2 GiB");
  }
  for (const ServedService& service : services) {
    if (service.service == nullptr || service.full_name.empty()) {
      return invalid("a service has no name or no implementation");
    }
    if (options.authorizer != nullptr && service.bridge == nullptr) {
      return invalid(service.full_name,
                     " has no bridge, so nothing would ask who calls it");
    }
    OPCON_SNOW_RETURN_IF_ERROR(auth::CheckPermissionsOf(service.full_name));
  }
  return absl::OkStatus();
}

void Configure(grpc::ServerBuilder& builder, const ServerOptions& options) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_receive_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.max_send_bytes));
  grpc::ResourceQuota quota("server");
  quota.Resize(options.max_memory_bytes).SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
  // Only reflection uses the threads of the synchronous interface.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // gRPC 1.51 inflates before it checks the size: 200 KB become 200 MB.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);

  // Two processes on one port would share its calls without anybody noticing.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(options.max_metadata_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             options.max_streams_per_connection);
  const std::pair<const char*, absl::Duration> times[] = {
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, options.handshake_timeout},
      {GRPC_ARG_KEEPALIVE_TIME_MS, options.keepalive_time},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, options.keepalive_timeout},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
       options.min_client_ping_interval},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, options.max_connection_idle},
      {GRPC_ARG_MAX_CONNECTION_AGE_MS, options.max_connection_age},
      {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, options.max_connection_age_grace},
  };
  for (const auto& [name, duration] : times) {
    builder.AddChannelArgument(name, Milliseconds(duration));
  }
  // A client with a quiet connection may ping, too.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

// Runs grpc::Server::Shutdown, which has no bound of its own, on a thread.
class Shutdown {
 public:
  Shutdown(std::shared_ptr<grpc::Server> server, absl::Duration timeout)
      : state_(std::make_shared<State>()) {
    std::thread([state = state_, server = std::move(server), timeout] {
      // A steady clock: a jump of the time of day must not cut this short.
      server->Shutdown(gpr_time_add(
          gpr_now(GPR_CLOCK_MONOTONIC),
          gpr_time_from_millis(Milliseconds(timeout), GPR_TIMESPAN)));
      const std::lock_guard<std::mutex> lock(state->mutex);
      state->finished = true;
      state->changed.notify_all();
    }).detach();
  }

  bool Await(absl::Duration limit) {
    std::unique_lock<std::mutex> lock(state_->mutex);
    return state_->changed.wait_for(lock, absl::ToChronoNanoseconds(limit),
                                    [this] { return state_->finished; });
  }

 private:
  // Shared with the thread, which may outlive this object and then holds the
  // server for as long as the process lives.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool finished = false;
  };

  const std::shared_ptr<State> state_;
};

}  // namespace

struct Server::Impl {
  enum class State { kCreated, kServing, kStopping, kStopped };

  Impl(ServerOptions opts, std::vector<ServedService> svcs,
       std::shared_ptr<TlsFiles> files)
      : options(std::move(opts)),
        services(std::move(svcs)),
        tls(std::move(files)),
        credentials(tls == nullptr ? grpc::InsecureServerCredentials()
                                   : ReloadingServerCredentials(tls)) {}

  absl::Status Drain();

  const ServerOptions options;
  const std::vector<ServedService> services;
  const std::shared_ptr<TlsFiles> tls;  // null without TLS
  // Before the server, which uses it until its end.
  const std::shared_ptr<grpc::ServerCredentials> credentials;

  mutable std::mutex mutex;
  std::condition_variable stopped;
  State state = State::kCreated;         // guarded by mutex
  std::shared_ptr<grpc::Server> server;  // guarded by mutex
  std::unique_ptr<Acceptor> acceptor;    // as the server
  int port = 0;                          // guarded by mutex
  absl::Status stop_result;              // guarded by mutex
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(
    ServerOptions options, std::vector<ServedService> services) {
  OPCON_SNOW_RETURN_IF_ERROR(CheckOptions(options, services));
  std::shared_ptr<TlsFiles> tls;
  if (options.use_tls) {
    OPCON_SNOW_ASSIGN_OR_RETURN(tls, TlsFiles::Load(options.tls));
  }
  if (options.authorizer != nullptr) {
    for (const ServedService& service : services) {
      service.bridge->Guard(options.authorizer);
    }
  }
  return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(
      std::move(options), std::move(services), std::move(tls))));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  const absl::Status stopped = Stop();
  if (!stopped.ok()) log::Error("rpc.stop_failed", {{"status", stopped}});
}

absl::Status Server::Start() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  if (impl_->state != Impl::State::kCreated) {
    return absl::FailedPreconditionError("the server was started before");
  }
  SetUpProcess();
  grpc::ServerBuilder builder;
  Configure(builder, impl_->options);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<Acceptor> acceptor,
      Acceptor::Listen(
          {.host = impl_->options.host,
           .port = impl_->options.port,
           .max_connections = impl_->options.max_connections,
           .max_per_peer = impl_->options.max_connections_per_peer}));
  using Experimental = grpc::ServerBuilder::experimental_type;
  const std::shared_ptr<grpc::experimental::ExternalConnectionAcceptor> grpc =
      builder.experimental().AddExternalConnectionAcceptor(
          Experimental::ExternalConnectionType::FROM_FD, impl_->credentials);
  for (const ServedService& service : impl_->services) {
    builder.RegisterService(service.service);
  }
  impl_->server = builder.BuildAndStart();
  if (impl_->server == nullptr) {
    return absl::UnavailableError("gRPC cannot start a server");
  }
  impl_->port = acceptor->port();
  acceptor->Start([grpc](int listener, int connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
        handed;
    handed.listener_fd = listener;
    handed.fd = connection;
    grpc->HandleNewConnection(&handed);
  });
  impl_->acceptor = std::move(acceptor);
  for (const ServedService& service : impl_->services) {
    impl_->server->GetHealthCheckService()->SetServingStatus(service.full_name,
                                                             true);
  }
  impl_->state = Impl::State::kServing;
  return absl::OkStatus();
}

absl::Status Server::Stop() {
  {
    std::unique_lock<std::mutex> lock(impl_->mutex);
    if (impl_->state == Impl::State::kCreated) {
      impl_->state = Impl::State::kStopped;
    }
    if (impl_->state != Impl::State::kServing) {
      impl_->stopped.wait(
          lock, [this] { return impl_->state == Impl::State::kStopped; });
      return impl_->stop_result;
    }
    impl_->state = Impl::State::kStopping;
  }
  absl::Status result = impl_->Drain();
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->stop_result = result;
  impl_->server.reset();
  impl_->state = Impl::State::kStopped;
  impl_->stopped.notify_all();
  return result;
}

// Only one thread gets here, and nobody changes `server` meanwhile.
absl::Status Server::Impl::Drain() {
  server->GetHealthCheckService()->Shutdown();
  absl::SleepFor(options.drain_delay);
  acceptor->Stop();

  Shutdown shutdown(server, options.shutdown_timeout);
  // As above.
  using Steady = std::chrono::steady_clock;
  const Steady::time_point give_up =
      Steady::now() + absl::ToChronoNanoseconds(options.shutdown_timeout);
  const auto left = [give_up] {
    return std::max(absl::FromChrono(give_up - Steady::now()),
                    absl::ZeroDuration());
  };
  bool all_have_bridges = true;
  for (const ServedService& service : services) {
    if (service.bridge == nullptr) {
      all_have_bridges = false;
    } else {
      service.bridge->BeginDrain();
    }
  }
  if (all_have_bridges) {
    for (const ServedService& service : services) {
      service.bridge->AwaitIdle(left());
    }
    // What is left is too late, or a stream of gRPC's own services, which
    // would go on until its client goes.
    grpc_server_cancel_all_calls(server->c_server());
  }
  if (shutdown.Await(left() + options.cancel_timeout)) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(
      "a handler did not end within ",
      absl::FormatDuration(options.cancel_timeout), " of its cancellation"));
}

int Server::port() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->port;
}

std::string Server::address() const {
  return JoinHostPort(impl_->options.host, port());
}

absl::StatusOr<std::function<void()>> Server::PrepareTls() const {
  return TlsFiles::Prepare(impl_->tls);
}

void Server::SetServing(absl::string_view service, bool serving) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  if (impl_->state != Impl::State::kServing) return;
  impl_->server->GetHealthCheckService()->SetServingStatus(std::string(service),
                                                           serving);
}

}  // namespace opcon_snow::rpc
