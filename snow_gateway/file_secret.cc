#include "snow_gateway/file_secret.h"

#include <utility>

#include "common/log/log.h"

namespace opcon_snow::snow {

bool ReadAgain(absl::string_view instance, FileSecret* secret) {
  if (secret->read == nullptr) return false;
  absl::StatusOr<config::Secret> fresh = secret->read();
  if (!fresh.ok()) {
    log::Warning("servicenow.secret_unreadable",
                 {{"instance", instance}, {"status", fresh.status()}});
    return false;
  }
  if (fresh->Equals(secret->secret)) return false;
  secret->secret = *std::move(fresh);
  log::Info("servicenow.secret_replaced",
            {{"instance", instance}, {"file", secret->file}});
  return true;
}

}  // namespace opcon_snow::snow
