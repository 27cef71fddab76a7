#include "snow_gateway/answer_kind.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "common/http/json.h"
#include "common/status/utf8.h"

namespace opcon_snow::snow {
namespace {

// Of ServiceNow's own words, in messages and metadata.
constexpr std::size_t kMaxQuoted = 400;
// Where a page says that it is one of a sleeping instance.
constexpr std::size_t kMaxScanned = std::size_t{64} * 1024;

bool ContainsWord(absl::string_view text, absl::string_view word) {
  return absl::StrContains(absl::AsciiStrToLower(text.substr(0, kMaxScanned)),
                           word);
}

// Scrubbed before it is cut: a part of a secret would not be recognised.
std::string Words(std::optional<std::string> text, const Scrub& scrub) {
  if (!text.has_value()) return "";
  if (scrub) text = scrub(*std::move(text));
  return ToValidUtf8(*text, kMaxQuoted);
}

bool IsHibernating(const http::Response& response, const ParsedBody& body) {
  if (body.announced_as_json) return false;
  const std::string location = response.headers.Get("Location").value_or("");
  return ContainsWord(response.body, "hibernat") ||
         (response.status / 100 == 3 &&
          ContainsWord(location, "developer.servicenow.com"));
}

AnswerKind KindOfForbidden(const UpstreamWords& words) {
  // Fixed texts of the platform (KB articles quote them); the rest of the
  // sentence is names.
  if (absl::StrContains(words.detail, "aborted by Business Rule")) {
    return AnswerKind::kBusinessRule;
  }
  if (absl::StrContains(words.detail, "Data Policy Exception")) {
    return AnswerKind::kDataPolicy;
  }
  return AnswerKind::kForbidden;
}

// Of a 5xx. The text is the platform's own (KB0778443).
AnswerKind KindOfServerError(int status, const UpstreamWords& words) {
  switch (status) {
    case 502:
    case 504:
      return AnswerKind::kProxyFailure;
    case 503:
      return AnswerKind::kUnavailable;
    default:
      break;
  }
  return absl::StrContains(words.message, "maximum execution time exceeded") ||
                 absl::StrContains(words.detail,
                                   "maximum execution time exceeded")
             ? AnswerKind::kQuota
             : AnswerKind::kInternal;
}

AnswerKind KindOfClientError(const http::Response& response,
                             const ParsedBody& body) {
  switch (response.status) {
    case 401:
      return AnswerKind::kUnauthenticated;
    case 403:
      return KindOfForbidden(body.words);
    case 408:
      return AnswerKind::kRequestTimeout;
    case 413:
      return AnswerKind::kUnacceptable;
    case 429:
      return response.headers.Has("Retry-After") ||
                     response.headers.Has("X-RateLimit-Rule") ||
                     response.headers.Has("X-RateLimit-Reset")
                 ? AnswerKind::kRateRule
                 : AnswerKind::kSemaphore;
    case 499:
      return AnswerKind::kAborted;
    default:
      break;
  }
  // Only ServiceNow's own envelope says that a record or path is not there;
  // any web server can answer 404.
  if (body.json.is_null()) return AnswerKind::kNotServiceNow;
  switch (response.status) {
    case 400:
      return AnswerKind::kMalformed;
    case 404:
      return AnswerKind::kNotFound;
    case 405:
    case 406:
    case 411:
    case 414:
    case 415:
    case 422:
      return AnswerKind::kUnacceptable;
    case 409:
      return AnswerKind::kConflict;
    default:
      return AnswerKind::kOtherRefusal;
  }
}

AnswerKind KindOfSuccess(const http::Response& response, const ParsedBody& body,
                         Endpoint endpoint) {
  if (response.status == 202 && response.body.empty()) {
    return AnswerKind::kEmptyAccepted;
  }
  if (endpoint == Endpoint::kAttachmentContent && response.body.empty()) {
    return AnswerKind::kOk;
  }
  if (!body.announced_as_json) return AnswerKind::kNotServiceNow;
  if (body.json.is_null()) return AnswerKind::kBrokenJson;
  return body.has_error ? AnswerKind::kErrorInAnswer : AnswerKind::kOk;
}

}  // namespace

ParsedBody ParseBody(const http::Response& response, const Scrub& scrub) {
  ParsedBody body;
  body.announced_as_json =
      ContainsWord(response.headers.Get("Content-Type").value_or(""), "json");
  if (!body.announced_as_json) return body;
  absl::StatusOr<nlohmann::json> json = http::ParseJson(response.body);
  if (!json.ok() || !json->is_object()) return body;
  body.json = *std::move(json);
  if (http::FindString(body.json, "status") == "failure") {
    body.has_error = true;
  }
  const nlohmann::json* error = http::FindMember(body.json, "error");
  if (error == nullptr || error->is_null()) return body;
  body.has_error = true;
  if (error->is_string()) {
    // The token endpoint's form: {"error":…,"error_description":…}.
    body.words.message = Words(error->get<std::string>(), scrub);
    body.words.detail =
        Words(http::FindString(body.json, "error_description"), scrub);
  } else {
    body.words.message = Words(http::FindString(*error, "message"), scrub);
    body.words.detail = Words(http::FindString(*error, "detail"), scrub);
  }
  return body;
}

AnswerKind KindOf(const http::Response& response, const ParsedBody& body,
                  Endpoint endpoint) {
  if (IsHibernating(response, body)) return AnswerKind::kHibernating;
  switch (response.status / 100) {
    case 2:
      return KindOfSuccess(response, body, endpoint);
    case 4:
      return KindOfClientError(response, body);
    case 5:
      return KindOfServerError(response.status, body.words);
    default:
      return AnswerKind::kNotServiceNow;
  }
}

AnswerKind KindOf(const http::TransportError& error) {
  using Kind = http::TransportError::Kind;
  switch (error.kind) {
    case Kind::kBadRequest:
      return AnswerKind::kNotSendable;
    case Kind::kCancelled:
    case Kind::kSource:
    case Kind::kSink:
      return AnswerKind::kGivenUp;
    case Kind::kResolve:
    case Kind::kConnect:
    case Kind::kTls:
      return AnswerKind::kUnreachable;
    case Kind::kTimeout:
      return error.maybe_processed ? AnswerKind::kTimeout
                                   : AnswerKind::kUnreachable;
    case Kind::kTooLarge:
      return AnswerKind::kTooLarge;
    case Kind::kProtocol:
      return AnswerKind::kNotHttp;
    case Kind::kSend:
    case Kind::kReceive:
    case Kind::kOther:
      return error.maybe_processed ? AnswerKind::kBroken
                                   : AnswerKind::kUnreachable;
  }
  return AnswerKind::kBroken;
}

}  // namespace opcon_snow::snow
