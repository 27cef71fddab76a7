// Version, tokens, schedules, machines, and the commands under /_sandbox.

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "sandbox/opcon/api_test_fixture.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kId[] = "20260105%7C16%7C1%7CJOB001";

class ServiceApiTest : public ApiTest {
 protected:
  json Login(const std::string& user, const std::string& password,
             const json& type) {
    return {{"user", {{"loginName", user}, {"password", password}}},
            {"tokenType", type}};
  }
  Answer PostToken(const json& body) {
    return Send("POST", "/api/tokens", body.dump(), "");
  }
};

TEST_F(ServiceApiTest, OnlyTheVersionNeedsNoToken) {
  const Answer version = Send("GET", "/API/Version/", "", "");
  EXPECT_EQ(version.status, 200);
  EXPECT_EQ(version.body, json({{"opConRestApiProductVersion", "25.0.0.0"}}));
  const Answer refused = Send("GET", "/api/servicestatus", "", "");
  EXPECT_EQ(refused.status, 401);
  ASSERT_TRUE(refused.body.is_array());
  EXPECT_EQ(refused.Message(), "Invalid token specified");
  EXPECT_EQ(Send("GET", "/api/servicestatus", "", "wrong").status, 401);
  const Answer status = Get("/api/servicestatus");
  EXPECT_EQ(status.status, 200);
  EXPECT_EQ(status.body["running"], true);
}

TEST_F(ServiceApiTest, TheSchemeIsToken) {
  const auto result =
      client_->Get("/api/servicestatus",
                   {{"Authorization", absl::StrCat("Bearer ", kToken)}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 401);
}

TEST_F(ServiceApiTest, AUserTokenLivesItsTime) {
  options_.tokens.user_token_lifetime = absl::Seconds(30);
  Restart();
  const Answer login =
      PostToken(Login("ocadm", "opconxps", {{"type", "User"}}));
  ASSERT_EQ(login.status, 200) << login.text;
  EXPECT_EQ(login.body["user"]["loginName"], "ocadm");
  EXPECT_EQ(login.body["tokenType"]["type"], "User");
  EXPECT_EQ(login.body["validFrom"], "2026-01-05T06:00:00.0000000-06:00");
  EXPECT_EQ(login.body["validUntil"], "2026-01-05T06:00:30.0000000-06:00");
  const std::string token = login.body["id"];
  EXPECT_EQ(Send("GET", "/api/tokens", "", token).body, login.body);
  clock_.Advance(absl::Seconds(30));
  const Answer expired = Send("GET", "/api/tokens", "", token);
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(expired.Message(), "Invalid token specified");
}

TEST_F(ServiceApiTest, ApplicationTokensStayAndCanBeDeleted) {
  const json body =
      Login("OCADM", "opconxps", {{"id", "suite"}, {"type", "Application"}});
  const Answer first = PostToken(body);
  ASSERT_EQ(first.status, 200) << first.text;
  const std::string token = first.body["id"];
  EXPECT_EQ(PostToken(body).body["id"], token);
  clock_.Advance(absl::Hours(24 * 365));
  EXPECT_EQ(Send("GET", "/api/machines", "", token).status, 200);
  EXPECT_EQ(Send("DELETE", "/api/tokens", "", token).status, 200);
  EXPECT_EQ(Send("GET", "/api/machines", "", token).status, 401);
}

TEST_F(ServiceApiTest, WrongLogins) {
  EXPECT_EQ(PostToken(Login("ocadm", "x", {{"type", "User"}})).status, 401);
  EXPECT_EQ(PostToken(Login("ocadm", "opconxps", {{"type", "Magic"}})).status,
            400);
  EXPECT_EQ(
      PostToken(Login("ocadm", "opconxps", {{"type", "Application"}})).status,
      400);
  EXPECT_EQ(PostToken({{"user", "ocadm"}}).status, 400);
  EXPECT_EQ(Send("POST", "/api/tokens/windowsauth", "", "").status, 501);
}

TEST_F(ServiceApiTest, DailySchedules) {
  Define({{"name", "JOB001"}});
  Define({{"name", "J"},
          {"schedule", "Payroll_Cont[Sub]"},
          {"schedule_id", 17},
          {"date", "2026-01-06"}});
  const Answer list = Get("/api/DailySchedules?name=Payroll&dates=2026-01-05");
  ASSERT_EQ(list.status, 200) << list.text;
  ASSERT_EQ(list.body.size(), 1u);
  const json& schedule = list.body[0];
  EXPECT_EQ(schedule["id"], "20260105|16|1");
  EXPECT_EQ(schedule["masterId"], 16);
  EXPECT_EQ(schedule["instance"], 1);
  EXPECT_EQ(schedule["name"], "Payroll");
  EXPECT_EQ(schedule["status"]["description"], "Wait to Start");
  EXPECT_EQ(Get("/api/dailyschedules?name=Payroll").body.size(), 2u);
  EXPECT_EQ(Get("/api/dailyschedules/20260105%7C16%7C1").body, schedule);
  EXPECT_EQ(Get("/api/dailyschedules/20260105%7C99%7C1").status, 404);
  EXPECT_EQ(Get("/api/dailyschedules/x").status, 400);
  EXPECT_EQ(Get("/api/dailyschedules/dates").status, 501);
  EXPECT_EQ(Get("/api/dailyschedules?IncludeDetails=true").status, 501);
}

TEST_F(ServiceApiTest, ScheduleDatesMayBeDatesOnly) {
  options_.api.schedule_date = ScheduleDateForm::kDateOnly;
  Restart();
  Define({{"name", "JOB001"}});
  EXPECT_EQ(Get("/api/dailyschedules").body[0]["date"], "2026-01-05");
}

TEST_F(ServiceApiTest, Machines) {
  Define({{"name", "A"}});
  Define({{"name", "B"}, {"machine", "UXP001"}, {"job_type", "UNIX"}});
  Define({{"name", "C"}, {"machine", ""}, {"job_type", "Null Job"}});
  EXPECT_EQ(Get("/api/machines").body.size(), 2u);
  const json found = Get("/api/machines?name=uxp*").body;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["type"]["description"], "UNIX");
  EXPECT_EQ(Get(absl::StrCat("/api/machines/", found[0]["id"].get<int>())).body,
            found[0]);
  EXPECT_EQ(Get("/api/machines/99").status, 404);
}

TEST_F(ServiceApiTest, ControlCommandsNeedNoToken) {
  const json job = {{"date", "2026-01-05"},
                    {"schedule", "Payroll"},
                    {"schedule_id", 16},
                    {"name", "JOB001"}};
  const Answer made = Send("POST", "/_sandbox/jobs", job.dump(), "");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["id"], "20260105|16|1|JOB001");
  EXPECT_EQ(made.body["jobNumber"], 49895);
  EXPECT_EQ(Send("POST", "/_sandbox/jobs", job.dump(), "").status, 409);
  const std::string path = absl::StrCat("/_sandbox/jobs/", kId);
  // No body at all.
  EXPECT_EQ(Send("POST", path + "/start", "", "").status, 200);
  const Answer failed = Send("POST", path + "/fail", "", "");
  EXPECT_EQ(failed.body["status"]["category"], "Failed");
  EXPECT_EQ(Send("POST", path + "/finish", "", "").body["status"]["category"],
            "Finished Ok");
}

TEST_F(ServiceApiTest, WrongControlCommandsSayWhatIsWrong) {
  Define({{"name", "JOB001"}});
  const std::string path = absl::StrCat("/_sandbox/jobs/", kId);
  const Answer typo = Post(path + "/fail", {{"terminaton", "5"}});
  EXPECT_EQ(typo.status, 400);
  EXPECT_THAT(typo.body["error"].get<std::string>(), HasSubstr("terminaton"));
  EXPECT_EQ(Post(path + "/explode", json::object()).status, 404);
  EXPECT_EQ(Send("GET", path + "/fail").status, 405);
  EXPECT_EQ(Send("POST", path + "/fail", "{").status, 400);
  EXPECT_EQ(Post("/_sandbox/jobs/x/fail", json::object()).status, 400);
  EXPECT_EQ(Post("/_sandbox/jobs/20260105%7C16%7C1%7CNONE/fail", json::object())
                .status,
            404);
  EXPECT_EQ(Get("/_sandbox/nothing").status, 404);
  EXPECT_EQ(Get("/_sandbox/notifications?since=-1").status, 400);
}

TEST_F(ServiceApiTest, NotificationsAreReadInOrderAndAwaited) {
  Define({{"name", "JOB001"}});
  Report(kId, "fail", {{"termination", "0000000005"}});
  const json page = Get("/_sandbox/notifications").body;
  ASSERT_EQ(page["notifications"].size(), 2u);
  EXPECT_EQ(page["last"], 2);
  const json& row = page["notifications"][1];
  EXPECT_EQ(row["n"], 2);
  EXPECT_EQ(row["trigger"], "Job Failed");
  EXPECT_EQ(row["properties"]["$JOBID"], "0000049895");
  EXPECT_EQ(row["properties"]["$NOTIFYID"], row["notify_id"]);

  json later;
  std::thread reader([&] {
    httplib::Client client(server_->base_url());
    client.set_read_timeout(60);
    const auto result =
        client.Get("/_sandbox/notifications?since=2&wait_ms=60000");
    if (result) later = json::parse(result->body, nullptr, false);
  });
  ASSERT_TRUE(clock_.AwaitWaiters(2));  // the reader, and the sandbox's thread
  Report(kId, "finish");
  reader.join();
  EXPECT_EQ(later["notifications"][0]["trigger"], "Job Restarted");
}

TEST_F(ServiceApiTest, ResetForgetsJobsTokensAndNotifications) {
  Define({{"name", "JOB001"}});
  Report(kId, "fail");
  const json before = Get("/_sandbox/notifications").body;
  const std::string token =
      PostToken(Login("ocadm", "opconxps", {{"type", "User"}})).body["id"];
  EXPECT_EQ(Send("POST", "/_sandbox/reset").status, 200);
  EXPECT_EQ(Get("/api/dailyjobs").body, json::array());
  EXPECT_EQ(Get("/api/machines").body, json::array());
  EXPECT_EQ(Send("GET", "/api/tokens", "", token).status, 401);
  Define({{"name", "JOB001"}});
  Report(kId, "start");
  const json after = Get(absl::StrCat("/_sandbox/notifications?since=2&epoch=",
                                      before["epoch"].get<std::int64_t>()))
                         .body;
  EXPECT_NE(after["epoch"], before["epoch"]);
  EXPECT_EQ(after["notifications"].size(), 1u);
}

TEST_F(ServiceApiTest, TheStateCanBeTakenToAnotherSandbox) {
  Define({{"name", "JOB001"}});
  Report(kId, "fail", {{"log", "boom"}});
  const std::string state = Get("/_sandbox/state").text;
  const json jobs = Get("/api/dailyjobs").body;
  Restart();
  ASSERT_OK(sandbox_->Restore(state));
  EXPECT_EQ(Get("/api/dailyjobs").body, jobs);
  EXPECT_EQ(Get("/_sandbox/notifications").body["notifications"].size(), 2u);
  EXPECT_FALSE(sandbox_->Restore("no JSON").ok());
  EXPECT_FALSE(sandbox_->Restore("{}").ok());
  EXPECT_EQ(Get("/api/dailyjobs").body, jobs);
}

TEST_F(ServiceApiTest, FaultsMatchTheCanonicalPathAndAnswerAsOpCon) {
  Define({{"name", "Load A/B"}});
  EXPECT_EQ(
      Post("/_sandbox/faults",
           {{"match", {{"path", "/api/dailyjobs/20260105|16|1|Load A/B"}}},
            {"action", {{"kind", "status"}, {"status", 500}}}})
          .status,
      201);
  const Answer answer =
      Get("/api/DailyJobs/20260105%7C16%7C1%7CLoad%20A%252FB");
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.Message().empty());
  EXPECT_EQ(Get("/api/DailyJobs/20260105%7C16%7C1%7CLoad%20A%252FB").status,
            200);
}

TEST_F(ServiceApiTest, OutsideOfTheApiThereIsNothing) {
  EXPECT_EQ(Get("/").status, 404);
  EXPECT_EQ(Get("/metrics").status, 404);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
