#ifndef OPCON_SNOW_SANDBOX_HTTP_MESSAGE_H_
#define OPCON_SNOW_SANDBOX_HTTP_MESSAGE_H_

// A request as a sandbox's model sees it, and its answer. Plain values.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::sandbox {

// One part of a multipart/form-data body, in the order sent.
struct FormPart {
  std::string name;
  std::string file_name;
  std::string content_type;
  std::string content;
};

using QueryPairs = std::vector<std::pair<std::string, std::string>>;

struct SandboxRequest {
  std::string method;

  // Percent-encoded as it came, without the query: "/api/jobs/a%2Fb".
  std::string raw_path;

  // The path split at "/" first and decoded afterwards, so that "%2F" stays
  // inside its segment: {"api", "jobs", "a/b"}. Empty segments are kept, except
  // before the first "/".
  std::vector<std::string> segments;

  // As it came, and decoded ("+" is a blank) in order with repetitions.
  std::string raw_query;
  QueryPairs query;

  // Names in lower case; a repeated header's values are joined with ", ".
  std::map<std::string, std::string> headers;

  // At most Options::max_body_bytes. For multipart/form-data empty: see parts.
  std::string body;
  std::vector<FormPart> parts;
  std::uint64_t body_bytes = 0;  // all bytes that came
  bool body_complete = true;     // false: the bodies above were cut off

  bool tls = false;

  // "" if absent. `name` in lower case.
  const std::string& Header(const std::string& name) const;

  // The first value; nullopt if the parameter is absent.
  std::optional<std::string> Query(absl::string_view name) const;

  // segments joined with "/" again, with a leading "/".
  std::string DecodedPath() const;

  // "http://host:port", from the Host header: for Location and links.
  std::string Origin() const;
};

struct Reply {
  int status = 200;
  // Content-Length, Connection and Date are added by the server.
  QueryPairs headers;
  std::string body;
  std::string content_type;  // "" with an empty body: no such header

  static Reply Json(int status, const nlohmann::json& body);
  static Reply Text(int status, std::string body, std::string content_type);
  static Reply Empty(int status);

  Reply& With(std::string name, std::string value);
};

// "%41" becomes "A"; a "%" without two hexadecimal digits stays as it is.
std::string PercentDecode(absl::string_view text, bool plus_is_blank);

// Encodes all but ALPHA, DIGIT and "-._~".
std::string PercentEncode(absl::string_view text);

// "a=1&b&c=%20" → {{"a","1"},{"b",""},{"c"," "}}.
QueryPairs ParseQuery(absl::string_view raw_query);

// See SandboxRequest::segments.
std::vector<std::string> SplitPath(absl::string_view raw_path);

// JSON text in which bytes that are not UTF-8 are replaced, never an exception.
std::string DumpJson(const nlohmann::json& value, int indent = -1);

}  // namespace opcon_snow::sandbox

#endif  // OPCON_SNOW_SANDBOX_HTTP_MESSAGE_H_
