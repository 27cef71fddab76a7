#ifndef OPCON_SNOW_COMMON_HTTP_URL_H_
#define OPCON_SNOW_COMMON_HTTP_URL_H_

// File: url.h
//
// URLs are put together from parts, each encoded for its place, so that a value
// never becomes syntax:
//
//   absl::StatusOr<BaseUrl> base = BaseUrl::Parse("https://host:9010/", false);
//   std::string url = UrlBuilder(*base)
//                         .Path("api/dailyjobs")         // our own text
//                         .Segment("20240131|12|1|A/B")  // a value
//                         .Query("includeJobLog", "true")
//                         .Build();

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::http {

// Encodes every byte that is not unreserved in RFC 3986 (letters, digits, "-",
// ".", "_", "~"), with upper-case digits. Right for one path segment as well as
// for a name or value in a query; "/" becomes "%2F", a blank "%20".
//
// The segments "." and ".." consist of unreserved characters only and cannot be
// encoded to anything that all servers treat as a name; see Segment below.
std::string PercentEncode(absl::string_view value);

// As PercentEncode, but "/" becomes "%252F" ("%2F" encoded once more): OpCon's
// API decodes the path before it splits it, so that a slash in a schedule or
// job name must be encoded twice.
std::string PercentEncodeSlashTwice(absl::string_view value);

// OK if `url` can be sent as it stands: absolute, https (or http if
// `allow_http`), no credentials, no fragment, nothing that ought to be encoded
// and is not. Otherwise INVALID_ARGUMENT with the reason, without the text.
absl::Status CheckRequestUrl(absl::string_view url, bool allow_http);

// The fixed front part of an upstream's URLs, checked.
class BaseUrl {
 public:
  // Accepts "https://host[:port][/path]", and "http://" if `allow_http`.
  // Refuses credentials, queries, fragments, blanks, control characters and
  // anything not ASCII; the error says which, without repeating the text.
  static absl::StatusOr<BaseUrl> Parse(absl::string_view text, bool allow_http);

  const std::string& scheme() const { return scheme_; }  // lower case
  const std::string& host() const { return host_; }      // IPv6 in brackets
  int port() const { return port_; }                     // never 0
  bool is_https() const { return scheme_ == "https"; }
  // "localhost", 127.0.0.0/8 or [::1], by its text.
  bool is_loopback() const;
  // Normalized, without a slash at the end: "https://host:9010/prefix".
  const std::string& text() const { return text_; }

 private:
  BaseUrl() = default;

  std::string scheme_;
  std::string host_;
  int port_ = 0;
  std::string text_;
};

class UrlBuilder {
 public:
  explicit UrlBuilder(const BaseUrl& base);

  // Appends "/" and `path`, a constant of the program (or of the configuration,
  // checked there): not encoded; slashes at its ends are dropped.
  UrlBuilder& Path(absl::string_view path);
  // Appends "/" and the value as one segment. "", "." and ".." cannot be
  // names in a path: they make Valid() false.
  UrlBuilder& Segment(absl::string_view value);
  // The same with PercentEncodeSlashTwice.
  UrlBuilder& SegmentSlashTwice(absl::string_view value);
  // Appends "name=value", both encoded.
  UrlBuilder& Query(absl::string_view name, absl::string_view value);

  // False if a segment could not be expressed. Ask before Build where segments
  // come from outside.
  bool Valid() const { return valid_; }
  std::string Build() const;

 private:
  void AppendSegment(absl::string_view value, const std::string& encoded);

  std::string path_;
  std::string query_;
  bool valid_ = true;
};

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_URL_H_
