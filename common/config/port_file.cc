#include "common/config/port_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ios>
#include <map>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace opcon_snow::config {

absl::Status WritePortFile(const std::string& path,
                           const std::map<std::string, int>& ports) {
  // In the same folder, because a rename is atomic within one file system.
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  errno = 0;
  std::ofstream file(temporary, std::ios::trunc);
  for (const auto& [name, port] : ports) file << name << '=' << port << '\n';
  file.close();
  std::error_code error;
  if (file.fail()) {
    const int reason = errno;
    std::filesystem::remove(temporary, error);
    return absl::UnavailableError(
        absl::StrCat("port file ", temporary, ": ", std::strerror(reason)));
  }
  std::filesystem::rename(temporary, path, error);
  if (error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    return absl::UnavailableError(
        absl::StrCat("port file ", path, ": ", error.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ReadPortFile(const std::string& path,
                                 absl::string_view name) {
  std::ifstream file(path);
  const std::string prefix = absl::StrCat(name, "=");
  for (std::string line; std::getline(file, line);) {
    absl::string_view number = line;
    int port = 0;
    if (absl::ConsumePrefix(&number, prefix) &&
        absl::SimpleAtoi(number, &port)) {
      return port;
    }
  }
  return absl::UnavailableError(
      absl::StrCat("port file ", path, ": has no line ", prefix, "PORT"));
}

}  // namespace opcon_snow::config
