#include "snow_gateway/file_name.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"

namespace opcon_snow::snow {
namespace {

constexpr std::size_t kHashDigits = 8;
constexpr std::size_t kMaxEnding = 10;

constexpr std::array<std::pair<absl::string_view, absl::string_view>, 14>
    kTypes = {{{"csv", "text/csv"},
               {"gif", "image/gif"},
               {"gz", "application/gzip"},
               {"htm", "text/html"},
               {"html", "text/html"},
               {"jpeg", "image/jpeg"},
               {"jpg", "image/jpeg"},
               {"json", "application/json"},
               {"pdf", "application/pdf"},
               {"png", "image/png"},
               {"tar", "application/x-tar"},
               {"txt", "text/plain"},
               {"xml", "text/xml"},
               {"zip", "application/zip"}}};

bool IsPlain(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '-' || c == '_' || c == ' ';
}

// A character that is not plain becomes one "_", however many bytes it has.
std::string Plain(absl::string_view name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsPlain(c)) {
      plain.push_back(c);
    } else if (byte < 0x80 || byte >= 0xc0) {
      plain.push_back('_');
    }
  }
  return plain;
}

// Without the dot; empty if there is none, or it is too long to be one.
absl::string_view EndingOf(absl::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return "";
  const absl::string_view ending = name.substr(dot + 1);
  return ending.size() <= kMaxEnding ? ending : "";
}

}  // namespace

std::set<std::string> FileNameRules::DefaultBlockedEndings() {
  return {"bat", "cab", "cmd", "dat", "dll", "exe", "js", "log",
          "m",   "msi", "ps1", "py",  "r",   "sh",  "vbs"};
}

std::string AcceptableFileName(absl::string_view name, absl::string_view run,
                               const FileNameRules& rules) {
  std::string stem = Plain(name);
  std::string ending(EndingOf(stem));
  if (!ending.empty()) stem.resize(stem.size() - ending.size() - 1);
  if (rules.blocked_endings.count(absl::AsciiStrToLower(ending)) > 0) {
    absl::StrAppend(&stem, "_", ending);
    ending = "txt";
  }
  // "." and "..", and what looks like nothing.
  if (stem.find_first_not_of(". ") == std::string::npos) {
    stem = absl::StrCat("file", stem.empty() ? "" : "_");
  }
  std::string tail = run.empty() ? "" : absl::StrCat("_", run);
  if (!ending.empty()) absl::StrAppend(&tail, ".", ending);
  if (stem.size() + tail.size() > kMaxFileName) {
    tail.insert(0, absl::StrCat("_", Sha256Hex(name).substr(0, kHashDigits)));
    stem.resize(kMaxFileName - tail.size());
  }
  return stem + tail;
}

std::string AcceptableContentType(absl::string_view file_name,
                                  absl::string_view wanted) {
  const std::string ending = absl::AsciiStrToLower(EndingOf(file_name));
  const auto* const known = std::find_if(
      kTypes.begin(), kTypes.end(),
      [&ending](const auto& type) { return type.first == ending; });
  if (known == kTypes.end()) {
    return wanted.empty() ? "text/plain" : std::string(wanted);
  }
  // "text/plain; charset=utf-8" fits "txt" as well.
  const absl::string_view bare = wanted.substr(0, wanted.find(';'));
  return absl::StripAsciiWhitespace(absl::AsciiStrToLower(bare)) ==
                 known->second
             ? std::string(wanted)
             : std::string(known->second);
}

}  // namespace opcon_snow::snow
