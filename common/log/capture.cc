#include "common/log/capture.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/log/log.h"
#include "common/log/sink.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::log {

struct CaptureLogs::State {
  std::mutex mutex;
  std::vector<std::string> lines;
};

CaptureLogs::CaptureLogs()
    : state_(std::make_shared<State>()),
      sink_(internal::PushSink([state = state_](const std::string& line) {
        const std::lock_guard<std::mutex> lock(state->mutex);
        state->lines.push_back(line);
      })),
      level_before_(GetLevel()) {
  SetLevel(Level::kDebug);
}

CaptureLogs::~CaptureLogs() {
  SetLevel(level_before_);
  internal::RemoveSink(sink_);
}

std::vector<std::string> CaptureLogs::Lines() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->lines;
}

std::vector<std::string> CaptureLogs::Lines(absl::string_view event) const {
  std::vector<std::string> matching;
  for (std::string& line : Lines()) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.value("event", "") == std::string(event)) {
      matching.push_back(std::move(line));
    }
  }
  return matching;
}

std::string CaptureLogs::Text() const { return absl::StrJoin(Lines(), "\n"); }

}  // namespace opcon_snow::log
