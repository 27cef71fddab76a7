#include "sandbox/servicenow/query.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Query Parsed(const std::string& text) {
  const absl::StatusOr<Query> query = ParseQuery(text);
  EXPECT_TRUE(query.ok()) << query.status();
  return query.ok() ? *query : Query();
}

Condition Only(const std::string& text) {
  const Query query = Parsed(text);
  if (query.groups.size() != 1 || query.groups[0].size() != 1 ||
      query.groups[0][0].size() != 1) {
    ADD_FAILURE() << text << " is not one condition";
    return {};
  }
  return query.groups[0][0][0];
}

TEST(ParseQueryTest, ReadsEveryOperator) {
  const std::vector<std::pair<std::string, Operator>> binary = {
      {"=", Operator::kEquals},
      {"!=", Operator::kNotEquals},
      {"<", Operator::kLess},
      {"<=", Operator::kLessOrEqual},
      {">", Operator::kGreater},
      {">=", Operator::kGreaterOrEqual},
      {"LIKE", Operator::kLike},
      {"NOT LIKE", Operator::kNotLike},
      {"IN", Operator::kIn},
      {"NOT IN", Operator::kNotIn},
      {"ENDSWITH", Operator::kEndsWith},
      {"STARTSWITH", Operator::kStartsWith},
      {"BETWEEN", Operator::kBetween},
      {"SAMEAS", Operator::kSameAs},
      {"NSAMEAS", Operator::kNotSameAs}};
  for (const auto& [text, op] : binary) {
    EXPECT_EQ(Only("a_1.b" + text + "v w=x"), (Condition{"a_1.b", op, "v w=x"}))
        << text;
  }
  EXPECT_EQ(Only("aISEMPTY"), (Condition{"a", Operator::kIsEmpty, ""}));
  EXPECT_EQ(Only("aISNOTEMPTY"), (Condition{"a", Operator::kIsNotEmpty, ""}));
  EXPECT_EQ(Only("aEMPTYSTRING"), (Condition{"a", Operator::kEmptyString, ""}));
  EXPECT_EQ(Only("aANYTHING"), (Condition{"a", Operator::kAnything, ""}));
}

TEST(ParseQueryTest, BindsOrTighterThanAndAndNewQueryLoosest) {
  const Query query = Parsed("a=1^b=2^ORc=3^NQd=4^ORDERBYe^ORDERBYDESCf^EQ");
  ASSERT_THAT(query.groups, SizeIs(2));
  ASSERT_THAT(query.groups[0], SizeIs(2));
  EXPECT_THAT(query.groups[0][0], SizeIs(1));
  EXPECT_THAT(query.groups[0][1], SizeIs(2));
  EXPECT_EQ(query.groups[1][0][0].field, "d");
  EXPECT_EQ(query.order, (std::vector<OrderBy>{{"e", false}, {"f", true}}));
  EXPECT_FALSE(query.dropped_a_part);
}

TEST(ParseQueryTest, DropsWhatItCannotUnderstand) {
  EXPECT_THAT(Parsed("").groups, IsEmpty());
  EXPECT_FALSE(Parsed("").dropped_a_part);
  const Query nonsense = Parsed("this is nonsense");
  EXPECT_THAT(nonsense.groups, IsEmpty());
  EXPECT_TRUE(nonsense.dropped_a_part);
  const Query half = Parsed("Upper=1^a=1^bNEARLY2");
  EXPECT_TRUE(half.dropped_a_part);
  ASSERT_THAT(half.groups, SizeIs(1));
  EXPECT_THAT(half.groups[0], SizeIs(1));
}

TEST(ParseQueryTest, AnOrAfterADroppedPartDoesNotJoinTheOneBefore) {
  const Query query = Parsed("a=1^???^ORb=2");
  ASSERT_THAT(query.groups, SizeIs(1));
  EXPECT_THAT(query.groups[0], SizeIs(2));
}

TEST(ParseQueryTest, NamesWhatRealInstancesKnowAndThisOneDoesNot) {
  const auto error = [](const std::string& text) {
    return std::string(ParseQuery(text).status().message());
  };
  EXPECT_THAT(error("opened_atMORETHANclosed_at@day@after@3"),
              HasSubstr("MORETHAN"));
  EXPECT_THAT(error("opened_atDATEPARTMonday@x"), HasSubstr("DATEPART"));
}

TEST(ParseQueryTest, ReadsPartsThatLookAtOtherTables) {
  const Query query = Parsed(
      "active=true^RLQUERYincident.caller_id,>=2,m2m^state=1^ENDRLQUERY"
      "^JOINincident.sys_id=sys_attachment.table_sys_id!file_name=a.txt"
      "^123TEXTQUERY321=disk full");
  ASSERT_THAT(query.groups, SizeIs(1));
  ASSERT_THAT(query.groups[0], SizeIs(4));
  EXPECT_EQ(
      query.groups[0][1][0],
      (Condition{"incident.caller_id", Operator::kRelated, ">=2", "state=1"}));
  EXPECT_EQ(query.groups[0][2][0],
            (Condition{"sys_id", Operator::kJoin, "sys_attachment.table_sys_id",
                       "file_name=a.txt"}));
  EXPECT_EQ(query.groups[0][3][0].op, Operator::kText);
  EXPECT_FALSE(query.dropped_a_part);
}

TEST(ParseQueryTest, TellsOperatorsApartThatBeginAlike) {
  const auto op = [](const std::string& text) {
    return Parsed(text).groups[0][0][0].op;
  };
  EXPECT_EQ(op("aINSTANCEOFb"), Operator::kInstanceOf);
  EXPECT_EQ(op("aINb,c"), Operator::kIn);
  EXPECT_EQ(op("aONToday@x@y"), Operator::kOn);
  EXPECT_EQ(op("aCHANGES"), Operator::kChanges);
  EXPECT_EQ(op("aVALCHANGES"), Operator::kChanges);
  EXPECT_EQ(op("aCHANGESTO4"), Operator::kChangesTo);
  EXPECT_EQ(op("aCHANGESFROM4"), Operator::kChangesFrom);
  EXPECT_EQ(op("aGT_OR_EQUALS_FIELDb"), Operator::kGreaterOrEqualField);
  EXPECT_EQ(op("aRELATIVEGE@hour@ago@2"), Operator::kRelativeGreaterOrEqual);
}

TEST(ParseQueryTest, NeverFailsOnAnyTextInAnUnknownWay) {
  const std::vector<std::string> fragments = {
      "^",   "^OR", "^NQ", "ORDERBY", "^ORDERBYDESC", "=",  "!=", "IN",
      "NOT", " ",   "a.b", ".",       "LIKE",         "EQ", "",   "<="};
  EXPECT_TRUE(rc::check([&] {
    std::string text;
    const auto count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i) {
      text += *rc::gen::oneOf(rc::gen::elementOf(fragments),
                              rc::gen::arbitrary<std::string>());
    }
    const absl::StatusOr<Query> query = ParseQuery(text);
    RC_ASSERT(query.ok() ||
              query.status().code() == absl::StatusCode::kUnimplemented);
    if (!query.ok()) return;
    for (const AndList& group : query->groups) {
      RC_ASSERT(!group.empty());
      for (const OrList& clause : group) RC_ASSERT(!clause.empty());
    }
    // What was understood means the same when it is written again.
    Query again = *ParseQuery(FormatQuery(*query));
    again.dropped_a_part = query->dropped_a_part;
    RC_ASSERT(again == *query);
  }));
}

TEST(ParseQueryTest, EveryValueWithoutACaretComesBack) {
  EXPECT_TRUE(rc::check([](const std::string& any) {
    std::string value = any;
    std::erase(value, '^');
    const Query query = Parsed("correlation_id=" + value + "^active=true");
    RC_ASSERT(query.groups.size() == 1U);
    // A value cannot turn "=" into another operator.
    RC_ASSERT(query.groups[0][0][0] ==
              (Condition{"correlation_id", Operator::kEquals, value}));
    RC_ASSERT(query.groups[0].size() == 2U);
  }));
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
