#include "sandbox/servicenow/script/script_workers.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/script/frames.h"
#include "sandbox/servicenow/script/script_worker.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// The worker's own limit for a stretch without an exchange; so much longer than
// ours that it counts only if we are not there any more.
constexpr absl::Duration kGrace = absl::Seconds(30);
constexpr std::size_t kMostIdle = 4;

absl::Status FrameError(FrameResult result) {
  switch (result) {
    case FrameResult::kLate:
      return absl::DeadlineExceededError(
          "Transaction cancelled: maximum execution time exceeded");
    case FrameResult::kTooBig:
      return absl::ResourceExhaustedError(
          absl::StrCat("a script and the instance exchanged more than ",
                       kMaxFrameBytes, " bytes at once"));
    default:
      return absl::ResourceExhaustedError(
          "the script used up its memory or its stack; its process has ended");
  }
}

}  // namespace

ScriptWorkers::ScriptWorkers(Options options) : options_(options) {}

ScriptWorkers::~ScriptWorkers() {
  for (const Worker& worker : idle_) End(worker);
}

absl::StatusOr<ScriptWorkers::Worker> ScriptWorkers::Start() const {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return absl::InternalError(
        absl::StrCat("no socket for a script: ", std::strerror(errno)));
  }
  const auto [ours, theirs] = sockets;
  const absl::Cleanup close_theirs = [fd = theirs] { close(fd); };
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  const absl::Cleanup destroy = [&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  };
  posix_spawn_file_actions_adddup2(&actions, theirs, kWorkerSocket);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const std::string memory = absl::StrCat(options_.memory_bytes);
  const std::string seconds =
      absl::StrCat(absl::ToInt64Seconds(options_.time_limit + kGrace));
  std::string name = "snow_sandbox";
  std::string argument = kWorkerArgument;
  std::array<char*, 5> arguments = {
      name.data(), argument.data(), const_cast<char*>(memory.c_str()),
      const_cast<char*>(seconds.c_str()), nullptr};
  Worker worker;
  worker.socket = ours;
  const int failed = posix_spawn(&worker.pid, "/proc/self/exe", &actions,
                                 &attributes, arguments.data(), environ);
  if (failed != 0) {
    close(ours);
    return absl::InternalError(absl::StrCat(
        "no process for a script could be started: ", std::strerror(failed)));
  }
  return worker;
}

absl::StatusOr<ScriptWorkers::Worker> ScriptWorkers::Take() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::CancelledError("the instance stops");
    if (!idle_.empty()) {
      const Worker worker = idle_.back();
      idle_.pop_back();
      busy_.insert(worker.pid);
      return worker;
    }
    if (processes_ >= options_.most_processes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "more than ", options_.most_processes, " scripts run at once"));
    }
    ++processes_;
  }
  absl::StatusOr<Worker> worker = Start();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!worker.ok()) {
    --processes_;
  } else {
    busy_.insert(worker->pid);
    if (stopped_) kill(worker->pid, SIGKILL);
  }
  return worker;
}

void ScriptWorkers::GiveBack(Worker worker) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.size() < kMostIdle) {
      busy_.erase(worker.pid);
      idle_.push_back(worker);
      return;
    }
  }
  End(worker);
}

void ScriptWorkers::End(Worker worker) {
  {
    // Before it is waited for: afterwards the number may be another's.
    const std::lock_guard<std::mutex> lock(mutex_);
    busy_.erase(worker.pid);
  }
  close(worker.socket);
  kill(worker.pid, SIGKILL);
  while (waitpid(worker.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  --processes_;
}

void ScriptWorkers::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stopped_ = true;
  for (const pid_t pid : busy_) kill(pid, SIGKILL);
}

absl::StatusOr<Json> ScriptWorkers::Run(const Json& request, const Host& host) {
  absl::StatusOr<Worker> worker = Take();
  if (!worker.ok()) return worker.status();
  const absl::Time deadline = absl::Now() + options_.time_limit;
  FrameResult result = WriteFrame(worker->socket, DumpJson(request), deadline);
  std::string text;
  while (result == FrameResult::kOk) {
    result = ReadFrame(worker->socket, &text, deadline);
    if (result != FrameResult::kOk) break;
    Json message = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (message.is_object() && message.contains("done")) {
      GiveBack(*worker);
      return std::move(message["done"]);
    }
    result =
        WriteFrame(worker->socket, DumpJson(host(message, deadline)), deadline);
  }
  End(*worker);
  return FrameError(result);
}

}  // namespace opcon_snow::sandbox::servicenow
