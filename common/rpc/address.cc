#include "common/rpc/address.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <ios>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/path/utf8_path.h"

namespace opcon_snow::rpc {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;

bool IsDigits(absl::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

absl::Status BadAddress(absl::string_view address, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", address, "\" ", what,
                   "; write host:port, such as 127.0.0.1:50051 or "
                   "[::1]:50051"));
}

}  // namespace

bool IsIpv4Address(absl::string_view host) {
  int parts = 0;
  for (const absl::string_view part : absl::StrSplit(host, '.')) {
    int value = 0;
    if (part.size() > 3 || !IsDigits(part) || !absl::SimpleAtoi(part, &value) ||
        value > 255) {
      return false;
    }
    ++parts;
  }
  return parts == 4;
}

bool IsLoopbackHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[") && !absl::ConsumeSuffix(&host, "]")) {
    return false;
  }
  return host == "::1" || absl::EqualsIgnoreCase(host, "localhost") ||
         (absl::StartsWith(host, "127.") && IsIpv4Address(host));
}

bool IsLoopbackTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") ||
      absl::StartsWith(target, "unix-abstract:")) {
    return true;
  }
  if (!absl::ConsumePrefix(&target, "ipv4:") &&
      !absl::ConsumePrefix(&target, "ipv6:") &&
      absl::ConsumePrefix(&target, "dns:")) {
    // dns:host:port, dns:///host:port; with an authority, another server says
    // what the name means.
    if (absl::StartsWith(target, "//") &&
        !absl::ConsumePrefix(&target, "///")) {
      return false;
    }
  }
  const absl::StatusOr<HostPort> address = ParseHostPort(target);
  return address.ok() && IsLoopbackHost(address->host);
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) {
    return BadAddress(address, "has no port");
  }
  HostPort result;
  absl::string_view host = address.substr(0, colon);
  const absl::string_view port = address.substr(colon + 1);
  if (port.size() > 5 || !IsDigits(port) ||
      !absl::SimpleAtoi(port, &result.port) || result.port > 65535) {
    return BadAddress(address, "has no port between 0 and 65535");
  }
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]") || !absl::StrContains(host, ':')) {
      return BadAddress(address, "has no IPv6 address in its brackets");
    }
  } else if (absl::StrContains(host, ':')) {
    return BadAddress(address, "has an IPv6 address without brackets");
  }
  if (host.empty()) return BadAddress(address, "has no host");
  for (const char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains("-._:%", absl::string_view(&c, 1))) {
      return BadAddress(address, "has a host that cannot be one");
    }
  }
  result.host = std::string(host);
  return result;
}

std::string JoinHostPort(absl::string_view host, int port) {
  if (absl::StrContains(host, ':') && !absl::StartsWith(host, "[")) {
    return absl::StrCat("[", host, "]:", port);
  }
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<std::string> ReadPemFile(const std::string& path,
                                        absl::string_view purpose) {
  const auto error = [&](absl::StatusCode code, absl::string_view what) {
    return absl::Status(code, absl::StrCat(purpose, " ", path, ": ", what));
  };
  errno = 0;
  std::ifstream file(PathFromUtf8(path), std::ios::binary);
  if (!file) {
    const int reason = errno;
    return error(reason == EACCES ? absl::StatusCode::kPermissionDenied
                                  : absl::StatusCode::kNotFound,
                 absl::StrCat("cannot be opened: ", std::strerror(reason)));
  }
  std::string content(kMaxPemBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return error(absl::StatusCode::kInvalidArgument, "cannot be read");
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > kMaxPemBytes) {
    return error(absl::StatusCode::kInvalidArgument, "is longer than 1 MiB");
  }
  if (!absl::StrContains(content, "-----BEGIN ")) {
    return error(absl::StatusCode::kInvalidArgument,
                 "is not PEM: it has no -----BEGIN line");
  }
  return content;
}

}  // namespace opcon_snow::rpc
