#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "incident_service/store/sqlite_store.h"

namespace opcon_snow::incident {
namespace {

absl::Status LockError(absl::StatusCode code, const std::string& message) {
  return MakeError(
      code, message,
      {.reason = "STORE_UNAVAILABLE", .domain = "incident-service"});
}

}  // namespace

absl::StatusOr<std::unique_ptr<StoreLock>> StoreLock::Acquire(
    const std::string& path) {
  const int descriptor =
      open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) {
    return LockError(
        absl::StatusCode::kUnavailable,
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno),
                     "; the store's folder must exist and be "
                     "writable"));
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor);
    return LockError(absl::StatusCode::kFailedPrecondition,
                     absl::StrCat("another process holds ", path,
                                  ": an incident_service is already running "
                                  "on this store; stop it first"));
  }
  return std::unique_ptr<StoreLock>(new StoreLock(descriptor));
}

StoreLock::~StoreLock() { close(descriptor_); }

}  // namespace opcon_snow::incident
