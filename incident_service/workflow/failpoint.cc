#include "incident_service/workflow/failpoint.h"

#include <atomic>

namespace opcon_snow::incident {
namespace {

std::atomic<FailpointHandler> installed{nullptr};

}  // namespace

void InstallFailpointHandler(FailpointHandler handler) {
  installed.store(handler);
}

void Failpoint(absl::string_view name) {
  if (const FailpointHandler handler = installed.load()) handler(name);
}

}  // namespace opcon_snow::incident
