#ifndef OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_
#define OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_

// From the configuration's Listener to ServerOptions.

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/auth/authorizer.h"
#include "common/config/fault.h"
#include "common/rpc/server.h"
#include "common/rpc/tls_files.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::rpc {

// Adds the faults of `listener`; `field` is its path, "listener".
void ValidateListener(const ::config::v1::Listener& listener,
                      absl::string_view field, config::Faults* faults);

// Adds the faults of the `tls` of the listener at `field`.
void ValidateServerTls(const ::config::v1::ServerTls& tls,
                       absl::string_view field, config::Faults* faults);

// For a listener without fault.
ServerTls ServerTlsFrom(const ::config::v1::ServerTls& tls,
                        bool client_certificate_optional);

// For a listener without fault. The limit of calls is a bridge's, see
// MaxConcurrentCalls.
ServerOptions ServerOptionsFrom(const ::config::v1::Listener& listener);

// The server of a listener without fault, guarded as it says. Errors are those
// of Server::Create and auth::Authorizer::Create.
absl::StatusOr<std::unique_ptr<Server>> CreateServer(
    const ::config::v1::Listener& listener, std::vector<ServedService> services,
    std::shared_ptr<auth::Authorizer> authorizer);

// Who may call what, as the listener says; open to all if it says nothing.
absl::StatusOr<std::shared_ptr<auth::Authorizer>> AuthorizerOf(
    const ::config::v1::Listener& listener);

// What a reload does to a listener.
struct ListenerReload {
  // Takes over what its files hold now, with the next connection, and what its
  // `authorization` says, with the next call. Last of all that a reload does:
  // it cannot fail.
  std::function<void()> take;
  // For config::TellNextStart: `fields`, which the process takes over besides,
  // and what `take` does.
  std::vector<absl::string_view> TakenWith(
      std::vector<absl::string_view> fields) const;

  // False if who may call waits for the next start, because the address or the
  // TLS has changed since the process started: they belong together.
  bool takes_authorization = false;
};

// Reads what `fresh` names and changes nothing yet; the process started with
// `running`.
absl::StatusOr<ListenerReload> PrepareReload(
    const ::config::v1::Listener& fresh, const ::config::v1::Listener& running,
    std::shared_ptr<auth::Authorizer> authorizer, const Server& server);

// For BridgeOptions::max_active_calls.
int MaxConcurrentCalls(const ::config::v1::Listener& listener);

}  // namespace opcon_snow::rpc

#endif  // OPCON_SNOW_COMMON_RPC_SERVER_CONFIG_H_
