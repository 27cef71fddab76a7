#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_

// A ServiceNow instance: finds the API that a request means, authenticates it,
// and adds what every answer carries.

#include <map>
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
#include "sandbox/servicenow/batch_api.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/import_api.h"
#include "sandbox/servicenow/instance_access.h"
#include "sandbox/servicenow/login_api.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/record_renderer.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/sessions.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_api.h"
#include "sandbox/servicenow/table_store.h"
#include "sandbox/servicenow/traffic.h"

namespace opcon_snow::sandbox::servicenow {

// Thread-safe: one call at a time, except while calls wait for their turn; see
// traffic.h.
class Instance {
 public:
  // `seeds` are planted after the standard ones, now and at every reset; see
  // seed.h. INVALID_ARGUMENT if one cannot be. `conditions` are those of
  // traffic.h at the start and after a reset.
  static absl::StatusOr<std::unique_ptr<Instance>> Create(
      Settings settings, std::vector<nlohmann::json> seeds = {},
      Clock clock = [] { return absl::Now(); }, Conditions conditions = {});

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
  // GET, PATCH, DELETE /_sandbox/conditions       see traffic.h; DELETE: those
  //                                               of the start
  // POST /_sandbox/seed                           seed data; see seed.h
  // POST /_sandbox/incidents {"count": N, "seconds_apart": 10,
  //                           "correlation_prefix": "…"}   many incidents
  // GET  /_sandbox/store {"records": {"incident": N, …}, "touched": N}; see
  //                      TableStore::touched
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
  Instance(Settings settings, std::vector<nlohmann::json> seeds, Clock clock,
           Conditions conditions);

  absl::Status Plant();
  Parts MakeParts();
  std::string RandomHex();
  std::optional<Actor> Authenticate(const SandboxRequest& request,
                                    const std::string& session);
  const Record* FindUser(const std::string& user_name) const;
  // The user_name of the active user with this user_name, e-mail or sys_id.
  std::string FindSubject(const std::string& subject) const;
  Reply Route(const SandboxRequest& request, const std::optional<Actor>& actor,
              const std::string& session);
  // Under the rules of traffic.h.
  Reply RouteInTraffic(const SandboxRequest& request,
                       const std::optional<Actor>& actor,
                       const std::string& session, bool session_is_new);
  std::optional<Reply> OwnControl(const SandboxRequest& request);
  std::optional<Reply> ControlConditions(const SandboxRequest& request);
  Reply ControlClock(const SandboxRequest& request);
  Reply ControlSeed(const SandboxRequest& request);
  Reply ControlIncidents(const SandboxRequest& request);
  Reply RouteApi(const SandboxRequest& request, Actor actor);
  Reply Shorten(const ApiCall& call);
  void CloseResolved();

  const Settings settings_;
  const std::vector<nlohmann::json> seeds_;
  const Clock real_clock_;

  // Recursive: rules that run inside a request use `access_`.
  std::recursive_mutex mutex_;
  RecordHooks* hooks_ = nullptr;
  std::mt19937_64 random_;
  absl::Duration advanced_ = absl::ZeroDuration();
  absl::Time next_autoclose_ = absl::InfinitePast();
  const Clock clock_;  // real_clock_ plus advanced_
  Dictionary dictionary_;
  TableStore store_;
  RecordWriter writer_;
  InstanceAccess access_;
  RecordRenderer renderer_;
  Authenticator authenticator_;
  TableApi tables_;
  AttachmentApi attachments_;
  ImportApi imports_;
  BatchApi batches_;
  Sessions sessions_;
  LoginApi login_;
  Traffic traffic_;
  std::map<std::string, std::string> tiny_urls_;  // by id
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_H_
