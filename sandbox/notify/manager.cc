#include "sandbox/notify/manager.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/json.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "sandbox/notify/command_template.h"
#include "sandbox/notify/process.h"
#include "sandbox/notify/windows_command_line.h"

namespace opcon_snow::sandbox::notify {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(100);
constexpr absl::Duration kLongestDelay = absl::Seconds(5);

}  // namespace

Manager::Manager(const Settings& settings, NotificationSource* source,
                 RunLog* log, Clock* clock)
    : settings_(settings), source_(source), log_(log), clock_(clock) {}

bool Manager::Finished() const {
  return settings_.once > 0 && handled_ >= settings_.once;
}

bool Manager::WaitOrStop(absl::Duration delay, std::stop_token stop) {
  const std::stop_callback wake(stop, [this] {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_.notify_all();
  });
  std::unique_lock<std::mutex> lock(mutex_);
  return clock_->WaitUntil(lock, stopped_,
                           SteadyAfter(clock_->SteadyNow(), delay),
                           [&] { return stop.stop_requested(); });
}

absl::Status Manager::Run(std::stop_token stop) {
  Cursor cursor;
  if (!settings_.cursor_file.empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(cursor, LoadCursor(settings_.cursor_file));
  }
  absl::Duration delay = kFirstDelay;
  while (!stop.stop_requested() && !Finished()) {
    const absl::StatusOr<NotificationPage> page =
        source_->Read(cursor, settings_.poll_wait, stop);
    if (!page.ok()) {
      if (stop.stop_requested()) break;
      // Said once for each time that it goes down.
      if (delay == kFirstDelay) {
        log::Warning("notifications.unreadable", {{"status", page.status()}});
      }
      WaitOrStop(delay, stop);
      delay = std::min(delay * 2, kLongestDelay);
      continue;
    }
    delay = kFirstDelay;
    if (cursor.epoch != page->epoch) cursor = {0, page->epoch};
    for (const Notification& notification : page->rows) {
      if (WaitOrStop(settings_.delay, stop) || Finished()) break;
      OPCON_SNOW_RETURN_IF_ERROR(Handle(notification, stop));
      cursor.since = notification.n;
      if (!settings_.cursor_file.empty()) {
        OPCON_SNOW_RETURN_IF_ERROR(SaveCursor(settings_.cursor_file, cursor));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Manager::Handle(const Notification& notification,
                             std::stop_token stop) {
  bool applied = false;
  for (const Rule& rule : settings_.rules) {
    if (!absl::EqualsIgnoreCase(rule.trigger, notification.trigger)) continue;
    applied = true;
    OPCON_SNOW_RETURN_IF_ERROR(RunCommand(rule, notification, stop));
  }
  if (applied) ++handled_;
  return absl::OkStatus();
}

absl::Status Manager::RunCommand(const Rule& rule,
                                 const Notification& notification,
                                 std::stop_token stop) {
  RunRecord record;
  record.notification = &notification;
  record.command =
      ExpandTokens(rule.command, notification.properties, settings_.unresolved);
  record.arguments = SplitCommandLine(record.command);
  record.program = record.arguments.front();
  const auto mapped = settings_.program_map.find(record.program);
  if (mapped != settings_.program_map.end()) record.program = mapped->second;
  record.time = clock_->Now();
  if (CountUtf16Units(record.command) >= kMaxCommandLineUnits) {
    record.result.started = absl::InvalidArgumentError(
        absl::StrCat("the command line is longer than Windows allows, ",
                     kMaxCommandLineUnits - 1, " characters"));
    return log_->Write(record);
  }
  ProcessSpec spec;
  spec.program = record.program;
  spec.arguments = record.arguments;
  spec.working_directory = rule.working_directory;
  spec.environment = {"PATH=/usr/bin:/bin"};
  spec.timeout = settings_.command_timeout;
  record.result = RunProcess(spec, std::move(stop));
  return log_->Write(record);
}

absl::StatusOr<Cursor> LoadCursor(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Cursor();
  std::ostringstream text;
  text << in.rdbuf();
  const absl::StatusOr<nlohmann::json> value = http::ParseJson(text.str());
  const std::optional<std::int64_t> since =
      value.ok() ? http::FindInt64(*value, "since") : std::nullopt;
  const std::optional<std::int64_t> epoch =
      value.ok() ? http::FindInt64(*value, "epoch") : std::nullopt;
  if (!since || !epoch) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     " is not a cursor file; delete it to start with "
                     "the first notification"));
  }
  return Cursor{*since, *epoch};
}

absl::Status SaveCursor(const std::string& path, const Cursor& cursor) {
  const std::string temporary = path + ".new";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out << nlohmann::json{{"epoch", cursor.epoch.value_or(0)},
                        {"since", cursor.since}}
             .dump();
  out.close();
  if (!out || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::sandbox::notify
