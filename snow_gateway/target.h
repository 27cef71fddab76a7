#ifndef OPCON_SNOW_SNOW_GATEWAY_TARGET_H_
#define OPCON_SNOW_SNOW_GATEWAY_TARGET_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// Where a call goes, and how long it may take.
struct Target {
  std::shared_ptr<Instance> instance;
  CallScope scope;
};

// For calls that name their instance only when they are under way.
using FindTarget =
    std::function<absl::StatusOr<Target>(const std::string& instance)>;

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_TARGET_H_
