#include "sandbox/servicenow/table_api.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using TableApiTest = InstanceFixture;
using Json = nlohmann::json;

Json Error(const std::string& message, const Json& detail) {
  return {{"error", {{"message", message}, {"detail", detail}}},
          {"status", "failure"}};
}

TEST_F(TableApiTest, InsertsWithTheDefaultsOfARealInstance) {
  const Reply reply =
      Call("POST", "/api/now/v2/table/incident",
           R"({"short_description":"Unable to connect","impact":"2",
               "urgency":2,"assignment_group":")" +
               std::string(kNetwork) + R"("})");
  ASSERT_EQ(reply.status, 201);
  const Json record = Body(reply)["result"];
  EXPECT_EQ(record["number"], "INC0010001");
  EXPECT_EQ(record["state"], "1");
  EXPECT_EQ(record["incident_state"], "1");
  EXPECT_EQ(record["priority"], "3");
  EXPECT_EQ(record["active"], "true");
  EXPECT_EQ(record["sys_mod_count"], "0");
  EXPECT_EQ(record["reopen_count"], "0");
  EXPECT_EQ(record["sys_class_name"], "incident");
  EXPECT_EQ(record["opened_at"], kNow);
  EXPECT_EQ(record["sys_created_on"], kNow);
  EXPECT_EQ(record["sys_created_by"], "admin");
  EXPECT_EQ(record["opened_by"]["value"], "6816f79cc0a8016401c5a33be04be441");
  EXPECT_EQ(record["caller_id"], "");
  EXPECT_EQ(record["assignment_group"],
            (Json{{"link", std::string("http://sn.example/api/now/table/"
                                       "sys_user_group/") +
                               kNetwork},
                  {"value", kNetwork}}));
  EXPECT_EQ(HeaderOf(reply, "Location"),
            "http://sn.example/api/now/table/incident/" +
                record["sys_id"].get<std::string>());
  // Every column of the vendor's sample is there.
  for (const char* column :
       {"upon_approval", "location", "close_notes", "sys_domain",
        "delivery_plan", "business_duration", "comments_and_work_notes",
        "made_sla", "rfc", "wf_activity", "calendar_stc", "escalation"}) {
    EXPECT_TRUE(record.contains(column)) << column;
  }
  EXPECT_EQ(Create({})["number"], "INC0010002");
}

TEST_F(TableApiTest, AnswersCarryThePlatformsHeaders) {
  const Reply reply = Call("GET", "/api/now/table/incident");
  EXPECT_EQ(HeaderOf(reply, "X-Is-Logged-In"), "true");
  EXPECT_EQ(HeaderOf(reply, "X-Transaction-ID").size(), 12U);
  EXPECT_EQ(HeaderOf(reply, "Server"), "ServiceNow");
  EXPECT_THAT(HeaderOf(reply, "Set-Cookie"), StartsWith("JSESSIONID="));
  EXPECT_EQ(reply.content_type, "application/json;charset=UTF-8");
}

TEST_F(TableApiTest, AnEmptyListIsA404OnlyInVersionOne) {
  EXPECT_EQ(Body(Call("GET", "/api/now/table/incident")),
            (Json{{"result", Json::array()}}));
  EXPECT_EQ(Call("GET", "/api/now/v2/table/incident").status, 200);
  const Reply old = Call("GET", "/api/now/v1/table/incident");
  EXPECT_EQ(old.status, 404);
  EXPECT_EQ(Body(old),
            Error("No Record found",
                  "Records matching query not found. Check query parameter or "
                  "offset parameter"));
  EXPECT_EQ(Call("GET", "/api/now/v9/table/incident").status, 400);
}

TEST_F(TableApiTest, ErrorsAreWordForWord) {
  EXPECT_EQ(Body(Call("GET", "/api/now/table/notExistingTable")),
            Error("Invalid table notExistingTable", nullptr));
  EXPECT_EQ(Body(Call("GET", "/api/now/nothing")),
            Error("Requested URI does not represent any resource", nullptr));
  const Reply missing = Call("GET", "/api/now/table/incident/abc");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(Body(missing),
            Error("No Record found",
                  "Record doesn't exist or ACL restricts the record "
                  "retrieval"));
  EXPECT_EQ(Call("PATCH", "/api/now/table/incident/abc", "{}").status, 404);
  EXPECT_EQ(Call("DELETE", "/api/now/table/incident/abc").status, 404);
}

TEST_F(TableApiTest, NegotiatesContent) {
  EXPECT_EQ(Call("GET", "/api/now/table/task", "", {{"accept", ""}}).status,
            400);
  EXPECT_EQ(Call("GET", "/api/now/table/task", "", {{"accept", "*/*"}}).status,
            200);
  EXPECT_EQ(
      Call("GET", "/api/now/table/task", "", {{"accept", "image/png"}}).status,
      406);
  EXPECT_EQ(
      Call("POST", "/api/now/table/incident", "{}", {{"content-type", ""}})
          .status,
      400);
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "{}",
                 {{"content-type", "text/plain"}})
                .status,
            415);
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "{").status, 400);
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "[3]").status, 400);
  EXPECT_EQ(Call("PUT", "/api/now/table/incident", "{}").status, 405);
}

TEST_F(TableApiTest, ABodyOverTheLimitIsRefusedInTheVendorsWords) {
  Settings settings;
  settings.max_json_bytes = 10;
  Start(std::move(settings));
  const Reply reply =
      Call("POST", "/api/now/table/incident", R"({"a":"bcdef"})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(Body(reply),
            Error("Exception while reading request",
                  "Rejected large REST payload with content-length = 13 "
                  "bytes. Max allowed: 10 bytes."));
}

TEST_F(TableApiTest, IgnoresUnknownColumnsAndCutsLongValues) {
  const Json record = Create({{"u_no_such_column", "x"},
                              {"correlation_id", std::string(99, 'a') + "éx"},
                              {"sys_mod_count", "77"},
                              {"sys_created_by", "somebody"}});
  EXPECT_FALSE(record.contains("u_no_such_column"));
  // A hundred characters, not bytes.
  EXPECT_EQ(record["correlation_id"], std::string(99, 'a') + "é");
  EXPECT_EQ(record["sys_mod_count"], "0");
  EXPECT_EQ(record["sys_created_by"], "admin");
}

TEST_F(TableApiTest, AllValuesAreStrings) {
  const Json record = Create({{"knowledge", true},
                              {"urgency", 1},
                              {"description", nullptr},
                              {"category", {{"value", "network"}}}});
  EXPECT_EQ(record["knowledge"], "true");
  EXPECT_EQ(record["urgency"], "1");
  EXPECT_EQ(record["description"], "");
  EXPECT_EQ(record["category"], "network");
}

TEST_F(TableApiTest, OnlyTheFirstOfSeveralRecordsIsTaken) {
  EXPECT_EQ(Call("POST", "/api/now/table/incident",
                 R"([{"description":"a"},{"description":"b"}])")
                .status,
            201);
  EXPECT_EQ(List("incident").size(), 1U);
}

TEST_F(TableApiTest, UpdatesPartlyAndCountsThem) {
  const Json record = Create({{"description", "old"}});
  now_ += absl::Seconds(5);
  const Json changed = Patch(record, {{"description", "new"}});
  EXPECT_EQ(changed["description"], "new");
  EXPECT_EQ(changed["number"], record["number"]);
  EXPECT_EQ(changed["sys_mod_count"], "1");
  EXPECT_EQ(changed["sys_updated_on"], "2026-01-05 10:11:17");
  // Nothing changed, nothing written.
  EXPECT_EQ(Patch(record, {{"description", "new"}})["sys_mod_count"], "1");
  const Reply put = Call("PUT", PathOf(record), R"({"description":""})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(Body(put)["result"]["description"], "");
  const Reply overridden =
      Call("POST", PathOf(record), R"({"description":"x"})",
           {{"x-http-method-override", "PATCH"}});
  EXPECT_EQ(overridden.status, 200);
}

TEST_F(TableApiTest, AnEmptyTextDoesNotClearAChoice) {
  const Json record = Create({{"urgency", "1"}, {"state", "2"}});
  const Json changed = Patch(record, {{"urgency", ""}, {"state", ""}});
  EXPECT_EQ(changed["urgency"], "1");
  EXPECT_EQ(changed["state"], "2");
}

TEST_F(TableApiTest, DeletesARecordWithItsJournal) {
  const Json record = Create({{"work_notes", "note"}});
  const Reply reply = Call("DELETE", PathOf(record));
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(Call("GET", PathOf(record)).status, 404);
  EXPECT_TRUE(List("sys_journal_field").empty());
}

TEST_F(TableApiTest, TheBodyOfTheAnswerCanBeLeftOut) {
  const Reply reply = Call("POST", "/api/now/table/incident", "{}",
                           {{"x-no-response-body", "true"}});
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "");
  EXPECT_NE(HeaderOf(reply, "Location"), "");
}

TEST_F(TableApiTest, ShowsValuesDisplayValuesOrBoth) {
  const Json record = Create({{"assignment_group", kNetwork}, {"state", "2"}});
  const auto get = [&](const std::string& parameters) {
    return Body(
        Call("GET", PathOf(record) +
                        "?sysparm_fields=state,assignment_group,caller_id,"
                        "sys_created_on&" +
                        parameters))["result"];
  };
  const std::string link =
      std::string("http://sn.example/api/now/table/sys_user_group/") + kNetwork;
  EXPECT_EQ(get("sysparm_display_value=true"),
            (Json{{"state", "In Progress"},
                  {"caller_id", ""},
                  {"sys_created_on", "2026-01-05 02:11:12"},
                  {"assignment_group",
                   {{"display_value", "Network"}, {"link", link}}}}));
  EXPECT_EQ(get("sysparm_display_value=all"),
            (Json{{"state", {{"display_value", "In Progress"}, {"value", "2"}}},
                  {"caller_id", {{"display_value", ""}, {"value", ""}}},
                  {"sys_created_on",
                   {{"display_value", "2026-01-05 02:11:12"}, {"value", kNow}}},
                  {"assignment_group",
                   {{"display_value", "Network"},
                    {"link", link},
                    {"value", kNetwork}}}}));
  EXPECT_EQ(get("sysparm_exclude_reference_link=true")["assignment_group"],
            kNetwork);
  EXPECT_EQ(get("sysparm_exclude_reference_link=true&sysparm_display_value="
                "true")["assignment_group"],
            "Network");
}

TEST_F(TableApiTest, FieldsMayWalkReferencesAndInvalidOnesAreLeftOut) {
  Create({{"assignment_group", kNetwork}});
  EXPECT_EQ(
      List("incident?sysparm_fields=number,%20assignment_group.name,"
           "assignment_group.manager.user_name,bogus,number.x"),
      (Json::array({{{"number", "INC0010001"},
                     {"assignment_group.name", "Network"},
                     {"assignment_group.manager.user_name", "beth.anglin"}}})));
}

TEST_F(TableApiTest, TheTaskTableShowsIncidentsWithTheirOwnLabels) {
  Create({{"state", "2"}});
  EXPECT_EQ(List("task?sysparm_fields=sys_class_name,state,caller_id&"
                 "sysparm_display_value=true"),
            (Json::array(
                {{{"sys_class_name", "Incident"}, {"state", "In Progress"}}})));
}

TEST_F(TableApiTest, InputMayBeDisplayValues) {
  const Reply reply =
      Call("POST", "/api/now/table/incident?sysparm_input_display_value=true",
           R"({"assignment_group":"Network","state":"On Hold",
               "due_date":"2026-01-05 02:00:00"})");
  const Json record = Body(reply)["result"];
  EXPECT_EQ(record["assignment_group"]["value"], kNetwork);
  EXPECT_EQ(record["state"], "3");
  EXPECT_EQ(record["due_date"], "2026-01-05 10:00:00");
  // Without the parameter a name is stored as it is: a broken reference.
  const Json broken = Create({{"assignment_group", "Network"}});
  EXPECT_EQ(broken["assignment_group"]["value"], "Network");
}

TEST_F(TableApiTest, PagesWithCountAndLinks) {
  for (int i = 0; i < 5; ++i) Create({});
  const Reply page = Call(
      "GET",
      "/api/now/table/incident?sysparm_query=active%3Dtrue%5EORDERBYnumber&"
      "sysparm_limit=2&sysparm_offset=2&sysparm_fields=number");
  EXPECT_EQ(
      Body(page)["result"],
      (Json::array({{{"number", "INC0010003"}}, {{"number", "INC0010004"}}})));
  EXPECT_EQ(HeaderOf(page, "X-Total-Count"), "5");
  const std::string link = HeaderOf(page, "Link");
  const std::string base =
      "<http://sn.example/api/now/table/incident?sysparm_query=active%3Dtrue%"
      "5EORDERBYnumber&sysparm_fields=number&sysparm_limit=2&sysparm_offset=";
  EXPECT_EQ(link, base + "0>;rel=\"first\"," + base + "0>;rel=\"prev\"," +
                      base + "4>;rel=\"next\"," + base + "4>;rel=\"last\"");
  const Reply bare =
      Call("GET",
           "/api/now/table/incident?sysparm_limit=2&sysparm_no_count=true&"
           "sysparm_suppress_pagination_header=true");
  EXPECT_EQ(HeaderOf(bare, "X-Total-Count"), "");
  EXPECT_EQ(HeaderOf(bare, "Link"), "");
  EXPECT_EQ(Call("GET", "/api/now/table/incident?sysparm_offset=-1").status,
            400);
}

TEST_F(TableApiTest, FiltersByNameAndValue) {
  Create({{"assignment_group", kNetwork}, {"category", "network"}});
  Create({});
  EXPECT_EQ(List("incident?category=network").size(), 1U);
  EXPECT_EQ(List("incident?assignment_group=Network").size(), 1U);
  EXPECT_EQ(List("incident?state=New&active=true").size(), 2U);
  EXPECT_EQ(List("incident?u_bogus=1").size(), 2U);
  // A query excludes them.
  EXPECT_EQ(List("incident?sysparm_query=active=true&category=network").size(),
            2U);
}

TEST_F(TableApiTest, AnInvalidQueryReturnsEverythingOrNothing) {
  Create({});
  EXPECT_EQ(List("incident?sysparm_query=u_bogus=1").size(), 1U);
  Settings settings;
  settings.invalid_query_returns_no_rows = true;
  Start(std::move(settings));
  Create({});
  EXPECT_EQ(List("incident?sysparm_query=u_bogus=1").size(), 0U);
}

TEST_F(TableApiTest, JournalsAreWrittenAndReadBackEmpty) {
  const Json record = Create({{"work_notes", "first"}});
  EXPECT_EQ(record["work_notes"], "");
  now_ += absl::Seconds(1);
  const Json changed =
      Patch(record, {{"work_notes", "second"}, {"comments", "hello"}});
  EXPECT_EQ(changed["work_notes"], "");
  EXPECT_EQ(changed["sys_mod_count"], "1");
  const Json journal = List("sys_journal_field?sysparm_query=element_id=" +
                            record["sys_id"].get<std::string>() +
                            "^element=work_notes^ORDERBYsys_created_on");
  ASSERT_EQ(journal.size(), 2U);
  EXPECT_EQ(journal[0]["value"], "first");
  EXPECT_EQ(journal[1]["value"], "second");
  EXPECT_EQ(journal[1]["name"], "incident");
  EXPECT_EQ(journal[1]["sys_created_by"], "admin");
  const Json shown = Body(
      Call("GET", PathOf(record) + "?sysparm_display_value=true"))["result"];
  EXPECT_THAT(shown["work_notes"].get<std::string>(),
              StartsWith("2026-01-05 02:11:13 - admin (Work notes)\nsecond"));
  EXPECT_THAT(shown["comments"].get<std::string>(), Not(HasSubstr("second")));
}

TEST_F(TableApiTest, PasswordsAreNeverShown) {
  const Json user =
      List("sys_user?sysparm_query=user_name=admin&sysparm_display_value=all");
  EXPECT_EQ(user[0]["user_password"]["value"], "");
  EXPECT_EQ(user[0]["user_password"]["display_value"], "");
  EXPECT_TRUE(List("sys_user?sysparm_query=user_password=admin").empty());
  EXPECT_THAT(instance_->State(), Not(HasSubstr("\"admin\",\"user_password\":"
                                                "\"admin\"")));
  EXPECT_THAT(instance_->State(), HasSubstr("\"user_password\":\"***\""));
}

TEST_F(TableApiTest, SpeaksXml) {
  const Reply made = Call(
      "POST", "/api/now/table/incident",
      "<request><entry><short_description>a &lt; b</short_description>"
      "</entry></request>",
      {{"content-type", "application/xml"}, {"accept", "application/xml"}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.content_type, "application/xml;charset=UTF-8");
  EXPECT_THAT(made.body, StartsWith("<?xml version=\"1.0\" "
                                    "encoding=\"UTF-8\"?><response><result>"));
  EXPECT_THAT(made.body, HasSubstr("<short_description>a &lt; b</"));
  EXPECT_THAT(made.body, HasSubstr("<sys_domain><link>"));
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "<nothing/>",
                 {{"content-type", "application/xml"}})
                .status,
            400);
}

TEST_F(TableApiTest, TheMobileViewHasFewColumns) {
  Create({{"short_description", "x"}});
  const Json found = List("incident?sysparm_view=mobile");
  EXPECT_EQ(found[0]["short_description"], "x");
  EXPECT_FALSE(found[0].contains("upon_approval"));
  EXPECT_EQ(
      List("incident?sysparm_view=mobile&sysparm_fields=number")[0].size(), 1U);
}

TEST_F(TableApiTest, RolesDecideWhoReadsAndWrites) {
  EXPECT_EQ(CallAsIntegration("GET", "/api/now/table/sys_script").status, 403);
  const Reply refused =
      CallAsIntegration("POST", "/api/now/table/sys_user", "{}");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Body(refused),
            Error("Operation Failed",
                  "ACL Exception Insert Failed due to security constraints"));
  EXPECT_EQ(Body(CallAsIntegration("GET", "/api/now/table/sys_script")),
            Error("Insufficient rights to query records", nullptr));
  EXPECT_EQ(CallAsIntegration("POST", "/api/now/table/incident", "{}").status,
            201);
}

TEST_F(TableApiTest, ALongUrlCanBeShortened) {
  Create({{"short_description", "x"}});
  const Json tiny = Body(Call(
      "POST", "/api/now/tinyurl",
      R"({"url":"/api/now/table/incident?sysparm_query=short_description=x"})"));
  const std::string url = tiny["result"];
  EXPECT_THAT(url, HasSubstr("?sysparm_tiny="));
  EXPECT_EQ(Body(Call("GET", url))["result"].size(), 1U);
}

TEST_F(TableApiTest, ConfigurationItemsAreFoundInTheirParent) {
  const Json found = List("cmdb_ci?sysparm_query=name=GENP001");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["sys_class_name"], "cmdb_ci_server");
}

TEST_F(TableApiTest, NamesWhatItDoesNotSimulate) {
  const auto message = [&](const std::string& method, const std::string& path,
                           const std::string& body = "") {
    const Reply reply = Call(method, path, body);
    EXPECT_EQ(reply.status, 501) << path;
    return Body(reply)["error"]["message"].get<std::string>();
  };
  EXPECT_THAT(message("GET", "/api/now/table/sys_flow_context"),
              HasSubstr("table sys_flow_context"));
  EXPECT_THAT(message("GET", "/api/now/v1/stats/incident"),
              HasSubstr("Aggregate API"));
  EXPECT_THAT(message("GET",
                      "/api/now/table/task?sysparm_query=number=javascript:"
                      "somebody.knows()"),
              HasSubstr("javascript:"));
  EXPECT_THAT(message("GET", "/nav_to.do"), EndsWith("/nav_to.do"));
}

// --- sys_ids chosen by the client ------------------------------------------

constexpr char kChosen[] = "AAAABBBBCCCCDDDDEEEEFFFF00001111";

TEST_F(TableApiTest, AChosenSysIdIsHonouredAndATakenOneRefused) {
  const Json record = Create({{"sys_id", kChosen}});
  EXPECT_EQ(record["sys_id"], kChosen);
  EXPECT_EQ(Call("GET", PathOf(record)).status, 200);
  EXPECT_EQ(
      Call("GET", "/api/now/table/incident/aaaabbbbccccddddeeeeffff00001111")
          .status,
      200);
  const Reply again =
      Call("POST", "/api/now/table/incident", Json(record).dump());
  EXPECT_EQ(again.status, 403);
  EXPECT_EQ(Body(again),
            Error("Operation Failed",
                  "ACL Exception Insert Failed due to security constraints"));
  EXPECT_EQ(List("incident").size(), 1U);
  EXPECT_NE(Create({{"sys_id", "too short"}})["sys_id"], "too short");
}

TEST_F(TableApiTest, ATakenSysIdMayBeRefusedByName) {
  Settings settings;
  settings.client_sys_id = ClientSysId::kRejectDuplicate;
  Start(std::move(settings));
  const Json record = Create({{"sys_id", kChosen}});
  EXPECT_EQ(record["sys_id"], kChosen);
  const Reply again =
      Call("POST", "/api/now/table/problem", Json(record).dump());
  EXPECT_EQ(again.status, 403);
  EXPECT_THAT(Body(again)["error"]["detail"].get<std::string>(),
              HasSubstr("Unique Key violation"));
}

TEST_F(TableApiTest, AChosenSysIdMayBeIgnored) {
  Settings settings;
  settings.client_sys_id = ClientSysId::kIgnore;
  Start(std::move(settings));
  EXPECT_NE(Create({{"sys_id", kChosen}})["sys_id"], kChosen);
  EXPECT_NE(Create({{"sys_id", kChosen}})["sys_id"], kChosen);
  EXPECT_EQ(List("incident").size(), 2U);
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
