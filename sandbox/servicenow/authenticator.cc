#include "sandbox/servicenow/authenticator.h"

#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/jwt.h"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

Reply AccessDenied() {
  return Reply::Json(
      401, {{"error_description", "access_denied"}, {"error", "server_error"}});
}

}  // namespace

Authenticator::Authenticator(const Settings* settings, Clock clock,
                             std::function<std::string()> make_token,
                             Users users)
    : settings_(settings),
      clock_(std::move(clock)),
      make_token_(std::move(make_token)),
      users_(std::move(users)) {}

std::optional<std::string> Authenticator::Identify(
    const SandboxRequest& request) const {
  std::string key = request.Header("x-sn-apikey");
  if (key.empty()) key = request.Query("x-sn-apikey").value_or("");
  if (!key.empty()) {
    if (key != settings_->api_key ||
        !users_.is_active(settings_->integration_user)) {
      return std::nullopt;
    }
    return settings_->integration_user;
  }
  const std::pair<std::string, std::string> halves =
      absl::StrSplit(request.Header("authorization"), absl::MaxSplits(' ', 1));
  if (absl::EqualsIgnoreCase(halves.first, "bearer")) {
    const auto it = access_.find(halves.second);
    if (it == access_.end() || it->second.expires <= clock_() ||
        !users_.is_active(it->second.user)) {
      return std::nullopt;
    }
    return it->second.user;
  }
  std::string decoded;
  if (!absl::EqualsIgnoreCase(halves.first, "basic") ||
      !settings_->allow_basic ||
      !absl::Base64Unescape(halves.second, &decoded)) {
    return std::nullopt;
  }
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string user = decoded.substr(0, colon);
  if (!users_.password_is_right(user, decoded.substr(colon + 1))) {
    return std::nullopt;
  }
  return user;
}

Reply Authenticator::Token(const SandboxRequest& request) {
  if (request.method != "POST" ||
      !absl::StartsWithIgnoreCase(request.Header("content-type"),
                                  "application/x-www-form-urlencoded")) {
    return AccessDenied();
  }
  std::map<std::string, std::string> form;
  for (auto& [name, value] : ParseQuery(request.body)) form[name] = value;
  if (form["client_id"] != settings_->oauth_client_id ||
      form["client_secret"] != settings_->oauth_client_secret) {
    return AccessDenied();
  }
  const std::string& grant = form["grant_type"];
  if (!settings_->oauth_grants.contains(grant.substr(grant.rfind(':') + 1))) {
    return AccessDenied();
  }
  if (grant == "password") {
    if (!users_.password_is_right(form["username"], form["password"])) {
      return AccessDenied();
    }
    return Grant(form["username"], true);
  }
  if (grant == "client_credentials") {
    if (!users_.is_active(settings_->integration_user)) return AccessDenied();
    return Grant(settings_->integration_user, false);
  }
  if (grant == "refresh_token") {
    const auto it = refresh_.find(form["refresh_token"]);
    if (it == refresh_.end() || it->second.expires <= clock_() ||
        !users_.is_active(it->second.user)) {
      return AccessDenied();
    }
    return Grant(it->second.user, true);
  }
  if (grant == "urn:ietf:params:oauth:grant-type:jwt-bearer") {
    const std::string user = SubjectOf(form["assertion"]);
    if (user.empty()) return AccessDenied();
    return Grant(user, false);
  }
  return AccessDenied();
}

std::string Authenticator::SubjectOf(const std::string& assertion) {
  if (settings_->jwt_public_key.empty()) return "";
  const absl::StatusOr<nlohmann::json> claims =
      VerifyJwt(assertion, settings_->jwt_public_key);
  if (!claims.ok()) return "";
  const auto text = [&](const char* name) {
    return claims->contains(name) && (*claims)[name].is_string()
               ? (*claims)[name].get<std::string>()
               : std::string();
  };
  constexpr absl::Duration kSkew = absl::Seconds(300);
  if (!claims->contains("exp") || !(*claims)["exp"].is_number_integer()) {
    return "";
  }
  const absl::Time now = clock_();
  const absl::Time expires =
      absl::FromUnixSeconds((*claims)["exp"].get<std::int64_t>());
  const std::string id = text("jti");
  if (text("aud") != settings_->oauth_client_id || text("iss").empty() ||
      id.empty() || expires + kSkew <= now) {
    return "";
  }
  std::erase_if(used_assertions_,
                [&](const auto& entry) { return entry.second <= now; });
  if (!used_assertions_.emplace(id, expires + kSkew).second) return "";
  return users_.find(text("sub"));
}

Reply Authenticator::Grant(const std::string& user, bool with_refresh_token) {
  const absl::Time now = clock_();
  std::erase_if(access_,
                [&](const auto& entry) { return entry.second.expires <= now; });
  std::string token;
  for (const auto& [issued, details] : access_) {
    if (details.user == user) token = issued;
  }
  if (token.empty()) {
    token = make_token_();
    access_[token] = {user, now + settings_->access_token_lifetime};
  }
  nlohmann::json body = {
      {"scope", "useraccount"},
      {"token_type", "Bearer"},
      {"expires_in", absl::ToInt64Seconds(access_[token].expires - now)},
      {"access_token", token},
  };
  if (with_refresh_token) {
    std::string refresh;
    for (const auto& [issued, details] : refresh_) {
      if (details.user == user && details.expires > now) refresh = issued;
    }
    if (refresh.empty()) {
      refresh = make_token_();
      refresh_[refresh] = {user, now + settings_->refresh_token_lifetime};
    }
    body["refresh_token"] = refresh;
  }
  return Reply::Json(200, body);
}

void Authenticator::RevokeAccessTokens() { access_.clear(); }

void Authenticator::Reset() {
  access_.clear();
  refresh_.clear();
  used_assertions_.clear();
}

}  // namespace opcon_snow::sandbox::servicenow
