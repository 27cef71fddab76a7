#include "sandbox/http/digest.h"

#include <openssl/evp.h>

#include <array>

#include "absl/strings/escaping.h"

namespace opcon_snow::sandbox {

std::string Sha256Hex(absl::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(),
             nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace opcon_snow::sandbox
