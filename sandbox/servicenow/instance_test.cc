#include "sandbox/servicenow/instance.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using InstanceTest = InstanceFixture;

TEST_F(InstanceTest, ResetBringsBackTheStart) {
  const std::string start = instance_->State();
  Create({});
  instance_->Control(
      Request("POST", "/_sandbox/clock", R"({"advance_seconds":60})"));
  EXPECT_NE(instance_->State(), start);
  instance_->Reset();
  EXPECT_EQ(instance_->State(), start);
  EXPECT_EQ(Create({})["number"], "INC0010001");
}

TEST_F(InstanceTest, TheStateCanBeSavedAndTakenBack) {
  const Json record = Create({{"work_notes", "note"}});
  const std::string bytes("\0\xff", 2);
  const Reply posted =
      Call("POST",
           "/api/now/attachment/file?file_name=a.txt&table_name=incident&"
           "table_sys_id=" +
               record["sys_id"].get<std::string>(),
           bytes, {{"content-type", "text/plain"}});
  const std::string saved = instance_->Save();
  const std::string state = instance_->State();
  Start({});
  ASSERT_TRUE(instance_->Restore(saved).ok());
  EXPECT_EQ(instance_->State(), state);
  EXPECT_EQ(
      Call("GET", "/api/now/attachment/" +
                      Body(posted)["result"]["sys_id"].get<std::string>() +
                      "/file")
          .body,
      bytes);
  EXPECT_EQ(Create({})["number"], "INC0010002");
  EXPECT_FALSE(instance_->Restore("{}").ok());
  EXPECT_FALSE(instance_->Restore("nonsense").ok());
}

TEST_F(InstanceTest, TheClockCanBeMoved) {
  const auto reply = instance_->Control(
      Request("POST", "/_sandbox/clock", R"({"advance_seconds":3600})"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(Body(*reply)["time"], "2026-01-05 11:11:12");
  EXPECT_EQ(Create({})["sys_created_on"], "2026-01-05 11:11:12");
  const auto bad =
      instance_->Control(Request("POST", "/_sandbox/clock", R"({"to":1})"));
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->status, 400);
  EXPECT_THAT(bad->body, HasSubstr("advance_seconds"));
  EXPECT_FALSE(
      instance_->Control(Request("GET", "/_sandbox/other")).has_value());
}

TEST_F(InstanceTest, SeedsArePlantedAndFaultyOnesNamed) {
  const Json seed = {
      {"incident", Json::array({{{"number", "INC0000042"},
                                 {"state", "7"},
                                 {"sys_created_on", "2025-12-31 00:00:00"}}})}};
  auto planted = Instance::Create({}, {seed}, [this] { return now_; });
  ASSERT_TRUE(planted.ok()) << planted.status();
  instance_ = *std::move(planted);
  const Json found = List("incident?number=INC0000042");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["sys_created_on"], "2025-12-31 00:00:00");

  const auto error = [](const Json& bad) {
    return std::string(Instance::Create({}, {bad}).status().message());
  };
  EXPECT_THAT(error(Json::array()), HasSubstr("object of tables"));
  EXPECT_THAT(error({{"incident", 3}}), HasSubstr("table incident"));
  EXPECT_THAT(error({{"incident", Json::array({{{"state", 3}}})}}),
              HasSubstr("record 1: must be an object of strings"));
  EXPECT_THAT(error({{"incident", Json::array({{{"bogus", "3"}}})}}),
              HasSubstr("no column bogus"));
  EXPECT_THAT(error(Json::parse(R"({"_tables":{"u_x":{"extends":"none"}}})")),
              HasSubstr("table u_x extends none"));
  EXPECT_THAT(error(Json::parse(
                  R"({"_tables":{"u_x":{"columns":{"u_a":{"type":"odd"}}}}})")),
              HasSubstr("column u_a"));
  EXPECT_THAT(error(Json::parse(
                  R"({"_tables":{"incident":{"columns":{"state":{}}}}})")),
              HasSubstr("column state is there already"));
}

TEST_F(InstanceTest, SeedsAddColumns) {
  const Json seed = Json::parse(R"({
    "_tables": {"cmdb_ci": {"columns": {"u_trigramme": {"max_length": 3}}}},
    "cmdb_ci_appl": [{"name": "a", "u_trigramme": "yro"}]})");
  auto planted = Instance::Create({}, {seed}, [this] { return now_; });
  ASSERT_TRUE(planted.ok()) << planted.status();
  instance_ = *std::move(planted);
  EXPECT_EQ(List("cmdb_ci?sysparm_query=u_trigramme=yro").size(), 1U);
}

TEST_F(InstanceTest, SeedsDefineTables) {
  const Json seed = Json::parse(R"({
    "_tables": {"u_ticket": {
      "extends": "task", "label": "Ticket", "number_prefix": "TCK",
      "columns": {"u_key": {"max_length": 4},
                  "u_owner": {"type": "reference",
                              "reference": "sys_user"}}}},
    "u_loose": [{"name": "n", "anything": "x"}]})");
  auto planted = Instance::Create({}, {seed}, [this] { return now_; });
  ASSERT_TRUE(planted.ok()) << planted.status();
  instance_ = *std::move(planted);
  const Json ticket = Create(
      {{"u_key", "abcdef"}, {"u_owner", "6816f79cc0a8016401c5a33be04be441"}},
      "u_ticket");
  EXPECT_EQ(ticket["u_key"], "abcd");
  EXPECT_EQ(ticket["number"], "TCK0000001");
  EXPECT_EQ(List("task?sysparm_query=sys_class_name=u_ticket").size(), 1U);
  EXPECT_EQ(List("u_loose?anything=x").size(), 1U);
  // A saved state brings tables back that nobody defined.
  const std::string saved = instance_->Save();
  Start({});
  ASSERT_TRUE(instance_->Restore(saved).ok());
  EXPECT_EQ(List("u_loose?anything=x").size(), 1U);
  instance_->Reset();
  EXPECT_EQ(Call("GET", "/api/now/table/u_loose").status, 400);
}

TEST_F(InstanceTest, CanonicalPathsHaveNoVersion) {
  EXPECT_EQ(Instance::CanonicalPath("/api/now/v2/table/incident"),
            "/api/now/table/incident");
  EXPECT_EQ(Instance::CanonicalPath("/api/now/table/v2"), "/api/now/table/v2");
  EXPECT_EQ(Instance::CanonicalPath("/"), "/");
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
