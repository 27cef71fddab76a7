#ifndef OPCON_SNOW_COMMON_LOG_LOG_H_
#define OPCON_SNOW_COMMON_LOG_LOG_H_

// Structured logging: one JSON object a line on stderr.
//
//   log::Info("report.accepted", {{"report_id", id}, {"attempt", 3}});
//
// gives
//   {"time":"2026-01-05T12:00:00.123Z","level":"info",
//    "process":"incident_service","event":"report.accepted",
//    "report_id":"r-1","attempt":3}
//
// The event is a constant, dotted and lower case; everything that varies goes
// into fields. Never pass a secret: config::Secret does not convert to a field
// value, and fields whose name says "password", "secret", "token",
// "authorization", "api_key" or "cookie" are written as "[redacted]".
//
// Bounds: a string value is cut at kMaxValueBytes (on a character boundary,
// with "…[N bytes]" appended), a key at 64 bytes. Invalid UTF-8 becomes U+FFFD.
// All functions may be called from any thread; a line is one write.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::log {

inline constexpr std::size_t kMaxValueBytes = 4096;

enum class Level { kDebug, kInfo, kWarning, kError };

// A value of a field. Implicit, so that fields read like JSON.
class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  Value(bool value) : value_(value) {}
  template <std::signed_integral T>
  Value(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Value(T value)
      : value_(static_cast<std::uint64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(const std::string& value) : value_(value) {}
  Value(absl::string_view value) : value_(std::string(value)) {}
  // RFC 3339, UTC, milliseconds.
  Value(absl::Time value);
  // Seconds, as a number.
  Value(absl::Duration value) : value_(absl::ToDoubleSeconds(value)) {}
  // "CODE: message"; "OK" if it is. The details are not written.
  Value(const absl::Status& value);
  // NOLINTEND(google-explicit-constructor)

  using Variant =
      std::variant<bool, std::int64_t, std::uint64_t, double, std::string>;
  const Variant& variant() const { return value_; }

 private:
  Variant value_;
};

struct Field {
  absl::string_view key;
  Value value;
};
using Fields = std::initializer_list<Field>;

void Debug(absl::string_view event, Fields fields = {});
void Info(absl::string_view event, Fields fields = {});
void Warning(absl::string_view event, Fields fields = {});
void Error(absl::string_view event, Fields fields = {});
void Write(Level level, absl::string_view event, Fields fields = {});

// Whether a line of this level would be written: to save building costly
// fields.
bool IsEnabled(Level level);

// The name written as "process". Until it is set: "unknown".
void SetProcessName(absl::string_view name);

// May change at any time; the default is kInfo.
void SetLevel(Level level);
Level GetLevel();

// "debug", "info", "warning" (or "warn"), "error", in any case.
std::optional<Level> ParseLevel(absl::string_view name);
absl::string_view LevelName(Level level);

// The line that Write would give, without the line break. For tests and for
// sinks other than stderr.
std::string FormatLine(absl::Time time, Level level, absl::string_view process,
                       absl::string_view event, Fields fields);

}  // namespace opcon_snow::log

#endif  // OPCON_SNOW_COMMON_LOG_LOG_H_
