#ifndef OPCON_SNOW_SANDBOX_HTTP_SANDBOX_SERVER_H_
#define OPCON_SNOW_SANDBOX_HTTP_SANDBOX_SERVER_H_

// The HTTP/1.1 server under both sandboxes.
//
// A sandbox is a model of an upstream (a function from SandboxRequest to Reply)
// behind this server, which adds what tests and demos need: a log of every
// request seen, faults on demand, reset, a dump of the state, TLS.
//
//   int main(int argc, char** argv) {
//     CLI::App app("…");
//     ServerFlags flags;
//     AddServerFlags(app, &flags);
//     CLI11_PARSE(app, argc, argv);
//     SandboxServer::Options options;
//     options.name = "opcon";
//     options.flags = flags;
//     options.handler = [&](const SandboxRequest& r) { return model.Handle(r);
//     }; options.reset = [&] { model.Reset(); }; options.state = [&] { return
//     model.Dump(); }; return RunSandbox(std::move(options));
//   }
//
// Control paths (never logged, never subject to faults):
//   POST   /_sandbox/reset          log, faults and model as at the start
//   GET    /_sandbox/requests[?since=N]
//          {"requests":[…with n > N…],"last":<highest n>,"forgotten":<how many
//          old entries the bounded log has let go>}; see request_log.h
//   GET    /_sandbox/faults         {"faults":[…]} with what is left of each
//   POST   /_sandbox/faults         one fault or an array; 201 {"ids":[…]};
//                                   400 says what is wrong; see fault.h
//   DELETE /_sandbox/faults[/{id}]
//   GET    /_sandbox/state          Options::state()
//   anything else                   Options::control, or 404

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sandbox/http/message.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}  // namespace CLI

namespace opcon_snow::sandbox {

// What both sandboxes take on their command line.
struct ServerFlags {
  // host:port; port 0 = any free one. Also by SANDBOX_LISTEN.
  std::string listen = "127.0.0.1:0";
  std::string port_file;             // "http=PORT\n", once it accepts calls
  std::string tls_certificate_file;  // PEM chain; both or neither
  std::string tls_key_file;
  std::string
      state_file;       // read at start if it exists, written at a clean stop
  bool health = false;  // do not serve, but run AskHealth()
  // How far its clock is ahead of this machine's; may be negative.
  std::int64_t clock_offset_seconds = 0;
};

// This machine's time, with the offset.
std::function<absl::Time()> OffsetClock(const ServerFlags& flags);

// Adds --listen, --port-file, --tls-cert, --tls-key, --state, --clock-offset
// and --health.
// `flags` must live until the arguments are parsed.
void AddServerFlags(CLI::App& app, ServerFlags* flags);

// Asks the sandbox that runs with the same --listen, --port-file and --tls-cert
// whether it answers. Returns the exit code of the process: 0, or 69 after a
// message on stderr. Its certificate is not verified.
int AskHealth(const std::string& name, const ServerFlags& flags);

class SandboxServer {
 public:
  // Called by many threads at once. An exception that leaves it is answered
  // with 500 and its text.
  using Handler = std::function<Reply(const SandboxRequest&)>;

  struct Options {
    std::string name = "sandbox";  // in messages

    ServerFlags flags;

    // The upstream's own API: every path not under /_sandbox/. Required.
    Handler handler;

    // Further control paths, e.g. POST /_sandbox/jobs. nullopt: not mine.
    std::function<std::optional<Reply>(const SandboxRequest&)> control;

    // Puts the model back to its start.
    std::function<void()> reset;

    // A JSON text with everything the model holds, for GET /_sandbox/state.
    std::function<std::string()> state;

    // For --state: what is kept, and taking it back. Without them the flag is
    // refused.
    std::function<std::string()> save;
    std::function<absl::Status(const std::string&)> restore;

    // The path as a fault's `match.path` may also name it, e.g. without an API
    // version. Gets and returns the decoded path. Absent: only as it was sent.
    std::function<std::string(const std::string&)> canonical_path;

    // The upstream's own error for a `status` or `status_after` fault that
    // gives no body. Absent: an empty body.
    std::function<Reply(int status)> error_reply;

    // The page of the `html` fault that gives no body of its own.
    std::string html_page =
        "<!DOCTYPE html><html><head><title>Unavailable</title></head>"
        "<body><h1>Service unavailable</h1></body></html>";

    // Bytes of a request body that are kept; the rest is read and thrown away,
    // and SandboxRequest::body_complete is false. The handler answers.
    std::size_t max_body_bytes = std::size_t{64} << 20;

    // Connections served at the same time. When all are in use and another one
    // waits, a connection without a request under way is closed.
    std::size_t threads = 32;
  };

  // Binds, starts to serve in threads of its own and writes the port file.
  static absl::StatusOr<std::unique_ptr<SandboxServer>> Start(Options options);

  // Stops if that has not been done.
  virtual ~SandboxServer() = default;

  virtual int port() const = 0;

  // "http://127.0.0.1:PORT" or "https://…".
  virtual std::string base_url() const = 0;

  // Ends every connection at once, joins every thread, writes the state file.
  // Idempotent. Not an error: that clients were still being answered.
  virtual absl::Status Stop() = 0;
};

// Starts a server, waits for SIGTERM or SIGINT, stops it. Returns the exit code
// of the process: 0, or 1 after a message on stderr. With --health, that of
// AskHealth(). Call it before any other
// thread exists, because it blocks the two signals for all of them.
int RunSandbox(SandboxServer::Options options);

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_SANDBOX_SERVER_H_
