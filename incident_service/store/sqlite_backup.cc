// A copy of the store while it runs: VACUUM INTO a file, on a connection of its
// own that only reads, so that neither writers nor readers wait for it.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/schema.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

absl::Status FileError(const std::string& path, absl::string_view what) {
  return MakeError(
      absl::StatusCode::kUnavailable,
      absl::StrCat("the backup ", path, " cannot be ", what, ": ",
                   std::strerror(errno),
                   "; see that store.sqlite.backup_directory exists, is "
                   "writable, and has room for a copy of the store"),
      {.reason = "STORE_UNAVAILABLE", .domain = "incident-service"});
}

// A file that has lost its name: it goes when it is closed, whatever happens.
class SqliteBackup final : public StoreBackup {
 public:
  SqliteBackup(int descriptor, ::incident::v1::BackupHeader header,
               std::string path, std::shared_ptr<std::atomic<bool>> taken)
      : descriptor_(descriptor),
        header_(std::move(header)),
        path_(std::move(path)),
        taken_(std::move(taken)) {}
  ~SqliteBackup() override {
    close(descriptor_);
    taken_->store(false);
  }

  const ::incident::v1::BackupHeader& header() const override {
    return header_;
  }

  absl::StatusOr<std::string> Read(std::size_t max_bytes) override {
    std::string bytes(max_bytes, '\0');
    const ssize_t count = read(descriptor_, bytes.data(), bytes.size());
    if (count < 0) return FileError(path_, "read");
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }

 private:
  const int descriptor_;
  const ::incident::v1::BackupHeader header_;
  const std::string path_;
  const std::shared_ptr<std::atomic<bool>> taken_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StoreBackup>> SqliteStore::BackUp() {
  if (backing_up_->exchange(true)) return BackupUnderWay();
  // Frees the place again unless the copy takes it over.
  const auto free_place = [](std::atomic<bool>* taken) { taken->store(false); };
  std::unique_ptr<std::atomic<bool>, decltype(free_place)> place(
      backing_up_.get(), free_place);

  namespace fs = std::filesystem;
  const fs::path file(options_.path);
  const fs::path folder = options_.backup_directory.empty()
                              ? file.parent_path()
                              : fs::path(options_.backup_directory);
  const std::string copy =
      (folder / absl::StrCat(file.filename().string(), ".copy")).string();
  // Of a process that died; nobody else makes such a file while we hold the
  // lock.
  std::error_code ignored;
  fs::remove(copy, ignored);

  ::incident::v1::BackupHeader header;
  header.set_format("sqlite");
  header.set_schema_version(kSchemaVersion);
  SetTime(clock_->Now(), header.mutable_snapshot_time());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::unique_ptr<Database> source,
      Database::Open(options_.path, DatabaseMode::kReadOnly));
  absl::Status made;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement vacuum,
                                source->Prepare("VACUUM INTO ?"));
    made = vacuum.Bind(copy).Run();
  }
  const int descriptor = open(copy.c_str(), O_RDONLY | O_CLOEXEC);
  const int open_error = errno;
  fs::remove(copy, ignored);
  if (!made.ok()) {
    if (descriptor >= 0) close(descriptor);
    return WithContext(made, absl::StrCat("no backup in ", folder.string()));
  }
  errno = open_error;
  if (descriptor < 0) return FileError(copy, "opened");
  struct stat status {};
  if (fstat(descriptor, &status) != 0) {
    close(descriptor);
    return FileError(copy, "looked at");
  }
  header.set_size_bytes(status.st_size);
  static_cast<void>(place.release());  // The copy frees the place.
  return std::make_unique<SqliteBackup>(descriptor, std::move(header), copy,
                                        backing_up_);
}

}  // namespace opcon_snow::incident
