#ifndef OPCON_SNOW_COMMON_HTTP_CURL_TRANSPORT_H_
#define OPCON_SNOW_COMMON_HTTP_CURL_TRANSPORT_H_

// File: curl_transport.h
//
// The process's one event loop, driven by libcurl's multi interface, and
// transports over it, one per upstream:
//
//   auto loop = http::CurlLoop::Create({});
//   http::CurlTransportOptions options;
//   options.ca_file = "/etc/opcon-snow/ca.pem";
//   auto transport = http::CurlTransport::Create(loop->get(), options);
//
// libcurl is used by the loop thread alone. It ignores SIGPIPE for the whole
// process and blocks all signals on its thread, so that `sigwait` elsewhere
// gets them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/http/transport.h"

namespace opcon_snow::http {

namespace internal {
class LoopCore;
class UpstreamSettings;
}  // namespace internal

struct CurlLoopOptions {
  // Connections to one host and port, over all transports of the loop; further
  // requests wait in the loop while their timeouts run. 1 to 1000.
  int max_connections_per_host = 32;
  // Idle connections kept, over all hosts. 1 to 10000.
  int max_idle_connections = 64;
};

// Thread, functions and timers as described in event_loop.h.
class CurlLoop final : public async::EventLoop {
 public:
  // Starts the thread.
  static absl::StatusOr<std::unique_ptr<CurlLoop>> Create(
      CurlLoopOptions options);

  // Stops.
  ~CurlLoop() override;
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Completes everything pending with CANCELLED, as event_loop.h says, closes
  // all connections and joins the thread. Does not wait for the network. May
  // be called more than once, on any thread but the loop's own.
  void Stop();

  bool Post(std::function<void()> fn) override;
  TimerId After(absl::Duration delay, std::function<void()> fn) override;
  bool Cancel(TimerId id) override;
  bool InLoopThread() const override;
  bool Stopping() const override;
  absl::Duration MonotonicNow() const override;

  // Since the start; any thread. For metrics.
  struct Stats {
    std::uint64_t transfers_started = 0;
    std::uint64_t connections_opened = 0;
    std::uint64_t transfers_in_flight = 0;
  };
  Stats stats() const;

 private:
  friend class CurlTransport;
  explicit CurlLoop(std::shared_ptr<internal::LoopCore> core);

  std::shared_ptr<internal::LoopCore> core_;
};

struct CurlTransportOptions {
  // PEM file with the certificate authorities to trust INSTEAD of the
  // system's. Empty: the system's.
  std::string ca_file;

  // PEM files for mutual TLS; both or neither. Read at each new connection, so
  // renewed files take effect by themselves.
  std::string client_certificate_file;
  std::string client_key_file;

  // "http://host:port" or "https://host:port"; empty: no proxy, and the
  // environment's *_proxy variables are ignored in either case.
  std::string proxy_url;
  // Basic credentials for the proxy; they go to the proxy only.
  std::string proxy_username;
  std::string proxy_password;
  // Asked before each request, one at a time: another password, or nullopt if
  // that stands. Empty: it always does.
  std::function<std::optional<std::string>()> fresh_proxy_password;

  std::string user_agent = "opcon-snow";

  // For name resolution, TCP and TLS. More than 0.
  absl::Duration connect_timeout = absl::Seconds(10);

  // A transfer that moves fewer than `low_speed_bytes` per second for this long
  // ends with kTimeout. Waiting for the answer counts, so this must be longer
  // than the server may think: ServiceNow ends its own transactions after 60 s.
  // Pauses of our own source or sink do not count. Whole seconds; 0: off.
  absl::Duration low_speed_time = absl::Seconds(75);
  int low_speed_bytes = 1;

  // A connection idle for longer is not used again. Whole seconds, at least 1.
  absl::Duration max_idle_connection_age = absl::Seconds(50);

  // Bytes of response header, all lines together. 1 KiB to 256 KiB.
  std::size_t max_header_bytes = std::size_t{64} * 1024;

  // Allows http:// URLs. Without it only https:// ones are sent.
  bool allow_http = false;
};

class CurlTransport final : public Transport {
 public:
  // Checks the options; errors name the field. `loop` must outlive the last
  // Send (a stopped loop will do).
  static absl::StatusOr<std::unique_ptr<CurlTransport>> Create(
      CurlLoop* loop, CurlTransportOptions options);

  ~CurlTransport() override;

  async::Task<Result> Send(Request request) override;

 private:
  CurlTransport(std::shared_ptr<internal::LoopCore> core,
                std::shared_ptr<const internal::UpstreamSettings> settings);

  // As they are for the next request.
  std::shared_ptr<const internal::UpstreamSettings> Settings();

  const std::shared_ptr<internal::LoopCore> core_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<const internal::UpstreamSettings> settings_;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_CURL_TRANSPORT_H_
