#include "cli/live_screen.h"

#include "absl/strings/str_cat.h"

namespace opcon_snow::cli {
namespace {

// A line that went on in the next row would be missed when it is taken away.
constexpr absl::string_view kCutLongLines = "\x1b[?7l";
constexpr absl::string_view kWrapLongLines = "\x1b[?7h";
constexpr absl::string_view kEraseToEnd = "\x1b[J";

}  // namespace

std::string LiveScreen::Erase() {
  if (drawn_ == 0) return "";
  std::string text = absl::StrCat("\x1b[", drawn_, "A\r", kEraseToEnd);
  drawn_ = 0;
  return text;
}

void LiveScreen::Draw() {
  std::string text(kCutLongLines);
  for (const std::string& line : lines_) absl::StrAppend(&text, line, "\n");
  drawn_ = lines_.size();
  console_->Out(absl::StrCat(text, kWrapLongLines));
  console_->Flush();
}

void LiveScreen::Show(const std::vector<std::string>& lines) {
  console_->Out(Erase());
  lines_ = lines;
  Draw();
}

void LiveScreen::Print(absl::string_view line) {
  console_->Out(absl::StrCat(Erase(), line, "\n"));
  Draw();
}

void LiveScreen::Warn(absl::string_view text) {
  // Standard error goes out first, so the lines must be away before.
  console_->Out(Erase());
  console_->Flush();
  console_->Warning(text);
  console_->Flush();
  Draw();
}

}  // namespace opcon_snow::cli
