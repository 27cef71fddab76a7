#include "snow_gateway/query.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::snow {
namespace {

using ::testing::HasSubstr;

Query Make() {
  return Query(
      {"correlation_id", "first", "name", "state", "sys_updated_on", "value"});
}

// The text of a query with a limit that is not the matter.
absl::StatusOr<std::string> TextOf(const Query& query) {
  absl::StatusOr<BoundedQuery> built = query.Build(10);
  if (!built.ok()) return built.status();
  return built->text();
}

TEST(QueryTest, JoinsConditionsAndOrder) {
  EXPECT_THAT(
      TextOf(Make()
                 .Equals("correlation_id", "host:9010,20260105|16|1|JOB 1")
                 .In("state", {"1", "2"})
                 .NotBefore("sys_updated_on", "2026-01-05 12:00:00")
                 .Contains("value", "mark")
                 .OrderBy("sys_updated_on")
                 .OrderBy("sys_id")),
      IsOkAndHolds("correlation_id=host:9010,20260105|16|1|JOB 1"
                   "^stateIN1,2"
                   "^sys_updated_on>=2026-01-05 12:00:00"
                   "^valueLIKEmark"
                   "^ORDERBYsys_updated_on^ORDERBYsys_id"));
}

TEST(QueryTest, APositionIsATimeAndThenASysId) {
  EXPECT_THAT(TextOf(Make().AfterPosition("sys_updated_on",
                                          "2026-01-05 12:00:00", "0a")),
              IsOkAndHolds("sys_updated_on>=2026-01-05 12:00:00"
                           "^sys_updated_on>2026-01-05 12:00:00^ORsys_id>0a"));
}

TEST(QueryTest, OneValueOfAListMayHaveAComma) {
  EXPECT_THAT(TextOf(Make().In("name", {"a,b"})), IsOkAndHolds("name=a,b"));
}

TEST(QueryTest, RefusesWhatWouldBecomeSyntax) {
  const std::vector<std::string> bad = {"a^b",
                                        "a^ORb=c",
                                        "javascript:gs.getUserID()",
                                        " JavaScript:x",
                                        "a\nb",
                                        std::string("a\0b", 3),
                                        ""};
  for (const std::string& value : bad) {
    EXPECT_THAT(TextOf(Make().Equals("name", value)),
                HasReason("INVALID_REQUEST"))
        << value;
    EXPECT_THAT(TextOf(Make().In("name", {"fine", value})),
                HasReason("INVALID_REQUEST"))
        << value;
  }
  EXPECT_THAT(TextOf(Make().In("name", {"a,b", "c"})),
              HasReason("INVALID_REQUEST"));
  // "nameINSTANCEOFx,y" would be the operator INSTANCEOF.
  EXPECT_THAT(TextOf(Make().In("name", {"STANCEOFx", "y"})),
              HasReason("INVALID_REQUEST"));
  EXPECT_THAT(TextOf(Make().In("name", {})), HasReason("INVALID_REQUEST"));
  EXPECT_THAT(TextOf(Make().Equals("name=x^active", "y")),
              HasReason("INVALID_REQUEST"));
  EXPECT_THAT(TextOf(Make().Equals("name", "x").OrderBy("a^b")),
              HasReason("INVALID_REQUEST"));
}

TEST(QueryTest, WithoutConditionItWouldMeanEveryRecord) {
  EXPECT_THAT(TextOf(Make().OrderBy("sys_id")), HasReason("INVALID_REQUEST"));
}

TEST(QueryTest, OnlyListedColumnsCanBeNamed) {
  const auto refused = Query({"name"}).Equals("u_secret", "x").Build(1);
  EXPECT_THAT(refused, HasReason("INVALID_REQUEST"));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("u_secret"));
  EXPECT_THAT(Query({"name"}).Equals("name", "x").OrderBy("active").Build(1),
              HasReason("INVALID_REQUEST"));
  EXPECT_THAT(Query({"name"}).In("active", {"x", "y"}).Build(1),
              HasReason("INVALID_REQUEST"));
  EXPECT_OK(Query({"name"}).Equals("name", "x").OrderBy("sys_id").Build(1));
}

TEST(QueryTest, EveryQueryHasALimit) {
  const Query query = Make().Equals("name", "x");
  const auto built = query.Build(7);
  ASSERT_OK(built);
  EXPECT_EQ(built->limit(), 7);
  for (const int limit : {-1, 0, 1001}) {
    EXPECT_THAT(query.Build(limit), HasReason("INVALID_REQUEST"));
  }
}

TEST(QueryTest, SaysWhichValueAndWhy) {
  EXPECT_THAT(
      TextOf(Make().Equals("correlation_id", "a^b")),
      StatusIs(absl::StatusCode::kInvalidArgument,
               ::testing::AllOf(HasSubstr("correlation_id"), HasSubstr("^"))));
}

TEST(QuerySyntaxTest, KnowsNames) {
  EXPECT_TRUE(IsColumnName("u_region2"));
  EXPECT_FALSE(IsColumnName("U_region"));
  EXPECT_FALSE(IsColumnName("2u"));
  EXPECT_FALSE(IsColumnName("a.b"));
  EXPECT_FALSE(IsColumnName(""));
  EXPECT_FALSE(IsColumnName(std::string(81, 'a')));
  EXPECT_TRUE(IsColumnPath("assignment_group.manager.name"));
  EXPECT_FALSE(IsColumnPath("a..b"));
  EXPECT_FALSE(IsColumnPath("a."));
  EXPECT_TRUE(IsSysId("0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(IsSysId("0123456789ABCDEF0123456789ABCDEF"));
  EXPECT_FALSE(IsSysId("0123456789abcdef0123456789abcde"));
}

// Whatever the values are, either they are refused, or the query has exactly
// the conditions that were asked for, with exactly these values.
RC_GTEST_PROP(QueryProperty, NoValueChangesTheNumberOfConditions,
              (const std::vector<std::string>& values)) {
  Query query = Make();
  query.Equals("first", "1");
  for (const std::string& value : values) query.Equals("name", value);
  query.OrderBy("sys_id");
  const absl::StatusOr<std::string> text = TextOf(query);
  if (!text.ok()) {
    RC_ASSERT(std::any_of(values.begin(), values.end(), [](const auto& value) {
      return QueryValueFault(value).has_value();
    }));
    return;
  }
  const std::vector<std::string> parts = absl::StrSplit(*text, '^');
  RC_ASSERT(parts.size() == values.size() + 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    RC_ASSERT(parts[i + 1] == "name=" + values[i]);
  }
}

// The same for values made of what the language is made of.
RC_GTEST_PROP(QueryProperty, NeitherDoSyntaxLikeValues, ()) {
  const auto piece = rc::gen::element<std::string>(
      "^", "OR", "NQ", "EQ", "ORDERBY", "=", ">", "IN", "LIKE", ",", "@",
      "javascript:", "a", " ", "%5E", "\\");
  const auto pieces = *rc::gen::container<std::vector<std::string>>(piece);
  std::string value;
  for (const std::string& text : pieces) value += text;
  const absl::StatusOr<std::string> text =
      TextOf(Make().Equals("first", "1").In("name", {value, "b"}));
  if (value.find('^') != std::string::npos) RC_ASSERT(!text.ok());
  if (!text.ok()) return;
  const std::vector<std::string> parts = absl::StrSplit(*text, '^');
  RC_ASSERT(parts.size() == std::size_t{2});
  RC_ASSERT(std::count(parts[1].begin(), parts[1].end(), ',') == 1);
}

}  // namespace
}  // namespace opcon_snow::snow
