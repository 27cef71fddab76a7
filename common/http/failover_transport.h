#ifndef OPCON_SNOW_COMMON_HTTP_FAILOVER_TRANSPORT_H_
#define OPCON_SNOW_COMMON_HTTP_FAILOVER_TRANSPORT_H_

// File: failover_transport.h
//
// One upstream at several addresses. A request is made for the first of them
// and goes to the one that was reached last; if that cannot be reached, to the
// next ones in order, within the request's own time.
//
// Only where not one byte of the request was handed to the network: name
// resolution, connection and TLS. What may have been seen is never sent again,
// and an answer, whatever its status, is an answer. A request with a
// `body_source` is sent to one address only, since a source is read once.
//
// After kReturnAfter on another address the first one is tried again.

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/http/transport.h"
#include "common/http/url.h"

namespace opcon_snow::http {

class FailoverTransport final : public Transport {
 public:
  static constexpr absl::Duration kReturnAfter = absl::Minutes(1);

  // `addresses`: at least one; URLs of requests begin with the text of the
  // first. `name` is what the log calls the upstream. `loop` must outlive every
  // Send.
  FailoverTransport(std::string name, std::vector<BaseUrl> addresses,
                    async::EventLoop* loop, std::shared_ptr<Transport> inner);
  ~FailoverTransport() override;

  // As Transport::Send, but to be called on the loop thread.
  async::Task<Result> Send(Request request) override;

  // The address that the next request goes to. Loop thread.
  const BaseUrl& current() const;

 private:
  struct State;
  static async::Task<Result> Run(std::shared_ptr<State> state, Request request);

  // Shared with the requests, which may outlive the transport.
  const std::shared_ptr<State> state_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_FAILOVER_TRANSPORT_H_
