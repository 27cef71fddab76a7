// incident_service that dies by SIGKILL at the failpoint that the environment
// variable INCIDENT_SERVICE_FAILPOINT names; without it, the product.

#include <signal.h>

#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "incident_service/application.h"
#include "incident_service/workflow/failpoint.h"

namespace {

const std::string& DeadlyFailpoint() {
  static const std::string* const name = [] {
    const char* value = std::getenv("INCIDENT_SERVICE_FAILPOINT");
    return new std::string(value == nullptr ? "" : value);
  }();
  return *name;
}

void Die(absl::string_view name) {
  if (name == DeadlyFailpoint()) raise(SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  opcon_snow::incident::InstallFailpointHandler(&Die);
  return opcon_snow::incident::RunIncidentService(argc, argv);
}
