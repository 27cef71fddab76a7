#ifndef OPCON_SNOW_SANDBOX_HTTP_EXCHANGE_H_
#define OPCON_SNOW_SANDBOX_HTTP_EXCHANGE_H_

// Between httplib's requests and answers and ours.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "httplib.h"
#include "sandbox/http/message.h"
#include "sandbox/http/socket_server.h"

namespace opcon_snow::sandbox {

using Exchange = std::function<void(const SandboxRequest&, httplib::Response&)>;

// Has `exchange` called for every request of any method and path, with its body
// read up to `max_body_bytes`.
void InstallExchange(SocketServer& server, std::size_t max_body_bytes,
                     Exchange exchange);

void SendReply(Reply reply, httplib::Response& response);

// Announces the whole body, sends its first `bytes`, closes the connection.
void SendTruncated(Reply reply, std::size_t bytes, httplib::Response& response);

// `sleep` returns false when the rest need not be sent any more.
void SendSlowly(Reply reply, std::int64_t bytes_per_second,
                std::function<bool(std::chrono::milliseconds)> sleep,
                httplib::Response& response);

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_EXCHANGE_H_
