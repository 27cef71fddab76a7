#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SESSIONS_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SESSIONS_H_

// The sessions behind the cookie JSESSIONID. A session that somebody has logged
// in to is as good as credentials, if the request carries its user token in
// X-UserToken, too; /angular.do gives it away.

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::servicenow {

// Thread-safe. At most 10,000 are kept; the oldest are forgotten.
class Sessions {
 public:
  // `make_id` gives unguessable texts; it is called while no lock is held.
  explicit Sessions(std::function<std::string()> make_id)
      : make_id_(std::move(make_id)) {}

  // The session whose cookie came with the request; "" if there is none.
  std::string Find(const SandboxRequest& request) const;

  std::string Open();

  void LogIn(const std::string& session, const std::string& user);

  // Who is logged in; "" if nobody is.
  std::string User(const std::string& session) const;
  // What X-UserToken must be.
  std::string Token(const std::string& session) const;

  void Clear();

 private:
  struct Session {
    std::string user;
    std::string token;
  };

  const std::function<std::string()> make_id_;
  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;
  std::deque<std::string> order_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SESSIONS_H_
