#include "snow_gateway/jwt.h"

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "openssl/bio.h"
#include "openssl/bn.h"
#include "openssl/ecdsa.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/rand.h"

namespace opcon_snow::snow {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kP256Bits = 256;
constexpr int kP256Bytes = 32;

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using DigestContext =
    std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX, EVP_MD_CTX_free>>;
using EcSignature =
    std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG, ECDSA_SIG_free>>;

std::string Encode(absl::string_view bytes) {
  return absl::WebSafeBase64Escape(bytes);
}

// A key that asks for a passphrase is refused, not asked for on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                 void* /*data*/) {
  return 0;
}

PrivateKey ReadKey(absl::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  if (bio == nullptr) return nullptr;
  PrivateKey key(PEM_read_bio_PrivateKey(bio, nullptr, &NoPassphrase, nullptr));
  BIO_free(bio);
  return key;
}

// ASN.1 as OpenSSL makes it, to the two numbers that JWS wants.
absl::StatusOr<std::string> RawEcSignature(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const EcSignature signature(
      d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  std::array<unsigned char, std::size_t{2} * kP256Bytes> raw{};
  if (signature == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kP256Bytes) !=
          kP256Bytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kP256Bytes,
                   kP256Bytes) != kP256Bytes) {
    return absl::InternalError("the signature cannot be encoded");
  }
  return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
}

}  // namespace

struct JwtSigner::Key {
  PrivateKey key;
  bool is_rsa = true;
};

JwtSigner::JwtSigner(std::unique_ptr<Key> key, std::string key_id)
    : key_(std::move(key)), key_id_(std::move(key_id)) {}

JwtSigner::~JwtSigner() = default;

absl::StatusOr<std::shared_ptr<const JwtSigner>> JwtSigner::FromPem(
    absl::string_view pem, std::string key_id) {
  auto key = std::make_unique<Key>();
  key->key = ReadKey(pem);
  if (key->key == nullptr) {
    return absl::InvalidArgumentError(
        "holds no private key in PEM form without a passphrase");
  }
  const int bits = EVP_PKEY_bits(key->key.get());
  switch (EVP_PKEY_base_id(key->key.get())) {
    case EVP_PKEY_RSA:
      if (bits < kMinRsaBits) {
        return absl::InvalidArgumentError(
            absl::StrCat("holds an RSA key of ", bits, " bits; at least ",
                         kMinRsaBits, " are needed"));
      }
      break;
    case EVP_PKEY_EC:
      if (bits != kP256Bits) {
        return absl::InvalidArgumentError(
            "holds an elliptic-curve key on another curve than P-256");
      }
      key->is_rsa = false;
      break;
    default:
      return absl::InvalidArgumentError("holds neither an RSA nor a P-256 key");
  }
  return std::shared_ptr<const JwtSigner>(
      new JwtSigner(std::move(key), std::move(key_id)));
}

absl::StatusOr<std::string> JwtSigner::Sign(const JwtClaims& claims) const {
  nlohmann::json header = {{"alg", key_->is_rsa ? "RS256" : "ES256"},
                           {"typ", "JWT"}};
  if (!key_id_.empty()) header["kid"] = key_id_;
  const nlohmann::json body = {{"iss", claims.issuer},
                               {"sub", claims.subject},
                               {"aud", claims.audience},
                               {"jti", claims.id},
                               {"iat", absl::ToUnixSeconds(claims.issued)},
                               {"exp", absl::ToUnixSeconds(claims.expires)}};
  const auto replace = nlohmann::json::error_handler_t::replace;
  const std::string text =
      absl::StrCat(Encode(header.dump(-1, ' ', false, replace)), ".",
                   Encode(body.dump(-1, ' ', false, replace)));
  const auto* input = reinterpret_cast<const unsigned char*>(text.data());

  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr,
                         key_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, input, text.size()) != 1) {
    return absl::InternalError("the assertion cannot be signed");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     input, text.size()) != 1) {
    return absl::InternalError("the assertion cannot be signed");
  }
  signature.resize(size);
  if (!key_->is_rsa) {
    absl::StatusOr<std::string> raw = RawEcSignature(signature);
    if (!raw.ok()) return raw.status();
    signature = *std::move(raw);
  }
  return absl::StrCat(text, ".", Encode(signature));
}

std::string RandomJwtId() {
  std::array<unsigned char, 16> bytes{};
  // It fails only without a source of entropy; there is no way to go on.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    std::abort();
  }
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace opcon_snow::snow
