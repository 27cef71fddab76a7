#include "incident_service/http/http_door.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "common/async/worker_pool.h"
#include "common/config/validate.h"
#include "common/rpc/address.h"
#include "common/rpc/server_config.h"
#include "common/rpc/tls_files.h"
#include "common/status/status_macros.h"
#include "common/web/http_server.h"
#include "google/protobuf/duration.pb.h"
#include "incident_service/http/door.h"
#include "incident_service/http/problem.h"

namespace opcon_snow::incident {
namespace {

using async::WorkerPool;
using config::CheckRange;
using config::FieldPath;

// Checking a report and writing its acknowledgement is computing.
constexpr int kReportThreads = 2;
constexpr int kReadThreads = 4;

web::ServerOptions OptionsFrom(const ::config::v1::HttpDoor& door,
                               absl::Duration drain_timeout) {
  web::ServerOptions options;
  options.domain = http::kDomain;
  const absl::StatusOr<rpc::HostPort> address =
      rpc::ParseHostPort(door.address());
  if (address.ok()) {
    options.host = address->host;
    options.port = address->port;
  }
  if (door.max_request_bytes() > 0) {
    options.limits.max_body_bytes =
        static_cast<std::size_t>(door.max_request_bytes());
  }
  if (door.max_header_bytes() > 0) {
    options.limits.max_header_bytes =
        static_cast<std::size_t>(door.max_header_bytes());
  }
  if (door.max_connections() > 0) {
    options.max_connections = door.max_connections();
  }
  if (door.has_request_timeout()) {
    options.request_timeout = config::ToDuration(door.request_timeout());
  }
  if (door.has_idle_timeout()) {
    options.idle_timeout = config::ToDuration(door.idle_timeout());
  }
  if (door.has_answer_timeout()) {
    options.answer_timeout = config::ToDuration(door.answer_timeout());
  }
  options.drain_timeout = drain_timeout;
  return options;
}

http::Executor On(WorkerPool* pool) {
  return [pool](std::function<void()> function) {
    pool->Run(std::move(function));
  };
}

}  // namespace

void ValidateHttpDoor(const ::config::v1::HttpDoor& door,
                      absl::string_view field, bool authorized,
                      config::Faults* faults) {
  const std::string address = FieldPath(field, "address");
  config::CheckRequired(address, door.address(), faults);
  if (!door.address().empty()) {
    const absl::StatusOr<rpc::HostPort> parsed =
        rpc::ParseHostPort(door.address());
    if (!parsed.ok()) {
      faults->Add(address, parsed.status().message());
    } else if (!rpc::IsLoopbackHost(parsed->host) &&
               (!door.has_tls() || !authorized)) {
      faults->Add(address,
                  "other machines can reach this address, so it needs tls, and "
                  "authorization in the listener; or listen on 127.0.0.1");
    }
  }
  if (door.has_tls()) rpc::ValidateServerTls(door.tls(), field, faults);
  CheckRange(FieldPath(field, "max_request_bytes"), door.max_request_bytes(), 1,
             std::int64_t{16} << 20, faults);
  CheckRange(FieldPath(field, "max_header_bytes"), door.max_header_bytes(),
             std::int64_t{1} << 10, std::int64_t{64} << 10, faults);
  CheckRange(FieldPath(field, "max_connections"), door.max_connections(), 1,
             10'000, faults);
  const absl::Duration least = absl::Milliseconds(100);
  if (door.has_request_timeout()) {
    CheckRange(FieldPath(field, "request_timeout"), door.request_timeout(),
               least, absl::Minutes(5), faults);
  }
  if (door.has_idle_timeout()) {
    CheckRange(FieldPath(field, "idle_timeout"), door.idle_timeout(), least,
               absl::Hours(1), faults);
  }
  if (door.has_answer_timeout()) {
    CheckRange(FieldPath(field, "answer_timeout"), door.answer_timeout(),
               absl::Seconds(1), absl::Minutes(10), faults);
  }
}

// The server goes first: what it still lets happen uses the others.
struct HttpDoor::Parts {
  Parts(HttpDoorDependencies dependencies,
        std::shared_ptr<rpc::TlsFiles> tls_files)
      : tls(tls_files),
        reports(kReportThreads),
        reads(kReadThreads),
        door({.intake = dependencies.intake,
              .store = dependencies.store,
              .health = dependencies.health,
              .default_opcon = std::move(dependencies.default_opcon),
              .authorizer = dependencies.authorizer,
              .any_host = tls_files != nullptr,
              .report_executor = On(&reports),
              .read_executor = On(&reads)}) {}

  const std::shared_ptr<rpc::TlsFiles> tls;  // null without TLS
  WorkerPool reports;
  WorkerPool reads;
  http::Door door;
  std::unique_ptr<web::HttpServer> server;
};

absl::StatusOr<std::unique_ptr<HttpDoor>> HttpDoor::Create(
    const ::config::v1::HttpDoor& config, HttpDoorDependencies dependencies) {
  const absl::Duration drain_timeout = dependencies.drain_timeout;
  std::shared_ptr<rpc::TlsFiles> tls;
  if (config.has_tls()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        tls, rpc::TlsFiles::Load(rpc::ServerTlsFrom(
                 config.tls(), dependencies.client_certificate_optional)));
  }
  web::ServerOptions options = OptionsFrom(config, drain_timeout);
  options.tls = tls;
  auto parts = std::make_unique<Parts>(std::move(dependencies), std::move(tls));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      parts->server, web::HttpServer::Create(std::move(options), &parts->door));
  return std::unique_ptr<HttpDoor>(new HttpDoor(std::move(parts)));
}

HttpDoor::HttpDoor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HttpDoor::~HttpDoor() = default;

absl::Status HttpDoor::Start() { return parts_->server->Start(); }

absl::Status HttpDoor::Stop() { return parts_->server->Stop(); }

absl::StatusOr<std::function<void()>> HttpDoor::PrepareTls() const {
  return rpc::TlsFiles::Prepare(parts_->tls);
}

int HttpDoor::port() const { return parts_->server->port(); }

}  // namespace opcon_snow::incident
