#ifndef OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_MESSAGE_H_
#define OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_MESSAGE_H_

// What OpCon's API says in the body of an error.

#include <cstddef>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/http/transport.h"
#include "opcon_gateway/error_mapping.h"

namespace opcon_snow::opcon {

struct UpstreamMessage {
  BodyForm form = BodyForm::kEmpty;
  // OpCon's own error code, in decimal; empty if there is none.
  std::string code;
  // One line for people: valid UTF-8, no control characters, at most 300
  // bytes. Empty for pages of HTML, which say nothing here.
  std::string text;
};

// Understands the shapes that the API is known to send: an array of
// {resource, name, code, message, ids}, one such object, RFC 7807
// {type, title, status, detail}, a JSON string, and plain text. Never fails:
// what is none of these gives its beginning as text. `scrub`, if given, takes
// the secrets out of a text, before it is cut.
using Scrub = std::function<std::string(std::string)>;
UpstreamMessage ReadUpstreamMessage(const http::Response& response,
                                    const Scrub& scrub = nullptr);

// The form alone. HTML is told by the Content-Type or by a body that begins
// with "<".
BodyForm FormOf(const http::Response& response);

// One line of at most `max_bytes`, fit for a message: control characters and
// line breaks become blanks, invalid UTF-8 becomes U+FFFD.
std::string ToOneLine(absl::string_view text, std::size_t max_bytes);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_UPSTREAM_MESSAGE_H_
