#include "snow_gateway/jwt.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "openssl/bn.h"
#include "openssl/ec.h"
#include "openssl/ecdsa.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/rsa.h"

namespace opcon_snow::snow {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

struct KeyFreer {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFreer>;

std::string PemOf(const Key& key) {
  BIO* bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                     nullptr, nullptr),
            1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

JwtClaims Claims() {
  return {"client",
          "joe",
          "client",
          "id \"1\"",
          absl::FromUnixSeconds(1000),
          absl::FromUnixSeconds(1300)};
}

std::string Decoded(const std::string& part) {
  std::string text;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(part, &text));
  return text;
}

// Whether `der` is the key's signature of `text`.
bool Verifies(const Key& key, const std::string& text, const std::string& der) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr,
                           key.get()) == 1 &&
      EVP_DigestVerify(
          context, reinterpret_cast<const unsigned char*>(der.data()),
          der.size(), reinterpret_cast<const unsigned char*>(text.data()),
          text.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

// The two numbers of a JWS as OpenSSL wants them.
std::string DerOf(const std::string& raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr),
                 BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  std::string text(reinterpret_cast<char*>(der),
                   static_cast<std::size_t>(size));
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return text;
}

TEST(JwtTest, SignsWithRsaAndWithP256) {
  for (const bool rsa : {true, false}) {
    const Key key(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    const auto signer = JwtSigner::FromPem(PemOf(key), "k1");
    ASSERT_OK(signer);
    const auto token = (*signer)->Sign(Claims());
    ASSERT_OK(token);
    const std::vector<std::string> parts = absl::StrSplit(*token, '.');
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(
        json::parse(Decoded(parts[0])),
        json(
            {{"alg", rsa ? "RS256" : "ES256"}, {"typ", "JWT"}, {"kid", "k1"}}));
    EXPECT_EQ(json::parse(Decoded(parts[1])), json({{"iss", "client"},
                                                    {"sub", "joe"},
                                                    {"aud", "client"},
                                                    {"jti", "id \"1\""},
                                                    {"iat", 1000},
                                                    {"exp", 1300}}));
    const std::string signature = Decoded(parts[2]);
    if (!rsa) ASSERT_EQ(signature.size(), 64u);
    EXPECT_TRUE(Verifies(key, absl::StrCat(parts[0], ".", parts[1]),
                         rsa ? signature : DerOf(signature)));
  }
}

TEST(JwtTest, RefusesOtherKeysWithoutShowingThem) {
  const std::string weak = PemOf(Key(EVP_RSA_gen(1024)));
  const std::string other = PemOf(Key(EVP_EC_gen("P-384")));
  const std::string ed25519 =
      PemOf(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
  for (const std::string& pem :
       {weak, other, ed25519, std::string("no key"), std::string()}) {
    const auto signer = JwtSigner::FromPem(pem, "k1");
    EXPECT_THAT(signer, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(signer.status().message()),
                Not(HasSubstr("PRIVATE KEY-----")));
  }
}

TEST(JwtTest, IdsDiffer) { EXPECT_NE(RandomJwtId(), RandomJwtId()); }

}  // namespace
}  // namespace opcon_snow::snow
