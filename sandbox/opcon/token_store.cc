#include "sandbox/opcon/token_store.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace opcon_snow::sandbox::opcon {

TokenStore::TokenStore(TokenOptions options, Clock* clock)
    : options_(std::move(options)), clock_(clock) {
  Reset();
}

bool TokenStore::CheckLogin(absl::string_view user,
                            absl::string_view password) const {
  return absl::EqualsIgnoreCase(user, options_.user) &&
         password == options_.password;
}

const Token& TokenStore::IssueUserToken() {
  Token token;
  token.id = NextId();
  token.login_name = options_.user;
  token.valid_from = clock_->Now();
  token.valid_until = token.valid_from + options_.user_token_lifetime;
  return tokens_.emplace(token.id, token).first->second;
}

const Token& TokenStore::IssueApplicationToken(absl::string_view application) {
  for (const auto& [id, token] : tokens_) {
    if (!token.application.empty() &&
        absl::EqualsIgnoreCase(token.application, application)) {
      return token;
    }
  }
  Token token;
  token.id = NextId();
  token.login_name = options_.user;
  token.application = std::string(application);
  token.valid_from = clock_->Now();
  token.valid_until = absl::InfiniteFuture();
  return tokens_.emplace(token.id, token).first->second;
}

const Token* TokenStore::Find(absl::string_view id) const {
  const auto found = tokens_.find(absl::AsciiStrToLower(id));
  if (found == tokens_.end()) return nullptr;
  return clock_->Now() < found->second.valid_until ? &found->second : nullptr;
}

void TokenStore::Delete(absl::string_view id) {
  tokens_.erase(absl::AsciiStrToLower(id));
}

void TokenStore::Reset() {
  tokens_.clear();
  issued_ = 0;
  if (options_.application_token.empty()) return;
  Token token;
  token.id = absl::AsciiStrToLower(options_.application_token);
  token.login_name = options_.user;
  token.application = "sandbox";
  token.valid_from = clock_->Now();
  token.valid_until = absl::InfiniteFuture();
  tokens_.emplace(token.id, token);
}

std::string TokenStore::NextId() {
  return absl::StrFormat("00000000-0000-4000-9000-%012x", ++issued_);
}

}  // namespace opcon_snow::sandbox::opcon
