#include "common/config/yaml_loader.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/test_schema.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class YamlLoaderTest : public ::testing::Test {
 protected:
  // The message that the text means; the test fails if it has faults.
  std::string Loaded(const std::string& text) {
    Faults faults("t.yaml");
    const auto message = schema_.New();
    const absl::Status status = LoadYamlText(text, message.get(), &faults);
    EXPECT_OK(status);
    EXPECT_THAT(faults.Format(), IsEmpty());
    return ShortText(*message);
  }

  // "LINE:COLUMN FIELD: MESSAGE" for every fault.
  std::vector<std::string> FaultsOf(const std::string& text,
                                    const YamlLimits& limits = {}) {
    Faults faults("t.yaml");
    const auto message = schema_.New();
    const absl::Status status =
        LoadYamlText(text, message.get(), &faults, limits);
    EXPECT_EQ(status.ok(), faults.empty());
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("t.yaml")));
    }
    std::vector<std::string> found;
    for (const Fault& fault : faults.Sorted()) {
      found.push_back(absl::StrCat(fault.line, ":", fault.column, " ",
                                   fault.field, ": ", fault.message));
    }
    return found;
  }

  TestSchema schema_;
};

TEST_F(YamlLoaderTest, LoadsEveryKindOfValue) {
  EXPECT_EQ(Loaded("text: hello world"), R"(text: "hello world")");
  EXPECT_EQ(Loaded("text: 'it''s'"), R"(text: "it\'s")");
  EXPECT_EQ(Loaded("text: 010"), R"(text: "010")");
  EXPECT_EQ(Loaded("text: \"true\""), R"(text: "true")");
  EXPECT_EQ(Loaded("text: |\n  a\n  b\n"), R"(text: "a\nb\n")");
  EXPECT_EQ(Loaded("flag: true"), "flag: true");
  EXPECT_EQ(Loaded("small: -2147483648"), "small: -2147483648");
  EXPECT_EQ(Loaded("large: 9223372036854775807"), "large: 9223372036854775807");
  EXPECT_EQ(Loaded("count: 4294967295"), "count: 4294967295");
  EXPECT_EQ(Loaded("size: 18446744073709551615"), "size: 18446744073709551615");
  EXPECT_EQ(Loaded("ratio: 1.5e-3"), "ratio: 0.0015");
  EXPECT_EQ(Loaded("weight: -2"), "weight: -2");
  EXPECT_EQ(Loaded("signed_large: -5"), "signed_large: -5");
  EXPECT_EQ(Loaded("fixed: 7"), "fixed: 7");
  EXPECT_EQ(Loaded("chosen: 0"), "chosen: 0") << "presence is kept";
}

TEST_F(YamlLoaderTest, LoadsEnumsInEveryForm) {
  for (const char* form :
       {"dark_blue", "DARK_BLUE", "Dark_Blue", "COLOR_DARK_BLUE",
        "color_dark_blue", "\"dark_blue\""}) {
    EXPECT_EQ(Loaded(absl::StrCat("color: ", form)), "color: COLOR_DARK_BLUE");
  }
  EXPECT_EQ(Loaded("colors: [red, dark_blue]"),
            "colors: COLOR_RED colors: COLOR_DARK_BLUE");
}

TEST_F(YamlLoaderTest, LoadsTimes) {
  EXPECT_EQ(Loaded("timeout: 250ms"), "timeout { nanos: 250000000 }");
  EXPECT_EQ(Loaded("timeout: 0s"), "timeout { }");
  EXPECT_EQ(Loaded("timeout: 7d"), "timeout { seconds: 604800 }");
  EXPECT_EQ(Loaded("timeout: 1h30m"), "timeout { seconds: 5400 }");
  EXPECT_EQ(Loaded("timeout: 0.1s"), "timeout { nanos: 100000000 }");
  EXPECT_EQ(Loaded("timeout: 1.5d"), "timeout { seconds: 129600 }");
  EXPECT_EQ(Loaded("delays: [1s, 2s]"),
            "delays { seconds: 1 } delays { seconds: 2 }");
  EXPECT_EQ(Loaded("time: 2026-01-05T13:00:00.5+01:00"),
            "time { seconds: 1767614400 nanos: 500000000 }");
  EXPECT_EQ(Loaded("time: 1969-12-31T23:59:59.5Z"),
            "time { seconds: -1 nanos: 500000000 }");
  EXPECT_EQ(Loaded("date: 2024-02-29"), "date { year: 2024 month: 2 day: 29 }");
}

TEST_F(YamlLoaderTest, LoadsStructure) {
  EXPECT_EQ(Loaded(""), "");
  EXPECT_EQ(Loaded("# only a comment\n"), "");
  EXPECT_EQ(Loaded("---\n...\n"), "");
  EXPECT_EQ(Loaded("server: {}"), "server { }");
  EXPECT_EQ(Loaded("servers:\n  - name: a\n    port: 1\n  - {name: b}\n"),
            R"(servers { name: "a" port: 1 } servers { name: "b" })");
  EXPECT_EQ(Loaded("names: []"), "");
  EXPECT_EQ(Loaded("nested: {nested: {text: x}}"),
            R"(nested { nested { text: "x" } })");
  EXPECT_EQ(Loaded("labels: {b: 2, a: x}"),
            R"(labels { key: "a" value: "x" } labels { key: "b" value: "2" })");
  EXPECT_EQ(Loaded("by_number: {7: {name: n}}"),
            R"(by_number { key: 7 value { name: "n" } })");
  EXPECT_EQ(Loaded("maybe: 0\nmaybe_text: ''"), R"(maybe { } maybe_text { })");
  EXPECT_EQ(Loaded("second: {name: x}"), R"(second { name: "x" })");
}

TEST_F(YamlLoaderTest, ReplacesAliases) {
  EXPECT_EQ(Loaded("server: &s {name: a}\nsecond: *s\n"),
            R"(server { name: "a" } second { name: "a" })");
}

TEST_F(YamlLoaderTest, NamesUnknownFieldsAndTheNearestOne) {
  EXPECT_THAT(FaultsOf("servers:\n  - name: a\n    base_ulr: x\n"),
              ElementsAre("3:5 servers[0].base_ulr: is not known; did you mean "
                          "base_url?"));
  EXPECT_THAT(FaultsOf("server: {baseUrl: x}"),
              ElementsAre(HasSubstr("did you mean base_url?")));
  EXPECT_THAT(FaultsOf("server: {base-url: x}"),
              ElementsAre(HasSubstr("did you mean base_url?")));
  EXPECT_THAT(
      FaultsOf("server: {zzzzzz: x}"),
      ElementsAre("1:10 server.zzzzzz: is not known here; known are: name, "
                  "base_url, port, token, key_file"));
}

TEST_F(YamlLoaderTest, FindsAllFaultsInOneRun) {
  EXPECT_THAT(
      FaultsOf("text: a\n"
               "text: b\n"
               "flag: yes\n"
               "small: 2147483648\n"
               "color: green\n"
               "timeout: 30\n"
               "date: 2026-02-30\n"
               "names: x\n"
               "server: 5\n"
               "later: x\n"
               "raw: x\n"),
      ElementsAre(
          "2:1 text: is there twice",
          "3:7 flag: \"yes\" is neither true nor false",
          "4:8 small: 2147483648 is not between -2147483648 and 2147483647",
          "5:8 color: \"green\" is none of red, dark_blue",
          "6:10 timeout: \"30\" is no duration; write 250ms, 30s, 5m, 12h or "
          "7d",
          "7:7 date: \"2026-02-30\" is no day of the calendar",
          "8:8 names: must be a list, but is a single value",
          "9:9 server: must be a section with name, base_url, port, token, "
          "key_file, but is a single value",
          "10:1 later: is not available in this version; remove it",
          "11:6 raw: holds bytes, which cannot be written in a "
          "configuration"));
}

TEST_F(YamlLoaderTest, RefusesValuesOfTheWrongType) {
  const struct {
    const char* text;
    const char* fault;
  } kCases[] = {
      {"flag: \"true\"", "must not be quoted"},
      {"flag: TRUE", "neither true nor false"},
      {"small: \"5\"", "must not be quoted"},
      {"small: 5.0", "is no whole number"},
      {"small: 0x10", "is no whole number"},
      {"small: +5", "is no whole number"},
      {"small: [5]", "must be a single value, but is a list"},
      {"count: -1", "not between 0 and 4294967295"},
      {"large: 9223372036854775808", "is not between"},
      {"size: 18446744073709551616", "is not between 0 and"},
      {"ratio: .nan", "is no number"},
      {"ratio: .inf", "is no number"},
      {"ratio: 1e999", "is no number"},
      {"weight: 1e39", "is too large"},
      {"text: {a: b}", "must be a single value, but is a section"},
      {"text:", "has no value"},
      {"text: ~", "has no value"},
      {"text: null", "has no value"},
      {"server:", "has no value"},
      {"names: [a, ~]", "has no value"},
      {"color: unspecified", "is none of red"},
      {"color: 1", "is none of red"},
      {"timeout: -5s", "is no duration"},
      {"timeout: 5 s", "is no duration"},
      {"timeout: 5y", "is no duration"},
      {"timeout: s", "is no duration"},
      {"timeout: 1..5s", "is no duration"},
      {"timeout: inf", "is no duration"},
      {"timeout: 4000000d", "is longer than 10,000 years"},
      {"timeout: 99999999999999999999999d", "is "},
      {"time: 2026-01-05", "is no time"},
      {"time: infinite-future", "is no time"},
      {"date: 5.1.2026", "is no date"},
      {"date: 0000-01-01", "is no day"},
      {"any: x", "cannot be written"},
      {"maybe: \"5\"", "must not be quoted"},
      {"maybe: x", "is no whole number"},
      {"labels: [a]", "must be a section of names and values"},
      {"labels: {a: 1, a: 2}", "is there twice"},
      {"by_number: {x: {}}", "is no whole number"},
      {"{a: b}: c", "a key must be a plain or quoted text"},
      {"text: \"a\\0b\"", "holds a NUL character"},
      {"first: a\nsecond: {}", "together with another of: first, second"},
      {"text: !!str a", "tags are not supported"},
      {"server: !thing {name: a}", "tags are not supported"},
      {"<<: {text: a}", "is not known here"},
      {"- a", "must be a section with"},
      {"just text", "must be a section with"},
      {"text: a\n---\ntext: b\n", "a second document begins here"},
      {"text: [", "not YAML: "},
      {"text: a: b", "not YAML: "},
      {"\ttext: a", "not YAML: "},
      {"text: *nowhere", "not YAML: "},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(FaultsOf(c.text), ElementsAre(HasSubstr(c.fault))) << c.text;
  }
}

TEST_F(YamlLoaderTest, KeepsWhatIsRight) {
  Faults faults;
  const auto message = schema_.New();
  EXPECT_THAT(LoadYamlText("text: kept\nsmall: x\n", message.get(), &faults),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ShortText(*message), R"(text: "kept")");
}

TEST_F(YamlLoaderTest, BoundsSizeDepthAndNumberOfValues) {
  YamlLimits limits;
  limits.max_bytes = 10;
  EXPECT_THAT(FaultsOf("text: 12345678", limits),
              ElementsAre("0:0 : longer than 10 bytes"));
  limits = {};
  limits.max_depth = 4;
  EXPECT_THAT(FaultsOf("nested: {nested: {nested: {text: a}}}", limits),
              IsEmpty());
  EXPECT_THAT(FaultsOf("nested: {nested: {nested: {nested: {}}}}", limits),
              ElementsAre(HasSubstr("nested deeper than 4 levels")));
  EXPECT_THAT(FaultsOf(std::string(100'000, '[')),
              ElementsAre(HasSubstr("nested deeper than 32 levels")));
  limits = {};
  limits.max_nodes = 6;
  EXPECT_THAT(FaultsOf("names: [a, b, c]", limits), IsEmpty());
  EXPECT_THAT(FaultsOf("names: [a, b, c, d]", limits),
              ElementsAre(HasSubstr("more than 6 values")));
}

TEST_F(YamlLoaderTest, BoundsAliases) {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 20; ++i) {
    absl::StrAppend(&laughs, "a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1,
                    ", *a", i - 1, ", *a", i - 1, "]\n");
  }
  EXPECT_THAT(FaultsOf(laughs),
              ElementsAre(HasSubstr("more than 50000 values")));

  std::string many = "text: &t x\nnames: [";
  for (int i = 0; i < 101; ++i) many += "*t, ";
  EXPECT_THAT(FaultsOf(many + "]"),
              ElementsAre(HasSubstr("more than 100 aliases")));

  EXPECT_THAT(FaultsOf("nested: &n {nested: *n}"),
              ElementsAre(HasSubstr("inside what it stands for")));
}

TEST_F(YamlLoaderTest, BoundsTheNumberOfFaults) {
  std::string text;
  for (int i = 0; i < 300; ++i) absl::StrAppend(&text, "zz", i, "zz: 1\n");
  Faults faults("t.yaml");
  EXPECT_FALSE(LoadYamlText(text, schema_.New().get(), &faults).ok());
  EXPECT_THAT(faults.Sorted(), SizeIs(Faults::kMaxFaults));
  EXPECT_THAT(faults.Format(), HasSubstr("and 200 more faults"));
}

TEST_F(YamlLoaderTest, RemembersPlacesForValidators) {
  Faults faults("t.yaml");
  const auto message = schema_.New();
  ASSERT_OK(
      LoadYamlText("servers:\n"
                   "  - name: a\n"
                   "  - name: b\n"
                   "    base_url: ftp://x\n"
                   "labels:\n"
                   "  team: x\n",
                   message.get(), &faults));
  faults.Add("servers[1].base_url", "must begin with https://");
  faults.Add("servers[0].base_url", "is required");
  faults.Add("labels[\"team\"]", "is not a team");
  faults.Add("server.name", "is required");
  EXPECT_EQ(faults.Format(),
            "t.yaml: server.name: is required\n"
            "t.yaml:2:5: servers[0].base_url: is required\n"
            "t.yaml:4:5: servers[1].base_url: must begin with https://\n"
            "t.yaml:6:3: labels[\"team\"]: is not a team\n");
}

class YamlFileTest : public YamlLoaderTest {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(YamlFileTest, ResolvesPathsAgainstTheFolderOfTheFile) {
  const std::string file = Write("paths.yaml",
                                 "path: data/x.db\n"
                                 "data_directory: /absolute\n"
                                 "text: not/a/path\n"
                                 "server: {key_file: key.pem}\n"
                                 "servers: [{key_file: ../key.pem}]\n"
                                 "by_number: {1: {key_file: k}}\n");
  Faults faults;
  const auto message = schema_.New();
  ASSERT_OK(LoadYamlFile(file, message.get(), &faults));
  const std::string folder = std::filesystem::path(file).parent_path();
  const std::string text = ShortText(*message);
  EXPECT_THAT(text, HasSubstr("path: \"" + folder + "/data/x.db\""));
  EXPECT_THAT(text, HasSubstr("data_directory: \"/absolute\""));
  EXPECT_THAT(text, HasSubstr("text: \"not/a/path\""));
  EXPECT_THAT(text,
              HasSubstr("server { key_file: \"" + folder + "/key.pem\" }"));
  EXPECT_THAT(text, HasSubstr("key_file: \"" + folder + "/../key.pem\""));
  EXPECT_THAT(text, HasSubstr("key_file: \"" + folder + "/k\""));
}

TEST_F(YamlFileTest, NamesTheFileInFaults) {
  const std::string file = Write("bad.yaml", "small: x\n");
  Faults faults;
  EXPECT_THAT(LoadYamlFile(file, schema_.New().get(), &faults),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(faults.Format(), StartsWith(file + ":1:8: small: "));
}

TEST_F(YamlFileTest, SaysWhyAFileCannotBeRead) {
  Faults missing;
  EXPECT_THAT(
      LoadYamlFile("/does/not/exist.yaml", schema_.New().get(), &missing),
      StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(missing.Format(),
              HasSubstr("/does/not/exist.yaml: cannot be opened: No such"));
  Faults folder;
  EXPECT_FALSE(
      LoadYamlFile(::testing::TempDir(), schema_.New().get(), &folder).ok());
  EXPECT_THAT(folder.Format(), HasSubstr("cannot be"));
}

TEST_F(YamlLoaderTest, RedactsSensitiveFields) {
  const auto message = schema_.New();
  Faults faults;
  ASSERT_OK(
      LoadYamlText("text: seen\n"
                   "server: {name: a, token: hunter2}\n"
                   "servers: [{token: hunter2}]\n"
                   "by_number: {1: {token: hunter2}}\n"
                   "secrets: [hunter2, hunter2]\n"
                   "hidden: {name: hunter2}\n",
                   message.get(), &faults));
  const std::string json = Redacted(*message);
  EXPECT_THAT(json, Not(HasSubstr("hunter2")));
  EXPECT_THAT(json, HasSubstr(R"("text":"seen")"));
  EXPECT_THAT(json, HasSubstr(R"("secrets":["[redacted]","[redacted]"])"));
  EXPECT_THAT(ShortText(*message), HasSubstr("hunter2"))
      << "the message itself is left alone";
}

}  // namespace
}  // namespace opcon_snow::config
