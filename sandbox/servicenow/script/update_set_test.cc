#include "sandbox/servicenow/script/update_set.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Id(char digit) { return std::string(32, digit); }

// A record as it stands in a payload or an export.
std::string RecordXml(const std::string& table, char id,
                      const std::string& columns,
                      const std::string& action = "INSERT_OR_UPDATE") {
  return absl::StrCat("<", table, " action=\"", action, "\"><sys_id>", Id(id),
                      "</sys_id>", columns, "</", table, ">");
}

std::string Update(const std::string& table, const std::string& record) {
  return absl::StrCat("<?xml version=\"1.0\"?><record_update table=\"", table,
                      "\">", record, "</record_update>");
}

std::string Unload(const std::string& content) {
  return absl::StrCat("<?xml version=\"1.0\"?><unload>", content, "</unload>");
}

std::string Escaped(const std::string& xml) {
  return absl::StrReplaceAll(xml, {{"&", "&amp;"}, {"<", "&lt;"}});
}

class UpdateSetTest : public InstanceFixture {
 protected:
  UpdateSetResult Commit(const std::string& xml) {
    const absl::StatusOr<UpdateSet> update_set = ParseUpdateSet(xml);
    EXPECT_TRUE(update_set.ok()) << update_set.status();
    if (!update_set.ok()) return {};
    faults_ = update_set->faults;
    return CommitUpdateSet(*update_set, instance_->records());
  }

  Record Stored(const std::string& table, char id) {
    return instance_->records().Find(table, Id(id)).value_or(Record());
  }

  std::vector<std::string> faults_;
};

TEST_F(UpdateSetTest, PayloadsInBothForms) {
  const std::string script = "if (a < b && c) gs.info('x');";
  const std::string rule = Update(
      "sys_script", RecordXml("sys_script", 'a',
                              absl::StrCat("<name>r</name><script><![CDATA[",
                                           script, "]]></script>")));
  const std::string property = Update(
      "sys_properties",
      RecordXml("sys_properties", 'b', "<name>p</name><value>v</value>"));
  const UpdateSetResult result = Commit(Unload(absl::StrCat(
      RecordXml("sys_update_xml", '1',
                absl::StrCat("<payload>", Escaped(rule), "</payload>")),
      RecordXml(
          "sys_update_xml", '2',
          absl::StrCat("<payload><![CDATA[", property, "]]></payload>")))));
  EXPECT_EQ(result.stored, 4U);
  EXPECT_THAT(result.faults, IsEmpty());
  EXPECT_EQ(Stored("sys_script", 'a').Get("script"), script);
  EXPECT_EQ(instance_->records().Property("p").value_or(""), "v");
}

TEST_F(UpdateSetTest, OneRecordAsTheSdkBuildsIt) {
  Commit(Update("sys_script", RecordXml("sys_script", 'a', "<name>r</name>")));
  EXPECT_EQ(Stored("sys_script", 'a').Get("name"), "r");
}

TEST_F(UpdateSetTest, TheTextOfAConditionWithoutItsParts) {
  Commit(Unload(RecordXml("sys_script", 'a',
                          "<filter_condition table=\"incident\">state=2^EQ"
                          "<item field=\"state\" value=\"2\"/>"
                          "</filter_condition>")));
  EXPECT_EQ(Stored("sys_script", 'a').Get("filter_condition"), "state=2^EQ");
}

TEST_F(UpdateSetTest, ALaterOneChangesAndDeletes) {
  const std::string first =
      RecordXml("sys_properties", 'a', "<name>p</name><value>1</value>");
  Commit(Unload(first + RecordXml("sys_properties", 'b', "<name>q</name>")));
  const UpdateSetResult result =
      Commit(Unload(RecordXml("sys_properties", 'a', "<value>2</value>") +
                    RecordXml("sys_properties", 'b', "", "DELETE") +
                    RecordXml("sys_properties", 'c', "", "DELETE")));
  EXPECT_EQ(result.deleted, 1U);
  EXPECT_EQ(Stored("sys_properties", 'a').Get("name"), "p");
  EXPECT_EQ(Stored("sys_properties", 'a').Get("value"), "2");
  EXPECT_EQ(Stored("sys_properties", 'b').sys_id(), "");
}

TEST_F(UpdateSetTest, TablesAndColumns) {
  const UpdateSetResult result = Commit(Unload(absl::StrCat(
      // The record comes before its table.
      RecordXml("x_app_ticket", 'a', "<u_key>1234567</u_key>"),
      RecordXml("sys_db_object", 'b',
                "<name>x_app_ticket</name><label>Ticket</label>"
                "<super_class display_value=\"Task\">task</super_class>"),
      RecordXml("sys_dictionary", 'c',
                "<name>x_app_ticket</name><element>u_key</element>"
                "<internal_type>string</internal_type>"
                "<max_length>5</max_length>"))));
  EXPECT_THAT(result.unknown_tables, IsEmpty());
  EXPECT_TRUE(instance_->records().Extends("x_app_ticket", "task"));
  EXPECT_EQ(Stored("task", 'a').Get("u_key"), "12345");
}

TEST_F(UpdateSetTest, WhatIsUnknownIsKeptAndNamed) {
  const UpdateSetResult result =
      Commit(Unload(RecordXml("sys_atf_test", 'a', "<name>t</name>") +
                    RecordXml("sys_hub_flow", 'b', "<name>f</name>")));
  EXPECT_THAT(result.unknown_tables,
              UnorderedElementsAre("sys_atf_test", "sys_hub_flow"));
  EXPECT_EQ(Stored("sys_hub_flow", 'b').Get("name"), "f");
}

TEST_F(UpdateSetTest, FaultsAreNamedAndTheRestIsLoaded) {
  Commit(Unload(absl::StrCat(
      "<sys_script><name>without an id</name></sys_script>",
      RecordXml("sys_update_xml", '1', "<name>n1</name><payload>x</payload>"),
      RecordXml("sys_update_xml", '2',
                "<name>n2</name><payload>&lt;a/&gt;</payload>"),
      RecordXml("sys_properties", 'a', "<name>p</name>"))));
  EXPECT_THAT(faults_, ElementsAre("sys_script: has no sys_id",
                                   HasSubstr("sys_update_xml n1: payload: "),
                                   "sys_update_xml n2: payload: there is no "
                                   "<record_update>"));
  EXPECT_EQ(Stored("sys_properties", 'a').Get("name"), "p");
}

TEST(ParseUpdateSetTest, WhatIsNone) {
  for (const char* xml :
       {"", "x", "<unload>", "<html/>", "<unload><a></unload>"}) {
    const absl::StatusOr<UpdateSet> update_set = ParseUpdateSet(xml);
    EXPECT_EQ(update_set.status().code(), absl::StatusCode::kInvalidArgument)
        << xml;
  }
}

TEST(ParseUpdateSetTest, DepthIsNoTrouble) {
  std::string deep = "<unload>";
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_FALSE(ParseUpdateSet(deep).ok());
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  EXPECT_TRUE(ParseUpdateSet(deep + "</unload>").ok());
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
