#include "cli/table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/text.h"

namespace opcon_snow::cli {
namespace {

constexpr std::size_t kMaxCell = 1000;
constexpr absl::string_view kGap = "  ";

std::string Padded(absl::string_view text, std::size_t width) {
  const std::size_t count = CharacterCount(text);
  return absl::StrCat(text, std::string(width - std::min(width, count), ' '));
}

std::vector<std::string> Clean(std::vector<std::string> row) {
  for (std::string& cell : row) cell = ForTerminal(cell, kMaxCell);
  return row;
}

}  // namespace

Table::Table(std::vector<std::string> header) {
  rows_.push_back(std::move(header));
}

void Table::Add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(Clean(std::move(row)));
}

std::string Table::Render(int width) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CharacterCount(row[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "" : kGap, Padded(row[i], widths[i]));
    }
    if (width > 0) line = ForTerminal(line, static_cast<std::size_t>(width));
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return text;
}

std::string RenderFields(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  std::size_t width = 0;
  for (const auto& [name, value] : fields) {
    if (!value.empty()) width = std::max(width, name.size());
  }
  std::string text;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    absl::StrAppend(&text, Padded(name, width), kGap,
                    ForTerminal(value, kMaxCell), "\n");
  }
  return text;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ",
                          absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

}  // namespace opcon_snow::cli
