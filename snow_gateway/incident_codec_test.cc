#include "snow_gateway/incident_codec.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "snow_gateway/row.h"
#include "snow_gateway/wire_time.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::IsEmpty;

constexpr char kBase[] = "https://dev.example.test";

json SampleRow() {
  return json::parse(R"({
    "sys_id":"c537bae64f411200adf9f8e18110c76e","number":"INC0010002",
    "state":"6","active":"true","reopen_count":"2",
    "short_description":"Job failed","description":"line 1\nline 2",
    "correlation_id":"opcon:9010,20260105|16|1|JOB","correlation_display":
    "SMA_OPCON","close_code":"Solution provided","close_notes":"done",
    "sys_created_on":"2026-01-05 14:28:24","sys_updated_on":
    "2026-01-05 15:00:00","sys_updated_by":"admin","sys_mod_count":"7",
    "urgency":"2","assignment_group":{"link":"https://x/y","value":"287e"}})");
}

TEST(IncidentCodecTest, ReadsARow) {
  const v1::Incident incident = IncidentFromRow(
      SampleRow(), kBase, "incident", {"urgency", "assignment_group", "u_no"});
  EXPECT_EQ(incident.sys_id(), "c537bae64f411200adf9f8e18110c76e");
  EXPECT_EQ(incident.number(), "INC0010002");
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(incident.state_value(), "6");
  EXPECT_EQ(incident.description(), "line 1\nline 2");
  EXPECT_EQ(incident.correlation_id(), "opcon:9010,20260105|16|1|JOB");
  EXPECT_EQ(incident.correlation_display(), "SMA_OPCON");
  EXPECT_EQ(incident.close_code(), "Solution provided");
  EXPECT_EQ(incident.close_notes(), "done");
  EXPECT_TRUE(incident.active());
  EXPECT_EQ(incident.reopen_count(), 2);
  EXPECT_EQ(incident.updated_by(), "admin");
  EXPECT_EQ(incident.modification_count(), 7);
  EXPECT_EQ(incident.url(),
            "https://dev.example.test/nav_to.do?uri=incident.do%3Fsys_id%3D"
            "c537bae64f411200adf9f8e18110c76e");
  EXPECT_EQ(FromTimestamp(incident.create_time()),
            absl::FromCivil(absl::CivilSecond(2026, 1, 5, 14, 28, 24),
                            absl::UTCTimeZone()));
  ASSERT_EQ(incident.fields_size(), 2);
  EXPECT_EQ(incident.fields().at("urgency").value(), "2");
  EXPECT_EQ(incident.fields().at("assignment_group").value(), "287e");
  EXPECT_THAT(incident.fields().at("assignment_group").display_value(),
              IsEmpty());
}

TEST(IncidentCodecTest, TheFormOfAColumnDoesNotMatter) {
  json objects = json::object();
  const json plain = SampleRow();
  for (const auto& item : plain.items()) {
    objects[item.key()] =
        item.value().is_object()
            ? item.value()
            : json{{"display_value", "shown"}, {"value", item.value()}};
  }
  const std::vector<std::string> columns = {"urgency", "assignment_group"};
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
      IncidentFromRow(plain, kBase, "incident", columns),
      IncidentFromRow(objects, kBase, "incident", columns)));
}

TEST(IncidentCodecTest, AnUnknownStateKeepsItsNumber) {
  json row = SampleRow();
  row["state"] = "-40";
  const v1::Incident incident = IncidentFromRow(row, kBase, "incident", {});
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_UNSPECIFIED);
  EXPECT_EQ(incident.state_value(), "-40");
  EXPECT_EQ(StateOf("4"), v1::INCIDENT_STATE_UNSPECIFIED);
  EXPECT_EQ(StateOf("8"), v1::INCIDENT_STATE_CANCELED);
}

TEST(IncidentCodecTest, ReadsAttachmentsAndJournalEntries) {
  const v1::Attachment attachment = AttachmentFromRow(json::parse(R"({
    "table_sys_id":"d71f","size_bytes":"36597","sys_id":"6ea1",
    "sys_created_on":"2016-01-22 15:14:07","file_name":"job.txt",
    "table_name":"incident","content_type":"text/plain","hash":"AB12"})"));
  EXPECT_EQ(attachment.sys_id(), "6ea1");
  EXPECT_EQ(attachment.size_bytes(), 36597);
  EXPECT_EQ(attachment.sha256(), "ab12");
  EXPECT_EQ(attachment.record_sys_id(), "d71f");
  const v1::JournalEntry entry = JournalEntryFromRow(json::parse(R"({
    "sys_id":"1","element":"comments","value":"a\nb","sys_created_by":"me",
    "sys_created_on":"2016-01-22 15:14:07"})"));
  EXPECT_EQ(entry.column(), v1::JOURNAL_COLUMN_COMMENTS);
  EXPECT_EQ(entry.text(), "a\nb");
  EXPECT_EQ(entry.created_by(), "me");
  EXPECT_TRUE(entry.has_create_time());
}

TEST(RowTest, TellsMissingFromEmpty) {
  const json row = json::parse(R"({"a":"","b":null,"c":3,"d":true})");
  EXPECT_TRUE(FindCell(row, "a").has_value());
  EXPECT_FALSE(FindCell(row, "missing").has_value());
  EXPECT_EQ(ValueOf(row, "b"), "");
  EXPECT_EQ(ValueOf(row, "c"), "3");
  EXPECT_EQ(ValueOf(row, "d"), "true");
}

TEST(WireTimeTest, TakesOnlyTheWireForm) {
  EXPECT_TRUE(ParseWireTime("2026-01-05 12:00:00").has_value());
  EXPECT_EQ(FormatWireTime(*ParseWireTime("2026-01-05 12:00:00")),
            "2026-01-05 12:00:00");
  for (const char* bad :
       {"", "2026-01-05", "2026-01-05T12:00:00Z", "2026-02-30 12:00:00",
        "2026-1-5 12:00:00", " 2026-01-05 12:00:00", "05.01.2026 12:00:00",
        "2026-01-05 12:00:00.5"}) {
    EXPECT_FALSE(ParseWireTime(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace opcon_snow::snow
