#ifndef OPCON_SNOW_SNOW_GATEWAY_DIGEST_H_
#define OPCON_SNOW_SNOW_GATEWAY_DIGEST_H_

// SHA-256, of a text at once or of pieces.

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::snow {

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

std::string Sha256Hex(absl::string_view data);

// Whether `text` could be a digest: 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_DIGEST_H_
