#include "common/config/fault.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::config {
namespace {

// The path without its last element: "a.b[2]" -> "a.b" -> "a" -> "".
std::string ParentPath(absl::string_view path) {
  const std::size_t end = path.find_last_of(".[");
  return end == absl::string_view::npos ? "" : std::string(path.substr(0, end));
}

}  // namespace

std::string FormatFault(const Fault& fault) {
  std::string text = fault.file;
  if (fault.line > 0) {
    absl::StrAppend(&text, ":", fault.line, ":", fault.column);
  }
  if (!text.empty()) text += ": ";
  if (!fault.field.empty()) absl::StrAppend(&text, fault.field, ": ");
  return text + fault.message;
}

void Faults::Add(absl::string_view field, absl::string_view message) {
  std::string path(field);
  auto position = positions_.find(path);
  while (position == positions_.end() && !path.empty()) {
    path = ParentPath(path);
    position = positions_.find(path);
  }
  if (position == positions_.end()) {
    AddAt(0, 0, field, message);
  } else {
    AddAt(position->second.line, position->second.column, field, message);
  }
}

void Faults::AddAt(int line, int column, absl::string_view field,
                   absl::string_view message) {
  if (size() >= kMaxFaults) {
    ++dropped_;
    return;
  }
  faults_.push_back(
      {file_, line, column, std::string(field), std::string(message)});
}

void Faults::SetPosition(absl::string_view field, int line, int column) {
  positions_[std::string(field)] = {line, column};
}

void Faults::Merge(const Faults& other) {
  for (const Fault& fault : other.Sorted()) {
    if (size() >= kMaxFaults) {
      ++dropped_;
    } else {
      merged_.push_back(fault);
    }
  }
  dropped_ += other.dropped_;
}

std::vector<Fault> Faults::Sorted() const {
  std::vector<Fault> sorted = faults_;
  std::stable_sort(
      sorted.begin(), sorted.end(), [](const Fault& a, const Fault& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
      });
  sorted.insert(sorted.end(), merged_.begin(), merged_.end());
  return sorted;
}

std::string Faults::Format() const {
  std::string text;
  for (const Fault& fault : Sorted()) {
    absl::StrAppend(&text, FormatFault(fault), "\n");
  }
  if (dropped_ > 0) {
    absl::StrAppend(&text, file_, ": and ", dropped_, " more faults\n");
  }
  return text;
}

std::string FormatFaults(const Faults& faults) { return faults.Format(); }

}  // namespace opcon_snow::config
