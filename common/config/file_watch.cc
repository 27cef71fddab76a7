#include "common/config/file_watch.h"

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"

namespace opcon_snow::config {

FileWatch::FileWatch(std::vector<std::string> files, SteadyNow now)
    : files_(std::move(files)),
      now_(std::move(now)),
      stamp_(Stamp()),
      look_again_(now_() + kBetweenLooks) {}

bool FileWatch::Changed() {
  if (files_.empty() || now_() < look_again_) return false;
  look_again_ = now_() + kBetweenLooks;
  std::string stamp = Stamp();
  if (stamp == stamp_) return false;
  stamp_ = std::move(stamp);
  return true;
}

// The status change time also tells a file whose old times were restored.
std::string FileWatch::Stamp() const {
  std::string stamp;
  for (const std::string& file : files_) {
    struct stat info = {};
    if (!file.empty() && stat(file.c_str(), &info) == 0) {
      absl::StrAppend(&stamp, info.st_dev, ".", info.st_ino, ".", info.st_size,
                      ".", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, ".",
                      info.st_ctim.tv_sec, ".", info.st_ctim.tv_nsec);
    }
    stamp += '/';
  }
  return stamp;
}

std::function<std::optional<std::string>()> FreshSecret(
    const std::string& file,
    std::function<absl::StatusOr<std::string>(const std::string& file)> read,
    FileWatch::SteadyNow now) {
  // A function must be copyable; its copies share what they have seen.
  const auto watch = std::make_shared<FileWatch>(std::vector<std::string>{file},
                                                 std::move(now));
  return [file, read = std::move(read), watch]() -> std::optional<std::string> {
    if (!watch->Changed()) return std::nullopt;
    absl::StatusOr<std::string> fresh = read(file);
    if (!fresh.ok()) {
      log::Error("config.secret_refused",
                 {{"status", fresh.status()},
                  {"advice", "the one before is used on"}});
      return std::nullopt;
    }
    log::Info("config.secret_replaced", {{"file", file}});
    return *std::move(fresh);
  };
}

}  // namespace opcon_snow::config
