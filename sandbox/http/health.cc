#include <iostream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/port_file.h"
#include "common/rpc/address.h"
#include "httplib.h"
#include "sandbox/http/sandbox_server.h"

namespace opcon_snow::sandbox {
namespace {

constexpr int kUnavailableExit = 69;
constexpr int kTimeoutSeconds = 3;

}  // namespace

int AskHealth(const std::string& name, const ServerFlags& flags) {
  const auto fail = [&name](absl::string_view reason) {
    std::cerr << name << ": " << reason << '\n';
    return kUnavailableExit;
  };
  absl::StatusOr<rpc::HostPort> where = rpc::ParseHostPort(flags.listen);
  if (!where.ok()) return fail(where.status().message());
  if (!flags.port_file.empty()) {
    const absl::StatusOr<int> port =
        config::ReadPortFile(flags.port_file, "http");
    if (!port.ok()) return fail(port.status().message());
    where->port = *port;
  }
  if (where->host == "0.0.0.0") where->host = "127.0.0.1";
  const bool tls = !flags.tls_certificate_file.empty();
  const std::string url =
      absl::StrCat(tls ? "https://" : "http://",
                   rpc::JoinHostPort(where->host, where->port));
  httplib::Client client(url);
  client.enable_server_certificate_verification(false);
  client.set_connection_timeout(kTimeoutSeconds);
  client.set_read_timeout(kTimeoutSeconds);
  const httplib::Result answer = client.Get("/_sandbox/faults");
  if (!answer) {
    return fail(absl::StrCat(url, ": ", httplib::to_string(answer.error())));
  }
  if (answer->status != 200) {
    return fail(absl::StrCat(url, ": answered ", answer->status));
  }
  return 0;
}

}  // namespace opcon_snow::sandbox
