#include "tests/auth/role_tables.h"

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace opcon_snow::auth {
namespace {

// "`x`" without what surrounds it; empty for other text.
std::string Quoted(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (!absl::ConsumePrefix(&text, "`") || !absl::ConsumeSuffix(&text, "`")) {
    return "";
  }
  return std::string(text);
}

}  // namespace

RoleTables ReadRoleTables(const std::string& path) {
  RoleTables tables;
  std::ifstream file(path);
  std::string section;
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    if (absl::StartsWith(line, "#")) {
      section = absl::ConsumePrefix(&rest, "### ") ? Quoted(rest) : "";
      continue;
    }
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (section.empty() || cells.size() != 4) continue;
    const std::string call = Quoted(cells[1]);
    if (call.empty()) continue;
    for (const absl::string_view role : absl::StrSplit(cells[2], ',')) {
      tables[section + "/" + call].insert(
          std::string(absl::StripAsciiWhitespace(role)));
    }
  }
  return tables;
}

bool MayCall(const std::set<std::string>& roles, const std::string& role) {
  return roles.count("everybody") > 0 || roles.count(role) > 0 ||
         roles.count(role + " (own)") > 0;
}

}  // namespace opcon_snow::auth
