#ifndef OPCON_SNOW_COMMON_WEB_RAW_CLIENT_H_
#define OPCON_SNOW_COMMON_WEB_RAW_CLIENT_H_

// A client for tests that sends any bytes, well-formed or not.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::web {

class RawClient {
 public:
  struct Reply {
    int status = 0;
    std::string head;  // status line and headers
    std::string body;
  };

  // Connects to 127.0.0.1.
  explicit RawClient(int port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False if the server has closed.
  bool Send(absl::string_view bytes) const;
  // Says that nothing more is sent.
  void FinishSending() const;
  // The next answer, with a body as long as its Content-Length says;
  // `to_head`: an answer to HEAD. nullopt if the connection ends before.
  std::optional<Reply> Read(bool to_head = false);
  // Waits until the server closes; false if bytes come instead.
  bool IsClosed();

 private:
  // False at the end.
  bool ReadSome();

  const int fd_;
  std::string pending_;
};

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_RAW_CLIENT_H_
