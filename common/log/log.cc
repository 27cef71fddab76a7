#include "common/log/log.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/log/sink.h"
#include "common/status/utf8.h"
#include "common/trace/scope.h"
#include "common/trace/trace_parent.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace opcon_snow::log {
namespace {

constexpr std::size_t kMaxKeyBytes = 64;
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%E3SZ";

std::atomic<Level> g_level = Level::kInfo;

// What lines need besides their own content. Never destroyed, so that threads
// may log until the very end of the process.
struct Output {
  std::mutex mutex;
  std::string process = "unknown";
  std::vector<std::pair<int, internal::Sink>> sinks;
  int next_sink = 1;
  spdlog::logger stderr_logger{
      "stderr", std::make_shared<spdlog::sinks::stderr_sink_mt>()};

  Output() {
    stderr_logger.set_pattern("%v");
    stderr_logger.set_level(spdlog::level::trace);
    // A full disk or a closed pipe must not end the process.
    stderr_logger.set_error_handler([](const std::string&) {});
  }
};

Output& GetOutput() {
  static auto* output = new Output;
  return *output;
}

std::string BoundedText(absl::string_view text) {
  std::string result = ToValidUtf8(text, kMaxValueBytes);
  // Longer only by replaced bytes is not "cut", but the note does no harm.
  if (text.size() > kMaxValueBytes) {
    absl::StrAppend(&result, "\u2026[", text.size(), " bytes]");
  }
  return result;
}

bool IsSensitiveKey(absl::string_view key) {
  constexpr absl::string_view kWords[] = {"password",      "secret",  "token",
                                          "authorization", "api_key", "apikey",
                                          "cookie"};
  const std::string lower = absl::AsciiStrToLower(key);
  for (const absl::string_view word : kWords) {
    if (absl::StrContains(lower, word)) return true;
  }
  return false;
}

nlohmann::ordered_json ToJson(const Value& value) {
  return std::visit(
      [](const auto& held) -> nlohmann::ordered_json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>,
                                     std::string>) {
          return BoundedText(held);
        } else {
          return held;
        }
      },
      value.variant());
}

}  // namespace

Value::Value(absl::Time value)
    : value_(absl::FormatTime(kTimeFormat, value, absl::UTCTimeZone())) {}

Value::Value(const absl::Status& value)
    : value_(value.ok() ? std::string("OK")
                        : absl::StrCat(absl::StatusCodeToString(value.code()),
                                       ": ", value.message())) {}

std::string FormatLine(absl::Time time, Level level, absl::string_view process,
                       absl::string_view event, Fields fields) {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime(kTimeFormat, time, absl::UTCTimeZone());
  line["level"] = std::string(LevelName(level));
  line["process"] = ToValidUtf8(process, kMaxKeyBytes);
  line["event"] = ToValidUtf8(event, kMaxKeyBytes);
  for (const Field& field : fields) {
    std::string key = ToValidUtf8(field.key, kMaxKeyBytes);
    if (line.contains(key)) key.append("_2");
    if (IsSensitiveKey(key)) {
      line[key] = "[redacted]";
    } else {
      line[key] = ToJson(field.value);
    }
  }
  const trace::TraceParent& context = trace::Current();
  if (context.valid() && !line.contains("trace_id")) {
    line["trace_id"] = trace::Hex(context.trace_id);
  }
  return line.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

void Write(Level level, absl::string_view event, Fields fields) {
  if (!IsEnabled(level)) return;
  Output& output = GetOutput();
  const absl::Time now = absl::Now();
  std::string process;
  internal::Sink sink;
  {
    const std::lock_guard<std::mutex> lock(output.mutex);
    process = output.process;
    if (!output.sinks.empty()) sink = output.sinks.back().second;
  }
  const std::string line = FormatLine(now, level, process, event, fields);
  if (sink) {
    sink(line);
  } else {
    output.stderr_logger.log(spdlog::level::info, spdlog::string_view_t(line));
  }
}

void Debug(absl::string_view event, Fields fields) {
  Write(Level::kDebug, event, fields);
}
void Info(absl::string_view event, Fields fields) {
  Write(Level::kInfo, event, fields);
}
void Warning(absl::string_view event, Fields fields) {
  Write(Level::kWarning, event, fields);
}
void Error(absl::string_view event, Fields fields) {
  Write(Level::kError, event, fields);
}

bool IsEnabled(Level level) { return level >= g_level.load(); }

void SetProcessName(absl::string_view name) {
  Output& output = GetOutput();
  const std::lock_guard<std::mutex> lock(output.mutex);
  output.process = std::string(name);
}

void SetLevel(Level level) { g_level.store(level); }
Level GetLevel() { return g_level.load(); }

std::optional<Level> ParseLevel(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  if (lower == "debug") return Level::kDebug;
  if (lower == "info") return Level::kInfo;
  if (lower == "warning" || lower == "warn") return Level::kWarning;
  if (lower == "error") return Level::kError;
  return std::nullopt;
}

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "unknown";
}

namespace internal {

int PushSink(Sink sink) {
  Output& output = GetOutput();
  const std::lock_guard<std::mutex> lock(output.mutex);
  output.sinks.emplace_back(output.next_sink, std::move(sink));
  return output.next_sink++;
}

void RemoveSink(int id) {
  Output& output = GetOutput();
  const std::lock_guard<std::mutex> lock(output.mutex);
  std::erase_if(output.sinks,
                [id](const auto& sink) { return sink.first == id; });
}

}  // namespace internal
}  // namespace opcon_snow::log
