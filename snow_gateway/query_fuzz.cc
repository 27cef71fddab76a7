// What callers give becomes conditions, tokens and names, never syntax.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "snow_gateway/file_name.h"
#include "snow_gateway/page.h"
#include "snow_gateway/query.h"

namespace opcon_snow::snow {
namespace {

void Require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void CheckQuery(const std::vector<std::string>& values) {
  Query query({"first", "name", "list"});
  query.Equals("first", "1");
  for (const std::string& value : values) query.Equals("name", value);
  query.In("list", values);
  const absl::StatusOr<BoundedQuery> built = query.OrderBy("sys_id").Build(7);
  if (!built.ok()) return;
  const std::vector<std::string> parts = absl::StrSplit(built->text(), '^');
  Require(parts.size() == values.size() + 3, "a value became a condition");
  for (std::size_t i = 0; i < values.size(); ++i) {
    Require(parts[i + 1] == "name=" + values[i], "a value was changed");
  }
  const std::string& list = parts[values.size() + 1];
  Require(values.size() == 1 ||
              static_cast<std::size_t>(std::count(list.begin(), list.end(),
                                                  ',')) == values.size() - 1,
          "a value became two");
}

void CheckColumn(const std::string& column) {
  const auto built = Query({"name"}).Equals(column, "x").Build(1);
  Require(!built.ok() || column == "name" || column == "sys_id",
          "a column that is not listed");
}

void CheckFileName(const std::string& name) {
  const FileNameRules rules;
  const std::string once = AcceptableFileName(name, "", rules);
  Require(!once.empty() && once.size() <= kMaxFileName, "a name's length");
  Require(std::all_of(once.begin(), once.end(),
                      [](char c) {
                        return (c >= '0' && c <= '9') ||
                               (c >= 'A' && c <= 'Z') ||
                               (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
                               c == '_' || c == ' ';
                      }),
          "a name's characters");
  Require(AcceptableFileName(once, "", rules) == once, "a name is not stable");
}

}  // namespace
}  // namespace opcon_snow::snow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  opcon_snow::snow::CheckQuery(absl::StrSplit(input, '\n'));
  opcon_snow::snow::CheckColumn(input);
  opcon_snow::snow::CheckFileName(input);
  (void)opcon_snow::snow::DecodePageToken(input, "", true);
  return 0;
}
