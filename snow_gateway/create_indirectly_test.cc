// Creates whose incident comes later, or not from the row that was sent, and
// those that name other records.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/create_incident_fixture.h"
#include "snow_gateway/errors.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = http::TransportError::Kind;
using Reply = absl::StatusOr<v1::CreateIncidentResponse>;

TEST_F(CreateIncidentTest, NoSecondWriteWhileTheFirstMayStillRun) {
  transport_->Fail(Kind::kTimeout, true);
  AnswerNoRecord();
  AnswerResult(json::array());
  EXPECT_THAT(Create(), HasReason("OUTCOME_UNKNOWN"));
  const std::size_t sent = request_count();
  // Also if the caller forgets to say that it may exist.
  for (const bool may_exist : {false, true}) {
    request_.set_may_exist(may_exist);
    AnswerNoRecord();
    AnswerResult(json::array());
    const Reply reply = Create();
    EXPECT_THAT(reply, HasReason("OUTCOME_UNKNOWN"));
    EXPECT_EQ(RetryDelay(reply.status()), absl::Seconds(2));
  }
  for (std::size_t i = sent; i < request_count(); ++i) {
    EXPECT_EQ(Request(i).method, http::Method::kGet);
  }
  // After the longest time that ServiceNow gives a transaction it is over.
  loop_.Advance(Attempts::kLongest);
  AnswerNoRecord();
  AnswerResult(json::array());
  AnswerCreated(Row());
  EXPECT_OK(Create());
  EXPECT_EQ(transport_->unused(), 0u);
}

class IntermediateTableTest : public CreateIncidentTest {
 protected:
  IntermediateTableTest() {
    InstanceSettings settings = Settings();
    settings.create_table = "u_incident_in";
    settings.paths.create = "/api/now/import";
    instance_ = MakeInstance(std::move(settings));
  }
};

TEST_F(IntermediateTableTest, AnImportSetSaysWhichIncidentItMade) {
  AnswerCreated(json::array({{{"transform_map", "Incident"},
                              {"table", "incident"},
                              {"status", "inserted"},
                              {"sys_id", kOtherSysId}}}));
  json row = Row();
  row["sys_id"] = kOtherSysId;
  AnswerResult(row);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_EQ(reply->incident().sys_id(), kOtherSysId);
  EXPECT_EQ(PathOf(Request(0).url), "/api/now/import/u_incident_in");
  EXPECT_EQ(PathOf(Request(1).url),
            absl::StrCat("/api/now/v2/table/incident/", kOtherSysId));
}

TEST_F(IntermediateTableTest, ARowOfWhichNothingWasMadeIsAFailure) {
  AnswerCreated(
      json::array({{{"status", "error"}, {"error_message", "no map"}}}));
  AnswerNoRecord();
  AnswerResult(json::array());
  const Reply reply = Create();
  EXPECT_THAT(reply, HasReason("UPSTREAM_REJECTED"));
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("upstream_detail"),
            "no map");
}

TEST_F(IntermediateTableTest, AnIncidentThatIsMadeLaterIsWaitedFor) {
  AnswerCreated({{"sys_id", kSysId}});
  AnswerNoRecord();
  AnswerResult(json::array());
  EXPECT_THAT(Create(), HasReason("OUTCOME_UNKNOWN"));
  // Not there yet: nothing is sent again.
  AnswerNoRecord();
  AnswerResult(json::array());
  EXPECT_THAT(Create(), HasReason("OUTCOME_UNKNOWN"));
  EXPECT_EQ(Request(request_count() - 1).method, http::Method::kGet);
  json row = Row();
  row["sys_id"] = kOtherSysId;
  AnswerNoRecord();
  AnswerRows({row});
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_EQ(reply->incident().sys_id(), kOtherSysId);
  EXPECT_EQ(instance_->honours_sys_id(), std::nullopt);
}

TEST_F(CreateIncidentTest, AGroupThatIsNotThereBecomesTheFallback) {
  InstanceSettings settings = Settings();
  settings.fallback_assignment_group = "Service Desk";
  instance_ = MakeInstance(std::move(settings));
  auto& fields = *request_.mutable_incident()->mutable_fields();
  fields["assignment_group"].set_display_value("Nobody");
  AnswerResult(json::array());
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "Service Desk"}}});
  json row = Row();
  row["assignment_group"] = kOtherSysId;
  AnswerCreated(row);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_THAT(reply->warnings(),
              ElementsAre(AllOf(HasSubstr("Service Desk"), HasSubstr("Nobody"),
                                HasSubstr("sys_user_group"))));
  EXPECT_EQ(BodyOf(2).at("assignment_group"), kOtherSysId);
  // It is for groups only, and has to be there itself.
  fields.clear();
  fields["caller_id"].set_display_value("nobody");
  AnswerResult(json::array());
  AnswerResult(json::array());
  EXPECT_THAT(Create(), HasReason("REFERENCE_NOT_FOUND"));
}

TEST_F(CreateIncidentTest, LooksNamesUpAndRemembersThem) {
  auto& fields = *request_.mutable_incident()->mutable_fields();
  fields["assignment_group"].set_display_value("Batch & Co");
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "Batch & Co"}},
              {{"sys_id", kSysId}, {"name", "batch & co"}}});
  AnswerCreated(Row());
  ASSERT_OK(Create());
  EXPECT_EQ(PathOf(Request(0).url), "/api/now/v2/table/sys_user_group");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            "name=Batch & Co^ORDERBYsys_id");
  EXPECT_EQ(BodyOf(1)["assignment_group"], kOtherSysId);
  AnswerCreated(Row());
  ASSERT_OK(Create());
  EXPECT_EQ(request_count(), 3u);
  loop_.Advance(absl::Minutes(6));
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "Batch & Co"}}});
  AnswerCreated(Row());
  ASSERT_OK(Create());
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(CreateIncidentTest, AUserIsLookedUpByUserNameAndThenByName) {
  auto& fields = *request_.mutable_incident()->mutable_fields();
  fields["caller_id"].set_display_value("Joe Doe");
  AnswerResult(json::array());
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "Joe Doe"}}});
  AnswerCreated(Row());
  ASSERT_OK(Create());
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            "user_name=Joe Doe^ORDERBYsys_id");
  EXPECT_EQ(ParameterOf(Request(1).url, "sysparm_query"),
            "name=Joe Doe^ORDERBYsys_id");
  EXPECT_EQ(BodyOf(2)["caller_id"], kOtherSysId);
}

TEST_F(CreateIncidentTest, ANameMustFitExactlyOneRecord) {
  auto& fields = *request_.mutable_incident()->mutable_fields();
  fields["cmdb_ci"].set_display_value("host1");
  AnswerResult(json::array());
  Reply reply = Create();
  EXPECT_THAT(reply, HasReason("REFERENCE_NOT_FOUND"));
  EXPECT_THAT(std::string(reply.status().message()),
              AllOf(HasSubstr("cmdb_ci"), HasSubstr("host1")));
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "host1"}},
              {{"sys_id", kSysId}, {"name", "host1"}}});
  reply = Create();
  EXPECT_THAT(reply, HasReason("AMBIGUOUS_RECORD"));
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("candidates"),
            absl::StrCat(kOtherSysId, ",", kSysId));
  // What was not found is not remembered, and nothing was created.
  EXPECT_EQ(request_count(), 2u);
}

TEST_F(CreateIncidentTest, NamesAreData) {
  auto& fields = *request_.mutable_incident()->mutable_fields();
  fields["assignment_group"].set_display_value("x^ORname=Admins");
  EXPECT_THAT(Create(), HasReason("INVALID_REQUEST"));
  fields["assignment_group"].set_display_value("javascript:gs.getUserID()");
  EXPECT_THAT(Create(), HasReason("INVALID_REQUEST"));
  EXPECT_EQ(request_count(), 0u);
}

}  // namespace
}  // namespace opcon_snow::snow
