#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_

// A ServiceNow instance: finds the API that a request means, authenticates it,
// and adds what every answer carries.

#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/attachment_api.h"
#include "sandbox/servicenow/authenticator.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/instance_access.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/record_renderer.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_api.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

// Thread-safe: one call at a time.
class Instance {
 public:
  // `seeds` are planted after the standard ones, now and at every reset; see
  // seed.h. INVALID_ARGUMENT if one cannot be.
  static absl::StatusOr<std::unique_ptr<Instance>> Create(
      Settings settings, std::vector<nlohmann::json> seeds = {},
      Clock clock = [] { return absl::Now(); });

  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Who is told of every change to a record from now on, and at once that the
  // records are there (Planted). Must outlive the instance, or be taken away
  // with null before.
  void SetHooks(RecordHooks* hooks);

  // For scripts.
  RecordAccess& records() { return access_; }

  // Everything under / but /_sandbox/.
  Reply Handle(const SandboxRequest& request);

  // POST /_sandbox/clock {"advance_seconds": N}   the instance's time moves on
  // GET  /_sandbox/clock
  // DELETE /_sandbox/tokens                       every access token is revoked
  // Other paths are the hooks'.
  std::optional<Reply> Control(const SandboxRequest& request);

  void Reset();

  // {"tables": {…}, "time": "…"}
  std::string State();

  std::string Save();
  absl::Status Restore(const std::string& saved);

  // "/api/now/v2/table/x" becomes "/api/now/table/x".
  static std::string CanonicalPath(const std::string& path);

 private:
  Instance(Settings settings, std::vector<nlohmann::json> seeds, Clock clock);

  absl::Status Plant();
  Parts MakeParts();
  std::string RandomHex();
  std::optional<Actor> Authenticate(const SandboxRequest& request);
  const Record* FindUser(const std::string& user_name) const;
  Reply Route(const SandboxRequest& request, bool* logged_in);
  std::optional<Reply> OwnControl(const SandboxRequest& request);
  Reply RouteApi(const SandboxRequest& request, Actor actor);

  const Settings settings_;
  const std::vector<nlohmann::json> seeds_;
  const Clock real_clock_;

  // Recursive: rules that run inside a request use `access_`.
  std::recursive_mutex mutex_;
  RecordHooks* hooks_ = nullptr;
  std::mt19937_64 random_;
  absl::Duration advanced_ = absl::ZeroDuration();
  const Clock clock_;  // real_clock_ plus advanced_
  Dictionary dictionary_;
  TableStore store_;
  RecordWriter writer_;
  InstanceAccess access_;
  RecordRenderer renderer_;
  Authenticator authenticator_;
  TableApi tables_;
  AttachmentApi attachments_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_
