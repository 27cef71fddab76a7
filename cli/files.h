#ifndef OPCON_SNOW_CLI_FILES_H_
#define OPCON_SNOW_CLI_FILES_H_

// What the spool does with files, as an interface: the platform does it, tests
// let it fail or stop half-way.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

// Held until destroyed, or until the process ends in whatever way.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Paths are UTF-8. Errors have the code that fits (NOT_FOUND,
// PERMISSION_DENIED, RESOURCE_EXHAUSTED for a full disk, ALREADY_EXISTS …) and
// name the path. Thread-safe.
class Files {
 public:
  virtual ~Files() = default;

  // Makes a folder and its parents, for this user alone. OK if it is there.
  // What it makes survives a power failure.
  virtual absl::Status MakeDirectories(const std::string& path) = 0;

  // Writes a file that is not there yet, and waits until the content is on
  // the disk. After an error there is no such file.
  virtual absl::Status WriteDurably(const std::string& path,
                                    absl::string_view content) = 0;

  // Both in the same file system; replaces `to`. Durable only after
  // SyncDirectory.
  virtual absl::Status Rename(const std::string& from,
                              const std::string& to) = 0;

  // Waits until what was renamed into or out of a folder is on the disk.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Calls `visit` with the name of each file of a folder, in no order, until
  // it returns false.
  virtual absl::Status ForEachName(
      const std::string& path,
      const std::function<bool(const std::string& name)>& visit) = 0;

  // The content of a file; INVALID_ARGUMENT if it is over `max_bytes`.
  virtual absl::StatusOr<std::string> Read(const std::string& path,
                                           std::size_t max_bytes) = 0;

  virtual absl::Status Remove(const std::string& path) = 0;

  // Whether a file is readable to everybody, or writable to others than its
  // owner and administrators.
  virtual absl::StatusOr<bool> IsOpenToOthers(const std::string& path) = 0;

  // Locks a file, which is made if it is not there. Null if another process,
  // or another lock of this one, holds it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> TryLock(
      const std::string& path) = 0;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_FILES_H_
