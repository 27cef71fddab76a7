#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_OUTBOUND_HTTP_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_OUTBOUND_HTTP_H_

// Sends what scripts want sent — to this machine only, whatever they name.

#include <atomic>
#include <cstdint>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::sandbox::servicenow {

struct OutboundRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  absl::Duration timeout = absl::Seconds(30);
  // Basic authentication, if `user` is not empty.
  std::string user;
  std::string password;
};

struct OutboundResponse {
  int status = 0;     // 0: there was no answer, `error` says why
  std::string error;  // "" if there was one
  std::string path;   // of the request, for messages
  std::string body;   // at most OutboundHttp::kMostBodyBytes
  std::vector<std::pair<std::string, std::string>> headers;
};

// OK if the URL is http or https and its host is localhost or a loopback
// address. The host is never looked up anywhere.
absl::Status CheckLoopback(const std::string& url);

// Thread-safe.
class OutboundHttp {
 public:
  static constexpr std::size_t kMostBodyBytes = std::size_t{8} << 20;
  static constexpr int kMostUnderWay = 20;

  // `ca_file`: PEM certificates that servers may have been signed with; "":
  // those of the machine.
  explicit OutboundHttp(std::string ca_file) : ca_file_(std::move(ca_file)) {}
  // Waits for what is under way.
  ~OutboundHttp() = default;

  OutboundHttp(const OutboundHttp&) = delete;
  OutboundHttp& operator=(const OutboundHttp&) = delete;

  // Waits for the answer. Neither redirects nor cookies nor proxies.
  OutboundResponse Send(const OutboundRequest& request) const;

  // The same on a thread of its own; a number for Wait. When too many are
  // under way, this one is sent before it returns.
  std::int64_t Start(OutboundRequest request);

  // Ends what is under way, and sends nothing any more.
  void Stop() { stopped_ = true; }

  // False: no answer yet, or no such number. An answer is given once.
  bool Wait(std::int64_t number, absl::Duration limit,
            OutboundResponse* response);

 private:
  // Forgets the oldest answers that nobody asked for.
  void ForgetOld();

  const std::string ca_file_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::int64_t last_ = 0;
  std::map<std::int64_t, std::shared_future<OutboundResponse>> under_way_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_OUTBOUND_HTTP_H_
