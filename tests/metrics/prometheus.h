#ifndef OPCON_SNOW_TESTS_METRICS_PROMETHEUS_H_
#define OPCON_SNOW_TESTS_METRICS_PROMETHEUS_H_

// A real Prometheus on a port of its own, and questions to it through its API.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"

namespace opcon_snow::metrics {

class Prometheus {
 public:
  // With this configuration, in an empty directory; waits until it answers.
  static absl::StatusOr<std::unique_ptr<Prometheus>> Start(
      const std::string& directory, const std::string& config);

  // The `data` of an answer of its API, such as "/api/v1/alerts". The error is
  // what Prometheus says.
  absl::StatusOr<nlohmann::json> Get(const std::string& path) const;
  // The result of an instant query: a list of {"metric": {…}, "value": […]}.
  absl::StatusOr<nlohmann::json> Query(const std::string& expression) const;
  // The value of a query that gives one; -1 if it gives none.
  double Value(const std::string& expression) const;
  // Names of alerts that fire.
  std::set<std::string> Firing() const;

 private:
  Prometheus(std::unique_ptr<harness::Process> process, int port)
      : process_(std::move(process)), peer_(port, "") {}

  const std::unique_ptr<harness::Process> process_;
  const harness::HttpPeer peer_;
};

// A port that nobody has now.
int FreePort();

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_TESTS_METRICS_PROMETHEUS_H_
