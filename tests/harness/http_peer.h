#ifndef OPCON_SNOW_TESTS_HARNESS_HTTP_PEER_H_
#define OPCON_SNOW_TESTS_HARNESS_HTTP_PEER_H_

// A client of an upstream's own API, independent of the suite's code: what a
// person or another program would see.

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::harness {

struct HttpAnswer {
  int status = 0;
  std::string body;
  // Null if the body is not JSON.
  nlohmann::json json;
};

class HttpPeer {
 public:
  // Talks to 127.0.0.1. `authorization` is the value of that header; empty for
  // none.
  HttpPeer(int port, std::string authorization)
      : port_(port), authorization_(std::move(authorization)) {}

  int port() const { return port_; }
  // "http://127.0.0.1:PORT".
  std::string base_url() const;

  // `path` is sent as it is: encode what needs it. UNAVAILABLE if no answer
  // came; any HTTP status is an answer.
  absl::StatusOr<HttpAnswer> Get(const std::string& path) const;
  absl::StatusOr<HttpAnswer> Send(const std::string& method,
                                  const std::string& path,
                                  const nlohmann::json& body) const;

 private:
  const int port_;
  const std::string authorization_;
};

// RFC 3986, unreserved characters only.
std::string Encode(const std::string& text);

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_HTTP_PEER_H_
