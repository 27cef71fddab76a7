#include "common/config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/config/secret.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace opcon_snow::config {
namespace {

absl::Status Error(absl::StatusCode code, const std::string& path,
                   absl::string_view what) {
  return absl::Status(code, absl::StrCat("secret file ", path, ": ", what));
}

absl::Status SystemError(const std::string& path, absl::string_view action) {
  const int reason = errno;
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  if (reason == ENOENT || reason == ENOTDIR) {
    code = absl::StatusCode::kNotFound;
  } else if (reason == EACCES || reason == EPERM) {
    code = absl::StatusCode::kPermissionDenied;
  }
  return Error(code, path, absl::StrCat(action, ": ", std::strerror(reason)));
}

absl::Status CheckFile(int descriptor, const std::string& path,
                       const SecretFileOptions& options) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) {
    return SystemError(path, "cannot be examined");
  }
  if (!S_ISREG(info.st_mode)) {
    return Error(absl::StatusCode::kInvalidArgument, path,
                 "is not a regular file");
  }
  if ((info.st_mode & S_IRWXO) == 0) return absl::OkStatus();
  const std::string mode = absl::StrFormat("%04o", info.st_mode & 07777);
  if (options.allow_world_access) {
    log::Warning("config.secret_file_open_to_all",
                 {{"path", path}, {"mode", mode}});
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, path,
               absl::StrCat("has the mode ", mode,
                            ", which lets everybody on this machine at it; "
                            "run: chmod o= ",
                            path));
}

// At most `max_bytes` + 1 bytes, so that too long is seen as such.
absl::StatusOr<std::string> ReadAll(int descriptor, const std::string& path,
                                    std::size_t max_bytes) {
  std::string content(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got =
        read(descriptor, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(path, "cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

}  // namespace

absl::StatusOr<Secret> ReadSecretFile(const std::string& path,
                                      const SecretFileOptions& options) {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  const int descriptor =
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return SystemError(path, "cannot be opened");
  const auto closer = absl::MakeCleanup([descriptor] { close(descriptor); });
  OPCON_SNOW_RETURN_IF_ERROR(CheckFile(descriptor, path, options));
  OPCON_SNOW_ASSIGN_OR_RETURN(std::string content,
                              ReadAll(descriptor, path, options.max_bytes));
  const auto invalid = [&path](absl::string_view what) {
    return Error(absl::StatusCode::kInvalidArgument, path, what);
  };
  if (content.size() > options.max_bytes) {
    return invalid(
        absl::StrCat("is longer than ", options.max_bytes, " bytes"));
  }
  if (!options.multiline) {
    if (!content.empty() && content.back() == '\n') content.pop_back();
    if (!content.empty() && content.back() == '\r') content.pop_back();
  }
  if (content.empty()) return invalid("is empty");
  const absl::string_view refused = options.multiline
                                        ? absl::string_view("\0", 1)
                                        : absl::string_view("\0\r\n", 3);
  if (absl::string_view(content).find_first_of(refused) !=
      absl::string_view::npos) {
    return invalid(options.multiline
                       ? "holds a NUL character"
                       : "holds a NUL character or more than one line");
  }
  return Secret(std::move(content));
}

}  // namespace opcon_snow::config
