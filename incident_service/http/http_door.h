#ifndef OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_
#define OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_

// The HTTP door of a process: from its configuration to a server over the
// intake, the queries and the health of the service. See openapi.json for what
// it answers, and docs/decisions/http-door.md for why it is as it is.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/authorizer.h"
#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"
#include "incident_service/service/health.h"
#include "incident_service/service/intake.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Adds the faults of `door`; `field` is its path, "http". `authorized`: whether
// the configuration says who may call what.
void ValidateHttpDoor(const ::config::v1::HttpDoor& door,
                      absl::string_view field, bool authorized,
                      config::Faults* faults);

// All pointers must outlive the door.
struct HttpDoorDependencies {
  Intake* intake = nullptr;
  Store* store = nullptr;
  HealthProbe* health = nullptr;
  std::string default_opcon{};
  // Who may call what; the one of the gRPC listener.
  const auth::Authorizer* authorizer = nullptr;
  // If others come with tokens, who has a certificate may show it.
  bool client_certificate_optional = false;
  // For requests under way when the process stops.
  absl::Duration drain_timeout = absl::Seconds(10);
};

class HttpDoor {
 public:
  // For a configuration without fault. Nothing listens yet. Errors are those of
  // rpc::TlsFiles::Load and HttpServer::Create.
  static absl::StatusOr<std::unique_ptr<HttpDoor>> Create(
      const ::config::v1::HttpDoor& config, HttpDoorDependencies dependencies);

  // Stops, if nobody did.
  ~HttpDoor();
  HttpDoor(const HttpDoor&) = delete;
  HttpDoor& operator=(const HttpDoor&) = delete;

  // UNAVAILABLE if the address cannot be bound.
  absl::Status Start();
  // In bounded time. DEADLINE_EXCEEDED: a request is still under way, and what
  // it uses must not be destroyed.
  absl::Status Stop();
  // Reads the TLS files again, if there are any; they are also looked at
  // whenever a client connects. What it gives takes them over, for the next
  // connection.
  absl::StatusOr<std::function<void()>> PrepareTls() const;
  // The port really bound; 0 before Start.
  int port() const;

 private:
  struct Parts;
  explicit HttpDoor(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_
