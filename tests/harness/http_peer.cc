#include "tests/harness/http_peer.h"

#include <httplib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace opcon_snow::harness {
namespace {

constexpr int kTimeoutSeconds = 30;

absl::StatusOr<HttpAnswer> ToAnswer(const httplib::Result& result,
                                    const std::string& what) {
  if (!result) {
    return absl::UnavailableError(
        absl::StrCat(what, ": ", httplib::to_string(result.error())));
  }
  HttpAnswer answer;
  answer.status = result->status;
  answer.body = result->body;
  answer.json = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.json.is_discarded()) answer.json = nullptr;
  return answer;
}

}  // namespace

std::string HttpPeer::base_url() const {
  return absl::StrCat("http://127.0.0.1:", port_);
}

absl::StatusOr<HttpAnswer> HttpPeer::Get(const std::string& path) const {
  return Send("GET", path, nullptr);
}

absl::StatusOr<HttpAnswer> HttpPeer::Send(const std::string& method,
                                          const std::string& path,
                                          const nlohmann::json& body) const {
  httplib::Client client("127.0.0.1", port_);
  client.set_read_timeout(kTimeoutSeconds);
  // The library would encode the path a second time.
  client.set_url_encode(false);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.set_header("Accept", "application/json");
  if (!authorization_.empty()) {
    request.set_header("Authorization", authorization_);
  }
  if (!body.is_null()) {
    request.body = body.dump();
    request.set_header("Content-Type", "application/json");
  }
  return ToAnswer(client.send(request), absl::StrCat(method, " ", path));
}

std::string Encode(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace opcon_snow::harness
