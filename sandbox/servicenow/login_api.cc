#include "sandbox/servicenow/login_api.h"

#include <map>
#include <utility>

#include "nlohmann/json.hpp"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {

Reply LoginApi::Handle(const SandboxRequest& request,
                       const std::optional<Actor>& actor,
                       const std::string& session) {
  if (request.method != "POST") return MethodNotSupported(request.method);
  const std::string type = request.Query("sysparm_type").value_or("");
  if (type == "view_form.login") return LogIn(request, session);
  if (type == "get_user") return GetUser(actor, session);
  return NotSimulated("angular.do with sysparm_type " + type);
}

Reply LoginApi::LogIn(const SandboxRequest& request,
                      const std::string& session) {
  std::map<std::string, std::string> form;
  for (auto& [name, value] : ParseQuery(request.body)) form[name] = value;
  const std::string& user = form["user_name"];
  if (!authenticator_->PasswordIsRight(user, form["user_password"])) {
    return Reply::Json(200, {{"status", "error"},
                             {"message", "User name or password invalid"}});
  }
  sessions_->LogIn(session, user);
  return Reply::Json(200, {{"status", "success"},
                           {"message", "Login successful"},
                           {"redirect_url", "navpage.do"}});
}

Reply LoginApi::GetUser(const std::optional<Actor>& actor,
                        const std::string& session) {
  if (!actor.has_value()) {
    Reply reply = NotAuthenticated();
    if (!sessions_->User(session).empty()) {
      reply.With("X-UserToken-Response", sessions_->Token(session));
    }
    return reply;
  }
  sessions_->LogIn(session, actor->user_name);
  const Record* user = store_->Find("sys_user", actor->sys_id);
  const auto value = [&](const char* column) {
    return user == nullptr ? std::string() : user->Get(column);
  };
  return Reply::Json(200, {{"user_name", actor->user_name},
                           {"user_sys_id", actor->sys_id},
                           {"user_display_name", value("name")},
                           {"user_first_name", value("first_name")},
                           {"user_last_name", value("last_name")},
                           {"user_email", value("email")},
                           {"roles", actor->roles}})
      .With("X-UserToken-Response", sessions_->Token(session));
}

}  // namespace opcon_snow::sandbox::servicenow
