#ifndef OPCON_SNOW_SNOW_GATEWAY_OAUTH_H_
#define OPCON_SNOW_SNOW_GATEWAY_OAUTH_H_

// OAuth 2.0 against an instance's own token endpoint, `/oauth_token.do`.
//
// One login serves all calls: whoever needs a token while one is being fetched
// waits for it. A token is renewed a margin before it expires; ServiceNow gives
// the current token again as long as it lives, so that what is left of it may
// be short from the beginning. A refused login is remembered for some seconds,
// so that many calls do not lock the account.

#include <memory>

#include "snow_gateway/credentials.h"

namespace opcon_snow::snow {

std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthClientCredentials credentials);

// Logs in with the password and renews by refresh tokens, as long as the
// instance takes them.
std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthPasswordCredentials credentials);

// Logs in with an assertion made anew each time.
std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthJwtCredentials credentials);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_OAUTH_H_
