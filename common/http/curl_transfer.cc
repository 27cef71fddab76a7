#include "common/http/curl_transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/http/curl_code.h"
#include "common/http/redact.h"

namespace opcon_snow::http::internal {
namespace {

using Kind = TransportError::Kind;

// libcurl's text for people, made fit for one line of a log.
std::string OneLine(absl::string_view text) {
  static constexpr std::size_t kMax = 200;
  std::string line(text.substr(0, kMax));
  std::replace_if(
      line.begin(), line.end(),
      [](char c) {
        return !absl::ascii_isprint(static_cast<unsigned char>(c));
      },
      ' ');
  absl::StripAsciiWhitespace(&line);
  return line;
}

}  // namespace

ResponseHeaderReader::State ResponseHeaderReader::TakeLine(
    absl::string_view line) {
  bytes_ += line.size();
  if (bytes_ > max_bytes_) return State::kTooLarge;
  if (complete_) return State::kMore;
  line = absl::StripSuffix(line, "\n");
  line = absl::StripSuffix(line, "\r");
  if (line.empty()) {
    if (status_ < 200) return State::kMore;
    complete_ = true;
    return State::kComplete;
  }
  if (absl::StartsWithIgnoreCase(line, "HTTP/")) {
    headers_.Clear();
    const std::size_t blank = line.find(' ');
    if (blank == absl::string_view::npos ||
        !absl::SimpleAtoi(line.substr(blank + 1, 3), &status_)) {
      status_ = 0;
    }
    return State::kMore;
  }
  TakeField(line);
  return State::kMore;
}

void ResponseHeaderReader::TakeField(absl::string_view line) {
  // The blank after the colon is optional and any blanks around the value are
  // not part of it. A line without a colon, or one that continues the line
  // before (which RFC 9112 retired), is left out.
  const std::size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return;
  const absl::string_view name = line.substr(0, colon);
  if (!IsValidHeaderName(name)) return;
  headers_.Add(name, absl::StripAsciiWhitespace(line.substr(colon + 1)));
}

Transfer::Transfer(Request request,
                   std::shared_ptr<const UpstreamSettings> settings,
                   PostResume post_resume)
    : request_(std::move(request)),
      settings_(std::move(settings)),
      post_resume_(std::move(post_resume)),
      header_reader_(settings_->options().max_header_bytes) {}

Transfer::~Transfer() { CloseStreams(false); }

CURLcode Transfer::Prepare(CurlEasy easy, absl::Duration timeout) {
  easy_ = std::move(easy);
  if (!easy_) return CURLE_OUT_OF_MEMORY;
  const bool sends_body = SendsBody(request_);
  if (request_.body_source != nullptr) {
    body_length_ = request_.body_source->length();
    source_open_ = true;
    request_.body_source->Open(
        [post = post_resume_] { post(Direction::kSend); });
  } else {
    body_length_ = static_cast<std::int64_t>(request_.body.size());
  }
  OptionSetter options(easy_.get());
  SetMandatoryOptions(*settings_, &options);
  SetRequestOptions(request_, sends_body, body_length_.value_or(-1), timeout,
                    &header_list_, &options);
  SetCallbacks(&options);
  return options.code();
}

void Transfer::SetCallbacks(OptionSetter* options) {
  options->Pointer(CURLOPT_ERRORBUFFER, error_text_.data());
  options->Function(CURLOPT_PREREQFUNCTION, &Transfer::OnBeforeRequest);
  options->Pointer(CURLOPT_PREREQDATA, this);
  options->Function(CURLOPT_READFUNCTION, &Transfer::OnRead);
  options->Pointer(CURLOPT_READDATA, this);
  options->Function(CURLOPT_SEEKFUNCTION, &Transfer::OnSeek);
  options->Pointer(CURLOPT_SEEKDATA, this);
  options->Function(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  options->Pointer(CURLOPT_HEADERDATA, this);
  options->Function(CURLOPT_WRITEFUNCTION, &Transfer::OnWrite);
  options->Pointer(CURLOPT_WRITEDATA, this);
  options->Pointer(CURLOPT_PRIVATE, this);
}

int Transfer::OnBeforeRequest(void* self, char* /*peer*/, char* /*local*/,
                              int /*peer_port*/, int /*local_port*/) noexcept {
  return static_cast<Transfer*>(self)->BeforeRequest();
}

std::size_t Transfer::OnRead(char* buffer, std::size_t size, std::size_t count,
                             void* self) noexcept {
  return static_cast<Transfer*>(self)->Read(buffer, size * count);
}

int Transfer::OnSeek(void* self, curl_off_t offset, int origin) noexcept {
  // Asked for when libcurl wants to send the body a second time. Only the
  // place where we are can be "reached".
  auto* transfer = static_cast<Transfer*>(self);
  if (origin == SEEK_SET && offset == transfer->body_offset_) {
    return CURL_SEEKFUNC_OK;
  }
  transfer->refusal_ = Refusal::kResend;
  return CURL_SEEKFUNC_FAIL;
}

std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept {
  return static_cast<Transfer*>(self)->Header(
      absl::string_view(data, size * count));
}

std::size_t Transfer::OnWrite(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept {
  return static_cast<Transfer*>(self)->Write(
      absl::string_view(data, size * count));
}

// libcurl, by itself, sends a request again on another connection when a kept
// one closes without a byte of answer, whatever the method, even if the server
// took and carried out the whole request. This is called right before each
// sending and is the one place where the second can be stopped.
int Transfer::BeforeRequest() {
  if (requests_begun_ > 0 && MaybeSent()) {
    refusal_ = Refusal::kResend;
    return CURL_PREREQFUNC_ABORT;
  }
  if (requests_begun_ > 1) {
    refusal_ = Refusal::kTooManyConnections;
    return CURL_PREREQFUNC_ABORT;
  }
  ++requests_begun_;
  // What was counted so far went to a proxy.
  bytes_before_request_ = RequestBytes();
  return CURL_PREREQFUNC_OK;
}

long Transfer::RequestBytes() const {
  long bytes = 0;
  if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &bytes);
  return bytes;
}

bool Transfer::MaybeSent() const {
  // The body is only asked for once the header is on its way.
  return requests_begun_ > 0 &&
         (body_read_ || RequestBytes() > bytes_before_request_);
}

std::size_t Transfer::Read(char* buffer, std::size_t capacity) {
  body_read_ = true;
  if (source_open_) return ReadSource(buffer, capacity);
  const auto offset = static_cast<std::size_t>(body_offset_);
  const std::size_t size = std::min(capacity, request_.body.size() - offset);
  std::memcpy(buffer, request_.body.data() + offset, size);
  body_offset_ += static_cast<std::int64_t>(size);
  return size;
}

std::size_t Transfer::ReadSource(char* buffer, std::size_t capacity) {
  if (body_length_.has_value()) {
    const auto left = static_cast<std::size_t>(*body_length_ - body_offset_);
    if (left == 0) return 0;
    capacity = std::min(capacity, left);
  }
  const BodySource::ReadResult result =
      request_.body_source->Read(buffer, capacity);
  switch (result.state) {
    case BodySource::State::kData:
      body_offset_ += static_cast<std::int64_t>(result.size);
      return result.size;
    case BodySource::State::kPending:
      send_paused_ = true;
      WatchSpeed();
      return CURL_READFUNC_PAUSE;
    case BodySource::State::kEnd:
      if (!body_length_.has_value()) return 0;
      refusal_ = Refusal::kSourceTooShort;
      return CURL_READFUNC_ABORT;
    case BodySource::State::kError:
      break;
  }
  refusal_ = Refusal::kSourceFailed;
  return CURL_READFUNC_ABORT;
}

std::size_t Transfer::Header(absl::string_view line) {
  switch (header_reader_.TakeLine(line)) {
    case ResponseHeaderReader::State::kMore:
      break;
    case ResponseHeaderReader::State::kComplete:
      HeaderComplete();
      break;
    case ResponseHeaderReader::State::kTooLarge:
      refusal_ = Refusal::kHeaderTooLarge;
      return CURL_WRITEFUNC_ERROR;
  }
  return line.size();
}

void Transfer::HeaderComplete() {
  if (request_.body_sink != nullptr) {
    sink_open_ = request_.body_sink->Open(
        header_reader_.status(), header_reader_.headers(),
        [post = post_resume_] { post(Direction::kReceive); });
  }
  // libcurl stops sending when an error comes before the whole body is out, but
  // a paused sender keeps the transfer from ending until it is let go.
  if (send_paused_) post_resume_(Direction::kSend);
}

std::size_t Transfer::Write(absl::string_view data) {
  if (data.size() > request_.max_response_bytes - body_bytes_) {
    refusal_ = Refusal::kBodyTooLarge;
    return CURL_WRITEFUNC_ERROR;
  }
  if (sink_open_ && !data.empty()) {
    switch (request_.body_sink->Write(data)) {
      case BodySink::WriteResult::kTaken:
        break;
      case BodySink::WriteResult::kPaused:
        receive_paused_ = true;
        WatchSpeed();
        return CURL_WRITEFUNC_PAUSE;
      case BodySink::WriteResult::kAbort:
        refusal_ = Refusal::kSinkAborted;
        return CURL_WRITEFUNC_ERROR;
    }
  } else {
    body_.append(data.data(), data.size());
  }
  body_bytes_ += data.size();
  return data.size();
}

CURLcode Transfer::Resume(Direction direction) {
  bool& paused = direction == Direction::kSend ? send_paused_ : receive_paused_;
  if (!paused || !easy_) return CURLE_OK;
  paused = false;
  WatchSpeed();
  const int mask = (send_paused_ ? CURLPAUSE_SEND : 0) |
                   (receive_paused_ ? CURLPAUSE_RECV : 0);
  const CURLcode code = curl_easy_pause(easy_.get(), mask);
  // Said of a transfer that has just ended and waits to be collected.
  return code == CURLE_BAD_FUNCTION_ARGUMENT ? CURLE_OK : code;
}

void Transfer::WatchSpeed() {
  const bool paused = send_paused_ || receive_paused_;
  OptionSetter options(easy_.get());
  options.Long(CURLOPT_LOW_SPEED_TIME,
               paused ? 0
                      : static_cast<long>(absl::ToInt64Seconds(
                            settings_->options().low_speed_time)));
}

void Transfer::CloseStreams(bool complete) {
  if (std::exchange(source_open_, false)) request_.body_source->Close();
  if (std::exchange(sink_open_, false)) request_.body_sink->Close(complete);
}

long Transfer::connects() const {
  long count = 0;
  if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &count);
  return count;
}

Result Transfer::Finish(CURLcode code, absl::Duration elapsed) {
  CloseStreams(code == CURLE_OK);
  if (code != CURLE_OK) return ErrorFor(code);
  if (!header_reader_.complete()) {
    return MakeError(Kind::kProtocol, MaybeSent(),
                     "the answer has no complete header");
  }
  Response response;
  response.status = header_reader_.status();
  response.headers = std::move(header_reader_.headers());
  response.body = std::move(body_);
  response.elapsed = elapsed;
  return response;
}

Result Transfer::Abort(Kind kind, absl::string_view reason) {
  CloseStreams(false);
  return MakeError(kind, MaybeSent(), reason);
}

TransportError Transfer::MakeError(Kind kind, bool maybe_processed,
                                   absl::string_view reason) {
  TransportError error;
  error.kind = kind;
  error.maybe_processed = maybe_processed;
  error.status = header_reader_.status();
  error.message = absl::StrCat(MethodName(request_.method), " ",
                               RedactUrl(request_.url), ": ", reason);
  return error;
}

TransportError Transfer::ErrorFor(CURLcode code) {
  std::optional<TransportError> refused = ErrorForRefusal();
  if (refused.has_value()) return *refused;
  const CodeMeaning& meaning = MeaningOf(code);
  const bool reached_server = requests_begun_ > 0;
  Kind kind = meaning.kind;
  std::string text = meaning.text;
  if (!reached_server && (kind == Kind::kSend || kind == Kind::kReceive)) {
    kind = Kind::kConnect;
    text = "the proxy opened no connection to the host";
  }
  if (reached_server && kind == Kind::kBadRequest) {
    // "Unsupported protocol" is also said of an answer that is no HTTP/1.1.
    kind = Kind::kProtocol;
    text = MeaningOf(CURLE_WEIRD_SERVER_REPLY).text;
  }
  const std::string detail = OneLine(error_text_.data());
  if (!detail.empty()) absl::StrAppend(&text, " (", detail, ")");
  return MakeError(
      kind, reached_server && (meaning.implies_sent || MaybeSent()), text);
}

std::optional<TransportError> Transfer::ErrorForRefusal() {
  switch (refusal_) {
    case Refusal::kNone:
      return std::nullopt;
    case Refusal::kHeaderTooLarge:
      return MakeError(
          Kind::kTooLarge, true,
          absl::StrCat("the answer's header is longer than ",
                       settings_->options().max_header_bytes, " bytes"));
    case Refusal::kBodyTooLarge:
      return MakeError(Kind::kTooLarge, true,
                       absl::StrCat("the answer is longer than ",
                                    request_.max_response_bytes, " bytes"));
    case Refusal::kSourceFailed:
      return MakeError(Kind::kSource, true,
                       "the request body broke off at its source");
    case Refusal::kSourceTooShort:
      return MakeError(
          Kind::kSource, true,
          absl::StrCat("the request body ended after ", body_offset_, " of ",
                       body_length_.value_or(0), " bytes"));
    case Refusal::kSinkAborted:
      return MakeError(Kind::kSink, true,
                       "the receiver of the answer wanted no more of it");
    case Refusal::kResend:
      return MakeError(Kind::kReceive, true,
                       "the server closed a kept connection after the request "
                       "was sent and before it answered");
    case Refusal::kTooManyConnections:
      return MakeError(Kind::kSend, false,
                       "two connections in a row broke before the request "
                       "was sent");
  }
  return std::nullopt;
}

}  // namespace opcon_snow::http::internal
