#ifndef OPCON_SNOW_COMMON_METRICS_METRICS_SERVER_H_
#define OPCON_SNOW_COMMON_METRICS_METRICS_SERVER_H_

// `telemetry.metrics_address`: a small HTTP server with `GET /metrics` for
// Prometheus and `GET /healthz` for a probe. See config.v1.Telemetry.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"

namespace config::v1 {
class Telemetry;
}

namespace opcon_snow::metrics {

// Adds the faults of the fields that begin with `metrics_`; `field` is the
// path of the message, "telemetry".
void ValidateMetricsListener(const ::config::v1::Telemetry& telemetry,
                             absl::string_view field, config::Faults* faults);

struct MetricsServerOptions {
  // Domain of errors, "opcon-gateway".
  std::string domain = "metrics";
  // What `GET /healthz` answers by: 200 if it is OK, else 503, without the
  // text, which is for those who have a role. May wait for the disk, on a
  // thread of this server's. Empty: always OK.
  std::function<absl::Status()> health{};
};

class MetricsServer {
 public:
  // For a configuration without fault; null if it gives no address. Nothing
  // listens yet. Errors are those of rpc::TlsFiles::Load, auth::ReadTokenFile
  // and web::HttpServer::Create.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Create(
      const ::config::v1::Telemetry& telemetry, MetricsServerOptions options);
  // Stops, if nobody did.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // UNAVAILABLE if the address cannot be bound.
  absl::Status Start();
  // Quickly: a scrape under way has a second. What `health` uses must not be
  // destroyed before.
  absl::Status Stop();
  // The port really bound; 0 before Start.
  int port() const;

  // Takes over what the TLS files hold and, if the address and its TLS are as
  // in `running`, which token must be shown; else that waits for the next
  // start. Returns the paths of fields that were taken over, for
  // config::TellNextStart. After an error nothing has changed.
  absl::StatusOr<std::vector<absl::string_view>> Reload(
      const ::config::v1::Telemetry& fresh,
      const ::config::v1::Telemetry& running);

 private:
  struct Parts;
  explicit MetricsServer(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_COMMON_METRICS_METRICS_SERVER_H_
