#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/platform.h"

namespace opcon_snow::cli::platform {
namespace {

// For this user alone: reports name jobs and machines.
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

absl::Status ErrnoStatus(int error, absl::string_view what,
                         const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", what, " ", path));
}

// An open file, closed at the end. After an error, whose errno matters more,
// closing can fail without anybody knowing.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0) {
  for (;;) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

absl::Status WriteAll(int fd, absl::string_view content,
                      const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, "write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(const std::string& path, absl::string_view content) {
  Descriptor file(OpenRetrying(path, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  if (file.get() < 0) return ErrnoStatus(errno, "make", path);
  absl::Status status = WriteAll(file.get(), content, path);
  if (status.ok() && fsync(file.get()) != 0) {
    status = ErrnoStatus(errno, "write to the disk:", path);
  }
  // Some network file systems tell only now that the disk is full.
  if (close(file.release()) != 0 && status.ok() && errno != EINTR) {
    status = ErrnoStatus(errno, "close", path);
  }
  if (!status.ok()) unlink(path.c_str());
  return status;
}

std::string Parent(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : file_(fd) {}

 private:
  Descriptor file_;
};

class PosixFiles final : public Files {
 public:
  absl::Status MakeDirectories(const std::string& path) override {
    if (mkdir(path.c_str(), kDirectoryMode) == 0) {
      return SyncDirectory(Parent(path));
    }
    const int error = errno;
    if (error == EEXIST) {
      struct stat info {};
      if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
        // Another process may have made it this moment and not synced it yet.
        // Whose parent may not be read was not made by one of ours.
        const absl::Status synced = SyncDirectory(Parent(path));
        return absl::IsPermissionDenied(synced) ? absl::OkStatus() : synced;
      }
      return ErrnoStatus(ENOTDIR, "use as a folder:", path);
    }
    const std::string parent = Parent(path);
    if (error != ENOENT || parent == path || parent == ".") {
      return ErrnoStatus(error, "make the folder", path);
    }
    absl::Status made = MakeDirectories(parent);
    if (!made.ok()) return made;
    if (mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return ErrnoStatus(errno, "make the folder", path);
    }
    return SyncDirectory(parent);
  }

  absl::Status WriteDurably(const std::string& path,
                            absl::string_view content) override {
    return WriteAndSync(path, content);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, absl::StrCat("rename ", from, " to"), to);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const Descriptor folder(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
    if (folder.get() < 0) return ErrnoStatus(errno, "open", path);
    // Some file systems do not offer it, and need it as little.
    if (fsync(folder.get()) == 0 || errno == EINVAL) return absl::OkStatus();
    return ErrnoStatus(errno, "write to the disk:", path);
  }

  absl::Status ForEachName(
      const std::string& path,
      const std::function<bool(const std::string&)>& visit) override {
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return ErrnoStatus(errno, "read the folder", path);
    const absl::Cleanup close_folder = [folder] { closedir(folder); };
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(folder);
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name != "." && name != ".." && !visit(name)) return absl::OkStatus();
    }
    if (errno != 0) return ErrnoStatus(errno, "read the folder", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Read(const std::string& path,
                                   std::size_t max_bytes) override {
    const Descriptor file(OpenRetrying(path, O_RDONLY));
    if (file.get() < 0) return ErrnoStatus(errno, "open", path);
    std::string content;
    std::array<char, 8192> buffer{};
    for (;;) {
      const ssize_t got = read(file.get(), buffer.data(), buffer.size());
      if (got == 0) return content;
      if (got < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, "read", path);
      }
      content.append(buffer.data(), static_cast<std::size_t>(got));
      if (content.size() > max_bytes) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, " is longer than ", max_bytes, " bytes"));
      }
    }
  }

  absl::Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "remove", path);
  }

  absl::StatusOr<bool> IsOpenToOthers(const std::string& path) override {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) {
      return ErrnoStatus(errno, "read the permissions of", path);
    }
    return (info.st_mode & (S_IWGRP | S_IRWXO)) != 0;
  }

  absl::StatusOr<std::unique_ptr<FileLock>> TryLock(
      const std::string& path) override {
    Descriptor file(OpenRetrying(path, O_RDWR | O_CREAT, kFileMode));
    if (file.get() < 0) return ErrnoStatus(errno, "open", path);
    while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return nullptr;
      if (errno != EINTR) return ErrnoStatus(errno, "lock", path);
    }
    return std::make_unique<PosixLock>(file.release());
  }
};

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

class SignalThread final : public TerminationGuard {
 public:
  explicit SignalThread(std::function<void()> on_request)
      : on_request_(std::move(on_request)) {
    const sigset_t signals = TerminationSignals();
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    thread_ = std::thread([this, signals] { Wait(signals); });
  }
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;
  ~SignalThread() override {
    stopping_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  void Wait(const sigset_t& signals) {
    int signal = 0;
    while (sigwait(&signals, &signal) != 0) {
    }
    if (!stopping_) on_request_();
  }

  std::function<void()> on_request_;
  std::atomic<bool> stopping_ = false;
  sigset_t before_{};
  std::thread thread_;
};

// The home of this user by /etc/passwd, for schedulers that start programs
// without HOME. Not by getpwuid, which does not work in a static program; users
// that are known elsewhere only have none.
std::string HomeByPasswd() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/etc/passwd", "re"), &std::fclose);
  if (file == nullptr) return "";
  const uid_t user = geteuid();
  while (const passwd* entry = fgetpwent(file.get())) {
    if (entry->pw_uid == user) return entry->pw_dir;
  }
  return "";
}

void Write(absl::string_view text, std::FILE* file) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

std::string UserStateDirectory() {
  const std::optional<std::string> state = Variable("XDG_STATE_HOME");
  if (state && !state->empty()) return *state;
  std::string home = Variable("HOME").value_or("");
  if (home.empty()) home = HomeByPasswd();
  return home.empty() ? "" : absl::StrCat(home, "/.local/state");
}

}  // namespace

void PrepareProcess() {
  // gRPC starts six threads. An arena of memory for each would take a system
  // call or four and a page or two, for allocations that nobody waits for.
  mallopt(M_ARENA_MAX, 1);
  // open() takes the lowest free descriptor.
  int fd = 0;
  do {
    fd = OpenRetrying("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
  std::signal(SIGPIPE, SIG_IGN);
  // A file over the user's limit is an error of the spool, too, and not the end
  // of the process.
  std::signal(SIGXFSZ, SIG_IGN);
}

std::unique_ptr<TerminationGuard> GuardTermination(
    std::function<void()> on_request) {
  return std::make_unique<SignalThread>(std::move(on_request));
}

std::vector<std::string> Arguments(int argc, const char* const* argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc)
                  : std::vector<std::string>();
}

std::optional<std::string> Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

PlatformDefaults Defaults() {
  PlatformDefaults defaults;
  defaults.config_file = "/etc/opcon-snow/incidentctl.yaml";
  if (geteuid() == 0) {
    defaults.spool_directory = "/var/spool/incidentctl";
  } else if (const std::string state = UserStateDirectory(); !state.empty()) {
    defaults.spool_directory = absl::StrCat(state, "/incidentctl/spool");
  }
  return defaults;
}

Files* RealFiles() {
  static PosixFiles files;
  return &files;
}

std::array<std::uint8_t, 16> RandomBytes() {
  std::array<std::uint8_t, 16> bytes{};
  if (getentropy(bytes.data(), bytes.size()) != 0) std::abort();
  return bytes;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

void WriteToOutput(absl::string_view text) { Write(text, stdout); }

void WriteToError(absl::string_view text) { Write(text, stderr); }

bool StandardOutputIsTerminal() { return isatty(STDOUT_FILENO) == 1; }

int TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool TerminalTakesControlSequences() {
  const std::optional<std::string> terminal = Variable("TERM");
  return terminal && !terminal->empty() && *terminal != "dumb";
}

}  // namespace opcon_snow::cli::platform
