#include "tests/harness/signing_key.h"

#include <cstddef>
#include <memory>
#include <string>

#include "openssl/evp.h"
#include "openssl/pem.h"

namespace opcon_snow::harness {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// Empty if OpenSSL fails, which every user notices.
template <class Write>
std::string Written(Write write) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || write(bio.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

SigningKey MakeSigningKey() {
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_RSA_gen(2048));
  return {.private_pem = Written([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0,
                                            nullptr, nullptr);
          }),
          .public_pem = Written(
              [&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); })};
}

}  // namespace opcon_snow::harness
