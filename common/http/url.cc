#include "common/http/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace opcon_snow::http {
namespace {

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void AppendEncoded(char c, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out->push_back('%');
  out->push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 0xF]);
}

absl::Status Refuse(absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("URL refused: ", reason));
}

// What RFC 3986 allows anywhere in a URL, plus "|" and the braces, which
// servers accept and people write. A parser that is lenient about the rest,
// libcurl's included, may understand a URL differently from the next one.
absl::Status CheckCharacters(absl::string_view url) {
  static constexpr absl::string_view kPunctuation = "-._~:/?#[]@!$&'()*+,;=|{}";
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    if (c == '%') {
      if (i + 2 >= url.size() ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(url[i + 1])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(url[i + 2]))) {
        return Refuse("\"%\" without two hexadecimal digits after it");
      }
    } else if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
               !absl::StrContains(kPunctuation, c)) {
      return Refuse(absl::StrCat(
          "it holds a character that must be percent-encoded, at offset ", i));
    }
  }
  return absl::OkStatus();
}

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

std::optional<std::string> Part(CURLU* url, CURLUPart part,
                                unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string copy(text);
  curl_free(text);
  return copy;
}

absl::StatusOr<CurlUrl> ParseUrl(absl::string_view text, bool allow_http) {
  if (text.empty()) return Refuse("it is empty");
  absl::Status characters = CheckCharacters(text);
  if (!characters.ok()) return characters;
  // libcurl takes one or three slashes as well; others read those differently.
  const std::size_t slashes = text.find("://");
  if (slashes == absl::string_view::npos) {
    return Refuse("it must begin with https://");
  }
  if (absl::StartsWith(text.substr(slashes + 3), "/")) {
    return Refuse("it names no host");
  }
  CurlUrl url(curl_url());
  if (!url) return absl::ResourceExhaustedError("out of memory");
  const CURLUcode code =
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(),
                   CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
  if (code != CURLUE_OK) return Refuse(curl_url_strerror(code));
  const std::string scheme =
      absl::AsciiStrToLower(Part(url.get(), CURLUPART_SCHEME).value_or(""));
  if (scheme == "http") {
    if (!allow_http) {
      return Refuse(
          "http:// is not allowed for this upstream; use https:// or allow "
          "plain HTTP in its configuration");
    }
  } else if (scheme != "https") {
    return Refuse("it must begin with https://");
  }
  if (Part(url.get(), CURLUPART_USER) || Part(url.get(), CURLUPART_PASSWORD)) {
    return Refuse(
        "it holds a user name or password; give credentials in their own "
        "configuration fields");
  }
  if (Part(url.get(), CURLUPART_HOST).value_or("").empty()) {
    return Refuse("it names no host");
  }
  if (absl::StrContains(text, '#')) return Refuse("it has a fragment (\"#\")");
  return url;
}

}  // namespace

std::string PercentEncode(absl::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      AppendEncoded(c, &out);
    }
  }
  return out;
}

std::string PercentEncodeSlashTwice(absl::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c == '/') {
      out += "%252F";
    } else if (IsUnreserved(c)) {
      out.push_back(c);
    } else {
      AppendEncoded(c, &out);
    }
  }
  return out;
}

absl::Status CheckRequestUrl(absl::string_view url, bool allow_http) {
  return ParseUrl(url, allow_http).status();
}

absl::StatusOr<BaseUrl> BaseUrl::Parse(absl::string_view text,
                                       bool allow_http) {
  absl::StatusOr<CurlUrl> parsed = ParseUrl(text, allow_http);
  if (!parsed.ok()) return parsed.status();
  CURLU* url = parsed->get();
  if (absl::StrContains(text, '?')) return Refuse("it has a query (\"?\")");
  BaseUrl base;
  base.scheme_ =
      absl::AsciiStrToLower(Part(url, CURLUPART_SCHEME).value_or(""));
  base.host_ = absl::AsciiStrToLower(Part(url, CURLUPART_HOST).value_or(""));
  const std::string port =
      Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
  if (!absl::SimpleAtoi(port, &base.port_) || base.port_ < 1 ||
      base.port_ > 65535) {
    return Refuse("its port is not a number from 1 to 65535");
  }
  const int default_port = base.is_https() ? 443 : 80;
  std::string path = Part(url, CURLUPART_PATH).value_or("");
  while (absl::EndsWith(path, "/")) path.pop_back();
  base.text_ = absl::StrCat(
      base.scheme_, "://", base.host_,
      base.port_ == default_port ? "" : absl::StrCat(":", base.port_), path);
  return base;
}

bool BaseUrl::is_loopback() const {
  if (host_ == "localhost" || host_ == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, host_.c_str(), &address) == 1 &&
         (ntohl(address.s_addr) >> 24) == 127;
}

UrlBuilder::UrlBuilder(const BaseUrl& base) : path_(base.text()) {}

UrlBuilder& UrlBuilder::Path(absl::string_view path) {
  while (absl::ConsumePrefix(&path, "/")) {
  }
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  if (!path.empty()) absl::StrAppend(&path_, "/", path);
  return *this;
}

UrlBuilder& UrlBuilder::Segment(absl::string_view value) {
  AppendSegment(value, PercentEncode(value));
  return *this;
}

UrlBuilder& UrlBuilder::SegmentSlashTwice(absl::string_view value) {
  AppendSegment(value, PercentEncodeSlashTwice(value));
  return *this;
}

void UrlBuilder::AppendSegment(absl::string_view value,
                               const std::string& encoded) {
  // Servers and proxies take such a segment away before they look at the path,
  // encoded or not: the request would go to another resource.
  if (value.empty() || value == "." || value == "..") valid_ = false;
  absl::StrAppend(&path_, "/", encoded);
}

UrlBuilder& UrlBuilder::Query(absl::string_view name, absl::string_view value) {
  absl::StrAppend(&query_, query_.empty() ? "?" : "&", PercentEncode(name), "=",
                  PercentEncode(value));
  return *this;
}

std::string UrlBuilder::Build() const { return path_ + query_; }

}  // namespace opcon_snow::http
