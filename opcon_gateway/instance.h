#ifndef OPCON_SNOW_OPCON_GATEWAY_INSTANCE_H_
#define OPCON_SNOW_OPCON_GATEWAY_INSTANCE_H_

// One configured OpCon instance with everything that serves it, and the set of
// all of them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/clock/clock.h"
#include "common/http/failover_transport.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "config/v1/opcon_gateway.pb.h"
#include "opcon/v1/instance.pb.h"
#include "opcon_gateway/authenticator.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/documentation.h"
#include "opcon_gateway/health.h"
#include "opcon_gateway/incident_tickets.h"
#include "opcon_gateway/job_actions.h"
#include "opcon_gateway/job_list.h"
#include "opcon_gateway/job_logs.h"
#include "opcon_gateway/machines.h"
#include "opcon_gateway/rest_client.h"
#include "opcon_gateway/schedules.h"

namespace opcon_snow::opcon {

// What instances are made with. `loop` and `clock` must outlive them.
struct InstanceParts {
  async::EventLoop* loop = nullptr;
  const Clock* clock = nullptr;
  // Makes the transport to one instance.
  std::function<absl::StatusOr<std::shared_ptr<http::Transport>>(
      const ::config::v1::OpConInstance&)>
      make_transport;
  // Reads the token from a `token_file`; empty for a file that holds nothing
  // else.
  SecretReader read_token;
};

// Confined to the loop thread, except for construction and destruction.
class Instance {
 public:
  // For a configuration without fault. Reads the files of its credentials.
  static absl::StatusOr<std::shared_ptr<Instance>> Create(
      const ::config::v1::OpConInstance& config, const InstanceParts& parts);

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const std::string& name() const { return name_; }
  // How long a call without deadline may take: twice the limit of one request,
  // so that neither a login nor a look-up before it makes it fail.
  absl::Duration default_deadline() const { return default_deadline_; }
  // For ListInstances, with the health as it is known now.
  ::opcon::v1::Instance Describe() const;

  HealthRecord& health() { return health_; }
  DailyJobs& jobs() { return jobs_; }
  IncidentTickets& tickets() { return tickets_; }
  Documentation& documentation() { return documentation_; }
  JobLogs& logs() { return logs_; }
  JobActions& actions() { return actions_; }
  JobList& job_list() { return job_list_; }
  Schedules& schedules() { return schedules_; }
  Machines& machines() { return machines_; }

 private:
  struct Wiring;
  explicit Instance(Wiring wiring);

  const std::string name_;
  const std::shared_ptr<const http::FailoverTransport> transport_;
  const std::string public_address_;
  const absl::Duration default_deadline_;
  HealthRecord health_;
  RestClient rest_;
  DailyJobs jobs_;
  IncidentTickets tickets_;
  Documentation documentation_;
  JobLogs logs_;
  JobActions actions_;
  JobList job_list_;
  Schedules schedules_;
  Machines machines_;
};

// All instances of one configuration. Immutable.
class InstanceSet {
 public:
  static absl::StatusOr<std::shared_ptr<const InstanceSet>> Create(
      const ::config::v1::OpConGatewayConfig& config,
      const InstanceParts& parts);

  // The instance of this name, or the default one for "". UNKNOWN_INSTANCE
  // with the known names.
  absl::StatusOr<std::shared_ptr<Instance>> Find(absl::string_view name) const;

  // In the order of the configuration.
  const std::vector<std::shared_ptr<Instance>>& all() const { return all_; }
  const std::string& default_name() const { return default_name_; }

 private:
  std::vector<std::shared_ptr<Instance>> all_;
  std::string default_name_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_INSTANCE_H_
