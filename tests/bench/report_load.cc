#include "tests/bench/report_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "common/rpc/address.h"
#include "common/status/status_macros.h"

namespace opcon_snow::bench {
namespace {

namespace v1 = ::incident::v1;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kPath[] = "/incident.v1.IncidentService/ReportJobEvent";
constexpr std::int32_t kWindow = 16 << 20;

absl::Status SystemError(absl::string_view doing) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", doing, ": ", std::strerror(errno)));
}

absl::Status Check(ssize_t result, absl::string_view doing) {
  if (result >= 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot ", doing, ": ", nghttp2_strerror(static_cast<int>(result))));
}

// A length-prefixed message, as gRPC sends it.
std::string Framed(const v1::ReportJobEventRequest& report) {
  const std::string message = report.SerializeAsString();
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>(size >> shift & 0xff));
  }
  return framed + message;
}

nghttp2_nv Header(absl::string_view name, absl::string_view value) {
  // nghttp2 takes pointers to what it does not change.
  const auto bytes = [](absl::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

struct Call {
  const std::string* request_id = nullptr;
  std::string body;
  std::size_t sent = 0;
  std::string grpc_status;
  std::string grpc_message;
};

// One HTTP/2 connection. Calls are handed back in the order of their answers.
class Connection {
 public:
  ~Connection() {
    if (session_ != nullptr) nghttp2_session_del(session_);
    if (socket_ >= 0) close(socket_);
  }

  absl::Status Connect(const rpc::HostPort& server) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server.port));
    if (inet_pton(AF_INET, server.host.c_str(), &address.sin_addr) != 1) {
      return absl::InvalidArgumentError("not an IPv4 address: " + server.host);
    }
    authority_ = rpc::JoinHostPort(server.host, server.port);
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 ||
        connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      return SystemError(absl::StrCat("reach ", authority_));
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return Begin();
  }

  absl::Status Send(std::unique_ptr<Call> call) {
    const std::array<nghttp2_nv, 6> headers = {
        Header(":method", "POST"),
        Header(":scheme", "http"),
        Header(":path", kPath),
        Header(":authority", authority_),
        Header("content-type", "application/grpc"),
        Header("te", "trailers")};
    nghttp2_data_provider body{};
    body.read_callback = ReadBody;
    const std::int32_t stream = nghttp2_submit_request(
        session_, nullptr, headers.data(), headers.size(), &body, call.get());
    OPCON_SNOW_RETURN_IF_ERROR(Check(stream, "send a report"));
    call.release();  // OnClose takes it back.
    return absl::OkStatus();
  }

  // Writes what waits, as far as the socket takes it; small frames go out
  // together.
  absl::Status Flush() {
    while (true) {
      while (pending_.size() < kTogether) {
        const std::uint8_t* bytes = nullptr;
        const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
        OPCON_SNOW_RETURN_IF_ERROR(Check(size, "write"));
        if (size == 0) break;
        pending_.append(reinterpret_cast<const char*>(bytes),
                        static_cast<std::size_t>(size));
      }
      if (pending_.empty()) return absl::OkStatus();
      const ssize_t written = send(socket_, pending_.data(), pending_.size(),
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
      if (written < 0 && errno == EAGAIN) return absl::OkStatus();
      if (written < 0) return SystemError("write to the service");
      pending_.erase(0, static_cast<std::size_t>(written));
    }
  }

  absl::Status Receive() {
    std::array<std::uint8_t, 65536> buffer;
    const ssize_t size =
        recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return absl::OkStatus();
    if (size < 0) return SystemError("read from the service");
    if (size == 0) return absl::UnavailableError("the service hung up");
    return Check(nghttp2_session_mem_recv(session_, buffer.data(),
                                          static_cast<std::size_t>(size)),
                 "understand the service");
  }

  // Calls that have ended since the last time.
  std::deque<std::unique_ptr<Call>> TakeEnded() {
    return std::exchange(ended_, {});
  }

  pollfd Poll() const {
    return {socket_,
            static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT)), 0};
  }

 private:
  static constexpr std::size_t kTogether = std::size_t{64} << 10;

  absl::Status Begin() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    const int made = nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    OPCON_SNOW_RETURN_IF_ERROR(Check(made, "begin a session"));
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                           kWindow};
    OPCON_SNOW_RETURN_IF_ERROR(
        Check(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1),
              "begin a session"));
    return Check(nghttp2_session_set_local_window_size(
                     session_, NGHTTP2_FLAG_NONE, 0, kWindow),
                 "begin a session");
  }

  static ssize_t ReadBody(nghttp2_session* session, std::int32_t stream,
                          std::uint8_t* buffer, std::size_t size,
                          std::uint32_t* flags, nghttp2_data_source*, void*) {
    Call* const call = CallOf(session, stream);
    const std::size_t left = call->body.size() - call->sent;
    const std::size_t now = std::min(size, left);
    std::memcpy(buffer, call->body.data() + call->sent, now);
    call->sent += now;
    if (now == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(now);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void*) {
    Call* const call = CallOf(session, frame->hd.stream_id);
    if (call == nullptr) return 0;
    const absl::string_view key(reinterpret_cast<const char*>(name), name_size);
    const absl::string_view text(reinterpret_cast<const char*>(value),
                                 value_size);
    if (key == "grpc-status") call->grpc_status = std::string(text);
    if (key == "grpc-message") call->grpc_message = std::string(text);
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream,
                     std::uint32_t error, void* self) {
    std::unique_ptr<Call> call(CallOf(session, stream));
    if (call == nullptr) return 0;
    if (error != NGHTTP2_NO_ERROR) {
      call->grpc_message = nghttp2_http2_strerror(error);
    }
    static_cast<Connection*>(self)->ended_.push_back(std::move(call));
    return 0;
  }

  static Call* CallOf(nghttp2_session* session, std::int32_t stream) {
    return static_cast<Call*>(
        nghttp2_session_get_stream_user_data(session, stream));
  }

  int socket_ = -1;
  std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::string pending_;
  std::deque<std::unique_ptr<Call>> ended_;
};

class Load {
 public:
  Load(const LoadOptions& options,
       const std::vector<v1::ReportJobEventRequest>& reports)
      : options_(options), reports_(reports) {}

  absl::Status Connect() {
    OPCON_SNOW_ASSIGN_OR_RETURN(const rpc::HostPort server,
                                rpc::ParseHostPort(options_.server));
    for (int i = 0; i < options_.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>());
      OPCON_SNOW_RETURN_IF_ERROR(connections_.back()->Connect(server));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LoadResult> Run() {
    begun_ = absl::Now();
    last_answer_ = begun_;
    while (result_.acknowledged.size() < reports_.size()) {
      OPCON_SNOW_ASSIGN_OR_RETURN(const absl::Time next_due, SendDue());
      for (const auto& connection : connections_) {
        OPCON_SNOW_RETURN_IF_ERROR(connection->Flush());
      }
      OPCON_SNOW_RETURN_IF_ERROR(Await(next_due));
    }
    result_.took = absl::Now() - begun_;
    return std::move(result_);
  }

 private:
  // Returns when there will be more to send, if that is a matter of time.
  absl::StatusOr<absl::Time> SendDue() {
    while (next_ < reports_.size() &&
           next_ - result_.acknowledged.size() <
               static_cast<std::size_t>(options_.in_flight)) {
      if (options_.rate > 0) {
        const absl::Time due =
            begun_ + absl::Seconds(static_cast<double>(next_) / options_.rate);
        if (absl::Now() < due) return due;
      }
      auto call = std::make_unique<Call>();
      call->request_id = &reports_[next_].request_id();
      call->body = Framed(reports_[next_]);
      OPCON_SNOW_RETURN_IF_ERROR(
          connections_[next_ % connections_.size()]->Send(std::move(call)));
      ++next_;
    }
    return absl::InfiniteFuture();
  }

  absl::Status Await(absl::Time next_due) {
    const absl::Time end = std::min(next_due, last_answer_ + kPatience);
    const timespec wait =
        absl::ToTimespec(std::max(end - absl::Now(), absl::ZeroDuration()));
    std::vector<pollfd> sockets;
    for (const auto& connection : connections_) {
      sockets.push_back(connection->Poll());
    }
    if (ppoll(sockets.data(), sockets.size(), &wait, nullptr) < 0) {
      return SystemError("wait for the service");
    }
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if ((sockets[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      OPCON_SNOW_RETURN_IF_ERROR(connections_[i]->Receive());
      OPCON_SNOW_RETURN_IF_ERROR(NoteEnded(connections_[i].get()));
    }
    if (absl::Now() < last_answer_ + kPatience) return absl::OkStatus();
    return absl::DeadlineExceededError("no answer for a minute");
  }

  absl::Status NoteEnded(Connection* connection) {
    for (const std::unique_ptr<Call>& call : connection->TakeEnded()) {
      if (call->grpc_status != "0") {
        return absl::UnavailableError(
            absl::StrCat("a report was refused with gRPC status ",
                         call->grpc_status, ": ", call->grpc_message));
      }
      last_answer_ = absl::Now();
      result_.acknowledged[*call->request_id] = last_answer_;
    }
    return absl::OkStatus();
  }

  const LoadOptions options_;
  const std::vector<v1::ReportJobEventRequest>& reports_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t next_ = 0;
  absl::Time begun_;
  absl::Time last_answer_;
  LoadResult result_;
};

}  // namespace

absl::StatusOr<LoadResult> SendReports(
    const LoadOptions& options,
    const std::vector<v1::ReportJobEventRequest>& reports) {
  Load load(options, reports);
  OPCON_SNOW_RETURN_IF_ERROR(load.Connect());
  return load.Run();
}

}  // namespace opcon_snow::bench
