#ifndef OPCON_SNOW_COMMON_DIGEST_SHA256_H_
#define OPCON_SNOW_COMMON_DIGEST_SHA256_H_

// SHA-256, of a text at once or of pieces.

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(absl::string_view data);
  // Lower-case hexadecimal; the last call on the object.
  std::string FinishHex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view data);

// Whether `text` could be a digest.
bool IsSha256Hex(absl::string_view text);

}  // namespace opcon_snow

#endif  // OPCON_SNOW_COMMON_DIGEST_SHA256_H_
