#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "sandbox/opcon/api_test_fixture.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kDaily[] = "20260105|40|1";
constexpr char kDailyPath[] = "/api/dailyschedules/20260105%7C40%7C1";

class SchedulesApiTest : public ApiTest {
 protected:
  void DefineMaster(json fields = json::object()) {
    json master = {{"name", "Nightly"},
                   {"schedule_id", 40},
                   {"jobs",
                    {{{"name", "Extract"}, {"machine", "GENP001"}},
                     {{"name", "AdHoc"}, {"multi_instance", true}}}}};
    master.update(fields);
    const Answer answer = Post("/_sandbox/schedules", master);
    ASSERT_EQ(answer.status, 201) << answer.text;
  }

  Answer Build(json fields = json::object()) {
    json body = {{"schedules", {{{"id", nullptr}, {"name", "Nightly"}}}},
                 {"dates", {"2026-01-05"}}};
    body.update(fields);
    Answer answer = Post("/api/scheduleBuilds", body);
    EXPECT_EQ(answer.status, 201) << answer.text;
    const std::string path =
        absl::StrCat("/api/schedulebuilds/", answer.body.value("id", 0));
    do {
      answer = Get(path);
    } while (answer.body[0].value("result", "") == "submitted");
    return answer;
  }

  json Action(const std::string& action, json item = json::object(),
              json fields = json::object()) {
    item["id"] = kDaily;
    json body = {{"action", action}, {"scheduleActionItems", {item}}};
    body.update(fields);
    return Act("/api/ScheduleActions", body).body;
  }

  std::string StatusOf(const std::string& path = kDailyPath) {
    return Get(path).body["status"]["description"];
  }

  json Tick(int ms) {
    return Post("/_sandbox/clock", {{"advance_ms", ms}}).body;
  }
};

TEST_F(SchedulesApiTest, ABuildIsSubmittedFirstAndCompletesLater) {
  DefineMaster();
  json body = {{"schedules", {{{"name", "Nightly"}}}},
               {"dates", {"2026-01-05", "2026/01/06"}},
               {"properties", {{{"key", "k"}, {"value", "v"}}}},
               {"hold", true}};
  const Answer post = Post("/api/schedulebuilds", body);
  ASSERT_EQ(post.status, 201) << post.text;
  EXPECT_EQ(post.body["result"], "submitted");
  EXPECT_EQ(Get(kDailyPath).status, 404);
  const std::string path =
      absl::StrCat("/api/schedulebuilds/", post.body["id"].get<int>());
  EXPECT_EQ(Get(path).body[0]["message"], "Submitted");
  const json done = Get(path).body;
  ASSERT_EQ(done.size(), 2U);
  EXPECT_EQ(done[0]["message"], "Completed");
  EXPECT_EQ(done[1]["date"], "2026-01-06T00:00:00.0000000");
  EXPECT_EQ(StatusOf(), "On Hold");
  EXPECT_EQ(Get(kDailyPath).body["properties"], body["properties"]);
}

TEST_F(SchedulesApiTest, ABuildThatCannotBeSaysWhy) {
  EXPECT_THAT(Build().body[0]["message"].get<std::string>(),
              HasSubstr("Nightly not found"));
  DefineMaster();
  EXPECT_EQ(Build().body[0]["result"], "success");
  EXPECT_THAT(Build().body[0]["message"].get<std::string>(),
              HasSubstr("exists"));
  EXPECT_EQ(Build({{"overwrite", true}}).body[0]["result"], "success");
  for (const json& wrong :
       {json{{"schedules", json::array()}, {"dates", {"2026-01-05"}}},
        json{{"schedules", {{{"name", "S"}}}}, {"dates", {"tomorrow"}}},
        json{{"schedules", {{{"name", ""}}}}, {"dates", {"2026-01-05"}}},
        json{{"schedules", {{{"name", "S"}}}}}, json::array(), json(1)}) {
    EXPECT_EQ(Post("/api/schedulebuilds", wrong).status, 400) << wrong;
  }
  const Answer machine =
      Post("/api/schedulebuilds", {{"schedules", {{{"name", "Nightly"}}}},
                                   {"dates", {"2026-01-05"}},
                                   {"machineName", "GENP001"}});
  EXPECT_EQ(machine.status, 501);
  EXPECT_THAT(machine.Message(), HasSubstr("machineName"));
}

TEST_F(SchedulesApiTest, ActionsOnAScheduleHoldReleaseAndCloseIt) {
  DefineMaster();
  Build();
  EXPECT_EQ(StatusOf(), "Wait to Start");
  EXPECT_EQ(Action("hold")["result"], "success");
  EXPECT_EQ(StatusOf(), "On Hold");
  EXPECT_EQ(Action("release")["result"], "success");
  EXPECT_EQ(Action("startJobs")["result"], "success");
  EXPECT_EQ(StatusOf(), "In Process");
  const json running = Action("close");
  EXPECT_EQ(running["result"], "failed");
  EXPECT_THAT(running["scheduleActionItems"][0]["message"].get<std::string>(),
              HasSubstr("running"));
  EXPECT_EQ(Action("markJobsFinishedOk")["result"], "success");
  EXPECT_EQ(Action("close")["result"], "success");
  EXPECT_EQ(Action("release")["result"], "failed");
  EXPECT_EQ(
      Post("/api/scheduleactions",
           {{"action", "Hold"}, {"scheduleActionItems", {{{"id", kDaily}}}}})
          .status,
      400);
}

TEST_F(SchedulesApiTest, BulkActionsTakeOnlyTheJobsInTheirStates) {
  DefineMaster();
  Build();
  Report("20260105%7C40%7C1%7CExtract", "fail");
  const json action = Action("markJobsFixed", {}, {{"states", {"Failed"}}});
  EXPECT_EQ(action["result"], "success");
  const json jobs = action["scheduleActionItems"][0]["jobs"];
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0]["id"], absl::StrCat(kDaily, "|Extract"));
  // Named states that forbid it: those jobs fail.
  EXPECT_EQ(Action("markJobsFixed", {}, {{"states", {"Waiting"}}})["result"],
            "failed");
  EXPECT_EQ(Post("/api/scheduleactions",
                 {{"action", "holdJobs"},
                  {"states", {"Broken"}},
                  {"scheduleActionItems", {{{"id", kDaily}}}}})
                .status,
            400);
}

TEST_F(SchedulesApiTest, AddsJobsOfTheMasterSchedule) {
  DefineMaster();
  Build();
  const json action =
      Action("addJobsOnHold",
             {{"jobs",
               {{{"id", "AdHoc"}, {"frequency", "AllDays"}},
                {{"id", "AdHoc"},
                 {"instanceProperties", {{{"name", "k"}, {"value", "EU"}}}}},
                {{"id", "Extract"}},
                {{"id", "Extract"}, {"frequency", "Sundays"}},
                {{"id", "Nobody"}}}}});
  EXPECT_EQ(action["result"], "failed");
  const json jobs = action["scheduleActionItems"][0]["jobs"];
  EXPECT_EQ(jobs[0]["id"], absl::StrCat(kDaily, "|AdHoc$0001"));
  EXPECT_EQ(jobs[1]["id"], absl::StrCat(kDaily, "|AdHoc_EU"));
  EXPECT_THAT(jobs[2]["message"].get<std::string>(), HasSubstr("exists"));
  EXPECT_THAT(jobs[3]["message"].get<std::string>(), HasSubstr("Sundays"));
  EXPECT_THAT(jobs[4]["message"].get<std::string>(), HasSubstr("Nobody"));
  const json added = Get("/api/dailyjobs/20260105%7C40%7C1%7CAdHoc_EU").body;
  EXPECT_EQ(added["uid"], jobs[1]["uid"]);
  EXPECT_EQ(added["status"]["description"], "On Hold");
  EXPECT_EQ(added["properties"][0]["key"], "k");
}

TEST_F(SchedulesApiTest, TheClockworkRunsBesideTheApi) {
  options_.model.zone = absl::UTCTimeZone();
  Restart();
  Define({{"name", "A"}, {"runs", {{{"run_ms", 1000}, {"end", "Failed"}}}}});
  Define({{"name", "B"}, {"after", {"A"}}, {"runs", {{{"run_ms", 1000}}}}});
  EXPECT_EQ(Get("/api/dailyjobs/20260105%7C16%7C1%7CA/status").body["category"],
            "Running");
  const json tick = Tick(5000);
  EXPECT_EQ(tick["now"], "2026-01-05T12:00:05.0000000+00:00");
  EXPECT_EQ(tick["happened"], 1);
  const json job = Get("/api/dailyjobs/20260105%7C16%7C1%7CA").body;
  EXPECT_EQ(job["computedEndTime"]["time"],
            "2026-01-05T12:00:01.0000000+00:00");
  const json next = Get("/api/dailyjobs?JobName=B&IncludeDependencies=true")
                        .body[0]["dependencies"];
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0]["isSatisfied"], false);
  const json midnight = Post("/_sandbox/clock", {{"next_day", true}}).body;
  EXPECT_EQ(midnight["now"], "2026-01-06T00:00:00.0000000+00:00");
  EXPECT_EQ(Post("/_sandbox/reset", {}).status, 200);
  EXPECT_EQ(Get("/_sandbox/clock").body["now"],
            "2026-01-05T12:00:00.0000000+00:00");
}

TEST_F(SchedulesApiTest, UserTokensExpireWhenTheClockIsMovedOn) {
  const Answer login = Send(
      "POST", "/api/tokens",
      R"({"user":{"loginName":"ocadm","password":"opconxps"},"tokenType":{"type":"User"}})",
      "");
  const std::string token = login.body["id"];
  EXPECT_EQ(Send("GET", "/api/tokens", "", token).status, 200);
  Tick(1'200'001);
  EXPECT_EQ(Send("GET", "/api/tokens", "", token).status, 401);
  EXPECT_EQ(Get("/api/tokens").status, 200);
}

TEST_F(SchedulesApiTest, WrongControlsSayWhatIsWrong) {
  const auto refused = [&](const std::string& path, const json& body) {
    const Answer answer = Post(path, body);
    EXPECT_EQ(answer.status, 400) << body;
    return answer.body.value("error", "");
  };
  EXPECT_THAT(refused("/_sandbox/clock", {{"advance_ms", -1}}),
              HasSubstr("advance_ms"));
  EXPECT_THAT(refused("/_sandbox/clock", json::object()),
              HasSubstr("advance_ms"));
  EXPECT_THAT(refused("/_sandbox/clock", {{"advance", 1}}),
              HasSubstr("advance"));
  EXPECT_THAT(refused("/_sandbox/schedules", json::object()),
              HasSubstr("name"));
  EXPECT_THAT(refused("/_sandbox/schedules",
                      {{"name", "S"}, {"start_time", "25:00:00"}}),
              HasSubstr("start_time"));
  for (const json& job :
       {json{{"machine", "A"}, {"machines", {"B"}}},
        json{{"runs", {{{"end", "Cancelled"}}}}}, json{{"runs", 1}},
        json{{"instances", {1}}}, json{{"runs", {{{"run_ms", -1}}}}},
        json{{"colour", "red"}}, json{{"after", {"later"}}}}) {
    json named = job;
    named["name"] = "A";
    EXPECT_NE(
        refused("/_sandbox/schedules", {{"name", "S"}, {"jobs", {named}}}), "");
  }
}

TEST_F(SchedulesApiTest, EverythingIsKept) {
  options_.model.zone = absl::UTCTimeZone();
  Restart();
  DefineMaster({{"auto_build_days", 0}});
  Build();
  Action("hold");
  Post("/api/globalproperties", {{"name", "G"}, {"value", "1"}});
  Define({{"name", "A"},
          {"department", "IT"},
          {"log_size", 52428800},
          {"runs", {{{"run_ms", 1000}, {"end", "Failed"}}}}});
  Tick(1000);
  const std::string state = sandbox_->State();
  EXPECT_LT(state.size(), 100'000U);
  OpConSandbox other(options_, &clock_);
  ASSERT_OK(other.Restore(state));
  json before = json::parse(state);
  json after = json::parse(other.State());
  for (const char* not_kept : {"job_actions", "job_instance_actions"}) {
    before.erase(not_kept);
    after.erase(not_kept);
  }
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
