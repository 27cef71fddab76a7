// 100,000 incidents: what a look-up costs, counted in records touched, which
// does not depend on the machine.

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

class ScaleTest : public InstanceFixture {
 protected:
  static constexpr std::int64_t kCount = 100'000;

  void Make(std::int64_t count) {
    const auto made = instance_->Control(
        Request("POST", "/_sandbox/incidents",
                absl::StrCat("{\"count\":", count, ",\"seconds_apart\":10}")));
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(made->status, 201) << made->body;
  }

  std::uint64_t Touched() {
    return Body(
        *instance_->Control(Request("GET", "/_sandbox/store")))["touched"];
  }

  // The records that the list looked at.
  std::uint64_t CostOf(const std::string& list, std::size_t expected) {
    const std::uint64_t before = Touched();
    EXPECT_EQ(List(list).size(), expected) << list;
    return Touched() - before;
  }
};

TEST_F(ScaleTest, LookUpsTouchOnlyWhatTheyFind) {
  Make(kCount);
  const Json store =
      Body(*instance_->Control(Request("GET", "/_sandbox/store")));
  ASSERT_EQ(store["records"]["incident"], kCount);

  const std::string key =
      "opcon.example.com:9010,20260105%7C16%7C1%7CJOB0050000";
  // A few more, for users and properties.
  EXPECT_LT(CostOf("incident?sysparm_query=correlation_id=" + key +
                       "%5Estate!=7&sysparm_limit=2",
                   1),
            20U);
  EXPECT_LT(CostOf("incident?correlation_id=" + key, 1), 20U);
  EXPECT_LT(CostOf("task?sysparm_query=number=INC0060000", 1), 20U);
  EXPECT_LT(CostOf("incident?sysparm_query=numberINnone,INC0060000", 1), 20U);

  // What was updated in the last ten minutes, the oldest first, by page.
  const std::string recent =
      "incident?sysparm_query=sys_updated_on%3E=2026-01-05%2010:01:12%5E"
      "ORDERBYsys_updated_on%5EORDERBYsys_id&sysparm_fields=number&"
      "sysparm_no_count=true&sysparm_limit=50";
  EXPECT_LT(CostOf(recent, 50), 80U);
  // Everything that was ever updated, the first page: as cheap.
  EXPECT_LT(CostOf("incident?sysparm_query=sys_updated_on%3E2000-01-01%5E"
                   "ORDERBYsys_updated_on&sysparm_fields=number&"
                   "sysparm_no_count=true&sysparm_limit=50",
                   50),
            80U);
  EXPECT_LT(CostOf("incident?sysparm_query=ORDERBYDESCsys_updated_on&"
                   "sysparm_fields=number&sysparm_no_count=true&"
                   "sysparm_limit=10",
                   10),
            30U);
  EXPECT_LT(CostOf("incident?sysparm_fields=number&sysparm_limit=10", 10), 30U);
}

TEST_F(ScaleTest, IndexedAndScannedLookUpsAgree) {
  Make(2000);
  // LIKE has no index; both must find the same, in the same order.
  const Json scanned = List(
      "incident?sysparm_query=correlation_idLIKEJOB00009%5EORDERBYnumber&"
      "sysparm_fields=number");
  const Json indexed = List(
      "incident?sysparm_query=correlation_idSTARTSWITHopcon.example.com:"
      "9010,20260105%7C16%7C1%7CJOB00009%5EORDERBYnumber&"
      "sysparm_fields=number");
  EXPECT_EQ(scanned.size(), 100U);
  EXPECT_EQ(scanned, indexed);
  // An update moves a record to its new places.
  const Json one = List("incident?sysparm_query=number=INC0010001");
  Patch(one[0], {{"correlation_id", "moved"}});
  EXPECT_EQ(List("incident?sysparm_query=correlation_id=moved").size(), 1U);
  EXPECT_EQ(List("incident?sysparm_query=correlation_id=" +
                 one[0]["correlation_id"].get<std::string>())
                .size(),
            0U);
  EXPECT_EQ(List("incident?sysparm_query=ORDERBYDESCsys_updated_on&"
                 "sysparm_limit=2&sysparm_fields=number")
                .size(),
            2U);
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
