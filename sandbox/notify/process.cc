#include "sandbox/notify/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::notify {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status ErrorOf(int error, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(error)));
}

struct Pipe {
  Descriptor read;
  Descriptor write;

  absl::Status Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ErrorOf(errno, "pipe");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    // Only our own end: the program must find an ordinary blocking pipe.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return absl::OkStatus();
  }
};

// What posix_spawn is told, freed at the end.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  int Fill(const ProcessSpec& spec, int out, int err) {
    // No signal is blocked or ignored in the program, whatever is here, and it
    // leads a process group of its own.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO,
                                                 "/dev/null", O_RDONLY, 0);
    if (error == 0) {
      error = posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    }
    if (error == 0) {
      error = posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    }
    if (error == 0 && !spec.working_directory.empty()) {
      error = posix_spawn_file_actions_addchdir_np(
          &actions_, spec.working_directory.c_str());
    }
    return error;
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status Spawn(const ProcessSpec& spec, int out, int err, pid_t* pid) {
  SpawnSettings settings;
  int error = settings.Fill(spec, out, err);
  if (error == 0) {
    error = posix_spawn(pid, spec.program.c_str(), settings.actions(),
                        settings.attributes(), Pointers(spec.arguments).data(),
                        Pointers(spec.environment).data());
  }
  if (error == 0) return absl::OkStatus();
  return ErrorOf(error, absl::StrCat("cannot start ", spec.program));
}

// Reads what is there. False once the other end is closed.
bool Drain(int fd, std::size_t max, std::string& kept, std::uint64_t& count) {
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      count += bytes;
      kept.append(buffer.data(), std::min(bytes, max - kept.size()));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

// Waits in a thread of its own and says so through an eventfd, so that the end
// can be polled for together with the pipes.
class ExitWatch {
 public:
  ExitWatch(pid_t pid, int event)
      : thread_([this, pid, event] {
          while (waitpid(pid, &status_, 0) < 0 && errno == EINTR) {
          }
          const std::uint64_t one = 1;
          while (write(event, &one, sizeof one) < 0 && errno == EINTR) {
          }
        }) {}

  int Join() {
    thread_.join();
    return status_;
  }

 private:
  int status_ = 0;
  std::thread thread_;
};

int PollTimeout(SteadyClock::time_point until) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
  return static_cast<int>(
      std::clamp<std::int64_t>(left.count(), 0, 24 * 3600 * 1000));
}

SteadyClock::time_point After(absl::Duration delay) {
  return SteadyClock::now() +
         absl::ToChronoMilliseconds(std::min(delay, absl::Hours(24 * 365)));
}

}  // namespace

ProcessResult RunProcess(const ProcessSpec& spec, std::stop_token stop) {
  ProcessResult result;
  const SteadyClock::time_point begin = SteadyClock::now();
  Pipe out;
  Pipe err;
  const Descriptor ended(eventfd(0, EFD_CLOEXEC));
  const Descriptor stopped(eventfd(0, EFD_CLOEXEC));
  result.started = out.Open();
  if (result.started.ok()) result.started = err.Open();
  if (result.started.ok() && (ended.get() < 0 || stopped.get() < 0)) {
    result.started = ErrorOf(errno, "eventfd");
  }
  pid_t pid = -1;
  if (result.started.ok()) {
    result.started = Spawn(spec, out.write.get(), err.write.get(), &pid);
  }
  if (!result.started.ok()) return result;
  out.write.Close();
  err.write.Close();
  ExitWatch watch(pid, ended.get());
  const std::stop_callback on_stop(stop, [&] {
    const std::uint64_t one = 1;
    // It can only fail if the counter is full, and then the poll wakes anyway.
    (void)!write(stopped.get(), &one, sizeof one);
  });

  std::array<pollfd, 4> polled = {{{out.read.get(), POLLIN, 0},
                                   {err.read.get(), POLLIN, 0},
                                   {ended.get(), POLLIN, 0},
                                   {stopped.get(), POLLIN, 0}}};
  SteadyClock::time_point until = After(spec.timeout);
  bool killed = false;
  bool running = true;
  while (running) {
    const int ready = poll(polled.data(), polled.size(), PollTimeout(until));
    if (ready == 0 && !killed && SteadyClock::now() >= until) {
      kill(-pid, SIGKILL);
      killed = true;
      result.timed_out = !stop.stop_requested();
      until = SteadyClock::time_point::max();
    }
    if (ready <= 0) continue;
    running = polled[2].revents == 0;
    if (polled[3].revents != 0) {
      polled[3].fd = -1;
      if (!killed) until = std::min(until, After(spec.stop_grace));
    }
    // Also when it has ended: what it wrote last is still in the pipes.
    if (!Drain(out.read.get(), spec.max_output, result.out, result.out_bytes)) {
      polled[0].fd = -1;
    }
    if (!Drain(err.read.get(), spec.max_output, result.err, result.err_bytes)) {
      polled[1].fd = -1;
    }
  }
  const int status = watch.Join();
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.duration = absl::FromChrono(SteadyClock::now() - begin);
  return result;
}

}  // namespace opcon_snow::sandbox::notify
