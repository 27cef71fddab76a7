#include "sandbox/http/message.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const std::string& SandboxRequest::Header(const std::string& name) const {
  static const std::string* const kAbsent = new std::string;
  const auto it = headers.find(name);
  return it == headers.end() ? *kAbsent : it->second;
}

std::optional<std::string> SandboxRequest::Query(absl::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string SandboxRequest::DecodedPath() const {
  std::string path;
  for (const std::string& segment : segments) {
    path += '/';
    path += segment;
  }
  return path.empty() ? "/" : path;
}

std::string SandboxRequest::Origin() const {
  const std::string& host = Header("host");
  return absl::StrCat(tls ? "https://" : "http://",
                      host.empty() ? "localhost" : host);
}

Reply Reply::Json(int status, const nlohmann::json& body) {
  return Text(status, DumpJson(body), "application/json;charset=UTF-8");
}

Reply Reply::Text(int status, std::string body, std::string content_type) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.content_type = std::move(content_type);
  return reply;
}

Reply Reply::Empty(int status) {
  Reply reply;
  reply.status = status;
  return reply;
}

Reply& Reply::With(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::string PercentDecode(absl::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_blank) {
      decoded += ' ';
      continue;
    }
    if (c == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += c;
  }
  return decoded;
}

std::string PercentEncode(absl::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) ||
        absl::string_view("-._~").find(c) != absl::string_view::npos) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

QueryPairs ParseQuery(absl::string_view raw_query) {
  QueryPairs pairs;
  for (const absl::string_view item :
       absl::StrSplit(raw_query, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    pairs.emplace_back(PercentDecode(halves.first, true),
                       PercentDecode(halves.second, true));
  }
  return pairs;
}

std::vector<std::string> SplitPath(absl::string_view raw_path) {
  if (!raw_path.empty() && raw_path.front() == '/') raw_path.remove_prefix(1);
  std::vector<std::string> segments;
  if (raw_path.empty()) return segments;
  for (const absl::string_view segment : absl::StrSplit(raw_path, '/')) {
    segments.push_back(PercentDecode(segment, false));
  }
  return segments;
}

std::string DumpJson(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false,
                    nlohmann::json::error_handler_t::replace);
}

}  // namespace opcon_snow::sandbox
