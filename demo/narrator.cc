#include "demo/narrator.h"

#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::demo {

void Narrator::Step(absl::string_view title) {
  std::cout << "\n" << ++steps_ << ". " << title << std::endl;
}

void Narrator::Say(absl::string_view line) {
  std::cout << "     " << line << std::endl;
}

void Narrator::Check(bool held, absl::string_view what) {
  ++checks_;
  if (!held) ++failed_;
  std::cout << (held ? "  ok " : "FAIL ") << what << std::endl;
}

void Narrator::CheckEqual(const std::string& found, const std::string& expected,
                          absl::string_view what) {
  const bool held = found == expected;
  Check(held, absl::StrCat(what, " is \"", expected, "\""));
  if (!held) Say(absl::StrCat("but it is \"", found, "\""));
}

void Narrator::CheckContains(const std::string& text, const std::string& part,
                             absl::string_view what) {
  const bool held = absl::StrContains(text, part);
  Check(held, absl::StrCat(what, " has \"", part, "\""));
  if (!held) Say(absl::StrCat("but it is \"", text, "\""));
}

}  // namespace opcon_snow::demo
