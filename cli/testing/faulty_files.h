#ifndef OPCON_SNOW_CLI_TESTING_FAULTY_FILES_H_
#define OPCON_SNOW_CLI_TESTING_FAULTY_FILES_H_

// Files that fail or stop half-way where the test wants it.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/files.h"

namespace opcon_snow::cli {

// Passes everything on to `real` except from one step on. Steps are the calls
// that change something, counted from 0. Not thread-safe.
class FaultyFiles final : public Files {
 public:
  explicit FaultyFiles(Files* real) : real_(real) {}

  // The process is killed at this step: nothing happens any more, and a file
  // that was being written is left half-written.
  void KillAtStep(int step) { kill_at_ = step; }
  // This step alone fails, without any effect.
  void FailAtStep(int step, absl::Status error) {
    fail_at_ = step;
    error_ = std::move(error);
  }
  int steps() const { return steps_; }

  absl::Status MakeDirectories(const std::string& path) override {
    absl::Status status = NextStep();
    return status.ok() ? real_->MakeDirectories(path) : status;
  }

  absl::Status WriteDurably(const std::string& path,
                            absl::string_view content) override {
    const bool dies_here = steps_ == kill_at_;
    absl::Status status = NextStep();
    if (status.ok()) return real_->WriteDurably(path, content);
    if (dies_here) {
      real_->WriteDurably(path, content.substr(0, content.size() / 2))
          .IgnoreError();
    }
    return status;
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    absl::Status status = NextStep();
    return status.ok() ? real_->Rename(from, to) : status;
  }

  absl::Status SyncDirectory(const std::string& path) override {
    absl::Status status = NextStep();
    return status.ok() ? real_->SyncDirectory(path) : status;
  }

  absl::Status ForEachName(
      const std::string& path,
      const std::function<bool(const std::string&)>& visit) override {
    return dead_ ? Dead() : real_->ForEachName(path, visit);
  }

  absl::StatusOr<std::string> Read(const std::string& path,
                                   std::size_t max_bytes) override {
    if (dead_) return Dead();
    return real_->Read(path, max_bytes);
  }

  absl::Status Remove(const std::string& path) override {
    absl::Status status = NextStep();
    return status.ok() ? real_->Remove(path) : status;
  }

  absl::StatusOr<bool> IsOpenToOthers(const std::string& path) override {
    if (dead_) return Dead();
    return real_->IsOpenToOthers(path);
  }

  absl::StatusOr<std::unique_ptr<FileLock>> TryLock(
      const std::string& path) override {
    if (dead_) return Dead();
    return real_->TryLock(path);
  }

 private:
  static absl::Status Dead() {
    return absl::CancelledError("the process was killed");
  }

  absl::Status NextStep() {
    const int step = steps_++;
    dead_ = dead_ || step == kill_at_;
    if (dead_) return Dead();
    return step == fail_at_ ? error_ : absl::OkStatus();
  }

  Files* real_;
  int steps_ = 0;
  int kill_at_ = -1;
  int fail_at_ = -1;
  bool dead_ = false;
  absl::Status error_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TESTING_FAULTY_FILES_H_
