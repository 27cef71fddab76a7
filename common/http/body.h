#ifndef OPCON_SNOW_COMMON_HTTP_BODY_H_
#define OPCON_SNOW_COMMON_HTTP_BODY_H_

// File: body.h
//
// Bodies that do not fit into a string: a source that a transport pulls from,
// a sink that it pushes into. Both may pause it. `BodyPipe` (body_pipe.h) is a
// ready implementation of both for feeding from, and draining into, a gRPC
// stream.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/strings/string_view.h"
#include "common/http/headers.h"

namespace opcon_snow::http {

// What a request sends. All calls come on the loop thread and must not block.
class BodySource {
 public:
  enum class State {
    kData,     // `size` bytes were written to the buffer, at least one
    kPending,  // nothing now: call `resume` when that changes
    kEnd,      // the body is complete
    kError,    // the body cannot be completed: the request is given up
  };
  struct ReadResult {
    State state;
    std::size_t size = 0;
  };

  virtual ~BodySource() = default;

  // Bytes in all, if known: sent as Content-Length, and a source that delivers
  // more or less fails the request. Unknown: sent chunked. Asked once, before
  // the first Read.
  virtual std::optional<std::int64_t> length() const = 0;

  // Called once, before the first Read. `resume` may be called on any thread,
  // any number of times, also after the transfer has ended (then it does
  // nothing). It never calls back into the source itself.
  virtual void Open(std::function<void()> resume) = 0;

  // Copies at most `capacity` (> 0) bytes to `buffer`.
  virtual ReadResult Read(char* buffer, std::size_t capacity) = 0;

  // Called exactly once if Open was called: nothing more is read, because the
  // body was sent, the server answered without reading all of it, or the
  // request failed. A producer that waits must be woken here.
  virtual void Close() = 0;
};

// Where the body of a response goes. All calls come on the loop thread and must
// not block.
class BodySink {
 public:
  enum class WriteResult {
    kTaken,   // all of it was consumed
    kPaused,  // none of it was consumed; it is offered again after `resume`
    kAbort,   // the rest is not wanted: the request fails with kSink
  };

  virtual ~BodySink() = default;

  // Called at most once, before the first Write, when the final response header
  // is complete. `resume` as with BodySource::Open. Return false to have this
  // body collected in `Response::body` instead (an error text, say): the sink
  // gets no further call then.
  virtual bool Open(int status, const Headers& headers,
                    std::function<void()> resume) = 0;

  virtual WriteResult Write(absl::string_view data) = 0;

  // Called exactly once if Open returned true: no Write follows. `complete`
  // tells whether the whole body was delivered. Comes before the result of
  // Transport::Send.
  virtual void Close(bool complete) = 0;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_BODY_H_
