#ifndef OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_
#define OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_

// The HTTP door of a process: from its configuration to a server over the
// intake, the queries and the health of the service. See openapi.json for what
// it answers, and docs/decisions/http-door.md for why it is as it is.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "config/v1/incident_service.pb.h"
#include "incident_service/service/health.h"
#include "incident_service/service/intake.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Adds the faults of `door`; `field` is its path, "http".
void ValidateHttpDoor(const ::config::v1::HttpDoor& door,
                      absl::string_view field, config::Faults* faults);

// All pointers must outlive the door.
struct HttpDoorDependencies {
  Intake* intake = nullptr;
  Store* store = nullptr;
  HealthProbe* health = nullptr;
  std::string default_opcon{};
  // For requests under way when the process stops.
  absl::Duration drain_timeout = absl::Seconds(10);
};

class HttpDoor {
 public:
  // For a configuration without fault. Nothing listens yet.
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
  // The port really bound; 0 before Start.
  int port() const;

 private:
  struct Parts;
  explicit HttpDoor(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_HTTP_HTTP_DOOR_H_
