#ifndef OPCON_SNOW_INCIDENT_SERVICE_HTTP_DOOR_H_
#define OPCON_SNOW_INCIDENT_SERVICE_HTTP_DOOR_H_

// What the HTTP door answers: openapi.json over the same intake, queries and
// health as the gRPC service. Knows no socket.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/auth/authorizer.h"
#include "common/auth/caller.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/http/problem.h"
#include "incident_service/http/target.h"
#include "incident_service/service/health.h"
#include "incident_service/service/intake.h"
#include "incident_service/service/queries.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident::http {

// Runs a function once, at once or on a thread of its own.
using Executor = std::function<void(std::function<void()>)>;

// All pointers, and what the executors use, must outlive the door.
struct DoorDependencies {
  Intake* intake = nullptr;
  Store* store = nullptr;
  HealthProbe* health = nullptr;
  std::string default_opcon{};
  // Who may call what.
  const auth::Authorizer* authorizer = nullptr;
  // Whether a request may name this server as it likes: over TLS, where the
  // certificate says who it is.
  bool any_host = false;
  // For reports and their acknowledgements.
  Executor report_executor;
  // For everything that waits for the disk.
  Executor read_executor;
};

// Thread-safe.
class Door final : public Handler {
 public:
  explicit Door(DoorDependencies dependencies);

  std::optional<Answer> Refuse(const Request& head) override;
  void Handle(Request request, Done done) override;

 private:
  void Report(const Request& request, const auth::Caller& caller,
              const Done& done);
  Answer ListReports(const Target& target) const;
  Answer GetReport(const Target& target, const auth::Caller& caller) const;
  Answer ListTickets(const Target& target) const;
  Answer GetTicket(const Target& target) const;
  bool MaySeeHealth(const Request& request) const;
  // `in_full`: with what the hops say of this machine.
  Answer Health(const Target& target, bool in_full) const;
  static Answer OpenApi(const Target& target);
  static Answer Metrics(const Target& target);

  const DoorDependencies d_;
  const Queries queries_;
};

}  // namespace opcon_snow::incident::http

#endif  // OPCON_SNOW_INCIDENT_SERVICE_HTTP_DOOR_H_
