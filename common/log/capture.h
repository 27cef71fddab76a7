#ifndef OPCON_SNOW_COMMON_LOG_CAPTURE_H_
#define OPCON_SNOW_COMMON_LOG_CAPTURE_H_

// Catches what is logged while it lives. Tests only.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/log/log.h"

namespace opcon_snow::log {

// While one lives, lines of every level go to it instead of stderr. They nest:
// the youngest gets the lines.
class CaptureLogs {
 public:
  CaptureLogs();
  ~CaptureLogs();
  CaptureLogs(const CaptureLogs&) = delete;
  CaptureLogs& operator=(const CaptureLogs&) = delete;

  // Everything logged so far, one JSON text a line.
  std::vector<std::string> Lines() const;
  // The lines of one event.
  std::vector<std::string> Lines(absl::string_view event) const;
  // All lines joined: to check that a secret is in none.
  std::string Text() const;

  struct State;  // shared with lines that are just being written

 private:
  const std::shared_ptr<State> state_;
  const int sink_;
  const Level level_before_;
};

}  // namespace opcon_snow::log

#endif  // OPCON_SNOW_COMMON_LOG_CAPTURE_H_
