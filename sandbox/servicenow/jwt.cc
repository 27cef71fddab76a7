#include "sandbox/servicenow/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key ReadKey(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) {
    BIO_reset(bio.get());
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (certificate != nullptr) key = X509_get_pubkey(certificate.get());
  }
  return {key, &EVP_PKEY_free};
}

Json Decode(absl::string_view part) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(part, &text)) return Json();
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

const EVP_MD* DigestOf(const Json& header) {
  if (!header.is_object() || !header.contains("alg")) return nullptr;
  if (header["alg"] == "RS256") return EVP_sha256();
  if (header["alg"] == "RS384") return EVP_sha384();
  if (header["alg"] == "RS512") return EVP_sha512();
  return nullptr;
}

}  // namespace

absl::Status CheckPublicKey(const std::string& pem) {
  const Key key = ReadKey(pem);
  if (key == nullptr || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) {
    return absl::InvalidArgumentError(
        "not a PEM file with an RSA public key or a certificate of one");
  }
  return absl::OkStatus();
}

absl::StatusOr<nlohmann::json> VerifyJwt(const std::string& token,
                                         const std::string& pem) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) {
    return absl::PermissionDeniedError("the assertion is not a JWT");
  }
  const EVP_MD* digest = DigestOf(Decode(parts[0]));
  std::string signature;
  if (digest == nullptr || !absl::WebSafeBase64Unescape(parts[2], &signature)) {
    return absl::PermissionDeniedError("the algorithm is not RS256, 384, 512");
  }
  const Key key = ReadKey(pem);
  if (key == nullptr) return absl::PermissionDeniedError("there is no key");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const std::string signed_text = absl::StrCat(parts[0], ".", parts[1]);
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr,
                           key.get()) != 1 ||
      EVP_DigestVerify(
          context.get(),
          reinterpret_cast<const unsigned char*>(signature.data()),
          signature.size(),
          reinterpret_cast<const unsigned char*>(signed_text.data()),
          signed_text.size()) != 1) {
    return absl::PermissionDeniedError("the signature is wrong");
  }
  Json claims = Decode(parts[1]);
  if (!claims.is_object()) {
    return absl::PermissionDeniedError("the claims are not an object");
  }
  return claims;
}

}  // namespace opcon_snow::sandbox::servicenow
