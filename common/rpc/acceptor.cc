#include "common/rpc/acceptor.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/metrics/listener_metrics.h"
#include "common/metrics/metrics.h"
#include "common/rpc/address.h"
#include "common/status/status_macros.h"

namespace opcon_snow::rpc {
namespace {

constexpr int kRetryMilliseconds = 50;
constexpr std::chrono::seconds kBetweenLines{1};

class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Descriptor(Descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  int get() const { return descriptor_; }
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// The address without the port, as bytes; empty for this machine's own.
std::string PeerOf(const sockaddr_storage& address) {
  std::string peer;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    peer.assign(reinterpret_cast<const char*>(&v4.sin_addr), 4);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) return "";
    const auto* bytes = reinterpret_cast<const char*>(&v6.sin6_addr);
    peer = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ? std::string(bytes + 12, 4)
                                               : std::string(bytes, 16);
  }
  return peer.size() == 4 && peer[0] == 127 ? "" : peer;
}

// What tells a socket from any other that has its number later.
std::optional<ino_t> IdentityOf(int descriptor) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) return std::nullopt;
  return info.st_ino;
}

// The connections that live, as far as can be seen: whoever has taken one does
// not say when it is closed, so we look when it matters.
class Census {
 public:
  Census(int most, int most_per_peer)
      : most_(most), most_per_peer_(most_per_peer) {}
  ~Census() { metrics_.open.Add(-static_cast<double>(living_.size())); }
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;

  bool Admit(int descriptor, const std::string& peer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool admitted = AdmitLocked(descriptor, peer);
    (admitted ? metrics_.accepted : metrics_.refused).Add();
    return admitted;
  }

  // So that what is exposed is not what there was when it last mattered.
  void CountAnew() {
    const std::lock_guard<std::mutex> lock(mutex_);
    Sweep();
  }

 private:
  struct Connection {
    ino_t identity;
    std::string peer;
  };

  bool AdmitLocked(int descriptor, const std::string& peer) {
    const std::optional<ino_t> identity = IdentityOf(descriptor);
    if (!identity.has_value()) return false;
    Forget(descriptor);
    if (!HasRoom(peer)) Sweep();
    if (!HasRoom(peer)) return false;
    living_[descriptor] = {*identity, peer};
    metrics_.open.Add(1);
    if (!peer.empty()) ++by_peer_[peer];
    return true;
  }

  bool HasRoom(const std::string& peer) const {
    if (static_cast<int>(living_.size()) >= most_) return false;
    const auto found = by_peer_.find(peer);
    return found == by_peer_.end() || found->second < most_per_peer_;
  }

  void Forget(int descriptor) {
    const auto found = living_.find(descriptor);
    if (found == living_.end()) return;
    const auto peer = by_peer_.find(found->second.peer);
    if (peer != by_peer_.end() && --peer->second == 0) by_peer_.erase(peer);
    living_.erase(found);
    metrics_.open.Add(-1);
  }

  void Sweep() {
    std::vector<int> gone;
    for (const auto& [descriptor, connection] : living_) {
      if (IdentityOf(descriptor) != connection.identity) {
        gone.push_back(descriptor);
      }
    }
    for (const int descriptor : gone) Forget(descriptor);
  }

  const int most_;
  const int most_per_peer_;
  const metrics::ListenerMetrics metrics_{"grpc"};
  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<int, Connection> living_;
  std::map<std::string, int> by_peer_;
};

// Not more than a line a second.
class Complaint {
 public:
  void Say(absl::string_view event, absl::string_view why) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + kBetweenLines;
    log::Warning(event, {{"why", why}});
  }

 private:
  std::chrono::steady_clock::time_point next_;
};

bool SetOption(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof(value)) == 0;
}

// A socket that listens; errno says why not.
Descriptor Bind(const addrinfo& address, int port) {
  sockaddr_storage bound = {};
  std::memcpy(&bound, address.ai_addr, address.ai_addrlen);
  const auto net_port = htons(static_cast<std::uint16_t>(port));
  if (bound.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(bound).sin6_port = net_port;
  } else {
    reinterpret_cast<sockaddr_in&>(bound).sin_port = net_port;
  }
  Descriptor listener(
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // Not SO_REUSEPORT: two processes would share the calls without a word.
  if (listener.get() < 0 ||
      !SetOption(listener.get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
      !SetOption(listener.get(), IPPROTO_TCP, TCP_NODELAY, 1) ||
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&bound),
           address.ai_addrlen) != 0 ||
      listen(listener.get(), SOMAXCONN) != 0) {
    return Descriptor();
  }
  return listener;
}

int PortOf(int descriptor) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) !=
      0) {
    return 0;
  }
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

class Acceptor::Impl {
 public:
  explicit Impl(AcceptorOptions options)
      : options_(std::move(options)),
        census_(options_.max_connections, options_.max_per_peer) {}
  ~Impl() { Stop(); }

  absl::Status Listen();
  void Start(Take take);
  void Stop();
  int port() const { return port_; }

 private:
  void Run();
  // False if it makes no sense to go on at once: descriptors have run out.
  bool AcceptAll(int listener);

  const AcceptorOptions options_;
  Take take_;
  std::vector<Descriptor> listeners_;
  Descriptor wake_;
  int port_ = 0;
  std::thread thread_;
  Census census_;
  const metrics::AtScrape at_scrape_{[this] { census_.CountAnew(); }};
  // Of the thread:
  Complaint refused_;
  Complaint failed_;
};

absl::Status Acceptor::Impl::Listen() {
  const auto unavailable = [this](absl::string_view why) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ",
                     JoinHostPort(options_.host, options_.port), ": ", why));
  };
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(options_.host.c_str(), nullptr, &hints, &found);
  if (failed != 0) return unavailable(gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found,
                                                                 &freeaddrinfo);
  int reason = 0;
  port_ = options_.port;
  for (const addrinfo* next = found; next != nullptr; next = next->ai_next) {
    if (next->ai_family != AF_INET && next->ai_family != AF_INET6) continue;
    Descriptor listener = Bind(*next, port_);
    if (listener.get() < 0) {
      reason = errno;
      // A name may have addresses of a family that this machine has not.
      if (reason == EADDRNOTAVAIL || reason == EAFNOSUPPORT) continue;
      break;
    }
    if (port_ == 0) port_ = PortOf(listener.get());
    listeners_.push_back(std::move(listener));
    reason = 0;
  }
  if (reason != 0 &&
      (listeners_.empty() || reason == EADDRINUSE || reason == EACCES)) {
    listeners_.clear();
    port_ = 0;
    return unavailable(std::strerror(reason));
  }
  wake_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake_.get() < 0) return unavailable(std::strerror(errno));
  return absl::OkStatus();
}

void Acceptor::Impl::Start(Take take) {
  take_ = std::move(take);
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Impl::Stop() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    // Cannot fail: the counter is far from full.
    const ssize_t ignored = write(wake_.get(), &one, sizeof(one));
    static_cast<void>(ignored);
    thread_.join();
  }
  listeners_.clear();
}

void Acceptor::Impl::Run() {
  std::vector<pollfd> all;
  all.push_back({.fd = wake_.get(), .events = POLLIN, .revents = 0});
  for (const Descriptor& listener : listeners_) {
    all.push_back({.fd = listener.get(), .events = POLLIN, .revents = 0});
  }
  bool exhausted = false;
  while (true) {
    // Without descriptors the listeners would wake us at once, again and again.
    const auto count = static_cast<nfds_t>(exhausted ? 1 : all.size());
    const int ready =
        poll(all.data(), count, exhausted ? kRetryMilliseconds : -1);
    if (ready > 0 && all[0].revents != 0) return;
    exhausted = false;
    for (std::size_t i = 1; i < all.size(); ++i) {
      exhausted = !AcceptAll(all[i].fd) || exhausted;
    }
  }
}

bool Acceptor::Impl::AcceptAll(int listener) {
  while (true) {
    sockaddr_storage address = {};
    socklen_t size = sizeof(address);
    Descriptor connection(accept4(listener,
                                  reinterpret_cast<sockaddr*>(&address), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.get() < 0) {
      const int reason = errno;
      if (reason == EAGAIN || reason == EWOULDBLOCK) return true;
      // The client has gone already.
      if (reason == EINTR || reason == ECONNABORTED || reason == EPROTO) {
        continue;
      }
      failed_.Say("rpc.accept_failed", std::strerror(reason));
      return false;
    }
    if (!census_.Admit(connection.get(), PeerOf(address))) {
      refused_.Say("rpc.connection_refused",
                   "there are as many connections as may be");
      continue;
    }
    take_(listener, connection.Release());
  }
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(
    AcceptorOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  OPCON_SNOW_RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(impl)));
}

Acceptor::Acceptor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Acceptor::~Acceptor() = default;
void Acceptor::Start(Take take) { impl_->Start(std::move(take)); }
void Acceptor::Stop() { impl_->Stop(); }
int Acceptor::port() const { return impl_->port(); }

}  // namespace opcon_snow::rpc
