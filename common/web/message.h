#ifndef OPCON_SNOW_COMMON_WEB_MESSAGE_H_
#define OPCON_SNOW_COMMON_WEB_MESSAGE_H_

// HTTP requests and answers as plain values, and who answers.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::web {

// A request that has passed the checks of RequestReader.
struct Request {
  std::string method{};  // as it came, "GET"
  std::string target{};  // as it came, "/v1/reports?pageSize=5"
  // In the order in which they came, names in lower case.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  // Of the client's verified certificate; see CertificateNames().
  std::vector<std::string> certificate_names{};
  std::string peer{};  // "10.1.2.3:40000"

  // The first header of this name (in lower case); "" if there is none.
  absl::string_view Header(absl::string_view name) const;
  bool HasHeader(absl::string_view name) const;
};

// The server adds Content-Length, Date and what concerns the connection.
struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

// Whether `authority`, a host with or without a port, is a loopback address: a
// page of another site must not reach a server without TLS by a name that
// leads to this machine.
bool IsLoopbackAuthority(absl::string_view authority);
// The same of the header Host. True if there is none, as in HTTP/1.0.
bool NamesLoopback(const Request& head);

class Handler {
 public:
  using Done = std::function<void(Answer)>;

  virtual ~Handler() = default;
  // Called before the body is read: an answer refuses the request unread. Must
  // not block.
  virtual std::optional<Answer> Refuse(const Request& head) = 0;
  // Must not block. Calls `done` exactly once, on any thread, at any time.
  virtual void Handle(Request request, Done done) = 0;
};

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_MESSAGE_H_
