#include "sandbox/http/sandbox_server.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sandbox/http/exchange.h"
#include "sandbox/http/fault.h"
#include "sandbox/http/request_log.h"
#include "sandbox/http/socket_server.h"

namespace opcon_snow::sandbox {
namespace {

using Json = nlohmann::json;

struct HostPort {
  std::string host;
  int port = 0;
};

absl::StatusOr<HostPort> ParseListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostPort result;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &result.port) ||
      result.port < 0 || result.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("--listen ", text, ": must be host:port"));
  }
  result.host = text.substr(0, colon);
  if (result.host.size() > 2 && result.host.front() == '[' &&
      result.host.back() == ']') {
    result.host = result.host.substr(1, result.host.size() - 2);
  }
  return result;
}

absl::Status WriteAtomically(const std::string& path,
                             const std::string& content) {
  const std::string temporary = path + ".new";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << content;
    out.flush();
    if (!out) {
      return absl::UnavailableError(absl::StrCat("cannot write ", temporary));
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot rename ", temporary, " to ", path));
  }
  return absl::OkStatus();
}

Reply ControlError(int status, const std::string& message) {
  return Reply::Json(status, {{"error", message}});
}

class Server : public SandboxServer {
 public:
  explicit Server(Options options)
      : options_(std::move(options)),
        now_(OffsetClock(options_.flags)),
        faults_(options_.canonical_path) {}

  ~Server() override {
    const absl::Status status = Stop();
    if (!status.ok()) std::cerr << options_.name << ": " << status << '\n';
  }

  absl::Status Begin();

  int port() const override { return port_; }

  std::string base_url() const override {
    return absl::StrCat(sockets_->tls() ? "https" : "http",
                        "://127.0.0.1:", port_);
  }

  absl::Status Stop() override;

 private:
  absl::Status LoadState();
  void InstallHandlers();
  void Serve(const SandboxRequest& request, httplib::Response& response);
  void ServeUpstream(const SandboxRequest& request,
                     httplib::Response& response);
  // True if the fault has settled the answer, or there must be none.
  bool FaultBefore(const Fault& fault, Reply& reply, Connection& connection);
  void SendUnderFault(const Fault& fault, Reply reply,
                      httplib::Response& response, Connection& connection);
  Reply Apply(const SandboxRequest& request);
  Reply AnswerOf(const Fault& fault);
  Reply Control(const SandboxRequest& request);
  Reply ControlRequests(const SandboxRequest& request);
  Reply ControlFaults(const SandboxRequest& request);
  Reply AddFaults(const SandboxRequest& request);

  const Options options_;
  const std::function<absl::Time()> now_;
  FaultBoard faults_;
  RequestLog log_;
  std::unique_ptr<SocketServer> sockets_;
  int port_ = 0;
  std::thread thread_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

absl::Status Server::Begin() {
  const ServerFlags& flags = options_.flags;
  if (options_.handler == nullptr) {
    return absl::InvalidArgumentError("no handler");
  }
  const absl::StatusOr<HostPort> address = ParseListen(flags.listen);
  if (!address.ok()) return address.status();
  absl::Status loaded = LoadState();
  if (!loaded.ok()) return loaded;
  absl::StatusOr<std::unique_ptr<SocketServer>> sockets =
      SocketServer::Create(flags.tls_certificate_file, flags.tls_key_file,
                           std::max<std::size_t>(options_.threads, 1));
  if (!sockets.ok()) return sockets.status();
  sockets_ = std::move(*sockets);
  InstallHandlers();
  const absl::StatusOr<int> port = sockets_->Bind(address->host, address->port);
  if (!port.ok()) return port.status();
  port_ = *port;
  thread_ = std::thread([this] { sockets_->listen_after_bind(); });
  // httplib ignores a stop() that comes before it runs.
  while (!sockets_->is_running()) std::this_thread::yield();
  if (flags.port_file.empty()) return absl::OkStatus();
  return WriteAtomically(flags.port_file, absl::StrCat("http=", port_, "\n"));
}

absl::Status Server::LoadState() {
  const std::string& path = options_.flags.state_file;
  if (path.empty()) return absl::OkStatus();
  if (options_.save == nullptr || options_.restore == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat(options_.name, " cannot keep its state in a file"));
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::OkStatus();
  std::ostringstream content;
  content << in.rdbuf();
  absl::Status status = options_.restore(content.str());
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("the state file ", path, ": ",
                                                  status.message()));
}

absl::Status Server::Stop() {
  const std::lock_guard<std::mutex> lock(stop_mutex_);
  if (stopped_) return absl::OkStatus();
  stopped_ = true;
  if (!thread_.joinable()) return absl::OkStatus();
  sockets_->Shutdown();
  thread_.join();
  if (options_.flags.state_file.empty()) return absl::OkStatus();
  return WriteAtomically(options_.flags.state_file, options_.save());
}

void Server::InstallHandlers() {
  InstallExchange(
      *sockets_, options_.max_body_bytes,
      [this](const SandboxRequest& request, httplib::Response& response) {
        Serve(request, response);
        if (response.has_header("Date")) return;
        response.set_header(
            "Date", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now_(),
                                     absl::UTCTimeZone()));
      });
}

void Server::Serve(const SandboxRequest& request, httplib::Response& response) {
  if (!request.segments.empty() && request.segments[0] == "_sandbox") {
    Reply reply;
    try {
      reply = Control(request);
    } catch (const std::exception& error) {
      reply = ControlError(500, error.what());
    }
    SendReply(std::move(reply), response);
    return;
  }
  ServeUpstream(request, response);
}

void Server::ServeUpstream(const SandboxRequest& request,
                           httplib::Response& response) {
  Connection& connection = *Connection::Current();
  const std::int64_t entry = log_.Add(request);
  std::string fault_names;
  Reply reply;
  bool applied = false;
  std::optional<Fault> last;
  for (const Fault& fault : faults_.Take(request)) {
    const std::string kind = FaultToJson(fault)["action"]["kind"];
    absl::StrAppend(&fault_names, fault_names.empty() ? "" : ",", kind);
    if (FaultBefore(fault, reply, connection)) {
      const bool answered = !connection.aborted();
      log_.Finish(entry, answered ? reply.status : 0, false, fault_names);
      if (answered) SendReply(std::move(reply), response);
      return;
    }
    if (fault.kind != FaultKind::kDelay) last = fault;
  }
  // Before the answer is sent, so that a client that has it finds it logged.
  reply = Apply(request);
  applied = true;
  if (!last.has_value()) {
    log_.Finish(entry, reply.status, applied, fault_names);
    SendReply(std::move(reply), response);
    return;
  }
  if (last->kind == FaultKind::kStatusAfter) reply = AnswerOf(*last);
  const bool answered = last->kind != FaultKind::kDropAfter;
  log_.Finish(entry, answered ? reply.status : 0, applied, fault_names);
  SendUnderFault(*last, std::move(reply), response, connection);
}

bool Server::FaultBefore(const Fault& fault, Reply& reply,
                         Connection& connection) {
  switch (fault.kind) {
    case FaultKind::kDelay:
      if (sockets_->Sleep(std::chrono::milliseconds(fault.milliseconds))) {
        return false;
      }
      connection.Abort();  // The server stops.
      return true;
    case FaultKind::kDropBefore:
      connection.Abort();
      return true;
    case FaultKind::kStatus:
    case FaultKind::kHtml:
    case FaultKind::kBody:
    case FaultKind::kEmpty202:
      reply = AnswerOf(fault);
      return true;
    case FaultKind::kStatusAfter:
    case FaultKind::kDropAfter:
    case FaultKind::kTruncate:
    case FaultKind::kSlow:
      return false;
  }
  return false;
}

void Server::SendUnderFault(const Fault& fault, Reply reply,
                            httplib::Response& response,
                            Connection& connection) {
  switch (fault.kind) {
    case FaultKind::kDropAfter:
      connection.Abort();
      return;
    case FaultKind::kTruncate:
      SendTruncated(std::move(reply), static_cast<std::size_t>(fault.bytes),
                    response);
      return;
    case FaultKind::kSlow: {
      const SocketServer& sockets = *sockets_;
      SendSlowly(
          std::move(reply), fault.bytes_per_second,
          [&sockets](std::chrono::milliseconds t) { return sockets.Sleep(t); },
          response);
      return;
    }
    default:
      SendReply(std::move(reply), response);
  }
}

Reply Server::Apply(const SandboxRequest& request) {
  try {
    return options_.handler(request);
  } catch (const std::exception& error) {
    return Reply::Text(
        500, absl::StrCat("the sandbox itself failed: ", error.what(), "\n"),
        "text/plain");
  }
}

Reply Server::AnswerOf(const Fault& fault) {
  Reply reply;
  if (fault.kind == FaultKind::kHtml) {
    reply = Reply::Text(fault.status,
                        fault.answer_body.value_or(options_.html_page),
                        "text/html;charset=UTF-8");
  } else if (fault.kind == FaultKind::kEmpty202) {
    reply = Reply::Empty(202);
  } else if (fault.answer_body.has_value()) {
    reply = Reply::Text(fault.status, *fault.answer_body,
                        fault.content_type.empty()
                            ? "application/json;charset=UTF-8"
                            : fault.content_type);
  } else if (options_.error_reply != nullptr) {
    reply = options_.error_reply(fault.status);
  } else {
    reply = Reply::Empty(fault.status);
  }
  for (const auto& [name, value] : fault.headers) {
    if (absl::AsciiStrToLower(name) == "content-type") {
      reply.content_type = value;
    } else {
      reply.With(name, value);
    }
  }
  return reply;
}

Reply Server::Control(const SandboxRequest& request) {
  const std::string command =
      request.segments.size() > 1 ? request.segments[1] : "";
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool alone = request.segments.size() == 2;
  if (command == "reset" && alone) {
    if (request.method != "POST") return ControlError(405, "use POST");
    if (options_.reset != nullptr) options_.reset();
    faults_.Clear();
    log_.Clear();
    return Reply::Json(200, {{"reset", true}});
  }
  if (command == "requests" && alone) {
    return get ? ControlRequests(request) : ControlError(405, "use GET");
  }
  if (command == "faults" && request.segments.size() <= 3) {
    return ControlFaults(request);
  }
  if (command == "state" && alone && options_.state != nullptr) {
    if (!get) return ControlError(405, "use GET");
    return Reply::Text(200, options_.state(), "application/json;charset=UTF-8");
  }
  if (options_.control != nullptr) {
    std::optional<Reply> reply = options_.control(request);
    if (reply.has_value()) return *std::move(reply);
  }
  return ControlError(404, absl::StrCat("there is no ", request.method, " ",
                                        request.DecodedPath(), " in the ",
                                        options_.name, " sandbox"));
}

Reply Server::ControlRequests(const SandboxRequest& request) {
  std::int64_t since = 0;
  const std::optional<std::string> text = request.Query("since");
  if (text.has_value() && (!absl::SimpleAtoi(*text, &since) || since < 0)) {
    return ControlError(400, absl::StrCat("since must be a whole number from "
                                          "0, not \"",
                                          *text, "\""));
  }
  return Reply::Json(200, log_.Since(since));
}

Reply Server::ControlFaults(const SandboxRequest& request) {
  if (request.segments.size() == 3) {
    std::int64_t id = 0;
    if (request.method != "DELETE") return ControlError(405, "use DELETE");
    if (!absl::SimpleAtoi(request.segments[2], &id) || !faults_.Remove(id)) {
      return ControlError(
          404, absl::StrCat("there is no fault ", request.segments[2]));
    }
    return Reply::Empty(204);
  }
  if (request.method == "POST") return AddFaults(request);
  if (request.method == "DELETE") {
    faults_.Clear();
    return Reply::Empty(204);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return ControlError(405, "use GET, POST or DELETE");
  }
  Json list = Json::array();
  for (const Fault& fault : faults_.List()) list.push_back(FaultToJson(fault));
  return Reply::Json(200, {{"faults", std::move(list)}});
}

Reply Server::AddFaults(const SandboxRequest& request) {
  Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded()) {
    return ControlError(400,
                        "the body is not JSON; it must be a fault or an "
                        "array of faults");
  }
  if (!body.is_array()) body = Json::array({std::move(body)});
  std::vector<Fault> parsed;
  for (std::size_t i = 0; i < body.size(); ++i) {
    absl::StatusOr<Fault> fault = ParseFault(body[i]);
    if (!fault.ok()) {
      return ControlError(
          400, absl::StrCat("fault ", i + 1, " of ", body.size(), ": ",
                            std::string(fault.status().message())));
    }
    parsed.push_back(*std::move(fault));
  }
  Json ids = Json::array();
  for (Fault& fault : parsed) ids.push_back(faults_.Add(std::move(fault)));
  return Reply::Json(201, {{"ids", std::move(ids)}});
}

}  // namespace

void AddServerFlags(CLI::App& app, ServerFlags* flags) {
  app.add_option("--listen", flags->listen,
                 "Address as host:port; port 0 takes a free one")
      ->envname("SANDBOX_LISTEN")
      ->capture_default_str();
  app.add_option("--port-file", flags->port_file,
                 "File that gets \"http=PORT\" once calls are accepted");
  app.add_option("--tls-cert", flags->tls_certificate_file,
                 "PEM certificate chain; with --tls-key the server speaks TLS");
  app.add_option("--tls-key", flags->tls_key_file, "PEM key");
  app.add_option("--state", flags->state_file,
                 "File the state is read from at start and written to at a "
                 "clean stop");
  app.add_flag("--health", flags->health,
               "Ask the sandbox that runs with the same --listen and "
               "--port-file whether it answers, and exit: 0, or 69 and why");
  app.add_option("--clock-offset", flags->clock_offset_seconds,
                 "Seconds that its clock is ahead of this machine's; may be "
                 "negative")
      ->check(CLI::Range(-366 * 86400, 366 * 86400))
      ->capture_default_str();
}

std::function<absl::Time()> OffsetClock(const ServerFlags& flags) {
  return [offset = absl::Seconds(flags.clock_offset_seconds)] {
    return absl::Now() + offset;
  };
}

absl::StatusOr<std::unique_ptr<SandboxServer>> SandboxServer::Start(
    Options options) {
  auto server = std::make_unique<Server>(std::move(options));
  absl::Status status = server->Begin();
  if (!status.ok()) return status;
  return std::unique_ptr<SandboxServer>(std::move(server));
}

int RunSandbox(SandboxServer::Options options) {
  const std::string name = options.name;
  if (options.flags.health) return AskHealth(name, options.flags);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  absl::StatusOr<std::unique_ptr<SandboxServer>> server =
      SandboxServer::Start(std::move(options));
  if (!server.ok()) {
    std::cerr << name << ": " << server.status().message() << '\n';
    return 1;
  }
  std::cout << name << " sandbox on " << (*server)->base_url() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  const absl::Status status = (*server)->Stop();
  if (!status.ok()) {
    std::cerr << name << ": " << status.message() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace opcon_snow::sandbox
