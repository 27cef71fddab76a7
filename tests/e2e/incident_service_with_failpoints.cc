// incident_service that dies by SIGKILL at the failpoint that the environment
// variable INCIDENT_SERVICE_FAILPOINT names, or at the one whose number, from
// 1, INCIDENT_SERVICE_DIES_AT says; without them, the product.

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "incident_service/application.h"
#include "incident_service/workflow/failpoint.h"

namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void Die(absl::string_view name) {
  static const auto* const deadly =
      new std::string(Environment("INCIDENT_SERVICE_FAILPOINT"));
  static const long last =
      std::atol(Environment("INCIDENT_SERVICE_DIES_AT").c_str());
  static std::atomic<long> passed{0};
  if (name == *deadly || ++passed == last) raise(SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  opcon_snow::incident::InstallFailpointHandler(&Die);
  return opcon_snow::incident::RunIncidentService(argc, argv);
}
