#include "common/auth/bearer_token.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::auth {
namespace {

namespace fs = std::filesystem;

absl::Status Error(absl::StatusCode code, const std::string& path,
                   absl::string_view what) {
  return absl::Status(code, absl::StrCat("token file ", path, ": ", what));
}

absl::Status CheckFile(const std::string& path) {
  std::error_code error;
  const fs::file_status found = fs::status(fs::path(path), error);
  if (found.type() == fs::file_type::not_found) {
    return Error(absl::StatusCode::kNotFound, path, "there is no such file");
  }
  if (error || found.type() == fs::file_type::none) {
    return Error(absl::StatusCode::kPermissionDenied, path,
                 "it cannot be examined");
  }
  // Opening a FIFO would wait for a writer.
  if (found.type() != fs::file_type::regular) {
    return Error(absl::StatusCode::kInvalidArgument, path,
                 "is not a regular file");
  }
#ifndef _WIN32
  if ((found.permissions() & fs::perms::others_all) != fs::perms::none) {
    return Error(absl::StatusCode::kPermissionDenied, path,
                 absl::StrCat("everybody on this machine may use it; run: "
                              "chmod o= ",
                              path));
  }
#endif
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckToken(absl::string_view token) {
  if (token.size() < kLeastTokenBytes || token.size() > kMostTokenBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the token has ", token.size(), " characters and must have ",
        kLeastTokenBytes, " to ", kMostTokenBytes,
        "; \"openssl rand -hex 32\" makes a good one"));
  }
  std::size_t end = token.size();
  while (end > 0 && token[end - 1] == '=') --end;
  for (const char c : token.substr(0, end)) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::StrContains("-._~+/", absl::string_view(&c, 1))) {
      continue;
    }
    return absl::InvalidArgumentError(
        "the token may have only letters, digits and -._~+/, and = at its end; "
        "\"openssl rand -hex 32\" makes a good one");
  }
  return absl::OkStatus();
}

std::optional<absl::string_view> TokenOf(absl::string_view header) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(header, kScheme)) return std::nullopt;
  return absl::StripLeadingAsciiWhitespace(header.substr(kScheme.size()));
}

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  const absl::Status usable = CheckFile(path);
  if (!usable.ok()) return usable;
  std::ifstream file(fs::path(path), std::ios::binary);
  std::string token(kMostTokenBytes + 3, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  if (!file.is_open() || file.bad()) {
    return Error(absl::StatusCode::kPermissionDenied, path,
                 "it cannot be read");
  }
  token.resize(static_cast<std::size_t>(file.gcount()));
  if (!token.empty() && token.back() == '\n') token.pop_back();
  if (!token.empty() && token.back() == '\r') token.pop_back();
  const absl::Status good = CheckToken(token);
  if (good.ok()) return token;
  return Error(good.code(), path, good.message());
}

}  // namespace opcon_snow::auth
