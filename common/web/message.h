#ifndef OPCON_SNOW_COMMON_WEB_MESSAGE_H_
#define OPCON_SNOW_COMMON_WEB_MESSAGE_H_

// Requests and answers of the HTTP door as plain values, and who answers.

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
