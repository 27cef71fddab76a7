#ifndef OPCON_SNOW_COMMON_HTTP_TRANSPORT_H_
#define OPCON_SNOW_COMMON_HTTP_TRANSPORT_H_

// File: transport.h
//
// One HTTP request, one attempt, one outcome.
//
// An answer with ANY status is a success of this layer: a 404 or 503 arrives as
// a `Response`. A `TransportError` means that no complete, acceptable answer
// came. What either means for the caller is decided in one table per gateway.
//
// A transport makes one attempt. The single exception: if a kept connection
// turns out to be dead before one byte of the request was sent on it, another
// connection is used. Nothing that may have been seen is sent again.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/http/body.h"
#include "common/http/headers.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete };

// "GET", "HEAD", ...
absl::string_view MethodName(Method method);

struct Request {
  Method method = Method::kGet;

  // Absolute, percent-encoded, without credentials and fragment; see url.h.
  // Sent as it stands.
  std::string url;

  // Sent as given; a name or value that is not valid fails the request with
  // kBadRequest. The transport itself adds Host, User-Agent, Accept-Encoding
  // and Content-Length or Transfer-Encoding, and refuses those names here.
  Headers headers;

  // Sent if `body_source` is null. POST, PUT and PATCH always send a body,
  // possibly empty; GET and HEAD must have none.
  std::string body;
  std::shared_ptr<BodySource> body_source;

  // Gets the response body as it arrives. Null: collected in Response::body.
  std::shared_ptr<BodySink> body_sink;

  // For everything from `co_await Send` to the last byte of the answer, by a
  // steady clock. Zero or less fails at once, with nothing sent. Infinite is
  // allowed (streams bounded otherwise).
  absl::Duration timeout = absl::Seconds(60);

  // Bytes of response body after decompression, streamed or collected; one
  // more and the request fails with kTooLarge.
  std::size_t max_response_bytes = std::size_t{16} * 1024 * 1024;

  // Gives the request up with kCancelled. May be requested on any thread.
  std::stop_token stop;

  // What the request is made for; see traced_transport.h. Never sent.
  trace::TraceParent trace{};
};

struct Response {
  int status = 0;
  // Of the final answer (not of a 1xx before it). After decompression,
  // Content-Encoding and Content-Length still describe what was on the wire.
  Headers headers;
  // Empty if it went to the sink.
  std::string body;
  // From start to last byte, for logs and metrics.
  absl::Duration elapsed;
};

struct TransportError {
  enum class Kind {
    kBadRequest,  // refused here: URL, header, body; a fault of the caller
    kResolve,     // the host, or the proxy's, has no address
    kConnect,     // no connection to host or proxy
    kTls,         // handshake or certificate, own files included
    kTimeout,     // Request::timeout, connect timeout or stalled transfer
    kSend,        // the connection broke while the request was sent
    kReceive,     // it broke, or the peer closed it, before the answer's end
    kProtocol,    // what came is not HTTP/1.1 as it should be
    kTooLarge,    // header or body over the limit
    kCancelled,   // Request::stop, or the loop stops
    kSource,      // BodySource failed, or its length was wrong
    kSink,        // BodySink did not want the rest
    kOther,       // out of memory and the like
  };

  Kind kind = Kind::kOther;

  // False: not one byte of the request was handed to the network, so it can
  // always be tried again. True: the server may have acted on it.
  bool maybe_processed = false;

  // Status of the answer that broke off, if its header had arrived; else 0.
  int status = 0;

  // For people: what failed, against which host and path. Never a query, a
  // header value, a body or a credential.
  std::string message;
};

// "RESOLVE", "TLS", ...: stable, for logs, metrics and error metadata.
absl::string_view KindName(TransportError::Kind kind);

// Either a Response or a TransportError.
class [[nodiscard]] Result {
 public:
  Result(Response response)  // NOLINT(google-explicit-constructor): as StatusOr
      : value_(std::move(response)) {}
  Result(TransportError error)  // NOLINT(google-explicit-constructor)
      : value_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<Response>(value_); }

  // Only if ok().
  const Response& response() const& { return std::get<Response>(value_); }
  Response& response() & { return std::get<Response>(value_); }
  Response&& response() && { return std::get<Response>(std::move(value_)); }

  // Only if not ok().
  const TransportError& error() const& {
    return std::get<TransportError>(value_);
  }

 private:
  std::variant<Response, TransportError> value_;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // May be called and awaited on any thread. The awaiting coroutine is resumed
  // on the loop thread; if the loop has stopped before the request was taken
  // over, on the calling thread, with kCancelled and maybe_processed false.
  // The transport may be destroyed while requests are in flight; its loop
  // completes them.
  virtual async::Task<Result> Send(Request request) = 0;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_TRANSPORT_H_
