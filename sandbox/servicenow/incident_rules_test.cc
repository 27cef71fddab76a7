#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using IncidentRulesTest = InstanceFixture;
using Json = nlohmann::json;

const Json kResolve = {{"state", "6"},
                       {"close_code", "Solution provided"},
                       {"close_notes", "done"}};

TEST_F(IncidentRulesTest, StateAndIncidentStateAreKeptEqual) {
  const Json record = Create({});
  const Json by_state = Patch(record, {{"state", "2"}});
  EXPECT_EQ(by_state["incident_state"], "2");
  const Json by_incident_state = Patch(record, {{"incident_state", "3"}});
  EXPECT_EQ(by_incident_state["state"], "3");
  const Json both = Patch(record, {{"state", "1"}, {"incident_state", "2"}});
  EXPECT_EQ(both["state"], "1");
  EXPECT_EQ(both["incident_state"], "1");
  EXPECT_EQ(Create({{"incident_state", "2"}})["state"], "2");
}

TEST_F(IncidentRulesTest, PriorityFollowsImpactAndUrgency) {
  const char* const expected[3][3] = {
      {"1", "2", "3"}, {"2", "3", "4"}, {"3", "4", "5"}};
  for (int impact = 1; impact <= 3; ++impact) {
    for (int urgency = 1; urgency <= 3; ++urgency) {
      EXPECT_EQ(Create({{"impact", impact},
                        {"urgency", urgency},
                        {"priority", "1"}})["priority"],
                expected[impact - 1][urgency - 1]);
    }
  }
}

TEST_F(IncidentRulesTest, ResolvingAndClosingWantACodeAndNotes) {
  const Json record = Create({});
  const Reply refused = Call("PATCH", PathOf(record), R"({"state":"6"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(Body(refused)["error"],
            (Json{{"message", "Operation Failed"},
                  {"detail",
                   "Data Policy Exception: The following fields are "
                   "mandatory: Resolution code, Resolution notes"}}));
  EXPECT_EQ(Body(Call("GET", PathOf(record)))["result"]["state"], "1");
  EXPECT_EQ(Call("PATCH", PathOf(record), R"({"state":"7","close_notes":"x"})")
                .status,
            403);
  EXPECT_EQ(Patch(record, kResolve)["state"], "6");
}

TEST_F(IncidentRulesTest, ThePolicyCanBeSwitchedOff) {
  Settings settings;
  settings.require_close_code = false;
  Start(std::move(settings));
  EXPECT_EQ(Patch(Create({}), {{"state", "6"}})["state"], "6");
}

TEST_F(IncidentRulesTest, TransitionsLeaveTheirMarks) {
  const Json record = Create({});
  Json now = Patch(record, kResolve);
  EXPECT_EQ(now["resolved_at"], kNow);
  EXPECT_EQ(now["resolved_by"]["value"], record["opened_by"]["value"]);
  EXPECT_EQ(now["active"], "true");
  now = Patch(record, {{"state", "2"}});
  EXPECT_EQ(now["reopen_count"], "1");
  EXPECT_EQ(now["reopened_time"], kNow);
  EXPECT_EQ(now["resolved_at"], "");
  EXPECT_EQ(Patch(record, {{"state", "3"}})["reopen_count"], "1");
  now = Patch(record, {{"state", "7"}});
  EXPECT_EQ(now["active"], "false");
  EXPECT_EQ(now["closed_at"], kNow);
}

TEST_F(IncidentRulesTest, CancellingEndsATicketWithoutACode) {
  const Json now = Patch(Create({}), {{"state", "8"}});
  EXPECT_EQ(now["state"], "8");
  EXPECT_EQ(now["active"], "false");
}

TEST_F(IncidentRulesTest, OnlyAdministratorsChangeAClosedIncident) {
  const Json record = Create({});
  Patch(record, {{"state", "8"}});
  EXPECT_EQ(
      CallAsIntegration("PATCH", PathOf(record), R"({"state":"1"})").status,
      403);
  EXPECT_EQ(
      CallAsIntegration("PATCH", PathOf(record), R"({"work_notes":"late"})")
          .status,
      200);
  EXPECT_EQ(Patch(record, {{"state", "1"}})["state"], "1");
}

TEST_F(IncidentRulesTest, ReassignmentsAreCounted) {
  const Json record = Create({});
  EXPECT_EQ(
      Patch(record, {{"assignment_group", kNetwork}})["reassignment_count"],
      "0");
  EXPECT_EQ(Patch(record,
                  {{"assignment_group",
                    "8a5055c9c61122780043563ef53438e3"}})["reassignment_count"],
            "1");
}

TEST_F(IncidentRulesTest, UnknownChoicesAreStoredAsTheyAre) {
  const Json record = Create({{"category", "no such"}, {"state", "42"}});
  EXPECT_EQ(record["category"], "no such");
  EXPECT_EQ(record["state"], "42");
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
