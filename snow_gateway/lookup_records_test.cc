#include "snow_gateway/lookup_records.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/gateway_fixture.h"
#include "snow_gateway/list_instances.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Reply = absl::StatusOr<v1::LookupRecordsResponse>;

class LookupRecordsTest : public GatewayTest {
 protected:
  LookupRecordsTest() : instance_(MakeInstance()) {
    request_.set_table("cmdb_ci");
    AddCondition("name", "host1");
  }
  v1::Condition* AddCondition(const std::string& column,
                              const std::string& value) {
    v1::Condition* condition = request_.add_conditions();
    condition->set_column(column);
    condition->add_values(value);
    return condition;
  }
  Reply Lookup() { return Run(LookupRecords(instance_, request_, Scope())); }

  std::shared_ptr<Instance> instance_;
  v1::LookupRecordsRequest request_;
};

TEST_F(LookupRecordsTest, FindsByAllConditions) {
  AddCondition("sys_class_name", "a")->add_values("b");
  request_.add_columns("ip_address");
  request_.add_columns("u_none");
  AnswerRows({{{"sys_id", kSysId},
               {"name", "host1"},
               {"sys_class_name", "b"},
               {"ip_address", "10.0.0.1"}}});
  const Reply reply = Lookup();
  ASSERT_OK(reply);
  ASSERT_EQ(reply->records_size(), 1);
  EXPECT_EQ(reply->records(0).sys_id(), kSysId);
  EXPECT_EQ(reply->records(0).table(), "cmdb_ci");
  ASSERT_EQ(reply->records(0).fields_size(), 1);
  EXPECT_EQ(reply->records(0).fields().at("ip_address").value(), "10.0.0.1");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            "name=host1^sys_class_nameINa,b^ORDERBYsys_id");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_fields"),
            "ip_address,name,sys_class_name,sys_id,u_none");
}

TEST_F(LookupRecordsTest, ShowsDisplayValuesWhereAskedFor) {
  request_.set_display_values(true);
  AnswerRows({{{"sys_id", {{"value", kSysId}, {"display_value", kSysId}}},
               {"name", {{"value", "host1"}, {"display_value", "Host 1"}}}}});
  const Reply reply = Lookup();
  ASSERT_OK(reply);
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_display_value"), "all");
  EXPECT_EQ(reply->records(0).fields().at("name").display_value(), "Host 1");
}

TEST_F(LookupRecordsTest, ComparesEveryRowAgain) {
  AnswerRows({{{"sys_id", kSysId}, {"name", "HOST1"}},
              {{"sys_id", kOtherSysId}, {"name", "host1"}}});
  const Reply reply = Lookup();
  ASSERT_OK(reply);
  ASSERT_EQ(reply->records_size(), 1);
  EXPECT_EQ(reply->records(0).sys_id(), kOtherSysId);
}

TEST_F(LookupRecordsTest, AConditionThatWasIgnoredIsAnError) {
  AddCondition("u_none", "x");
  AnswerRows({{{"sys_id", kSysId}, {"name", "host1"}}});
  const Reply reply = Lookup();
  EXPECT_THAT(reply, HasReason("UPSTREAM_REJECTED"));
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("u_none"));
}

TEST_F(LookupRecordsTest, AnUnknownTableIsAnError) {
  AnswerJson(400, ErrorBody("Invalid table cmdb_ci", ""));
  const Reply reply = Lookup();
  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(reply, HasReason("UPSTREAM_REJECTED"));
}

TEST_F(LookupRecordsTest, PagesBySysId) {
  AnswerRows({{{"sys_id", kSysId}, {"name", "host1"}}});
  const Reply first = Lookup();
  ASSERT_OK(first);
  ASSERT_THAT(first->next_page_token(), Not(IsEmpty()));
  request_.set_page_token(first->next_page_token());
  AnswerResult(json::array());
  const Reply second = Lookup();
  ASSERT_OK(second);
  EXPECT_THAT(second->next_page_token(), IsEmpty());
  EXPECT_EQ(ParameterOf(Request(1).url, "sysparm_query"),
            absl::StrCat("name=host1^sys_id>", kSysId, "^ORDERBYsys_id"));
}

TEST_F(LookupRecordsTest, NamesEveryFaultOfTheRequest) {
  request_.set_table("No Table");
  AddCondition("a^b", "x");
  AddCondition("name", "a,b")->add_values("c");
  AddCondition("name", "a^b");
  AddCondition("name", "javascript:x");
  request_.add_conditions()->set_column("name");
  const Reply reply = Lookup();
  EXPECT_THAT(reply, HasReason("INVALID_REQUEST"));
  EXPECT_EQ(GetErrorDetails(reply.status())->violations.size(), 6u);
  request_.clear_conditions();
  request_.set_table("cmdb_ci");
  EXPECT_THAT(Lookup(), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 0u);
}

class ListInstancesTest : public GatewayTest {};

TEST_F(ListInstancesTest, TellsWhatIsKnownAndProbesIfAsked) {
  InstanceSettings test_settings = Settings();
  test_settings.name = "test";
  const auto registry = std::make_shared<InstanceRegistry>(
      std::vector<std::shared_ptr<Instance>>{MakeInstance(),
                                             MakeInstance(test_settings)},
      "test");
  v1::ListInstancesRequest request;
  auto reply = Run(ListInstances(registry, request, Scope()));
  ASSERT_OK(reply);
  ASSERT_EQ(reply->instances_size(), 2);
  EXPECT_EQ(reply->instances(0).name(), "prod");
  EXPECT_FALSE(reply->instances(0).is_default());
  EXPECT_TRUE(reply->instances(1).is_default());
  EXPECT_EQ(reply->instances(0).base_url(), "https://dev.example.test");
  EXPECT_EQ(reply->instances(0).integration_user(), "opcon.integration");
  EXPECT_EQ(reply->instances(0).health().state(), v1::HEALTH_STATE_UNSPECIFIED);
  EXPECT_EQ(request_count(), 0u);

  request.set_probe(true);
  AnswerResult(json::array());
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  reply = Run(ListInstances(registry, request, Scope()));
  ASSERT_OK(reply);
  EXPECT_EQ(reply->instances(0).health().state(), v1::HEALTH_STATE_HEALTHY);
  EXPECT_EQ(reply->instances(1).health().state(),
            v1::HEALTH_STATE_UNAUTHENTICATED);
  EXPECT_THAT(reply->instances(1).health().message(), Not(IsEmpty()));
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_limit"), "1");
}

TEST_F(ListInstancesTest, AnUnknownNameListsTheKnown) {
  const InstanceRegistry registry({MakeInstance()}, "prod");
  EXPECT_OK(registry.Find(""));
  EXPECT_OK(registry.Find("prod"));
  const auto found = registry.Find("nope");
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(found, HasReason("UNKNOWN_INSTANCE"));
  EXPECT_EQ(GetErrorDetails(found.status())->metadata.at("known"), "prod");
}

}  // namespace
}  // namespace opcon_snow::snow
