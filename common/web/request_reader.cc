#include "common/web/request_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/string_body.hpp"

namespace opcon_snow::web {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

// A body may come in chunks of one byte, which take six.
constexpr std::size_t kMostWireBytesOfAByte = 8;

std::string Text(beast::string_view text) {
  return std::string(text.data(), text.size());
}

}  // namespace

struct RequestReader::Impl {
  Impl(ReaderLimits bounds, std::string error_domain)
      : limits(bounds), domain(std::move(error_domain)) {
    Begin();
  }

  void Begin() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(limits.max_header_bytes));
    parser->body_limit(limits.max_body_bytes);
    head = Request();
    head_told = false;
    expects_continue = false;
    wire_bytes = 0;
  }

  const ReaderLimits limits;
  const std::string domain;
  std::string pending;         // not yet understood
  std::size_t done = 0;        // of pending
  std::size_t wire_bytes = 0;  // of this request
  std::optional<Parser> parser;
  Request head;
  bool head_told = false;
  bool expects_continue = false;
  std::optional<Answer> problem;
};

RequestReader::RequestReader(ReaderLimits limits, std::string domain)
    : impl_(std::make_unique<Impl>(limits, std::move(domain))) {}

RequestReader::~RequestReader() = default;

void RequestReader::Append(absl::string_view bytes) {
  impl_->pending.erase(0, std::exchange(impl_->done, 0));
  impl_->pending.append(bytes.data(), bytes.size());
}

bool RequestReader::HasBegun() const {
  return impl_->wire_bytes > 0 || impl_->done < impl_->pending.size();
}

RequestReader::State RequestReader::Fail(Fault fault,
                                         absl::string_view detail) {
  impl_->problem = Problem(fault, detail, impl_->domain);
  return State::kFailed;
}

RequestReader::State RequestReader::Advance() {
  namespace http = beast::http;
  Impl& self = *impl_;
  if (self.problem.has_value()) return State::kFailed;
  const std::size_t most_wire_bytes =
      self.limits.max_header_bytes +
      kMostWireBytesOfAByte * self.limits.max_body_bytes;
  while (!self.parser->is_done()) {
    const std::size_t left = self.pending.size() - self.done;
    if (left == 0) return State::kNeedsMore;
    beast::error_code error;
    const std::size_t used = self.parser->put(
        boost::asio::const_buffer(self.pending.data() + self.done, left),
        error);
    self.done += used;
    self.wire_bytes += used;
    if (error == http::error::need_more) {
      if (left - used < self.limits.max_header_bytes) return State::kNeedsMore;
      error = http::error::header_limit;
    }
    if (self.wire_bytes > most_wire_bytes) error = http::error::body_limit;
    if (error == http::error::header_limit ||
        error == http::error::buffer_overflow) {
      return Fail(Fault::kHeadersTooLarge,
                  absl::StrCat("request line and headers have more than ",
                               self.limits.max_header_bytes, " bytes"));
    }
    if (error == http::error::body_limit) {
      return Fail(Fault::kBodyTooLarge,
                  absl::StrCat("the body has more than ",
                               self.limits.max_body_bytes, " bytes"));
    }
    if (error == http::error::bad_version) {
      return Fail(Fault::kVersion, "this is not HTTP/1.1 or HTTP/1.0");
    }
    if (error) {
      return Fail(Fault::kMalformed,
                  absl::StrCat("this is not HTTP: ", error.message()));
    }
    if (self.parser->is_header_done() && !self.head_told) return CheckHead();
  }
  return self.head_told ? State::kComplete : CheckHead();
}

RequestReader::State RequestReader::CheckHead() {
  Impl& self = *impl_;
  self.head_told = true;
  const auto& message = self.parser->get();
  self.head.method = Text(message.method_string());
  self.head.target = Text(message.target());
  int hosts = 0;
  for (const auto& field : message) {
    self.head.headers.emplace_back(
        absl::AsciiStrToLower(Text(field.name_string())), Text(field.value()));
    if (self.head.headers.back().first == "host") ++hosts;
  }
  const bool is_new = message.version() >= 11;
  if (hosts > 1 || (is_new && hosts == 0)) {
    return Fail(Fault::kMalformed, "there must be one Host");
  }
  // Beast takes other codings for a request without a body.
  if (self.head.HasHeader("transfer-encoding") &&
      (!is_new || !absl::EqualsIgnoreCase(self.head.Header("transfer-encoding"),
                                          "chunked"))) {
    return Fail(Fault::kTransferCoding,
                "the only transfer coding that is known is chunked");
  }
  if (is_new && self.head.HasHeader("expect")) {
    if (!absl::EqualsIgnoreCase(self.head.Header("expect"), "100-continue")) {
      return Fail(Fault::kExpectation,
                  "the only expectation that is known is 100-continue");
    }
    self.expects_continue = true;
  }
  return State::kHead;
}

const Request& RequestReader::head() const { return impl_->head; }

bool RequestReader::ExpectsContinue() const {
  // Who has begun to send the body does not wait any more.
  return impl_->expects_continue && !impl_->parser->is_done() &&
         impl_->done == impl_->pending.size();
}

bool RequestReader::KeepsAlive() const {
  return impl_->parser->get().version() >= 11 && impl_->parser->keep_alive();
}

Request RequestReader::Take() {
  Request request = std::move(impl_->head);
  request.body = std::move(impl_->parser->get().body());
  impl_->Begin();
  return request;
}

Answer RequestReader::problem() const { return *impl_->problem; }

}  // namespace opcon_snow::web
