#ifndef OPCON_SNOW_SANDBOX_HTTP_MASKING_H_
#define OPCON_SNOW_SANDBOX_HTTP_MASKING_H_

// Takes credentials out of what goes into the request log.

#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox {

// "Basic YWRtaW46YWRtaW4=" becomes "Basic admin:***", any other scheme
// "<scheme> ***", cookies and keys "***". `name` in lower case.
std::string MaskHeader(absl::string_view name, absl::string_view value);

// A query or form body: the values of secret parameters become "***".
std::string MaskForm(absl::string_view raw);

// A form by its content type, or JSON with a secret member at any depth; other
// bodies come back as they are.
std::string MaskBody(absl::string_view content_type, absl::string_view body);

// Standard Base64 with padding.
std::string Base64Encode(absl::string_view bytes);

// Lenient about missing padding; stops at the first other character.
std::string Base64Decode(absl::string_view text);

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_MASKING_H_
