#include "sandbox/servicenow/record_hooks.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sandbox/servicenow/instance_fixture.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordingHooks : public RecordHooks {
 public:
  absl::Status Before(RecordOperation operation, const Record* previous,
                      Record& current, const Actor& actor) override {
    Note("before", operation, current, actor);
    return before == nullptr ? absl::OkStatus() : before(previous, current);
  }
  absl::Status After(RecordOperation operation, const Record*,
                     const Record& current, const Actor& actor) override {
    Note("after", operation, current, actor);
    return after == nullptr ? absl::OkStatus() : after(current);
  }
  void Queue(RecordOperation operation, std::optional<Record> previous,
             Record current, const Actor& actor) override {
    Note("queue", operation, current, actor);
    EXPECT_EQ(previous.has_value(), operation != RecordOperation::kInsert);
  }
  absl::StatusOr<std::string> Evaluate(const std::string& expression,
                                       const Actor&) override {
    if (expression == "known()") return std::string("6");
    return absl::NotFoundError("unknown");
  }
  std::optional<Reply> Control(const SandboxRequest& request) override {
    if (request.DecodedPath() != "/_sandbox/mine") return std::nullopt;
    return Reply::Empty(204);
  }
  void Reset() override { calls.push_back("reset"); }
  void Planted() override { calls.push_back("planted"); }

  void Note(const std::string& when, RecordOperation operation,
            const Record& current, const Actor& actor) {
    static constexpr const char* kNames[] = {"insert", "update", "delete"};
    calls.push_back(when + " " + kNames[static_cast<int>(operation)] + " " +
                    current.table + " by " + actor.user_name);
  }

  std::vector<std::string> calls;
  std::function<absl::Status(const Record*, Record&)> before;
  std::function<absl::Status(const Record&)> after;
};

class RecordHooksTest : public InstanceFixture {
 protected:
  void SetUp() override {
    InstanceFixture::SetUp();
    instance_->SetHooks(&hooks_);
    hooks_.calls.clear();
  }
  void TearDown() override { instance_->SetHooks(nullptr); }

  RecordingHooks hooks_;
};

TEST_F(RecordHooksTest, EveryChangeIsTold) {
  const Json record = Create({{"work_notes", "note"}});
  Patch(record, {{"short_description", "x"}});
  // Nothing changes, nobody is told.
  Patch(record, {{"short_description", "x"}});
  EXPECT_EQ(Call("DELETE", PathOf(record)).status, 204);
  EXPECT_THAT(
      hooks_.calls,
      ElementsAre(
          "before insert incident by admin", "after insert incident by admin",
          "queue insert incident by admin", "before update incident by admin",
          "after update incident by admin", "queue update incident by admin",
          "before delete incident by admin", "after delete incident by admin",
          "queue delete incident by admin"));
  hooks_.calls.clear();
  instance_->Reset();
  EXPECT_THAT(hooks_.calls, ElementsAre("reset", "planted"));
}

TEST_F(RecordHooksTest, ABeforeHookChangesOrRefuses) {
  hooks_.before = [](const Record*, Record& current) {
    EXPECT_EQ(current.Get("work_notes"), "from the client");
    current.values["work_notes"] = "from the rule";
    current.values["state"] = "2";
    current.values["impact"] = "1";
    current.values["no_such_column"] = "x";
    current.values["sys_id"] = "x";
    return absl::OkStatus();
  };
  const Json record = Create({{"work_notes", "from the client"}});
  EXPECT_EQ(record["state"], "2");
  EXPECT_EQ(record["incident_state"], "2");
  EXPECT_EQ(record["priority"], "3");
  EXPECT_EQ(List("sys_journal_field")[0]["value"], "from the rule");
  hooks_.before = [](const Record*, Record&) {
    return absl::PermissionDeniedError(
        "Operation against file 'incident' was "
        "aborted by Business Rule 'x^y'");
  };
  const Reply refused = Call("POST", "/api/now/table/incident", "{}");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("aborted by Business Rule"));
  EXPECT_EQ(List("incident").size(), 1U);
}

TEST_F(RecordHooksTest, AFailureAfterwardsLeavesTheRecord) {
  hooks_.after = [](const Record&) {
    return absl::InternalError("an after rule failed");
  };
  EXPECT_EQ(Call("POST", "/api/now/table/incident", "{}").status, 500);
  EXPECT_EQ(List("incident").size(), 1U);
}

TEST_F(RecordHooksTest, HooksMayUseTheRecords) {
  RecordAccess& records = instance_->records();
  const Actor actor = *records.User("admin");
  hooks_.after = [&](const Record& current) {
    if (current.table != "incident" || current.Get("problem_id") != "") {
      return absl::OkStatus();
    }
    const auto problem = records.Insert(
        "problem", {{"short_description", "caused"}}, {.actor = actor});
    EXPECT_TRUE(problem.ok());
    return records
        .Update("incident", current.sys_id(),
                {{"problem_id", problem->sys_id()}},
                {.actor = actor, .run_hooks = false})
        .status();
  };
  const Json record = Create({{"correlation_id", "k"}});
  EXPECT_EQ(List("problem").size(), 1U);
  EXPECT_NE(record["problem_id"], "");
  const std::vector<Record> found =
      records.Query("incident", "correlation_id=k", 0, actor);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(records.DisplayValue(found[0], "problem_id"), "PRB0040001");
  EXPECT_EQ(records.Value(found[0], "opened_by.user_name"), "admin");
  EXPECT_TRUE(
      records.Delete("incident", found[0].sys_id(), {.actor = actor}).ok());
  EXPECT_FALSE(records.Find("incident", found[0].sys_id()).has_value());
}

TEST_F(RecordHooksTest, ConditionsLookAtTheChange) {
  RecordAccess& records = instance_->records();
  const Actor actor = *records.User("admin");
  Record before{
      .table = "incident",
      .values = {{"state", "1"}, {"correlation_display", "SMA_OPCON"}}};
  Record after = before;
  after.values["state"] = "2";
  const auto matches = [&](const std::string& query) {
    return records.Matches(query, &before, after, actor);
  };
  EXPECT_TRUE(matches("correlation_display=SMA_OPCON^stateCHANGESTO2^EQ"));
  EXPECT_TRUE(matches("stateCHANGESFROM1^stateCHANGESTO2"));
  EXPECT_TRUE(matches("stateVALCHANGES"));
  EXPECT_FALSE(matches("stateCHANGESTO1"));
  EXPECT_FALSE(matches("stateCHANGESFROM2"));
  EXPECT_FALSE(matches("correlation_displayVALCHANGES"));
  EXPECT_FALSE(records.Matches("stateCHANGESTO2", &after, after, actor));
  EXPECT_TRUE(records.Matches("stateCHANGESTO2", nullptr, after, actor));
}

TEST_F(RecordHooksTest, ScriptsMayLoadAndEvaluate) {
  RecordAccess& records = instance_->records();
  const std::string id(32, 'a');
  ASSERT_TRUE(records.Load("x_new_table", {{"sys_id", id}, {"u_a", "1"}}).ok());
  ASSERT_TRUE(records.Load("x_new_table", {{"sys_id", id}, {"u_b", "2"}}).ok());
  const std::optional<Record> loaded = records.Find("x_new_table", id);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->Get("u_a") + loaded->Get("u_b"), "12");
  ASSERT_TRUE(
      records.Load("sys_properties", {{"name", "x.y"}, {"value", "v"}}).ok());
  EXPECT_EQ(records.Property("x.y").value_or(""), "v");
  Create({{"state", "6"}, {"close_code", "x"}, {"close_notes", "y"}});
  EXPECT_EQ(List("incident?sysparm_query=state=javascript:known()").size(), 1U);
  EXPECT_EQ(
      Call("GET", "/api/now/table/incident?sysparm_query=state=javascript:no()")
          .status,
      501);
  EXPECT_EQ(instance_->Control(Request("GET", "/_sandbox/mine"))->status, 204);
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
