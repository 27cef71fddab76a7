// Logging in and out.

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_context.h"
#include "sandbox/opcon/api_errors.h"
#include "sandbox/opcon/json_input.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

struct Login {
  std::string user;
  std::string password;
  std::string type;  // "User" or "Application"
  std::string application;
};

absl::StatusOr<Login> ParseLogin(const json& body) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields fields, JsonFields::Of(body));
  const json* user = fields.Find("user");
  const json* type = fields.Find("tokenType");
  if (user == nullptr || type == nullptr) {
    return absl::InvalidArgumentError("user and tokenType are required.");
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields user_fields,
                              JsonFields::Of(*user));
  OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields type_fields,
                              JsonFields::Of(*type));
  Login login;
  OPCON_SNOW_ASSIGN_OR_RETURN(login.user, user_fields.Text("loginName"));
  OPCON_SNOW_ASSIGN_OR_RETURN(login.password, user_fields.Text("password"));
  OPCON_SNOW_ASSIGN_OR_RETURN(login.type, type_fields.Text("type"));
  OPCON_SNOW_ASSIGN_OR_RETURN(login.application, type_fields.Text("id"));
  if (absl::EqualsIgnoreCase(login.type, "Application")) {
    if (login.application.empty()) {
      return absl::InvalidArgumentError(
          "tokenType.id is required for an application token.");
    }
  } else if (!absl::EqualsIgnoreCase(login.type, "User")) {
    return absl::InvalidArgumentError(
        "tokenType.type must be User or Application.");
  }
  return login;
}

Reply PostToken(ApiContext& context, const ApiCall& call) {
  const auto body = ReadBody(call.request);
  if (const Reply* refusal = std::get_if<Reply>(&body)) return *refusal;
  const absl::StatusOr<Login> login = ParseLogin(std::get<json>(body));
  if (!login.ok()) return ErrorReply(login.status(), "token", "");
  if (!context.tokens->CheckLogin(login->user, login->password)) {
    return ApiError(401, "token", "", "Invalid user name or password");
  }
  const bool application = absl::EqualsIgnoreCase(login->type, "Application");
  const Token& token =
      application ? context.tokens->IssueApplicationToken(login->application)
                  : context.tokens->IssueUserToken();
  return Reply::Json(context.options.created_status,
                     context.view().TokenOf(token));
}

}  // namespace

void AddTokenRoutes(ApiContext* context, Router& router) {
  router.AddWithoutToken("POST", "api/tokens", [context](const ApiCall& call) {
    return PostToken(*context, call);
  });
  router.Add("GET", "api/tokens", [context](const ApiCall& call) {
    return Reply::Json(200, context->view().TokenOf(*call.token));
  });
  router.Add("DELETE", "api/tokens", [context](const ApiCall& call) {
    context->tokens->Delete(call.token->id);
    return Reply::Empty(200);
  });
}

}  // namespace opcon_snow::sandbox::opcon
