#ifndef OPCON_SNOW_COMMON_WEB_CONNECTION_H_
#define OPCON_SNOW_COMMON_WEB_CONNECTION_H_

// One connection of HttpServer. Everything here happens on the server's thread.

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ssl/context.hpp"
#include "boost/asio/ssl/stream.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/beast/http/message.hpp"
#include "boost/beast/http/string_body.hpp"
#include "common/metrics/listener_metrics.h"
#include "common/metrics/metrics.h"
#include "common/web/http_server.h"
#include "common/web/message.h"
#include "common/web/request_reader.h"

namespace opcon_snow::web {

class Connection;

// By class of status.
std::array<metrics::Counter, 5> AnswerCounters(const std::string& listener);

// What the connections of a server have in common.
struct ConnectionHost : std::enable_shared_from_this<ConnectionHost> {
  ConnectionHost(ServerOptions server_options, Handler* request_handler)
      : options(std::move(server_options)),
        handler(request_handler),
        metrics(options.name) {}
  virtual ~ConnectionHost() = default;

  // A connection has gone, waits, or an answer has come.
  virtual void OnChange() {}

  const ServerOptions options;
  Handler* const handler;
  const metrics::ListenerMetrics metrics;
  // Answers by the hundreds of their status, from 1xx to 5xx.
  std::array<metrics::Counter, 5> answers = AnswerCounters(options.name);
  // The one that waits longest for its client comes first among those that do.
  std::list<Connection*> connections;
  int handling = 0;  // requests without answer, also of connections that ended
  std::size_t answers_bytes = 0;
  bool draining = false;
  // After the above: its destructor ends the connections.
  boost::asio::io_context io{1};
};

// Kept alive by its operations.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  // `tls` is null for plaintext.
  Connection(ConnectionHost* host, boost::asio::ip::tcp::socket socket,
             std::shared_ptr<boost::asio::ssl::context> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Begin();
  // Closes it between two requests; else it closes after its answer.
  void Drain();
  void Close();

  // Since when it waits for its client; nullopt while the server is at work.
  std::optional<Clock::time_point> waiting_since() const {
    return waiting_since_;
  }

 private:
  enum class State {
    kHandshake,
    kIdle,
    kReading,
    kHandling,
    kWriting,
    kLingering,
    kClosed
  };

  // Calls `function` with what bytes go through: the socket, or TLS on it.
  template <class Function>
  void WithStream(Function function);
  void Handshake();
  void Wait(State state, Clock::time_point since);
  void Arm(absl::Duration limit);
  void OnDeadline();
  void Read();
  void OnRead(const boost::system::error_code& error, std::size_t bytes);
  void Feed();
  void OnHead();
  void SendContinue();
  void Handle();
  void Respond(Answer answer, bool keep_alive);
  void OnWritten(const boost::system::error_code& error);
  void AwaitRequest();
  // Says that no more comes, then reads on for a while, so that the answer is
  // not lost in a reset.
  void Linger();
  void StopSending();
  void ReadLeftovers();
  void ReleaseAnswer();

  ConnectionHost* const host_;
  boost::asio::ip::tcp::socket socket_;
  const std::shared_ptr<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  std::string peer_;
  std::vector<std::string> certificate_names_;
  boost::asio::steady_timer timer_;
  std::list<Connection*>::iterator place_;
  RequestReader reader_;
  State state_ = State::kIdle;
  std::optional<Clock::time_point> waiting_since_;
  bool read_under_way_ = false;
  bool continue_under_way_ = false;
  bool keep_alive_ = false;
  bool answers_head_ = false;  // no answer to HEAD has a body
  std::size_t lingered_bytes_ = 0;
  std::size_t answer_bytes_ = 0;  // of ours in the host's sum
  std::optional<boost::beast::http::response<boost::beast::http::string_body>>
      response_;
  std::array<char, 16384> buffer_;
};

}  // namespace opcon_snow::web

#endif  // OPCON_SNOW_COMMON_WEB_CONNECTION_H_
