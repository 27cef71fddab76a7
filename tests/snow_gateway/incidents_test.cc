// Incidents, journals and files, with and without trouble on the way.

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(GatewayAndSandboxTest, AnIncidentFromCreationToResolution) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const v1::CreateIncidentRequest request = NewIncident("life");
  const auto created = Create(request);
  ASSERT_OK(created);
  EXPECT_TRUE(created->created());
  EXPECT_THAT(created->warnings(), IsEmpty());
  EXPECT_EQ(created->incident().sys_id(), SysId("life"));
  const std::vector<json> rows = Incidents(request.incident().correlation_id());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("number"), created->incident().number());
  EXPECT_EQ(rows[0].at("short_description"),
            request.incident().short_description());
  EXPECT_EQ(rows[0].at("description"), request.incident().description());

  // Asked again, it is there.
  v1::CreateIncidentRequest again = request;
  again.set_may_exist(true);
  const auto repeated = Create(again);
  ASSERT_OK(repeated);
  EXPECT_FALSE(repeated->created());
  EXPECT_EQ(repeated->incident().number(), created->incident().number());

  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_sys_id(SysId("life"));
  update.mutable_incident()->set_state(v1::INCIDENT_STATE_RESOLVED);
  update.mutable_incident()->set_close_code("Solution provided");
  update.mutable_incident()->set_close_notes("OpCon job rerun finished OK");
  for (const char* path : {"state", "close_code", "close_notes"}) {
    update.mutable_update_mask()->add_paths(path);
  }
  update.add_allowed_from_states(v1::INCIDENT_STATE_NEW);
  v1::NewJournalEntry& entry = *update.mutable_journal_entry();
  entry.set_column(v1::JOURNAL_COLUMN_WORK_NOTES);
  entry.set_text("Resolved by a test. [note 0001]");
  entry.set_marker("[note 0001]");
  for (const bool first : {true, false}) {
    const auto updated = rpc::Call(*stub_, &Stub::UpdateIncident, update);
    ASSERT_OK(updated);
    EXPECT_EQ(updated->journal_entry_added(), first);
    EXPECT_EQ(updated->incident().state(), v1::INCIDENT_STATE_RESOLVED);
    EXPECT_THAT(updated->warnings(), IsEmpty());
  }
  v1::ListJournalEntriesRequest journal;
  journal.set_incident_sys_id(SysId("life"));
  const auto entries = rpc::Call(*stub_, &Stub::ListJournalEntries, journal);
  ASSERT_OK(entries);
  ASSERT_EQ(entries->entries_size(), 1);
  EXPECT_EQ(entries->entries(0).text(), "Resolved by a test. [note 0001]");
  EXPECT_EQ(entries->entries(0).created_by(), "opcon.integration");

  v1::GetIncidentRequest get;
  get.set_number(created->incident().number());
  get.add_columns("priority");
  const auto got = rpc::Call(*stub_, &Stub::GetIncident, get);
  ASSERT_OK(got);
  EXPECT_EQ(got->incident().sys_id(), SysId("life"));
  EXPECT_EQ(got->incident().fields().count("priority"), 1u);
}

TEST_F(GatewayAndSandboxTest, FailuresOfACreateEndInExactlyOneIncident) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::vector<json> actions = {
      {{"kind", "status_after"}, {"status", 500}},
      {{"kind", "status_after"}, {"status", 403}},
      {{"kind", "drop_after"}},
      {{"kind", "empty_202"}},
      {{"kind", "status"}, {"status", 503}},
      {{"kind", "drop_before"}},
      {{"kind", "html"}},
      {{"kind", "truncate"}, {"bytes", 20}}};
  int n = 0;
  for (const json& action : actions) {
    SCOPED_TRACE(action.dump());
    Fault({{"match",
            {{"method", "POST"}, {"path", "/api/now/v2/table/incident"}}},
           {"times", 1},
           {"action", action}});
    v1::CreateIncidentRequest request =
        NewIncident(absl::StrCat("trouble ", ++n));
    auto reply = Create(request);
    if (!reply.ok()) {
      // Whatever it was, repeating it is right.
      request.set_may_exist(true);
      reply = Create(request);
    }
    ASSERT_OK(reply);
    EXPECT_EQ(reply->incident().sys_id(), request.incident().sys_id());
    EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
  }
}

TEST_F(GatewayAndSandboxTest, AlsoWhereChosenSysIdsAreIgnored) {
  ASSERT_NO_FATAL_FAILURE(Start({"--client-sys-id", "ignore"}));
  v1::CreateIncidentRequest request = NewIncident("ignored");
  Fault(
      {{"match", {{"method", "POST"}, {"path", "/api/now/v2/table/incident"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}});
  auto reply = Create(request);
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  EXPECT_NE(reply->incident().sys_id(), request.incident().sys_id());
  request.set_may_exist(true);
  const auto again = Create(request);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());
  EXPECT_EQ(again->incident().sys_id(), reply->incident().sys_id());
  EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
}

TEST_F(GatewayAndSandboxTest, ARepetitionThatDoesNotLookCollides) {
  for (const char* mode : {"honour", "reject-duplicate"}) {
    SCOPED_TRACE(mode);
    if (gateway_ != nullptr) TearDown();
    ASSERT_NO_FATAL_FAILURE(Start({"--client-sys-id", mode}));
    v1::CreateIncidentRequest request = NewIncident("twice");
    ASSERT_OK(Create(request));
    const auto again = Create(request);
    ASSERT_OK(again);
    EXPECT_EQ(again->incident().sys_id(), SysId("twice"));
    EXPECT_EQ(Incidents(request.incident().correlation_id()).size(), 1u);
    // The same sys_id for something else.
    request.mutable_incident()->set_description("another [marker 0002]");
    request.set_marker("[marker 0002]");
    EXPECT_THAT(Create(request), HasReason("SYS_ID_TAKEN"));
  }
}

TEST_F(GatewayAndSandboxTest, FilesArriveOnceAndUnchanged) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_OK(Create(NewIncident("files")));
  std::string content;
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&content, i, "\n");
  const auto attached = Attach(SysId("files"), "job log.txt", content);
  ASSERT_OK(attached);
  EXPECT_TRUE(attached->created());
  const auto again = Attach(SysId("files"), "job log.txt", content);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());
  EXPECT_EQ(again->attachment().sys_id(), attached->attachment().sys_id());

  const auto file = servicenow_->Get(absl::StrCat(
      "/api/now/attachment/", attached->attachment().sys_id(), "/file"));
  ASSERT_OK(file);
  EXPECT_EQ(file->body, content);

  v1::ReadAttachmentRequest read;
  read.set_sys_id(attached->attachment().sys_id());
  std::string received;
  EXPECT_OK(
      rpc::ReadStream(*stub_, &Stub::ReadAttachment, read, {},
                      std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                          [&](v1::ReadAttachmentResponse& part) {
                            received += part.chunk();
                            return absl::OkStatus();
                          })));
  EXPECT_EQ(received, content);

  // Lost answers, blocked types, records that are not there.
  Fault(
      {{"match", {{"method", "POST"}, {"path", "/api/now/v1/attachment/file"}}},
       {"times", 1},
       {"action", {{"kind", "drop_after"}}}});
  ASSERT_OK(Attach(SysId("files"), "second.txt", "second"));
  // Blocked under its own name.
  const auto log = Attach(SysId("files"), "job.log", "x");
  ASSERT_OK(log);
  EXPECT_EQ(log->attachment().file_name(), "job_log.txt");
  EXPECT_THAT(Attach(SysId("nobody"), "job.txt", "x"),
              HasReason("RECORD_NOT_FOUND"));
  ASSERT_OK(Attach(SysId("files"), "empty.txt", ""));

  v1::ListAttachmentsRequest list;
  list.set_record_sys_id(SysId("files"));
  const auto listed = rpc::Call(*stub_, &Stub::ListAttachments, list);
  ASSERT_OK(listed);
  EXPECT_EQ(listed->attachments_size(), 4);
}

TEST_F(GatewayAndSandboxTest, NewIncidentsMayGoThroughAnImportSet) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(
      absl::StrCat(kOAuth,
                   "    paths: {create: /api/now/import, create_table: "
                   "imp_opcon_incident}\n")));
  v1::CreateIncidentRequest request = NewIncident("import");
  // The answer is lost; the incident is there.
  Fault({{"match",
          {{"method", "POST"}, {"path", "/api/now/import/imp_opcon_incident"}}},
         {"times", 1},
         {"action", {{"kind", "drop_after"}}}});
  const auto created = Create(request);
  ASSERT_OK(created);
  EXPECT_TRUE(created->created());
  const auto again = Create(request);
  ASSERT_OK(again);
  EXPECT_EQ(again->incident().number(), created->incident().number());
  const std::vector<json> rows = Incidents(request.incident().correlation_id());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("number"), created->incident().number());
  EXPECT_EQ(rows[0].at("description"), request.incident().description());

  const auto second = Create(NewIncident("import 2"));
  ASSERT_OK(second);
  EXPECT_TRUE(second->created());
  EXPECT_NE(second->incident().number(), created->incident().number());
}

TEST_F(GatewayAndSandboxTest, ListsAreCursors) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    v1::CreateIncidentRequest request = NewIncident(absl::StrCat("list ", i));
    request.mutable_incident()->set_correlation_display("CURSOR");
    ASSERT_OK(Create(request));
    expected.push_back(request.incident().sys_id());
  }
  v1::ListIncidentsRequest list;
  list.set_correlation_display("CURSOR");
  list.set_page_size(3);
  std::vector<std::string> seen;
  v1::Incident last;
  int pages = 0;
  do {
    const auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
    ASSERT_OK(page);
    for (const v1::Incident& incident : page->incidents()) {
      seen.push_back(incident.sys_id());
      last = incident;
    }
    list.set_page_token(page->next_page_token());
    ASSERT_LT(++pages, 10);
  } while (!list.page_token().empty());
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(expected));

  // After the last one there is nothing, until something changes.
  list.clear_page_token();
  *list.mutable_updated_since_time() = last.update_time();
  list.set_updated_since_sys_id(last.sys_id());
  auto page = rpc::Call(*stub_, &Stub::ListIncidents, list);
  ASSERT_OK(page);
  EXPECT_EQ(page->incidents_size(), 0);
  EXPECT_THAT(page->next_page_token(), IsEmpty());

  list.clear_updated_since_time();
  list.clear_updated_since_sys_id();
  list.add_sys_ids(expected[2]);
  list.add_states(v1::INCIDENT_STATE_NEW);
  page = rpc::Call(*stub_, &Stub::ListIncidents, list);
  ASSERT_OK(page);
  ASSERT_EQ(page->incidents_size(), 1);
  EXPECT_EQ(page->incidents(0).sys_id(), expected[2]);
}

TEST_F(GatewayAndSandboxTest, NamesAreLookedUpAndFaultsOfTheRequestTold) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string group = SysId("group");
  ASSERT_OK(servicenow_->Send("POST", "/api/now/table/sys_user_group",
                              {{"sys_id", group}, {"name", "Night Shift"}}));
  v1::CreateIncidentRequest request = NewIncident("names");
  auto& fields = *request.mutable_incident()->mutable_fields();
  fields["assignment_group"].set_display_value("Night Shift");
  fields["urgency"].set_value("1");
  fields["u_no_such_column"].set_value("x");
  request.mutable_incident()->set_short_description(std::string(200, 'x'));
  const auto created = Create(request);
  ASSERT_OK(created);
  EXPECT_EQ(created->incident().fields().at("assignment_group").value(), group);
  EXPECT_THAT(created->warnings(),
              ElementsAre(HasSubstr("short_description was cut from 200"),
                          HasSubstr("u_no_such_column was ignored")));
  fields["assignment_group"].set_display_value("Nobody");
  EXPECT_THAT(Create(request), HasReason("REFERENCE_NOT_FOUND"));

  v1::LookupRecordsRequest lookup;
  lookup.set_table("sys_user_group");
  lookup.add_conditions()->set_column("name");
  lookup.mutable_conditions(0)->add_values("Night Shift");
  const auto found = rpc::Call(*stub_, &Stub::LookupRecords, lookup);
  ASSERT_OK(found);
  ASSERT_EQ(found->records_size(), 1);
  EXPECT_EQ(found->records(0).sys_id(), group);
  lookup.mutable_conditions(0)->set_column("u_no_such_column");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::LookupRecords, lookup),
              HasReason("UPSTREAM_REJECTED"));
  lookup.set_table("no_such_table");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::LookupRecords, lookup),
              HasReason("UPSTREAM_REJECTED"));

  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_sys_id(SysId("names"));
  update.mutable_incident()->set_state(v1::INCIDENT_STATE_RESOLVED);
  update.mutable_update_mask()->add_paths("state");
  const auto refused = rpc::Call(*stub_, &Stub::UpdateIncident, update);
  EXPECT_THAT(refused, HasReason("MANDATORY_FIELDS_MISSING"));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("Resolution code"));
}

}  // namespace
}  // namespace opcon_snow
