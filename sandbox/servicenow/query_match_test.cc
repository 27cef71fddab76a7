#include "sandbox/servicenow/query_match.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Id(int n) {
  std::string id(32, '0');
  id.back() = static_cast<char>('0' + n);
  return id;
}

class QueryMatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Add("sys_user", {{"sys_id", Id(1)}, {"name", "Ann"}});
    Add("sys_user", {{"sys_id", Id(2)}, {"name", "Bob"}});
    Add("sys_user_group",
        {{"sys_id", Id(3)}, {"name", "Night"}, {"manager", Id(2)}});
    Add("incident", {{"sys_id", Id(4)},
                     {"number", "one"},
                     {"state", "1"},
                     {"order", "9"},
                     {"short_description", "Job failed"},
                     {"assignment_group", Id(3)},
                     {"opened_by", Id(2)},
                     {"assigned_to", Id(2)},
                     {"sys_created_on", "2026-01-05 10:00:00"}});
    Add("incident", {{"sys_id", Id(5)},
                     {"number", "two"},
                     {"state", "6"},
                     {"order", "10"},
                     {"correlation_id", "a|b"},
                     {"opened_by", Id(1)},
                     {"sys_created_on", "2026-01-06 10:00:00"}});
    Add("problem", {{"sys_id", Id(6)},
                    {"number", "three"},
                    {"state", "101"},
                    {"sys_created_on", "2026-01-07 10:00:00"}});
  }

  void Add(const std::string& table, FieldValues values) {
    Record record;
    record.table = table;
    record.values = std::move(values);
    ASSERT_TRUE(store_.Insert(std::move(record)).ok());
  }

  std::vector<std::string> Numbers(const std::string& query,
                                   const std::string& table = "task") {
    const absl::StatusOr<Query> parsed = ParseQuery(query);
    EXPECT_TRUE(parsed.ok());
    std::vector<std::string> numbers;
    for (const Record* record :
         BoundQuery(dictionary_, store_, table, *parsed).Run()) {
      numbers.push_back(record->Get("number"));
    }
    return numbers;
  }

  const Dictionary dictionary_ = StandardDictionary();
  TableStore store_{&dictionary_};
};

TEST_F(QueryMatchTest, AParentTableHasTheRecordsOfItsChildren) {
  EXPECT_THAT(Numbers(""), ElementsAre("one", "two", "three"));
  EXPECT_THAT(Numbers("", "incident"), ElementsAre("one", "two"));
  EXPECT_THAT(Numbers("", "problem"), ElementsAre("three"));
}

TEST_F(QueryMatchTest, ComparesIntegersAsNumbersAndDatesAsText) {
  EXPECT_THAT(Numbers("order>9"), ElementsAre("two"));
  EXPECT_THAT(Numbers("order>=9"), ElementsAre("one", "two"));
  EXPECT_THAT(Numbers("order<10"), ElementsAre("one"));
  EXPECT_THAT(Numbers("order<=10"), ElementsAre("one", "two"));
  EXPECT_THAT(Numbers("orderBETWEEN10@11"), ElementsAre("two"));
  EXPECT_THAT(Numbers("sys_created_on>2026-01-06 09:59:59"),
              ElementsAre("two", "three"));
  EXPECT_THAT(Numbers("sys_created_onBETWEEN2026-01-05 10:00:00@2026-01-06 "
                      "10:00:00"),
              ElementsAre("one", "two"));
}

TEST_F(QueryMatchTest, ComparesText) {
  EXPECT_THAT(Numbers("number=one"), ElementsAre("one"));
  EXPECT_THAT(Numbers("number=One"), IsEmpty());
  EXPECT_THAT(Numbers("number!=one"), ElementsAre("two", "three"));
  EXPECT_THAT(Numbers("short_descriptionLIKEb f"), ElementsAre("one"));
  EXPECT_THAT(Numbers("numberNOT LIKEo"), ElementsAre("three"));
  EXPECT_THAT(Numbers("numberSTARTSWITHt"), ElementsAre("two", "three"));
  EXPECT_THAT(Numbers("numberENDSWITHe"), ElementsAre("one", "three"));
  EXPECT_THAT(Numbers("numberINone,three"), ElementsAre("one", "three"));
  EXPECT_THAT(Numbers("numberNOT INone,three"), ElementsAre("two"));
  EXPECT_THAT(Numbers("correlation_id=a|b"), ElementsAre("two"));
  EXPECT_THAT(Numbers("numberANYTHING"), ElementsAre("one", "two", "three"));
}

TEST_F(QueryMatchTest, EmptyValuesAreFoundByWhatDoesNotNameThem) {
  EXPECT_THAT(Numbers("correlation_idISEMPTY"), ElementsAre("one", "three"));
  EXPECT_THAT(Numbers("correlation_id="), ElementsAre("one", "three"));
  EXPECT_THAT(Numbers("correlation_idISNOTEMPTY"), ElementsAre("two"));
  EXPECT_THAT(Numbers("correlation_id!=x"), ElementsAre("one", "two", "three"));
  EXPECT_THAT(Numbers("order<100"), ElementsAre("one", "two"));
}

TEST_F(QueryMatchTest, CombinesConditions) {
  EXPECT_THAT(Numbers("state=1^ORstate=101^numberLIKEe"),
              ElementsAre("one", "three"));
  EXPECT_THAT(Numbers("state=1^number=two"), IsEmpty());
  EXPECT_THAT(Numbers("state=1^number=one^NQstate=101"),
              ElementsAre("one", "three"));
}

TEST_F(QueryMatchTest, WalksReferences) {
  EXPECT_THAT(Numbers("assignment_group.name=Night"), ElementsAre("one"));
  EXPECT_THAT(Numbers("assignment_group.manager.name=Bob"), ElementsAre("one"));
  EXPECT_THAT(Numbers("assignment_groupLIKENig"), ElementsAre("one"));
  EXPECT_THAT(Numbers("assignment_group.nameISEMPTY"),
              ElementsAre("two", "three"));
  EXPECT_THAT(Numbers("opened_bySAMEASassigned_to^opened_byISNOTEMPTY"),
              ElementsAre("one"));
  EXPECT_THAT(Numbers("opened_byNSAMEASassigned_to"), ElementsAre("two"));
}

TEST_F(QueryMatchTest, SysIdsAreComparedWithoutCase) {
  Add("incident",
      {{"sys_id", "ABCDEF00000000000000000000000000"}, {"number", "four"}});
  EXPECT_THAT(Numbers("sys_id=abcdef00000000000000000000000000"),
              ElementsAre("four"));
}

TEST_F(QueryMatchTest, SortsAndKeepsTheOrderOfInsertionOtherwise) {
  EXPECT_THAT(Numbers("ORDERBYDESCorder^ORDERBYnumber"),
              ElementsAre("two", "one", "three"));
  EXPECT_THAT(Numbers("ORDERBYopened_by"), ElementsAre("three", "two", "one"));
}

// The trap that changed thousands of wrong incidents in the field.
TEST_F(QueryMatchTest, InvalidPartsAreDroppedAndTheRestIsReturned) {
  EXPECT_THAT(Numbers("u_no_such_column=x"),
              ElementsAre("one", "two", "three"));
  EXPECT_THAT(Numbers("u_no_such_column=x^state=1"), ElementsAre("one"));
  EXPECT_THAT(Numbers("number.name=x^state=1"), ElementsAre("one"));
  EXPECT_THAT(Numbers("stateSAMEASu_no^state=1"), ElementsAre("one"));
  EXPECT_THAT(Numbers("state=1^NQu_no=1"), ElementsAre("one"));
  EXPECT_THAT(Numbers("ORDERBYu_no"),
              UnorderedElementsAre("one", "two", "three"));
  // A column of a child is none of its parent.
  EXPECT_THAT(Numbers("caller_idISEMPTY^state=1"), ElementsAre("one"));
  const Query query = *ParseQuery("u_no=1");
  EXPECT_TRUE(BoundQuery(dictionary_, store_, "task", query).dropped_a_part());
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
