#ifndef OPCON_SNOW_COMMON_WEB_REQUEST_READER_H_
#define OPCON_SNOW_COMMON_WEB_REQUEST_READER_H_

// From the bytes of a connection to requests, without a socket: Boost.Beast's
// parser with bounds, and stricter. Bytes in, requests and
// refusals out, whatever the bytes are.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/web/message.h"
#include "common/web/problem.h"

namespace opcon_snow::web {

struct ReaderLimits {
  // Request line and headers together; also what any other line may have.
  std::size_t max_header_bytes = std::size_t{16} << 10;
  std::size_t max_body_bytes = std::size_t{1} << 20;
};

// One for a connection. Not thread-safe.
class RequestReader {
 public:
  enum class State {
    kNeedsMore,  // nothing can be said without further bytes
    kHead,       // the head is there; Advance goes on with the body
    kComplete,   // Take gives the request
    kFailed,     // fault() and problem() say why; the connection is of no use
  };

  // `domain` is that of its refusals.
  explicit RequestReader(ReaderLimits limits, std::string domain = "http");
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Bytes as they come. Those of later requests are kept.
  void Append(absl::string_view bytes);
  // Goes on as far as the bytes reach. Says kHead once for each request.
  State Advance();
  // Whether bytes of the request have come.
  bool HasBegun() const;

  // From kHead on.
  const Request& head() const;
  // Whether the client waits for "100 Continue" before it sends the body.
  bool ExpectsContinue() const;
  // HTTP/1.1 without "Connection: close".
  bool KeepsAlive() const;

  // In kComplete: the request; then the next one begins.
  Request Take();

  // In kFailed.
  Answer problem() const;

 private:
  struct Impl;
  State Fail(Fault fault, absl::string_view detail);
  State CheckHead();

  const std::unique_ptr<Impl> impl_;
};

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_REQUEST_READER_H_
