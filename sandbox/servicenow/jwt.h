#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_JWT_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_JWT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::sandbox::servicenow {

// INVALID_ARGUMENT if `pem` is no RSA public key or certificate.
absl::Status CheckPublicKey(const std::string& pem);

// The claims of a token "header.claims.signature" that was signed with RS256,
// RS384 or RS512 by the owner of the key in `pem` (a public key or a
// certificate). PERMISSION_DENIED if it was not; times are not looked at.
absl::StatusOr<nlohmann::json> VerifyJwt(const std::string& token,
                                         const std::string& pem);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_JWT_H_
