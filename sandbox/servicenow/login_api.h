#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_LOGIN_API_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_LOGIN_API_H_

// POST /angular.do: what ServiceNow's own command-line tool calls to log in.
//
//   ?sysparm_type=view_form.login   a form with user_name and user_password;
//                                   logs the session of the cookie in
//   ?sysparm_type=get_user          who is logged in, with the session's user
//                                   token in X-UserToken-Response; 401 with
//                                   that header to a session that did not send
//                                   the token yet

#include <optional>
#include <string>

#include "sandbox/servicenow/authenticator.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/sessions.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

class LoginApi {
 public:
  // All must outlive it.
  LoginApi(const Authenticator* authenticator, Sessions* sessions,
           const TableStore* store)
      : authenticator_(authenticator), sessions_(sessions), store_(store) {}

  // `actor`: who the request's own credentials are, if it has any. `session`:
  // its session, opened if it brought none.
  Reply Handle(const SandboxRequest& request, const std::optional<Actor>& actor,
               const std::string& session);

 private:
  Reply LogIn(const SandboxRequest& request, const std::string& session);
  Reply GetUser(const std::optional<Actor>& actor, const std::string& session);

  const Authenticator* authenticator_;
  Sessions* sessions_;
  const TableStore* store_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_LOGIN_API_H_
