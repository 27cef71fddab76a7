// The mistakes of testdata/mistakes.txt, each with the exact message. A section
// is
//
//   == yaml|json|ini what it is about
//   the text; of json what in the documented template becomes what
//   -- says
//   line:column severity field: message; mend

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/incumbent/connector_config.h"
#include "gtest/gtest.h"
#include "incident_service/templates/template_library.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

struct Mistake {
  std::string format;
  std::string name;
  std::string text;
  std::string says;
};

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Mistake> Mistakes() {
  std::vector<Mistake> mistakes;
  const std::string all =
      Read("incident_service/templates/testdata/mistakes.txt");
  for (absl::string_view section :
       absl::StrSplit(absl::StrCat("\n", all), "\n== ", absl::SkipEmpty())) {
    const std::vector<std::string> parts =
        absl::StrSplit(section, absl::MaxSplits('\n', 1));
    const std::vector<std::string> title =
        absl::StrSplit(parts[0], absl::MaxSplits(' ', 1));
    const std::vector<std::string> body =
        absl::StrSplit(absl::StrCat(parts.back(), "\n"), "-- says\n");
    mistakes.push_back({title[0], title.back(), body.front(),
                        body.size() > 1 ? body.back() : ""});
  }
  return mistakes;
}

std::string Told(const v1::Diagnostic& diagnostic) {
  if (diagnostic.severity() == v1::DIAGNOSTIC_SEVERITY_NOTE) return "";
  const std::string where = absl::StrCat(
      diagnostic.line(), ":", diagnostic.column(), " ",
      diagnostic.severity() == v1::DIAGNOSTIC_SEVERITY_ERROR ? "error "
                                                             : "warning ");
  return absl::StrCat(where, diagnostic.field(), ": ", diagnostic.message(),
                      diagnostic.mend().empty() ? "" : "; ", diagnostic.mend(),
                      "\n");
}

// What a template says without any mistake; its own slip mended.
std::string Documented(const std::string& changes) {
  std::string text = absl::StrReplaceAll(
      Read("common/incumbent/testdata/documented/templates/basic.json"),
      {{"documentationRouting\"", "\"documentationRouting\""}});
  for (absl::string_view line :
       absl::StrSplit(changes, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> change = absl::StrSplit(line, " ==> ");
    const std::size_t at = text.find(change[0]);
    EXPECT_NE(at, std::string::npos) << change[0];
    if (at != std::string::npos) text.replace(at, change[0].size(), change[1]);
  }
  return text;
}

std::string Says(const Mistake& mistake, const TemplateSet& loaded) {
  std::string says;
  if (mistake.format == "ini") {
    incumbent::Remarks remarks;
    incumbent::ParseConnectorConfig(mistake.text, &remarks);
    for (const incumbent::Remark& remark : remarks.all()) {
      says += Told(DiagnosticFrom(remark));
    }
    return says;
  }
  const bool json = mistake.format == "json";
  const CheckedTemplate checked =
      CheckTemplate(json ? Documented(mistake.text) : mistake.text,
                    v1::TEMPLATE_FORMAT_UNSPECIFIED,
                    json ? "basic.json" : "payroll.yaml", loaded);
  for (const v1::Diagnostic& diagnostic : checked.diagnostics) {
    says += Told(diagnostic);
  }
  return says;
}

TEST(MistakesTest, EachIsToldWithItsPlaceAndItsMend) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  configs.Add()->set_name("base");
  config::Faults faults;
  const auto loaded = TemplateSet::Compile(configs, "", &faults);
  ASSERT_NE(loaded, nullptr);
  const std::vector<Mistake> mistakes = Mistakes();
  EXPECT_GE(mistakes.size(), 60U);
  std::string actual;
  bool all_told = true;
  for (const Mistake& mistake : mistakes) {
    const std::string says = Says(mistake, *loaded);
    EXPECT_NE(says, "") << mistake.name << " is not noticed";
    const std::string expected(
        absl::StripTrailingAsciiWhitespace(mistake.says));
    const bool told = absl::StripTrailingAsciiWhitespace(says) == expected;
    EXPECT_TRUE(told) << mistake.name << "\nexpected:\n"
                      << expected << "\nsays:\n"
                      << says;
    all_told = all_told && told;
    absl::StrAppend(&actual, "== ", mistake.format, " ", mistake.name, "\n",
                    absl::StripTrailingAsciiWhitespace(mistake.text),
                    "\n-- says\n", says);
  }
  if (!all_told) std::printf("<<<<\n%s>>>>\n", actual.c_str());
}

TEST(MistakesTest, WhatIsRightHasNone) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  configs.Add()->set_name("base");
  config::Faults faults;
  const auto loaded = TemplateSet::Compile(configs, "", &faults);
  EXPECT_EQ(Says({"json", "", "", ""}, *loaded), "");
  EXPECT_EQ(Says({"yaml", "", "inherit: base\nfields: {urgency: \"1\"}\n", ""},
                 *loaded),
            "");
}

}  // namespace
}  // namespace opcon_snow::incident
