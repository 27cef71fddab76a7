#ifndef OPCON_SNOW_CLI_LIVE_SCREEN_H_
#define OPCON_SNOW_CLI_LIVE_SCREEN_H_

// Lines at the end of a terminal that change in place, below lines that stay.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/console.h"

namespace opcon_snow::cli {

// Writes through `console`, which must outlive it and be able to replace lines.
// Lines must be free of control characters; what is wider than the terminal is
// cut off by it. Not thread-safe.
class LiveScreen {
 public:
  explicit LiveScreen(Console* console) : console_(console) {}

  // Replaces the lines at the end.
  void Show(const std::vector<std::string>& lines);
  // A line that stays, above those at the end.
  void Print(absl::string_view line);
  // A message for standard error, above them as well.
  void Warn(absl::string_view text);

 private:
  // What takes the lines at the end away.
  std::string Erase();
  void Draw();

  Console* console_;
  std::vector<std::string> lines_;
  std::size_t drawn_ = 0;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_LIVE_SCREEN_H_
