#include "snow_gateway/update_incident.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "snow_gateway/gateway_fixture.h"
#include "snow_gateway/journal.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = http::TransportError::Kind;
using Reply = absl::StatusOr<v1::UpdateIncidentResponse>;

constexpr char kMarker[] = "[note 12345678]";

class UpdateIncidentTest : public GatewayTest {
 protected:
  UpdateIncidentTest() : instance_(MakeInstance()) {
    request_.mutable_incident()->set_sys_id(kSysId);
  }

  void SetState(v1::IncidentState state) {
    request_.mutable_incident()->set_state(state);
    request_.mutable_update_mask()->add_paths("state");
  }
  void SetEntry() {
    v1::NewJournalEntry& entry = *request_.mutable_journal_entry();
    entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
    entry.set_text(absl::StrCat("It failed again.\n", kMarker));
    entry.set_marker(kMarker);
  }
  static json Row(const std::string& state) {
    return {{"sys_id", kSysId},
            {"number", "INC0010001"},
            {"state", state},
            {"sys_mod_count", "3"}};
  }
  static json JournalRow(const std::string& text) {
    return {{"sys_id", kOtherSysId},
            {"element", "work_notes"},
            {"element_id", kSysId},
            {"value", text},
            {"sys_created_on", "2026-01-05 12:00:00"},
            {"sys_created_by", "joe"}};
  }
  void AnswerEntryIsThere() {
    AnswerRows({JournalRow(absl::StrCat("once before ", kMarker))});
  }
  void AnswerNoEntry() { AnswerResult(json::array()); }

  Reply Update() { return Run(UpdateIncident(instance_, request_, Scope())); }

  std::shared_ptr<Instance> instance_;
  v1::UpdateIncidentRequest request_;
};

TEST_F(UpdateIncidentTest, WritesTheMaskedFieldsOnly) {
  v1::Incident& incident = *request_.mutable_incident();
  incident.set_short_description("new");
  incident.set_description("not masked");
  (*incident.mutable_fields())["urgency"].set_value("1");
  request_.mutable_update_mask()->add_paths("short_description");
  request_.mutable_update_mask()->add_paths("close_notes");
  request_.mutable_update_mask()->add_paths("fields");
  json row = Row("1");
  row["short_description"] = "new";
  row["close_notes"] = "";
  row["urgency"] = "1";
  AnswerResult(row);
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->journal_entry_added());
  EXPECT_THAT(reply->warnings(), IsEmpty());
  EXPECT_EQ(reply->incident().fields().at("urgency").value(), "1");
  ASSERT_EQ(request_count(), 1u);
  EXPECT_EQ(Request(0).method, http::Method::kPatch);
  // A masked empty text clears the column.
  EXPECT_EQ(BodyOf(0), json({{"short_description", "new"},
                             {"close_notes", ""},
                             {"urgency", "1"}}));
}

TEST_F(UpdateIncidentTest, AnUnspecifiedStateIsLeftAlone) {
  SetState(v1::INCIDENT_STATE_UNSPECIFIED);
  AnswerResult(Row("1"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_EQ(Request(0).method, http::Method::kGet);
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(UpdateIncidentTest, ResolvingHasTheDefaultsOfTheInstance) {
  InstanceSettings settings = Settings();
  settings.default_close_code = "Solution provided";
  settings.default_close_notes = "Closed by OpCon.";
  instance_ = MakeInstance(std::move(settings));
  SetState(v1::INCIDENT_STATE_RESOLVED);
  json row = Row("6");
  row["close_code"] = "Solution provided";
  row["close_notes"] = "Closed by OpCon.";
  AnswerResult(Row("2"));
  AnswerResult(row);
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_THAT(reply->warnings(), IsEmpty());
  EXPECT_EQ(BodyOf(1), json({{"state", "6"},
                             {"close_code", "Solution provided"},
                             {"close_notes", "Closed by OpCon."}}));

  // What the caller gives, and what is there already, stays.
  request_.mutable_incident()->set_close_code("User error");
  request_.mutable_update_mask()->add_paths("close_code");
  json noted = Row("2");
  noted["close_notes"] = "By hand.";
  AnswerResult(noted);
  AnswerResult(Row("6"));
  ASSERT_OK(Update());
  EXPECT_EQ(BodyOf(3), json({{"state", "6"}, {"close_code", "User error"}}));

  // Other states have none.
  request_.Clear();
  request_.mutable_incident()->set_sys_id(kSysId);
  SetState(v1::INCIDENT_STATE_IN_PROGRESS);
  AnswerResult(Row("2"));
  ASSERT_OK(Update());
  EXPECT_EQ(BodyOf(4), json({{"state", "2"}}));
}

TEST_F(UpdateIncidentTest, WritesOnlyFromTheAllowedStates) {
  SetState(v1::INCIDENT_STATE_NEW);
  request_.add_allowed_from_states(v1::INCIDENT_STATE_RESOLVED);
  AnswerResult(Row("6"));
  AnswerResult(Row("1"));
  ASSERT_OK(Update());
  EXPECT_EQ(BodyOf(1), json({{"state", "1"}}));

  AnswerResult(Row("7"));
  Reply reply = Update();
  EXPECT_THAT(reply, HasReason("INCIDENT_STATE"));
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("state"),
            "INCIDENT_STATE_CLOSED");
  EXPECT_THAT(std::string(reply.status().message()),
              HasSubstr("INCIDENT_STATE_CLOSED"));
  AnswerResult(Row("-5"));
  reply = Update();
  EXPECT_EQ(GetErrorDetails(reply.status())->metadata.at("state"), "-5");
  EXPECT_EQ(request_count(), 4u);
}

TEST_F(UpdateIncidentTest, AddsAJournalEntryInTheSameWrite) {
  SetState(v1::INCIDENT_STATE_NEW);
  SetEntry();
  AnswerNoEntry();
  AnswerResult(Row("1"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->journal_entry_added());
  EXPECT_EQ(PathOf(Request(0).url), "/api/now/v2/table/sys_journal_field");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            absl::StrCat("element_id=", kSysId, "^element=work_notes",
                         "^valueLIKE", kMarker, "^ORDERBYsys_id"));
  EXPECT_EQ(
      BodyOf(1),
      json({{"state", "1"},
            {"work_notes", absl::StrCat("It failed again.\n", kMarker)}}));
}

TEST_F(UpdateIncidentTest, AnEntryThatIsThereIsNotAddedAgain) {
  SetEntry();
  AnswerEntryIsThere();
  AnswerResult(Row("2"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->journal_entry_added());
  EXPECT_EQ(Request(1).method, http::Method::kGet);
  EXPECT_EQ(request_count(), 2u);
}

TEST_F(UpdateIncidentTest, ARepetitionOfAWholeUpdateAsksForNoState) {
  SetState(v1::INCIDENT_STATE_NEW);
  SetEntry();
  request_.add_allowed_from_states(v1::INCIDENT_STATE_RESOLVED);
  AnswerEntryIsThere();
  AnswerResult(Row("1"));
  EXPECT_OK(Update());
  // But if somebody has moved it since, the state counts.
  AnswerEntryIsThere();
  AnswerResult(Row("2"));
  EXPECT_THAT(Update(), HasReason("INCIDENT_STATE"));
  EXPECT_EQ(request_count(), 4u);
}

TEST_F(UpdateIncidentTest, WithTheEntryThereFieldsAreStillWritten) {
  SetState(v1::INCIDENT_STATE_NEW);
  SetEntry();
  AnswerEntryIsThere();
  AnswerResult(Row("6"));
  AnswerResult(Row("1"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->journal_entry_added());
  EXPECT_EQ(BodyOf(2), json({{"state", "1"}}));
}

TEST_F(UpdateIncidentTest, AnInstanceThatDropsTheSearchIsReadInFull) {
  SetEntry();
  json other = JournalRow("something else");
  other["sys_id"] = kSysId;
  AnswerRows({other});
  AnswerEntryIsThere();
  AnswerResult(Row("2"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->journal_entry_added());
  EXPECT_THAT(ParameterOf(Request(1).url, "sysparm_query"),
              HasSubstr(absl::StrCat("^sys_id>", kSysId)));
}

TEST_F(UpdateIncidentTest, ValidateOnlyWritesNothing) {
  SetState(v1::INCIDENT_STATE_RESOLVED);
  SetEntry();
  request_.set_validate_only(true);
  AnswerNoEntry();
  AnswerResult(Row("2"));
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_FALSE(reply->journal_entry_added());
  EXPECT_EQ(reply->incident().state(), v1::INCIDENT_STATE_IN_PROGRESS);
  for (std::size_t i = 0; i < request_count(); ++i) {
    EXPECT_EQ(Request(i).method, http::Method::kGet);
  }
}

TEST_F(UpdateIncidentTest, AFailedWriteThatTookEffectIsASuccess) {
  SetState(v1::INCIDENT_STATE_RESOLVED);
  transport_->Fail(Kind::kReceive, true);
  AnswerResult(Row("6"));
  EXPECT_OK(Update());

  SetEntry();
  AnswerNoEntry();
  AnswerJson(500, ErrorBody("Operation Failed", ""));
  AnswerResult(Row("6"));
  AnswerEntryIsThere();
  const Reply reply = Update();
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->journal_entry_added());
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(UpdateIncidentTest, AFailedWriteThatDidNotKeepsItsErrorIfItIsOver) {
  SetState(v1::INCIDENT_STATE_RESOLVED);
  AnswerJson(403, ErrorBody("Operation Failed",
                            "Data Policy Exception: The following fields are "
                            "mandatory: Resolution code"));
  AnswerResult(Row("2"));
  EXPECT_THAT(Update(), HasReason("MANDATORY_FIELDS_MISSING"));

  transport_->Fail(Kind::kTimeout, true);
  AnswerResult(Row("2"));
  EXPECT_THAT(Update(), HasReason("OUTCOME_UNKNOWN"));

  AnswerJson(500, ErrorBody("Operation Failed", ""));
  AnswerJson(503, "{}");
  EXPECT_THAT(Update(), HasReason("OUTCOME_UNKNOWN"));

  AnswerNoRecord();
  EXPECT_THAT(Update(), HasReason("RECORD_NOT_FOUND"));
  EXPECT_EQ(transport_->unused(), 0u);
}

TEST_F(UpdateIncidentTest, NamesEveryFaultOfTheRequest) {
  request_.mutable_incident()->set_sys_id("x");
  request_.mutable_incident()->set_correlation_id("a^b");
  request_.mutable_update_mask()->add_paths("number");
  request_.mutable_update_mask()->add_paths("correlation_id");
  v1::NewJournalEntry& entry = *request_.mutable_journal_entry();
  entry.set_text("text");
  entry.set_marker("short");
  request_.add_allowed_from_states(static_cast<v1::IncidentState>(4));
  const Reply reply = Update();
  EXPECT_THAT(reply, HasReason("INVALID_REQUEST"));
  EXPECT_EQ(GetErrorDetails(reply.status())->violations.size(), 7u);
  EXPECT_EQ(request_count(), 0u);
}

class JournalTest : public UpdateIncidentTest {};

TEST_F(JournalTest, ListsBothColumnsOldestFirst) {
  v1::ListJournalEntriesRequest request;
  request.set_incident_sys_id(kSysId);
  json foreign = JournalRow("x");
  foreign["element_id"] = kOtherSysId;
  json other_element = JournalRow("x");
  other_element["element"] = "approval_history";
  AnswerRows({JournalRow("a note\nof two lines"), foreign, other_element});
  const auto reply = Run(ListJournalEntries(instance_, request, Scope()));
  ASSERT_OK(reply);
  ASSERT_EQ(reply->entries_size(), 1);
  EXPECT_EQ(reply->entries(0).text(), "a note\nof two lines");
  EXPECT_EQ(reply->entries(0).created_by(), "joe");
  EXPECT_EQ(ParameterOf(Request(0).url, "sysparm_query"),
            absl::StrCat("element_id=", kSysId,
                         "^elementINwork_notes,comments^ORDERBYsys_created_on"
                         "^ORDERBYsys_id"));
  EXPECT_THAT(reply->next_page_token(), Not(IsEmpty()));
}

}  // namespace
}  // namespace opcon_snow::snow
