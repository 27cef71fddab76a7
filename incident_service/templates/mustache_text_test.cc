#include "incident_service/templates/mustache_text.h"

#include <string>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

using ::testing::HasSubstr;

const MustacheValues kKnown = {.values = {{"job", ""}, {"note", ""}},
                               .lists = {{"tags", {}}}};

std::string Render(const std::string& text, const MustacheValues& values) {
  const auto parsed = MustacheText::Parse(text, kKnown);
  EXPECT_OK(parsed.status());
  return parsed.ok() ? parsed->Render(values) : "";
}

TEST(MustacheTextTest, ValuesListsAndSections) {
  const MustacheValues values = {.values = {{"job", "J1"}, {"note", ""}},
                                 .lists = {{"tags", {"a", "b"}}}};
  EXPECT_EQ(Render("{{job}}: {{#tags}}<{{.}}>{{/tags}}", values), "J1: <a><b>");
  EXPECT_EQ(
      Render("{{#note}}Note: {{note}}{{/note}}|{{^note}}none{{/note}}", values),
      "|none");
  EXPECT_EQ(Render("{{#job}}Job {{job}}{{/job}}", values), "Job J1");
}

TEST(MustacheTextTest, AValueIsNeverSyntax) {
  const MustacheValues values = {
      .values = {{"job", "<b>&\"'{{note}} {{{x}}} ${y}"}, {"note", "N"}},
      .lists = {{"tags", {}}}};
  EXPECT_EQ(Render("{{job}}", values), "<b>&\"'{{note}} {{{x}}} ${y}");
}

TEST(MustacheTextTest, MistakesAreNamed) {
  const auto problem = [](const std::string& text) {
    const auto parsed = MustacheText::Parse(text, kKnown);
    EXPECT_THAT(parsed.status(), StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
    return std::string(parsed.status().message());
  };
  EXPECT_THAT(problem("{{jb}}"), HasSubstr("unknown name jb; known are job"));
  EXPECT_THAT(problem("{{#tags}}{{nme}}{{/tags}}"), HasSubstr("nme"));
  EXPECT_THAT(problem("{{job"), ::testing::Not(::testing::IsEmpty()));
  EXPECT_THAT(problem("{{#tags}}never closed"),
              ::testing::Not(::testing::IsEmpty()));
  EXPECT_THAT(problem("{{>other}}"), HasSubstr("cannot include"));
}

RC_GTEST_PROP(MustacheTextProperties, AnyValueComesOutAsItIs,
              (std::string value)) {
  const MustacheValues values = {.values = {{"job", value}, {"note", ""}},
                                 .lists = {{"tags", {}}}};
  const auto parsed = MustacheText::Parse("[{{job}}]", kKnown);
  RC_ASSERT(parsed.ok());
  RC_ASSERT(parsed->Render(values) == "[" + value + "]");
}

RC_GTEST_PROP(MustacheTextProperties, AnyTextIsParsedOrRefused,
              (std::string text)) {
  const auto parsed = MustacheText::Parse(text, kKnown);
  if (parsed.ok()) parsed->Render(kKnown);
}

}  // namespace
}  // namespace opcon_snow::incident
