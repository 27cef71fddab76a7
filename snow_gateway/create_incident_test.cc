#include <stop_token>
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

TEST_F(CreateIncidentTest, SendsWhatWasAskedForUnderTheChosenSysId) {
  request_.mutable_incident()->set_state(v1::INCIDENT_STATE_IN_PROGRESS);
  (*request_.mutable_incident()->mutable_fields())["urgency"].set_value("2");
  json row = Row();
  row["state"] = "2";
  row["urgency"] = "2";
  AnswerCreated(row);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_THAT(reply->warnings(), IsEmpty());
  EXPECT_EQ(reply->incident().sys_id(), kSysId);
  EXPECT_EQ(reply->incident().number(), "INC0010001");
  EXPECT_EQ(reply->incident().fields().at("urgency").value(), "2");
  EXPECT_EQ(Request(0).method, http::Method::kPost);
  EXPECT_EQ(PathOf(Request(0).url), "/api/now/v2/table/incident");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_exclude_reference_link"),
            "true");
  EXPECT_THAT(ParameterOf(Request(0).url, "sysparm_fields"),
              HasSubstr("urgency"));
  EXPECT_EQ(BodyOf(0),
            json({{"sys_id", kSysId},
                  {"short_description", "Job failed"},
                  {"description", absl::StrCat("It failed.\n", kMarker)},
                  {"correlation_id", kCorrelation},
                  {"correlation_display", "SMA_OPCON"},
                  {"state", "2"},
                  {"urgency", "2"}}));
}

TEST_F(CreateIncidentTest, NamesEveryFaultOfTheRequest) {
  v1::Incident& incident = *request_.mutable_incident();
  incident.set_sys_id("ABC");
  incident.clear_short_description();
  incident.set_correlation_id("a^b");
  incident.set_correlation_display(std::string(101, 'x'));
  incident.set_number("INC1");
  (*incident.mutable_fields())["priority"].set_value("1");
  (*incident.mutable_fields())["work_notes"].set_value("x");
  (*incident.mutable_fields())["u_ref"].set_display_value("x");
  (*incident.mutable_fields())["BAD"].set_value("x");
  request_.set_marker("not there");
  const Reply reply = Create();
  EXPECT_THAT(reply, HasReason("INVALID_REQUEST"));
  EXPECT_THAT(Violations(reply),
              AllOf(HasSubstr("incident.sys_id "),
                    HasSubstr("incident.short_description "),
                    HasSubstr("incident.correlation_id "),
                    HasSubstr("incident.correlation_display "),
                    HasSubstr("incident "), HasSubstr("fields[\"priority\"]"),
                    HasSubstr("fields[\"work_notes\"]"),
                    HasSubstr("fields[\"u_ref\"].display_value"),
                    HasSubstr("incident.fields "), HasSubstr("marker ")));
  EXPECT_EQ(request_count(), 0u);
}

TEST_F(CreateIncidentTest, RefusesKeysThatServiceNowWouldCutOffOrRun) {
  request_.mutable_incident()->set_correlation_id(std::string(100, 'a') + "b");
  EXPECT_THAT(Violations(Create()), "incident.correlation_id ");
  request_.mutable_incident()->set_correlation_id("javascript:gs.sleep(1)");
  EXPECT_THAT(Violations(Create()), "incident.correlation_id ");
  request_.mutable_incident()->set_correlation_id(kCorrelation);
  // The marker would be cut off, and the incident never found again.
  request_.mutable_incident()->set_description(std::string(3990, 'x') +
                                               kMarker);
  EXPECT_THAT(Violations(Create()), "marker ");
  EXPECT_EQ(request_count(), 0u);
  // A hundred characters may be more bytes.
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ü";
  request_.mutable_incident()->set_description(kMarker);
  request_.mutable_incident()->set_correlation_id(umlauts);
  json row = Row();
  row["correlation_id"] = umlauts;
  row["description"] = kMarker;
  AnswerCreated(row);
  EXPECT_OK(Create());
}

TEST_F(CreateIncidentTest, WarnsOfWhatTheInstanceSilentlyChanged) {
  v1::Incident& incident = *request_.mutable_incident();
  (*incident.mutable_fields())["u_none"].set_value("x");
  (*incident.mutable_fields())["urgency"].set_value("1");
  (*incident.mutable_fields())["category"].set_value("batch");
  incident.set_short_description(std::string(200, 'x'));
  json row = Row();
  row["short_description"] = std::string(160, 'x');
  row["urgency"] = "3";
  row["category"] = "";
  // Line ends are no change.
  row["description"] = absl::StrCat("It failed.\r\n", kMarker, "\n");
  AnswerCreated(row);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_THAT(
      reply->warnings(),
      ElementsAre(HasSubstr("category was left empty"),
                  HasSubstr("short_description was cut from 200 to 160"),
                  HasSubstr("u_none was ignored"),
                  HasSubstr("urgency has another value")));
}

TEST_F(CreateIncidentTest, LooksFirstIfItMayExist) {
  request_.set_may_exist(true);
  AnswerResult(Row());
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
  EXPECT_EQ(reply->incident().number(), "INC0010001");
  ASSERT_EQ(request_count(), 1u);
  EXPECT_EQ(PathOf(Request(0).url),
            absl::StrCat("/api/now/v2/table/incident/", kSysId));
}

TEST_F(CreateIncidentTest, AForeignRecordUnderTheSysIdIsNotTouched) {
  request_.set_may_exist(true);
  json row = Row();
  row["description"] = "somebody else's";
  AnswerResult(row);
  const Reply reply = Create();
  EXPECT_THAT(reply, HasReason("SYS_ID_TAKEN"));
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("number"),
            "INC0010001");
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(CreateIncidentTest, LooksByCorrelationWhereSysIdsAreIgnored) {
  request_.set_may_exist(true);
  AnswerNoRecord();
  json mine = Row();
  mine["sys_id"] = kOtherSysId;
  json closed = mine;
  closed["active"] = "false";
  json other_key = mine;
  other_key["correlation_id"] = "dropped conditions give everything";
  json other_marker = mine;
  other_marker["description"] = "another failure of the job";
  AnswerRows({other_key, closed, mine, other_marker});
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
  EXPECT_EQ(reply->incident().sys_id(), kOtherSysId);
  EXPECT_EQ(ParameterOf(Request(1).url, "sysparm_query"),
            absl::StrCat("correlation_id=", kCorrelation,
                         "^active=true^ORDERBYsys_id"));
  EXPECT_EQ(ParameterOf(Request(1).url, "sysparm_no_count"), "true");
  EXPECT_EQ(ParameterOf(Request(1).url, "sysparm_limit"), "100");
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(CreateIncidentTest, MoreThanOneMatchIsForAPerson) {
  request_.set_may_exist(true);
  AnswerNoRecord();
  json one = Row();
  one["sys_id"] = kOtherSysId;
  json two = one;
  two["number"] = "INC0010002";
  AnswerRows({one, two});
  const Reply reply = Create();
  EXPECT_THAT(reply, HasReason("AMBIGUOUS_RECORD"));
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("candidates"),
            "INC0010001,INC0010002");
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr("INC0010001,INC0010002"));
}

TEST_F(CreateIncidentTest, CreatesWhatIsNotThereYet) {
  request_.set_may_exist(true);
  AnswerNoRecord();
  AnswerResult(json::array());
  AnswerCreated(Row());
  Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  // The instance is known to take chosen sys_ids now: one look is enough.
  AnswerNoRecord();
  AnswerCreated(Row());
  reply = Create();
  ASSERT_OK(reply);
  EXPECT_EQ(request_count(), 5u);
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(CreateIncidentTest, SaysIfTheInstanceIgnoredTheSysId) {
  json row = Row();
  row["sys_id"] = kOtherSysId;
  AnswerCreated(row);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_EQ(reply->incident().sys_id(), kOtherSysId);
  EXPECT_THAT(reply->warnings(),
              ElementsAre(HasSubstr("ignores chosen sys_ids")));
}

TEST_F(CreateIncidentTest, AFailedLookCreatesNothing) {
  request_.set_may_exist(true);
  AnswerJson(503, "{}");
  EXPECT_THAT(Create(), HasReason("UPSTREAM_UNAVAILABLE"));
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(CreateIncidentTest, ValidateOnlyShowsWhatWouldBeSent) {
  request_.set_validate_only(true);
  (*request_.mutable_incident()->mutable_fields())["assignment_group"]
      .set_display_value("Batch");
  AnswerRows({{{"sys_id", kOtherSysId}, {"name", "Batch"}}});
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
  EXPECT_EQ(reply->incident().short_description(), "Job failed");
  EXPECT_EQ(reply->incident().fields().at("assignment_group").value(),
            kOtherSysId);
  EXPECT_EQ(request_count(), 1u);
}

// --- After a write that failed --------------------------------------------

TEST_F(CreateIncidentTest, WhatWasCommittedInSpiteOfAnErrorIsFound) {
  for (int status : {202, 403, 500, 502, 503, 504}) {
    SCOPED_TRACE(status);
    if (status == 202) {
      transport_->Answer(202, "");
    } else {
      AnswerJson(status, ErrorBody("Operation Failed", "after rule"));
    }
    http::Headers headers = JsonHeaders();
    headers.Add("Date", "Mon, 05 Jan 2026 12:00:01 GMT");
    transport_->Answer(200, ResultOf(Row()), headers);
    const Reply reply = Create();
    ASSERT_OK(reply);
    EXPECT_TRUE(reply->created());
    EXPECT_EQ(reply->incident().number(), "INC0010001");
  }
}

TEST_F(CreateIncidentTest, WhatAnEarlierAttemptMadeIsNotCalledCreated) {
  // What an instance says to a sys_id that is taken.
  AnswerJson(403, ErrorBody("Operation Failed", "Unique Key violation"));
  http::Headers headers = JsonHeaders();
  headers.Add("Date", "Mon, 05 Jan 2026 12:10:00 GMT");
  transport_->Answer(200, ResultOf(Row()), headers);
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->created());
}

TEST_F(CreateIncidentTest, AnErrorStandsIfNothingIsThere) {
  AnswerJson(403, ErrorBody("Operation Failed",
                            "Data Policy Exception: The following fields are "
                            "mandatory: Caller"));
  AnswerNoRecord();
  AnswerResult(json::array());
  const Reply reply = Create();
  EXPECT_THAT(reply, HasReason("MANDATORY_FIELDS_MISSING"));
  EXPECT_THAT(std::string(reply.status().message()), HasSubstr("Caller"));
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(CreateIncidentTest, AWriteThatMayStillRunIsUnknownUnlessItIsFound) {
  for (Kind kind : {Kind::kTimeout, Kind::kReceive, Kind::kSend}) {
    transport_->Fail(kind, true);
    AnswerNoRecord();
    AnswerResult(json::array());
    const Reply reply = Create();
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(reply, HasReason("OUTCOME_UNKNOWN"));
    EXPECT_TRUE(IsOutcomeUnknown(reply.status()));
    EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("sys_id"), kSysId);

    // Now it has come.
    AnswerResult(Row());
    EXPECT_OK(Create());
    EXPECT_EQ(instance_->honours_sys_id(), true);
    // From here on only one look is needed, and a second write is harmless.
    transport_->Fail(kind, true);
    AnswerNoRecord();
    EXPECT_THAT(Create(), HasReason("OUTCOME_UNKNOWN"));
    AnswerNoRecord();
    AnswerCreated(Row());
    EXPECT_OK(Create());
    instance_ = MakeInstance();
  }
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(CreateIncidentTest, IfLookingFailsTooTheOutcomeIsUnknown) {
  AnswerJson(500, ErrorBody("Operation Failed", ""));
  transport_->Fail(Kind::kConnect, false);
  EXPECT_THAT(Create(), HasReason("OUTCOME_UNKNOWN"));
  // But not if the instance said that it refused.
  AnswerJson(400, ErrorBody("Invalid table incident", ""));
  transport_->Fail(Kind::kConnect, false);
  EXPECT_THAT(Create(), HasReason("UPSTREAM_REJECTED"));
}

TEST_F(CreateIncidentTest, WhatWasNeverSentNeedsNoLook) {
  for (Kind kind : {Kind::kResolve, Kind::kConnect, Kind::kTls}) {
    transport_->Fail(kind, false);
    EXPECT_THAT(Create(), HasReason("UPSTREAM_UNREACHABLE"));
  }
  AnswerJson(401, ErrorBody("User Not Authenticated", ""));
  EXPECT_THAT(Create(), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(request_count(), 4u);
}

TEST_F(CreateIncidentTest, ATakenSysIdShowsAfterTheRefusal) {
  AnswerJson(403, ErrorBody("Operation Failed", "Unique Key violation"));
  json row = Row();
  row["description"] = "somebody else's";
  AnswerResult(row);
  EXPECT_THAT(Create(), HasReason("SYS_ID_TAKEN"));
}

TEST_F(CreateIncidentTest, WhereSysIdsAreIgnoredTheMarkerSettlesIt) {
  transport_->Fail(Kind::kReceive, true);
  AnswerNoRecord();
  json row = Row();
  row["sys_id"] = kOtherSysId;
  AnswerRows({row});
  const Reply reply = Create();
  ASSERT_OK(reply);
  EXPECT_EQ(reply->incident().sys_id(), kOtherSysId);
}

TEST_F(CreateIncidentTest, ACallerWhoGivesUpIsToldThatItIsUnknown) {
  http::Response late;
  late.status = 201;
  late.headers = JsonHeaders();
  late.body = ResultOf(Row());
  transport_->AnswerAfter(absl::Seconds(10), late);
  std::stop_source stop;
  CallScope scope = Scope();
  scope.stop = stop.get_token();
  std::optional<Reply> reply;
  async::Start(CreateIncident(instance_, request_, scope),
               [&reply](Reply given) { reply.emplace(std::move(given)); });
  loop_.RunUntilIdle();
  stop.request_stop();
  loop_.RunUntilIdle();
  ASSERT_TRUE(reply.has_value());
  EXPECT_THAT(*reply, HasReason("CANCELLED"));
  EXPECT_TRUE(IsOutcomeUnknown(reply->status()));
}

// --- References ------------------------------------------------------------

}  // namespace
}  // namespace opcon_snow::snow
