#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sandbox/opcon/api_test_fixture.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kJob[] = "/api/dailyjobs/20260105%7C16%7C1%7CJOB001";
constexpr char kId[] = "20260105%7C16%7C1%7CJOB001";

json JobAction(const std::string& action,
               const std::string& id = "20260105|16|1|JOB001") {
  return {{"action", action},
          {"reason", "INC0010025 accepted"},
          {"jobs", {{{"id", id}}}}};
}

class ActionsApiTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    Define({{"name", "JOB001"}});
    Report(kId, "fail", {{"termination", "0000000005"}, {"log", "boom\r\n"}});
  }

  std::string Category() { return Get(kJob).body["status"]["category"]; }
  int JobNumber() { return Get(kJob).body["jobNumber"]; }

  json LogItem(const json& request) {
    const Answer answer = Act("/api/jobinstanceactions", request);
    EXPECT_EQ(answer.body["result"], "success") << answer.text;
    return answer.body["jobInstanceActionItems"][0];
  }
  json List(int number) {
    return LogItem(
        {{"action", "LIST"}, {"jobInstanceActionItems", {{{"id", number}}}}});
  }
  json File(int number, const std::string& name) {
    return LogItem({{"action", "FILE"},
                    {"jobInstanceActionItems",
                     {{{"id", number}, {"jorsRequestParameters", name}}}}});
  }
};

TEST_F(ActionsApiTest, AnActionIsSubmittedFirstAndSucceedsLater) {
  const Answer post = Post("/api/jobactions", JobAction("markUnderReview"));
  ASSERT_EQ(post.status, 200) << post.text;
  EXPECT_EQ(post.body["result"], "submitted");
  EXPECT_EQ(post.body["reason"], "INC0010025 accepted");
  EXPECT_EQ(post.body["jobs"][0]["result"], "submitted");
  EXPECT_EQ(post.body["jobs"][0]["status"]["category"], "Failed");
  EXPECT_TRUE(post.body["expires"].is_string());
  EXPECT_EQ(Category(), "Failed");
  const std::string path =
      absl::StrCat("/api/JobActions/", post.body["id"].get<int>());
  EXPECT_EQ(Get(path).body["result"], "submitted");
  const json done = Get(path).body;
  EXPECT_EQ(done["result"], "success");
  EXPECT_EQ(done["jobs"][0]["result"], "success");
  EXPECT_EQ(Category(), "Under Review");
  EXPECT_EQ(Get(kJob).body["status"]["changeReason"], "INC0010025 accepted");
}

TEST_F(ActionsApiTest, AnIllegalActionFailsWithAReason) {
  Report(kId, "finish");
  const json done = Act("/api/jobactions", JobAction("markFixed")).body;
  EXPECT_EQ(done["result"], "failed");
  EXPECT_EQ(done["jobs"][0]["result"], "failed");
  EXPECT_THAT(done["jobs"][0]["message"].get<std::string>(),
              HasSubstr("'Finished OK'"));
}

TEST_F(ActionsApiTest, ProcessingEventsRefusesUntilItIsOver) {
  Report(kId, "fail", {{"processing_events_ms", 2000}});
  EXPECT_EQ(Get(kJob).body["status"]["description"],
            "Failed; Processing Events");
  EXPECT_EQ(Category(), "Failed");
  const json refused = Act("/api/jobactions", JobAction("restart")).body;
  EXPECT_EQ(refused["result"], "failed");
  EXPECT_THAT(refused["jobs"][0]["message"].get<std::string>(),
              HasSubstr("; Processing Events"));
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Act("/api/jobactions", JobAction("restart")).body["result"],
            "success");
}

TEST_F(ActionsApiTest, ARestartedJobRunsUnderANewNumber) {
  const int number = JobNumber();
  EXPECT_EQ(Act("/api/jobactions", JobAction("restart")).body["result"],
            "success");
  EXPECT_EQ(Category(), "Running");
  EXPECT_NE(JobNumber(), number);
  EXPECT_EQ(List(number)["result"], "success");  // the old run's log is there
  EXPECT_EQ(List(JobNumber())["result"], "failed");
}

TEST_F(ActionsApiTest, OrUnderTheSame) {
  options_.model.job_number_on_restart = JobNumberOnRestart::kSame;
  Restart();
  Define({{"name", "JOB001"}});
  Report(kId, "fail", {{"log", "first"}});
  const int number = JobNumber();
  Act("/api/jobactions", JobAction("restart"));
  Report(kId, "fail", {{"log", "second"}});
  EXPECT_EQ(JobNumber(), number);
  const json files = List(number)["files"];
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(File(number, files[0])["data"], "second");
}

TEST_F(ActionsApiTest, AnActionNobodyAsksForHappensToo) {
  options_.actions.delay = absl::Seconds(30);
  Restart();
  Define({{"name", "JOB001"}});
  Report(kId, "fail");
  Post("/api/jobactions", JobAction("restart"));
  // Only the sandbox's own thread can do it: this reader holds no request that
  // would carry out what is due.
  std::thread reader([&] {
    httplib::Client client(server_->base_url());
    client.set_read_timeout(60);
    const auto result =
        client.Get("/_sandbox/notifications?since=2&wait_ms=60000");
    ASSERT_TRUE(result);
    EXPECT_THAT(result->body, HasSubstr("Job Restarted"));
  });
  ASSERT_TRUE(clock_.AwaitWaiters(2));
  clock_.Advance(absl::Seconds(30));
  reader.join();
}

TEST_F(ActionsApiTest, RefusesWhatIsNoAction) {
  EXPECT_EQ(Post("/api/jobactions", JobAction("markunderreview")).status, 400);
  EXPECT_EQ(Post("/api/jobactions", JobAction("restart", "4711")).status, 400);
  EXPECT_EQ(Post("/api/jobactions", JobAction("restart", "20260105|16|1|NONE"))
                .status,
            404);
  EXPECT_EQ(Post("/api/jobactions", {{"action", "hold"}}).status, 400);
  EXPECT_EQ(
      Post("/api/jobactions", {{"action", "hold"}, {"jobs", json::array()}})
          .status,
      400);
  EXPECT_EQ(Get("/api/jobactions/1").status, 404);
  EXPECT_EQ(Get("/api/jobactions/x").status, 404);
}

TEST_F(ActionsApiTest, ReadsALogInTwoSteps) {
  const json item = List(JobNumber());
  EXPECT_EQ(item["id"], JobNumber());
  EXPECT_TRUE(item["jorsRequestParameters"].is_null());
  ASSERT_EQ(item["files"].size(), 1u);
  EXPECT_TRUE(item["data"].is_null());
  const json file = File(JobNumber(), item["files"][0]);
  EXPECT_EQ(file["result"], "success");
  EXPECT_EQ(file["data"], "boom\r\n");
  EXPECT_TRUE(file["files"].is_null());
}

TEST_F(ActionsApiTest, ItemsFailOneByOne) {
  const Answer answer =
      Act("/api/jobinstanceactions",
          {{"action", "LIST"},
           {"jobInstanceActionItems", {{{"id", JobNumber()}}, {{"id", 1}}}}});
  EXPECT_EQ(answer.body["result"], "success");
  EXPECT_EQ(answer.body["jobInstanceActionItems"][0]["result"], "success");
  EXPECT_EQ(answer.body["jobInstanceActionItems"][1]["result"], "failed");
  EXPECT_FALSE(answer.body["jobInstanceActionItems"][1]["message"].is_null());

  for (const json& body :
       {json{{"action", "list"}, {"jobInstanceActionItems", {{{"id", 1}}}}},
        json{{"action", "LIST"}},
        json{{"action", "LIST"}, {"jobInstanceActionItems", {{{"id", 0}}}}},
        json{{"action", "FILE"}, {"jobInstanceActionItems", {{{"id", 1}}}}}}) {
    EXPECT_EQ(Post("/api/jobinstanceactions", body).status, 400) << body;
  }
}

TEST_F(ActionsApiTest, ALogOfTheLargestSize) {
  Report(kId, "fail", {{"log_size", 52428800}});
  const json item = List(JobNumber());
  const json file = File(JobNumber(), item["files"][0]);
  const std::string data = file["data"];
  EXPECT_EQ(data.size(), 52428800u);
  EXPECT_TRUE(absl::StartsWith(data, "line 000000001 of the job log\r\n"));
}

TEST_F(ActionsApiTest, HistoryKeepsTheEarlierRuns) {
  const int first = JobNumber();
  clock_.Advance(absl::Seconds(60));
  Act("/api/jobactions", JobAction("restart"));
  clock_.Advance(absl::Seconds(5));
  Report(kId, "fail", {{"termination", "0000000007"}});
  const std::string unique = Get(kJob).body["uniqueJobId"];
  const Answer answer =
      Get("/api/jobHistories?uniqueJobIds=" + unique + "&includeCount=true");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.Header("TotalResourceCount"), "2");
  ASSERT_EQ(answer.body.size(), 2u);
  const json& row = answer.body[0];
  EXPECT_EQ(row["jobNumber"], first);
  EXPECT_EQ(row["jobName"], "JOB001");
  EXPECT_EQ(row["scheduleHistory"]["id"], "20260105|16|1");
  EXPECT_EQ(row["jobStatus"]["category"], "Failed");
  EXPECT_EQ(row["jobStartTime"], "2026-01-05T06:00:00.0000000-06:00");
  EXPECT_EQ(row["jobTermination"], "2026-01-05T06:00:00.0000000-06:00");
  EXPECT_EQ(row["exitCode"], "0000000005");
  EXPECT_EQ(answer.body[1]["exitCode"], "0000000007");
  EXPECT_EQ(answer.body[1]["duration"], 5);
  EXPECT_EQ(Get("/api/jobhistories?from=2026-01-06").body, json::array());
  EXPECT_EQ(Get("/api/jobhistories?from=x").status, 400);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
