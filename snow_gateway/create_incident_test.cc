#include "snow_gateway/create_incident.h"

#include <stop_token>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/gateway_fixture.h"

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

constexpr char kMarker[] = "[failure 4711-0815]";
constexpr char kCorrelation[] = "opcon:9010,20260105|16|1|JOB 1";

class CreateIncidentTest : public GatewayTest {
 protected:
  CreateIncidentTest() : instance_(MakeInstance()) {
    v1::Incident& incident = *request_.mutable_incident();
    incident.set_sys_id(kSysId);
    incident.set_short_description("Job failed");
    incident.set_description(absl::StrCat("It failed.\n", kMarker));
    incident.set_correlation_id(kCorrelation);
    incident.set_correlation_display("SMA_OPCON");
    request_.set_marker(kMarker);
  }

  // The incident as the instance shows it.
  json Row() const {
    return {{"sys_id", kSysId},
            {"number", "INC0010001"},
            {"state", "1"},
            {"active", "true"},
            {"short_description", "Job failed"},
            {"description", absl::StrCat("It failed.\n", kMarker)},
            {"correlation_id", kCorrelation},
            {"correlation_display", "SMA_OPCON"},
            {"sys_created_on", "2026-01-05 12:00:00"},
            {"sys_updated_on", "2026-01-05 12:00:00"},
            {"sys_mod_count", "0"}};
  }

  Reply Create() { return Run(CreateIncident(instance_, request_, Scope())); }

  // The fields that a refused request names.
  static std::string Violations(const Reply& reply) {
    std::string fields;
    const auto details = GetErrorDetails(reply.status());
    if (!details.has_value()) return "";
    for (const FieldViolation& violation : details->violations) {
      absl::StrAppend(&fields, violation.field, " ");
    }
    return fields;
  }

  std::shared_ptr<Instance> instance_;
  v1::CreateIncidentRequest request_;
};

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
