#ifndef OPCON_SNOW_COMMON_AUTH_AUTHORIZER_H_
#define OPCON_SNOW_COMMON_AUTH_AUTHORIZER_H_

// Who calls, and may they? From the credentials of a call and the
// configuration's Authorization to a name, or a refusal. Knows neither gRPC
// nor HTTP.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/auth/caller.h"
#include "common/config/fault.h"
#include "common/config/file_watch.h"

namespace config::v1 {
class Authorization;
}

namespace opcon_snow::auth {

// Reads token files again when they have changed, at most once a second and
// when somebody calls. Files that are not good together are told in the log, as
// `auth.reload_refused` with the one that is not, and those before hold.
//
// Thread-safe.
class Authorizer {
 public:
  using SteadyNow = config::FileWatch::SteadyNow;

  // Reads the token files. Errors name the field or the file: NOT_FOUND,
  // PERMISSION_DENIED (also for a file that everybody may read),
  // INVALID_ARGUMENT for a token that is too short or has other characters than
  // RFC 6750 allows, and for two principals with one token.
  static absl::StatusOr<std::unique_ptr<Authorizer>> Create(
      const ::config::v1::Authorization& authorization,
      SteadyNow now = [] { return std::chrono::steady_clock::now(); });
  ~Authorizer();
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;

  // For `method` as permissions.h names it. Errors, with details:
  // UNAUTHENTICATED with reason UNAUTHENTICATED, if there are no credentials or
  // none that are known; PERMISSION_DENIED with reason ROLE_REQUIRED. They do
  // not say more about what is known than the caller must hear, and are logged.
  absl::StatusOr<Caller> Admit(absl::string_view method,
                               const Credentials& credentials) const;

  // What the next calls are decided by. Reading and taking over are apart so
  // that a reload can prepare everything before it changes anything.
  class Rules;
  static absl::StatusOr<std::shared_ptr<const Rules>> ReadRules(
      const ::config::v1::Authorization& authorization,
      SteadyNow now = [] { return std::chrono::steady_clock::now(); });
  void Replace(std::shared_ptr<const Rules> rules);

  // True if somebody may show a token instead of a certificate.
  bool TakesTokens() const;
  bool is_open() const;

 private:
  explicit Authorizer(std::shared_ptr<const Rules> rules);
  // As they are by now.
  std::shared_ptr<const Rules> rules() const;
  void LogRefusal(absl::string_view method, const Credentials& credentials,
                  absl::string_view principal, absl::string_view why) const;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Rules> rules_;  // guarded by mutex_
  mutable config::FileWatch watch_;             // guarded by mutex_
};

// Adds the faults that can be seen without reading files; `field` is its path,
// "listener.authorization".
void ValidateAuthorization(const ::config::v1::Authorization& authorization,
                           absl::string_view field, config::Faults* faults);

// Whether some principal of it is known by a token, by a certificate.
bool KnowsTokens(const ::config::v1::Authorization& authorization);
bool KnowsCertificates(const ::config::v1::Authorization& authorization);

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_COMMON_AUTH_AUTHORIZER_H_
