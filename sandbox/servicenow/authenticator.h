#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_AUTHENTICATOR_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_AUTHENTICATOR_H_

// Basic, OAuth bearer tokens and API keys; the token end point.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {

// Not thread-safe.
class Authenticator {
 public:
  struct Users {
    // True for an active user with this password.
    std::function<bool(const std::string& user, const std::string& password)>
        password_is_right;
    // True if the user may log in at all.
    std::function<bool(const std::string& user)> is_active;
    // The user_name of an active user by his user_name, e-mail address or
    // sys_id, as the `sub` of an assertion gives it; "" if there is none.
    std::function<std::string(const std::string& subject)> find;
  };

  // `settings` must outlive it; `make_token` gives unguessable texts.
  Authenticator(const Settings* settings, Clock clock,
                std::function<std::string()> make_token, Users users);

  bool PasswordIsRight(const std::string& user,
                       const std::string& password) const {
    return users_.password_is_right(user, password);
  }

  // The user name; nullopt: answer NotAuthenticated().
  std::optional<std::string> Identify(const SandboxRequest& request) const;

  // POST /oauth_token.do. As on a real instance, asking again before a token
  // has expired returns the same one with what is left of its life, and nearly
  // every refusal is the same 401.
  Reply Token(const SandboxRequest& request);

  // Every access token given so far is invalid from now on, as after an
  // administrator's revocation. Refresh tokens stay.
  void RevokeAccessTokens();

  // Refresh tokens, too.
  void Reset();

 private:
  struct Issued {
    std::string user;
    absl::Time expires;
  };

  // The user an assertion speaks for; "" if it is not accepted.
  std::string SubjectOf(const std::string& assertion);
  Reply Grant(const std::string& user, bool with_refresh_token);

  const Settings* settings_;
  const Clock clock_;
  const std::function<std::string()> make_token_;
  const Users users_;
  std::map<std::string, Issued> access_;               // by token
  std::map<std::string, Issued> refresh_;              // by token
  std::map<std::string, absl::Time> used_assertions_;  // by jti, until when
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_AUTHENTICATOR_H_
