#ifndef OPCON_SNOW_COMMON_RPC_ACCEPTOR_H_
#define OPCON_SNOW_COMMON_RPC_ACCEPTOR_H_

// Listens and accepts connections for gRPC 1.51, whose own listener is deaf for
// ever once accept() has failed for want of a descriptor. Bounds how many there
// are, in all and from one address.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace opcon_snow::rpc {

struct AcceptorOptions {
  // An address, or a name that is looked up once; all its addresses are bound.
  std::string host = "127.0.0.1";
  int port = 0;  // 0 takes a free one
  int max_connections = 1000;
  // Does not hold for this machine's own addresses 127.0.0.0/8 and ::1.
  int max_per_peer = 250;
};

class Acceptor {
 public:
  // Binds; connections wait until Start. UNAVAILABLE, naming the address, if it
  // cannot be bound.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(
      AcceptorOptions options);
  // Stops, if nobody did.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Gives each connection, which does not block, to `take`, which owns and
  // closes it, on a thread of its own. Once. When descriptors run out, looks
  // again every 50 ms.
  using Take = std::function<void(int listener, int connection)>;
  void Start(Take take);
  // Does not listen any more when it returns.
  void Stop();

  int port() const;

 private:
  class Impl;
  explicit Acceptor(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_ACCEPTOR_H_
