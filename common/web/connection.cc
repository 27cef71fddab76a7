#include "common/web/connection.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/ssl/stream_base.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/http/write.hpp"
#include "common/rpc/address.h"
#include "common/web/problem.h"
#include "common/web/tls.h"

namespace opcon_snow::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr absl::Duration kLingerTime = absl::Seconds(1);
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
// Answers up to this size are always sent: acknowledgements are among them.
constexpr std::size_t kSmallAnswer = std::size_t{64} << 10;
constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::size_t AnswerClass(int status) {
  return static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
}

std::string HttpDate() {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(),
                          absl::UTCTimeZone());
}

}  // namespace

std::array<metrics::Counter, 5> AnswerCounters(const std::string& listener) {
  std::array<metrics::Counter, 5> counters;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    counters[i] = metrics::GetCounter(
        "opcon_snow_http_requests_total",
        "HTTP requests that were answered, by class of status.",
        {{"listener", listener}, {"code", absl::StrCat(i + 1, "xx")}});
  }
  return counters;
}

Connection::Connection(ConnectionHost* host, asio::ip::tcp::socket socket,
                       std::shared_ptr<asio::ssl::context> tls)
    : host_(host),
      socket_(std::move(socket)),
      tls_context_(std::move(tls)),
      timer_(host->io),
      place_(host->connections.insert(host->connections.end(), this)),
      reader_(host->options.limits, host->options.domain) {
  host_->metrics.open.Add(1);
  host_->metrics.accepted.Add();
  if (tls_context_ != nullptr) tls_.emplace(socket_, *tls_context_);
}

Connection::~Connection() { Close(); }

void Connection::Begin() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  const asio::ip::tcp::endpoint peer = socket_.remote_endpoint(ignored);
  peer_ = rpc::JoinHostPort(peer.address().to_string(), peer.port());
  if (tls_.has_value()) {
    Handshake();
  } else {
    AwaitRequest();
  }
}

template <class Function>
void Connection::WithStream(Function function) {
  if (tls_.has_value()) {
    function(*tls_);
  } else {
    function(socket_);
  }
}

void Connection::Handshake() {
  Wait(State::kHandshake, Clock::now());
  Arm(host_->options.request_timeout);
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [self = shared_from_this()](const error_code& error) {
                          if (self->state_ != State::kHandshake) return;
                          if (error) {
                            self->Close();
                            return;
                          }
                          self->certificate_names_ =
                              CertificateNames(self->tls_->native_handle());
                          self->AwaitRequest();
                        });
}

void Connection::Drain() {
  if (state_ == State::kIdle || state_ == State::kHandshake) Close();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  waiting_since_.reset();
  error_code ignored;
  timer_.cancel(ignored);
  socket_.close(ignored);
  ReleaseAnswer();
  host_->connections.erase(place_);
  host_->metrics.open.Add(-1);
  host_->OnChange();
}

void Connection::Wait(State state, Clock::time_point since) {
  state_ = state;
  waiting_since_ = since;
  host_->connections.splice(host_->connections.end(), host_->connections,
                            place_);
  host_->OnChange();
}

void Connection::AwaitRequest() {
  if (host_->draining) {
    Close();
    return;
  }
  // The next request may have come together with the one before.
  const bool begun = reader_.HasBegun();
  Wait(begun ? State::kReading : State::kIdle, Clock::now());
  Arm(begun ? host_->options.request_timeout : host_->options.idle_timeout);
  if (begun) {
    Feed();
  } else {
    Read();
  }
}

void Connection::Arm(absl::Duration limit) {
  timer_.expires_after(absl::ToChronoNanoseconds(limit));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    // A timer that was armed again may still be told of its first time.
    if (!error && self->timer_.expiry() <= Clock::now()) self->OnDeadline();
  });
}

void Connection::OnDeadline() {
  switch (state_) {
    case State::kReading:
      if (continue_under_way_) {
        Close();
      } else {
        Respond(Problem(Fault::kTimeout,
                        absl::StrCat("the request did not come completely "
                                     "within ",
                                     absl::FormatDuration(
                                         host_->options.request_timeout)),
                        host_->options.domain),
                false);
      }
      return;
    case State::kHandling:
      Respond(Problem(Fault::kNoAnswer,
                      absl::StrCat(
                          "there was no answer within ",
                          absl::FormatDuration(host_->options.answer_timeout),
                          "; what was asked for may have happened. Send it "
                          "again with the same id, such as its requestId."),
                      host_->options.domain),
              false);
      return;
    case State::kHandshake:
    case State::kIdle:
    case State::kWriting:
    case State::kLingering:
    case State::kClosed:
      Close();
      return;
  }
}

void Connection::Read() {
  if (read_under_way_) return;
  read_under_way_ = true;
  WithStream([this](auto& stream) {
    stream.async_read_some(asio::buffer(buffer_),
                           [self = shared_from_this()](const error_code& error,
                                                       std::size_t bytes) {
                             self->read_under_way_ = false;
                             self->OnRead(error, bytes);
                           });
  });
}

void Connection::OnRead(const error_code& error, std::size_t bytes) {
  switch (state_) {
    case State::kLingering:
      lingered_bytes_ += bytes;
      if (error || lingered_bytes_ > kLingerBytes) {
        Close();
      } else {
        ReadLeftovers();
      }
      return;
    case State::kHandshake:
    case State::kHandling:
    case State::kWriting:
    case State::kClosed:
      // An answer closes the connection before the request was complete.
      return;
    case State::kIdle:
    case State::kReading:
      break;
  }
  if (error) {
    Close();
    return;
  }
  if (state_ == State::kIdle) {
    state_ = State::kReading;
    Arm(host_->options.request_timeout);
  }
  reader_.Append(absl::string_view(buffer_.data(), bytes));
  Feed();
}

void Connection::Feed() {
  switch (reader_.Advance()) {
    case RequestReader::State::kNeedsMore:
      Read();
      return;
    case RequestReader::State::kHead:
      OnHead();
      return;
    case RequestReader::State::kComplete:
      Handle();
      return;
    case RequestReader::State::kFailed:
      Respond(reader_.problem(), false);
      return;
  }
}

void Connection::OnHead() {
  answers_head_ = reader_.head().method == "HEAD";
  Request head = reader_.head();
  head.certificate_names = certificate_names_;
  head.peer = peer_;
  std::optional<Answer> refusal = host_->handler->Refuse(head);
  if (refusal.has_value()) {
    const bool complete = reader_.Advance() == RequestReader::State::kComplete;
    const bool keep_alive = complete && reader_.KeepsAlive();
    // A body that has not come cannot be told from the next request.
    if (complete) reader_.Take();
    Respond(*std::move(refusal), keep_alive);
  } else if (reader_.ExpectsContinue()) {
    SendContinue();
  } else {
    Feed();
  }
}

void Connection::SendContinue() {
  continue_under_way_ = true;
  WithStream([this](auto& stream) {
    asio::async_write(
        stream, asio::buffer(kContinue.data(), kContinue.size()),
        [self = shared_from_this()](const error_code& error, std::size_t) {
          self->continue_under_way_ = false;
          if (self->state_ != State::kReading) return;
          if (error) {
            self->Close();
          } else {
            self->Feed();
          }
        });
  });
}

void Connection::Handle() {
  keep_alive_ = reader_.KeepsAlive();
  Request request = reader_.Take();
  request.certificate_names = certificate_names_;
  request.peer = peer_;
  // More than there are connections can only be left over from those that
  // waited for too long.
  if (host_->handling >= host_->options.max_connections) {
    Respond(Problem(Fault::kOverloaded,
                    absl::StrCat(host_->handling,
                                 " requests are under way already"),
                    host_->options.domain),
            keep_alive_);
    return;
  }
  state_ = State::kHandling;
  waiting_since_.reset();
  Arm(host_->options.answer_timeout);
  ++host_->handling;
  host_->handler->Handle(
      std::move(request), [host = host_->shared_from_this(),
                           weak = weak_from_this()](Answer answer) {
        // The host owns what is posted, so nothing posted may own the host.
        asio::post(host->io, [raw = host.get(), weak,
                              answer = std::move(answer)]() mutable {
          --raw->handling;
          const std::shared_ptr<Connection> self = weak.lock();
          if (self != nullptr && self->state_ == State::kHandling) {
            self->Respond(std::move(answer), self->keep_alive_);
          }
          raw->OnChange();
        });
      });
}

void Connection::Respond(Answer answer, bool keep_alive) {
  if (answer.body.size() > kSmallAnswer) {
    if (host_->answers_bytes + answer.body.size() >
        host_->options.max_answers_bytes) {
      answer = Problem(Fault::kOverloaded,
                       "too many large answers wait for their clients; ask "
                       "for smaller pages",
                       host_->options.domain);
    } else {
      answer_bytes_ = answer.body.size();
      host_->answers_bytes += answer_bytes_;
    }
  }
  state_ = State::kWriting;
  waiting_since_.reset();
  keep_alive_ = keep_alive && !host_->draining;
  Arm(host_->options.answer_timeout);
  host_->answers[AnswerClass(answer.status)].Add();
  auto& response = response_.emplace();
  response.result(static_cast<unsigned>(answer.status));
  response.set(beast::http::field::date, HttpDate());
  response.set(beast::http::field::content_type, answer.content_type);
  response.set(beast::http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.keep_alive(keep_alive_);
  if (!answers_head_) response.body() = std::move(answer.body);
  response.prepare_payload();
  WithStream([this, &response](auto& stream) {
    beast::http::async_write(
        stream, response,
        [self = shared_from_this()](const error_code& error, std::size_t) {
          self->OnWritten(error);
        });
  });
}

void Connection::OnWritten(const error_code& error) {
  if (state_ != State::kWriting) return;
  response_.reset();
  ReleaseAnswer();
  if (error) {
    Close();
  } else if (keep_alive_) {
    AwaitRequest();
  } else {
    Linger();
  }
}

void Connection::Linger() {
  // Makes room at once if somebody needs it.
  Wait(State::kLingering, Clock::time_point::min());
  Arm(kLingerTime);
  if (!tls_.has_value() || read_under_way_) {
    StopSending();
    return;
  }
  // Also waits for the client's farewell, or fails at what it still sends.
  tls_->async_shutdown([self = shared_from_this()](const error_code&) {
    if (self->state_ == State::kLingering) self->StopSending();
  });
}

void Connection::StopSending() {
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) {
    Close();
  } else {
    ReadLeftovers();
  }
}

void Connection::ReadLeftovers() {
  if (read_under_way_) return;
  read_under_way_ = true;
  // Past TLS: nobody looks at it.
  socket_.async_read_some(
      asio::buffer(buffer_),
      [self = shared_from_this()](const error_code& failed, std::size_t bytes) {
        self->read_under_way_ = false;
        self->OnRead(failed, bytes);
      });
}

void Connection::ReleaseAnswer() {
  host_->answers_bytes -= std::exchange(answer_bytes_, 0);
}

}  // namespace opcon_snow::web
