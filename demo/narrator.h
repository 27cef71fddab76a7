#ifndef OPCON_SNOW_DEMO_NARRATOR_H_
#define OPCON_SNOW_DEMO_NARRATOR_H_

// What the demo says: numbered steps, what it looked at, and whether it held.

#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::demo {

class Narrator {
 public:
  // "3. The incident exists", on a line of its own.
  void Step(absl::string_view title);
  // An indented line.
  void Say(absl::string_view line);
  // An indented line with a mark; a check that fails is remembered.
  void Check(bool held, absl::string_view what);
  // The same for two texts, which are shown if they differ.
  void CheckEqual(const std::string& found, const std::string& expected,
                  absl::string_view what);
  void CheckContains(const std::string& text, const std::string& part,
                     absl::string_view what);

  int failed() const { return failed_; }
  int checks() const { return checks_; }

 private:
  int steps_ = 0;
  int checks_ = 0;
  int failed_ = 0;
};

}  // namespace opcon_snow::demo

#endif  // OPCON_SNOW_DEMO_NARRATOR_H_
