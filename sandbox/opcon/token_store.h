#ifndef OPCON_SNOW_SANDBOX_OPCON_TOKEN_STORE_H_
#define OPCON_SNOW_SANDBOX_OPCON_TOKEN_STORE_H_

// The API's tokens: user tokens that expire, application tokens that do not.

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace opcon_snow::sandbox::opcon {

struct TokenOptions {
  std::string user = "ocadm";
  std::string password = "opconxps";
  // An application token that exists from the start; empty: none.
  std::string application_token = "00000000-0000-4000-8000-000000000001";
  // How long a user token is good for; about 20 minutes in the product.
  absl::Duration user_token_lifetime = absl::Minutes(20);
};

struct Token {
  std::string id;
  std::string login_name;
  std::string application;  // empty: a user token
  absl::Time valid_from;
  absl::Time valid_until;  // absl::InfiniteFuture() for an application token
};

// Not thread-safe. `clock` is not owned and must outlive this.
class TokenStore {
 public:
  TokenStore(TokenOptions options, Clock* clock);

  // Whether the login is right. Names in any case, as OpCon takes them.
  bool CheckLogin(absl::string_view user, absl::string_view password) const;

  const Token& IssueUserToken();

  // The same application name gives the token that exists already.
  const Token& IssueApplicationToken(absl::string_view application);

  // The token if it exists and has not expired.
  const Token* Find(absl::string_view id) const;

  void Delete(absl::string_view id);

  // Back to the start: only the token of the options.
  void Reset();

 private:
  std::string NextId();

  const TokenOptions options_;
  Clock* const clock_;
  std::map<std::string, Token> tokens_;
  int issued_ = 0;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_TOKEN_STORE_H_
