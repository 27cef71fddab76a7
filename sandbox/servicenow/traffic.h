#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_TRAFFIC_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_TRAFFIC_H_

// What stands between a client and the APIs of an instance: rate limit rules,
// semaphores, one transaction at a time per session, quotas of time,
// hibernation, maintenance.
//
// The conditions are one JSON object, given by --conditions and changed by
// PATCH /_sandbox/conditions; every key is optional:
//
//   {"rate_limits": [{"requests_per_hour": 100,
//                     "api": "table",         // table, attachment, import,
//                                             // batch; absent: all together
//                     "user": "…",            // absent: every user by himself
//                     "headers": true,        // X-RateLimit-… and Retry-After
//                     "flush_seconds": 0}],   // a real node: 30; so long the
//                                             // limit may be exceeded
//    "semaphores": {"threads": 4, "queue": 50},    // 0 and 0: always full
//    "sessions": {"waiting": 10, "wait_milliseconds": 120000},
//    "transaction_milliseconds": 0,           // how long each call really
//    takes "slow": [{"method": "GET", "path": "/api/now/table/incident",
//              "seconds": 75,                 // simulated, nobody waits
//              "rows": 2,                     // of a list, sent before the end
//              "broken": false,               // … with the "]" missing
//              "committed": false,            // of a write: it was done
//              "times": -1}],                 // calls hit; -1: all
//    "quota_seconds": 60, "batch_quota_seconds": 30,
//    "hibernating": 0,                        // or 200, 302, 503
//    "maintenance": false}

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {

struct RateRule {
  std::int64_t requests_per_hour = 0;
  std::string api;
  std::string user;
  bool headers = true;
  std::int64_t flush_seconds = 0;
};

struct SlowRule {
  std::string method;
  std::string path;  // canonical, a prefix
  std::int64_t seconds = 0;
  std::int64_t rows = -1;  // -1: none were sent, 500
  bool broken = false;
  bool committed = false;
  std::int64_t times = -1;
};

struct Conditions {
  std::vector<RateRule> rate_limits;
  std::int64_t semaphore_threads = 4;
  std::int64_t semaphore_queue = 50;
  std::int64_t session_waiting = 10;
  std::int64_t session_wait_milliseconds = 120'000;
  std::int64_t transaction_milliseconds = 0;
  std::vector<SlowRule> slow;
  std::int64_t quota_seconds = 60;
  std::int64_t batch_quota_seconds = 30;
  std::int64_t hibernating = 0;
  bool maintenance = false;
};

// `base` with the keys of `changes` replaced. INVALID_ARGUMENT names the key.
absl::StatusOr<Conditions> ParseConditions(const nlohmann::json& changes,
                                           Conditions base = {});
nlohmann::json ConditionsToJson(const Conditions& conditions);

// Thread-safe.
class Traffic {
 public:
  // One request on its way through.
  struct Call {
    std::string method;
    std::string path;     // canonical
    std::string api;      // "table", "attachment", "import", "batch", …
    std::string user;     // "" if it is not logged in
    std::string session;  // "" if it brought no session of ours
  };

  Traffic(Conditions initial, Clock clock);

  // Before anything else: the answer of an instance that sleeps or is being
  // maintained.
  std::optional<Reply> Asleep() const;

  // Waits for the call's turn. Its answer if it may not go on; after nullopt
  // Leave must be called.
  std::optional<Reply> Enter(const Call& call);
  void Leave(const Call& call);

  // The quota of time that the call breaks, if any; it is used up by this.
  std::optional<SlowRule> TakeSlow(const Call& call);

  // On every answer to a call for which there is a rule with headers.
  void AddRateHeaders(const Call& call, Reply& reply) const;

  Conditions Get() const;
  void Set(Conditions conditions);
  // The initial conditions; counters are forgotten.
  void Reset();

 private:
  struct Counter {
    std::int64_t hour = -1;
    std::int64_t counted = 0;
    std::int64_t pending = 0;
    absl::Time flushed;
  };

  const RateRule* RuleFor(const Call& call) const;
  std::optional<Reply> CheckRate(const Call& call);
  std::optional<Reply> AwaitSession(const Call& call,
                                    std::unique_lock<std::mutex>& lock);
  std::optional<Reply> AwaitSemaphore(std::unique_lock<std::mutex>& lock);
  void RateHeaders(const RateRule& rule, Reply& reply) const;
  std::int64_t Hour() const;

  const Conditions initial_;
  const Clock clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Conditions conditions_;
  std::int64_t running_ = 0;
  std::int64_t queued_ = 0;
  std::map<std::string, std::int64_t> waiting_;  // by session
  std::map<std::string, bool> busy_;             // sessions with a transaction
  std::map<std::string, Counter> counters_;      // by rule and user
};

// What is left of an answer when the transaction is cancelled after so long.
Reply CancelledReply(const SlowRule& rule, const Reply& whole);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_TRAFFIC_H_
