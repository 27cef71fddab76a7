#ifndef OPCON_SNOW_COMMON_HTTP_CURL_TRANSFER_H_
#define OPCON_SNOW_COMMON_HTTP_CURL_TRANSFER_H_

// File: curl_transfer.h
//
// One request on one easy handle: what libcurl's callbacks see and collect, and
// the result made of it. Loop thread only. Private to common/http.

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/curl_easy.h"
#include "common/http/transport.h"

namespace opcon_snow::http::internal {

// Reads response header lines as libcurl hands them over: status line, fields,
// empty line; once per answer on the connection (a 1xx comes before the final
// one) and then perhaps trailers, which are ignored.
class ResponseHeaderReader {
 public:
  explicit ResponseHeaderReader(std::size_t max_bytes)
      : max_bytes_(max_bytes) {}

  enum class State { kMore, kComplete, kTooLarge };
  // kComplete at the empty line that ends the final header.
  State TakeLine(absl::string_view line);

  bool complete() const { return complete_; }
  // Of the final header; 0 before it is complete.
  int status() const { return complete_ ? status_ : 0; }
  Headers& headers() { return headers_; }

 private:
  void TakeField(absl::string_view line);

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  int status_ = 0;
  bool complete_ = false;
  Headers headers_;
};

class Transfer {
 public:
  enum class Direction { kSend, kReceive };
  // Asks the loop to call `Resume`; any thread, also when the transfer is gone.
  using PostResume = std::function<void(Direction)>;

  Transfer(Request request, std::shared_ptr<const UpstreamSettings> settings,
           PostResume post_resume);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Takes the handle and sets everything up on it. An error is the result that
  // `Finish` is to be called with.
  CURLcode Prepare(CurlEasy easy, absl::Duration timeout);

  // Null before Prepare and after ReleaseEasy.
  CURL* easy() const { return easy_.get(); }

  // Lets a paused direction go on. Not CURLE_OK: the transfer has failed.
  CURLcode Resume(Direction direction);

  // What came of it, by libcurl's word or, for `Abort`, ours. Ends source and
  // sink. Called once, after the handle has left the multi handle; the
  // handle's counters are read here.
  Result Finish(CURLcode code, absl::Duration elapsed);
  Result Abort(TransportError::Kind kind, absl::string_view reason);

  // Connections opened for this transfer.
  long connects() const;

  CurlEasy ReleaseEasy() { return std::move(easy_); }

 private:
  // Why a callback ended the transfer.
  enum class Refusal {
    kNone,
    kHeaderTooLarge,
    kBodyTooLarge,
    kSourceFailed,
    kSourceTooShort,
    kSinkAborted,
    kResend,
    kTooManyConnections,
  };

  static int OnBeforeRequest(void* self, char* peer, char* local, int peer_port,
                             int local_port) noexcept;
  static std::size_t OnRead(char* buffer, std::size_t size, std::size_t count,
                            void* self) noexcept;
  static int OnSeek(void* self, curl_off_t offset, int origin) noexcept;
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept;
  static std::size_t OnWrite(char* data, std::size_t size, std::size_t count,
                             void* self) noexcept;

  void SetCallbacks(OptionSetter* options);
  int BeforeRequest();
  std::size_t Read(char* buffer, std::size_t capacity);
  std::size_t ReadSource(char* buffer, std::size_t capacity);
  std::size_t Header(absl::string_view line);
  std::size_t Write(absl::string_view data);
  void HeaderComplete();

  long RequestBytes() const;
  bool MaybeSent() const;
  // While we pause, the other side is not to blame for being slow.
  void WatchSpeed();
  void CloseStreams(bool complete);
  TransportError MakeError(TransportError::Kind kind, bool maybe_processed,
                           absl::string_view reason);
  TransportError ErrorFor(CURLcode code);
  std::optional<TransportError> ErrorForRefusal();

  Request request_;
  const std::shared_ptr<const UpstreamSettings> settings_;
  const PostResume post_resume_;
  CurlEasy easy_;
  CurlList header_list_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  // Sending.
  int requests_begun_ = 0;
  long bytes_before_request_ = 0;
  bool body_read_ = false;
  std::int64_t body_offset_ = 0;
  std::optional<std::int64_t> body_length_;
  bool source_open_ = false;
  bool send_paused_ = false;

  // Receiving.
  ResponseHeaderReader header_reader_;
  std::string body_;
  std::size_t body_bytes_ = 0;
  bool sink_open_ = false;
  bool receive_paused_ = false;

  Refusal refusal_ = Refusal::kNone;
};

}  // namespace opcon_snow::http::internal

#endif  // OPCON_SNOW_COMMON_HTTP_CURL_TRANSFER_H_
