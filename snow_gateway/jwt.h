#ifndef OPCON_SNOW_SNOW_GATEWAY_JWT_H_
#define OPCON_SNOW_SNOW_GATEWAY_JWT_H_

// Signed assertions (RFC 7519, RFC 7515) for the grant jwt-bearer.

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::snow {

struct JwtClaims {
  std::string issuer;
  std::string subject;
  std::string audience;
  // Never the same twice.
  std::string id;
  absl::Time issued;
  absl::Time expires;
};

// A private key. Immutable.
class JwtSigner {
 public:
  // RSA of at least 2048 bits (RS256) or P-256 (ES256). INVALID_ARGUMENT for
  // anything else, without a word of the content.
  static absl::StatusOr<std::shared_ptr<const JwtSigner>> FromPem(
      absl::string_view pem, std::string key_id);
  ~JwtSigner();
  JwtSigner(const JwtSigner&) = delete;
  JwtSigner& operator=(const JwtSigner&) = delete;

  // "header.claims.signature". INTERNAL if OpenSSL fails.
  absl::StatusOr<std::string> Sign(const JwtClaims& claims) const;

 private:
  struct Key;
  JwtSigner(std::unique_ptr<Key> key, std::string key_id);

  const std::unique_ptr<Key> key_;
  const std::string key_id_;
};

// 128 random bits in hexadecimal.
std::string RandomJwtId();

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_JWT_H_
