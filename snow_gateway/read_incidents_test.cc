#include "snow_gateway/read_incidents.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Listed = absl::StatusOr<v1::ListIncidentsResponse>;

std::string SysId(int i) { return absl::StrFormat("%032x", i); }

json Row(int i, const std::string& updated) {
  return {{"sys_id", SysId(i)},
          {"number", absl::StrCat("INC", i)},
          {"state", "2"},
          {"sys_updated_on", updated},
          {"correlation_id", "key"},
          {"correlation_display", "SMA_OPCON"}};
}

std::vector<std::string> Numbers(const v1::ListIncidentsResponse& response) {
  std::vector<std::string> numbers;
  for (const v1::Incident& incident : response.incidents()) {
    numbers.push_back(incident.number());
  }
  return numbers;
}

class ReadIncidentsTest : public GatewayTest {
 protected:
  ReadIncidentsTest() : instance_(MakeInstance()) {}

  absl::StatusOr<v1::GetIncidentResponse> Get() {
    return Run(GetIncident(instance_, get_, Scope()));
  }
  Listed List() { return Run(ListIncidents(instance_, list_, Scope())); }
  std::string Query(std::size_t request) const {
    return ParameterOf(Request(request).url, "sysparm_query");
  }

  std::shared_ptr<Instance> instance_;
  v1::GetIncidentRequest get_;
  v1::ListIncidentsRequest list_;
};

TEST_F(ReadIncidentsTest, GetsBySysIdWithColumns) {
  get_.set_sys_id(SysId(1));
  get_.add_columns("priority");
  get_.add_columns("assignment_group.name");
  json row = Row(1, "2026-01-05 12:00:00");
  row["priority"] = "3";
  row["assignment_group.name"] = "Batch";
  AnswerResult(row);
  const auto reply = Get();
  ASSERT_OK(reply);
  EXPECT_EQ(reply->instance(), "prod");
  EXPECT_EQ(reply->incident().number(), "INC1");
  EXPECT_EQ(reply->incident().fields().at("priority").value(), "3");
  EXPECT_EQ(reply->incident().fields().at("assignment_group.name").value(),
            "Batch");
  EXPECT_EQ(PathOf(Request(0).url),
            absl::StrCat("/api/now/v2/table/incident/", SysId(1)));
}

TEST_F(ReadIncidentsTest, AnotherRecordThanAskedForIsNone) {
  get_.set_sys_id(SysId(1));
  AnswerResult(Row(2, "2026-01-05 12:00:00"));
  EXPECT_THAT(Get(), HasReason("UPSTREAM_NOT_SERVICENOW"));
}

TEST_F(ReadIncidentsTest, GetsByNumberExactlyOne) {
  get_.set_number("INC1");
  AnswerRows({Row(1, "2026-01-05 12:00:00"), Row(2, "2026-01-05 12:00:00")});
  ASSERT_OK(Get());
  EXPECT_EQ(Query(0), "number=INC1^ORDERBYsys_id");
  AnswerResult(json::array());
  EXPECT_THAT(Get(), HasReason("RECORD_NOT_FOUND"));
  AnswerRows({Row(1, "2026-01-05 12:00:00"), Row(1, "2026-01-05 12:00:00")});
  EXPECT_THAT(Get(), HasReason("AMBIGUOUS_RECORD"));
  get_.set_number("INC1^ORactive=true");
  EXPECT_THAT(Get(), HasReason("INVALID_REQUEST"));
  get_.clear_number();
  EXPECT_THAT(Get(), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 3u);
}

TEST_F(ReadIncidentsTest, ListsInTheOrderOfChanges) {
  list_.set_correlation_id("key");
  list_.set_correlation_display("SMA_OPCON");
  list_.add_states(v1::INCIDENT_STATE_NEW);
  list_.add_states(v1::INCIDENT_STATE_IN_PROGRESS);
  list_.mutable_updated_since_time()->set_seconds(1767614400);
  list_.set_page_size(2);
  AnswerRows({Row(1, "2026-01-05 12:00:00"), Row(2, "2026-01-05 12:00:01")});
  const Listed page = List();
  ASSERT_OK(page);
  EXPECT_THAT(Numbers(*page), ElementsAre("INC1", "INC2"));
  EXPECT_EQ(Query(0),
            "correlation_id=key^correlation_display=SMA_OPCON^stateIN1,2"
            "^sys_updated_on>=2026-01-05 12:00:00"
            "^ORDERBYsys_updated_on^ORDERBYsys_id");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_limit"), "2");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_no_count"), "true");
  ASSERT_THAT(page->next_page_token(), Not(IsEmpty()));

  list_.set_page_token(page->next_page_token());
  AnswerRows({Row(3, "2026-01-05 12:00:01")});
  const Listed second = List();
  ASSERT_OK(second);
  EXPECT_THAT(Numbers(*second), ElementsAre("INC3"));
  EXPECT_EQ(
      Query(1),
      absl::StrCat("correlation_id=key^correlation_display=SMA_OPCON^stateIN1,2"
                   "^sys_updated_on>=2026-01-05 12:00:00"
                   "^sys_updated_on>=2026-01-05 12:00:01"
                   "^sys_updated_on>2026-01-05 12:00:01^ORsys_id>",
                   SysId(2), "^ORDERBYsys_updated_on^ORDERBYsys_id"));
  // A short page need not be the last: access rules come after the limit.
  ASSERT_THAT(second->next_page_token(), Not(IsEmpty()));
  list_.set_page_token(second->next_page_token());
  AnswerResult(json::array());
  const Listed last = List();
  ASSERT_OK(last);
  EXPECT_THAT(last->next_page_token(), IsEmpty());
}

TEST_F(ReadIncidentsTest, APositionIsAfterARecord) {
  list_.mutable_updated_since_time()->set_seconds(1767614400);
  list_.set_updated_since_sys_id(SysId(5));
  // The record itself, one before it, and one after it in the same second.
  AnswerRows({Row(4, "2026-01-05 12:00:00"), Row(5, "2026-01-05 12:00:00"),
              Row(6, "2026-01-05 12:00:00")});
  const Listed page = List();
  ASSERT_OK(page);
  EXPECT_THAT(Numbers(*page), ElementsAre("INC6"));
}

TEST_F(ReadIncidentsTest, RowsThatDoNotFitAreLeftOut) {
  list_.set_correlation_id("key");
  list_.add_states(v1::INCIDENT_STATE_IN_PROGRESS);
  json other_key = Row(2, "2026-01-05 12:00:00");
  other_key["correlation_id"] = "KEY";
  json other_state = Row(3, "2026-01-05 12:00:00");
  other_state["state"] = "7";
  json no_time = Row(4, "");
  AnswerResult(
      {Row(1, "2026-01-05 12:00:00"), other_key, other_state, no_time});
  const Listed page = List();
  ASSERT_OK(page);
  EXPECT_THAT(Numbers(*page), ElementsAre("INC1"));
}

TEST_F(ReadIncidentsTest, AnInstanceThatIgnoresThePositionIsAnError) {
  list_.mutable_updated_since_time()->set_seconds(1767614400);
  list_.set_updated_since_sys_id(SysId(5));
  AnswerRows({Row(1, "2026-01-01 00:00:00")});
  EXPECT_THAT(List(), HasReason("UPSTREAM_NOT_SERVICENOW"));
}

TEST_F(ReadIncidentsTest, AllOfAFewSysIdsAreOnOnePage) {
  list_.add_sys_ids(SysId(1));
  list_.add_sys_ids(SysId(2));
  AnswerRows({Row(1, "2026-01-05 12:00:00")});
  const Listed page = List();
  ASSERT_OK(page);
  EXPECT_THAT(page->next_page_token(), IsEmpty());
  EXPECT_THAT(Query(0), HasSubstr(absl::StrCat("sys_idIN", SysId(1), ",",
                                               SysId(2), "^")));
}

TEST_F(ReadIncidentsTest, RefusesWhatIsNoFilter) {
  list_.set_correlation_id("a^b");
  list_.add_states(v1::INCIDENT_STATE_UNSPECIFIED);
  list_.add_sys_ids("x");
  list_.set_updated_since_sys_id(SysId(1));
  list_.add_columns("No Column");
  list_.set_page_size(-1);
  const Listed page = List();
  EXPECT_THAT(page, HasReason("INVALID_REQUEST"));
  EXPECT_EQ(GetErrorDetails(page.status())->violations.size(), 6u);
  list_.Clear();
  list_.set_page_token("nonsense");
  EXPECT_THAT(List(), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 0u);
}

TEST_F(ReadIncidentsTest, ATokenIsGoodForItsFiltersOnly) {
  AnswerRows({Row(1, "2026-01-05 12:00:00")});
  const Listed page = List();
  ASSERT_OK(page);
  list_.set_page_token(page->next_page_token());
  list_.set_correlation_id("other");
  EXPECT_THAT(List(), HasReason("INVALID_REQUEST"));
  list_.clear_correlation_id();
  list_.set_page_size(7);
  AnswerResult(json::array());
  EXPECT_OK(List());
}

}  // namespace
}  // namespace opcon_snow::snow
