#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "sandbox/opcon/api_test_fixture.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr char kJob[] = "/api/dailyjobs/20260105%7C16%7C1%7CJOB001";
constexpr char kId[] = "20260105%7C16%7C1%7CJOB001";

class DailyJobsApiTest : public ApiTest {
 protected:
  std::vector<std::string> NamesOf(const Answer& answer) {
    std::vector<std::string> names;
    EXPECT_EQ(answer.status, 200) << answer.text;
    for (const json& job : answer.body) names.push_back(job["name"]);
    return names;
  }
};

TEST_F(DailyJobsApiTest, AnEndMaySayWhenItWas) {
  Define({{"name", "JOB001"}});
  const std::string before = Post("/_sandbox/clock", {{"advance_ms", 1}}).text;
  Report(kId, "fail", {{"time", "2026-01-05T21:30:07-06:00"}});
  const json job = Get(kJob).body;
  EXPECT_EQ(job["computedEndTime"]["time"],
            "2026-01-05T21:30:07.0000000-06:00");
  EXPECT_EQ(job["computedDuration"]["duration"], 0);
  // The sandbox's own time goes on as it was.
  EXPECT_EQ(Get("/_sandbox/clock").body["now"], json::parse(before)["now"]);
  for (const char* time : {"2026-01-05", "yesterday", "25:00"}) {
    EXPECT_EQ(
        Post(absl::StrCat("/_sandbox/jobs/", kId, "/fail"), {{"time", time}})
            .status,
        400)
        << time;
  }
}

TEST_F(DailyJobsApiTest, AFailedJobHasTheShapeOfTheReference) {
  Define({{"name", "JOB001"},
          {"tags", {"ROUTE2-x"}},
          {"documentation", "call Anna"},
          {"properties", {{{"key", "k"}, {"value", "v"}}}}});
  Report(kId, "start");
  clock_.Advance(absl::Seconds(6));
  Report(kId, "fail", {{"termination", "0000000005"}});

  const Answer answer = Get(kJob);
  ASSERT_EQ(answer.status, 200) << answer.text;
  const json& job = answer.body;
  EXPECT_EQ(job["id"], "20260105|16|1|JOB001");
  EXPECT_TRUE(job["uid"].is_number_integer());
  EXPECT_EQ(job["name"], "JOB001");
  EXPECT_EQ(job["schedule"]["id"], "20260105|16|1");
  EXPECT_EQ(job["schedule"]["name"], "Payroll");
  EXPECT_EQ(job["schedule"]["date"], "2026-01-05T00:00:00.0000000");
  EXPECT_EQ(job["schedule"]["status"]["containsFailedJobs"], true);
  EXPECT_EQ(job["jobType"], json({{"id", 3}, {"description", "Windows"}}));
  EXPECT_EQ(job["startMachine"]["name"], "GENP001");
  EXPECT_EQ(job["primaryMachine"]["name"], "GENP001");
  EXPECT_EQ(job["status"]["id"], 910);
  EXPECT_EQ(job["status"]["description"], "Failed");
  EXPECT_EQ(job["status"]["category"], "Failed");
  EXPECT_EQ(job["terminationDescription"], "0000000005");
  EXPECT_EQ(job["computedStartTime"]["time"],
            "2026-01-05T06:00:00.0000000-06:00");
  EXPECT_EQ(job["computedEndTime"],
            json({{"time", "2026-01-05T06:00:06.0000000-06:00"},
                  {"isEstimated", false}}));
  EXPECT_EQ(job["computedDuration"]["duration"], 6);
  EXPECT_EQ(job["jobNumber"], 49895);
  EXPECT_TRUE(job["incidentTicketId"].is_null());
  EXPECT_TRUE(job["incidentTicketURL"].is_null());
  EXPECT_EQ(job["documentation"]["job"], "call Anna");
  EXPECT_EQ(job["tags"], json::array({"ROUTE2-x"}));
  EXPECT_EQ(job["properties"], json::array({{{"key", "k"}, {"value", "v"}}}));
  EXPECT_FALSE(answer.Header("apiServerTime").empty());
  EXPECT_EQ(Get(std::string(kJob) + "/status").body, job["status"]);
}

TEST_F(DailyJobsApiTest, TheEndOfARunningJobIsAnEstimate) {
  Define({{"name", "JOB001"}});
  json job = Get(kJob).body;
  EXPECT_EQ(job["computedStartTime"]["isEstimated"], true);
  EXPECT_TRUE(job["computedStartTime"]["time"].is_null());
  Report(kId, "start");
  job = Get(kJob).body;
  EXPECT_EQ(job["computedStartTime"]["isEstimated"], false);
  EXPECT_EQ(job["computedEndTime"]["isEstimated"], true);
  EXPECT_FALSE(job["computedEndTime"]["time"].is_null());
  EXPECT_TRUE(job["terminationDescription"].is_null());
}

TEST_F(DailyJobsApiTest, PathsInAnyCaseAndNamesWithAnything) {
  Define({{"name", "Load A/B $0001"},
          {"schedule", "Payroll_Cont[Sub]"},
          {"schedule_id", 17}});
  EXPECT_EQ(
      Get("/API/DailyJobs/20260105%7c17%7C1%7CLoad%20A%252FB%20$0001").status,
      200);
  EXPECT_EQ(Get("/api/dailyjobs/20260105|17|1|Load%20A%252FB%20%240001/Status")
                .status,
            200);
  // A slash that was encoded only once splits the path.
  EXPECT_EQ(
      Get("/api/dailyjobs/20260105%7C17%7C1%7CLoad%20A%2FB%20$0001").status,
      501);
}

TEST_F(DailyJobsApiTest, UnknownAndMalformedIds) {
  const Answer unknown = Get(kJob);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.Message(), "Daily job not found");
  EXPECT_EQ(unknown.body[0]["resource"], "dailyJob");
  EXPECT_EQ(unknown.body[0]["name"], "20260105|16|1|JOB001");
  EXPECT_TRUE(unknown.body[0]["code"].is_number_integer());
  EXPECT_EQ(Get("/api/dailyjobs/4711").status, 400);
}

TEST_F(DailyJobsApiTest, ListsOverMatchAndLeaveDocumentationOut) {
  Define({{"name", "JOB1"}, {"documentation", "text"}});
  Define({{"name", "JOB10"}});
  Define({{"name", "OTHER"}, {"date", "2026-01-06"}});
  EXPECT_THAT(NamesOf(Get("/api/dailyjobs")),
              UnorderedElementsAre("JOB1", "JOB10", "OTHER"));
  const Answer list =
      Get("/api/dailyjobs?ScheduleName=pay*&JobName=JOB1&dates=2026-01-05");
  EXPECT_THAT(NamesOf(list), UnorderedElementsAre("JOB1", "JOB10"));
  EXPECT_TRUE(list.body[0]["documentation"].is_null());
  EXPECT_EQ(list.Header("TotalResourceCount"), "");
  const Answer with = Get(
      "/api/dailyjobs?ids=20260105%7C16%7C1%7CJOB1&INCLUDEDOCUMENTATION=true");
  ASSERT_THAT(NamesOf(with), ElementsAre("JOB1"));
  EXPECT_EQ(with.body[0]["documentation"]["job"], "text");
}

TEST_F(DailyJobsApiTest, LimitOffsetCountAndOrder) {
  for (const char* name : {"A", "B", "C"}) Define({{"name", name}});
  const Answer page =
      Get("/api/dailyjobs?limit=1&offset=1&includeCount=true&sortBy=name:desc");
  EXPECT_THAT(NamesOf(page), ElementsAre("B"));
  EXPECT_EQ(page.Header("TotalResourceCount"), "3");
  const Answer count = Get("/api/dailyjobs?limit=0&includeCount=true");
  EXPECT_EQ(count.body, json::array());
  EXPECT_EQ(count.Header("TotalResourceCount"), "3");
  const Answer counted = Get("/api/dailyjobs/count?name=A");
  EXPECT_EQ(counted.body, 1);
  EXPECT_EQ(counted.Header("TotalResourceCount"), "1");
}

TEST_F(DailyJobsApiTest, CountsByStatus) {
  Define({{"name", "JOB001"}});
  Define({{"name", "B"}, {"status", "On Hold"}});
  Report(kId, "fail");
  const json counts = Get("/api/dailyjobs/count_by_status").body;
  EXPECT_EQ(counts["failed"], 1);
  EXPECT_EQ(counts["held"], 1);
  EXPECT_EQ(counts["finishedOk"], 0);
  EXPECT_EQ(counts.size(), 10u);
}

TEST_F(DailyJobsApiTest, WrongParametersAreProblems) {
  const Answer answer = Get("/api/dailyjobs?limit=many");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.Header("Content-Type"),
              HasSubstr("application/problem+json"));
  EXPECT_EQ(answer.body["status"], 400);
  EXPECT_THAT(answer.body["detail"].get<std::string>(), HasSubstr("many"));
  EXPECT_EQ(Get("/api/dailyjobs?dates=today").status, 400);
  EXPECT_EQ(Get("/api/dailyjobs?includeCount=maybe").status, 400);
}

TEST_F(DailyJobsApiTest, WhatIsNotSimulatedSaysItsName) {
  const Answer parameter = Get("/api/dailyjobs?IncludeDetails=true");
  EXPECT_EQ(parameter.status, 501);
  EXPECT_THAT(parameter.Message(), HasSubstr("IncludeDetails"));
  EXPECT_EQ(Get("/api/dailyjobs?IncludeDetails=false").status, 200);
  EXPECT_EQ(Get("/api/dailyjobs?sortBy=colour").status, 501);
  const Answer path = Get("/api/vision/cards");
  EXPECT_EQ(path.status, 501);
  EXPECT_THAT(path.Message(), HasSubstr("GET /api/vision/cards"));
  EXPECT_EQ(Send("DELETE", kJob).status, 501);
}

TEST_F(DailyJobsApiTest, PutTakesTicketDocumentationAndTags) {
  Define({{"name", "JOB001"}});
  json job = Get(kJob).body;
  job["incidentTicketId"] = "INC0010025/abc";
  job["incidentTicketURL"] = "https://x/y";
  job["documentation"]["job"] = "Previous Ticket Number (INC0010024)";
  job["tags"] = {"A", "B"};
  const Answer put = Put(kJob, job);
  ASSERT_EQ(put.status, 200) << put.text;
  const json after = Get(kJob).body;
  EXPECT_EQ(put.body, after);
  EXPECT_EQ(after["incidentTicketId"], "INC0010025/abc");
  EXPECT_EQ(after["incidentTicketURL"], "https://x/y");
  EXPECT_EQ(after["documentation"]["job"],
            "Previous Ticket Number (INC0010024)");
  EXPECT_EQ(after["tags"], json({"A", "B"}));

  // A field that is missing is null for the product, so the ticket is gone.
  EXPECT_EQ(Put(kJob, {{"id", "20260105|16|1|JOB001"}}).status, 200);
  EXPECT_TRUE(Get(kJob).body["incidentTicketId"].is_null());
  EXPECT_EQ(Get(kJob).body["tags"], json({"A", "B"}));
}

TEST_F(DailyJobsApiTest, PutOfAnotherJobOrOfNothingChangesNothing) {
  Define({{"name", "JOB001"}});
  const json before = Get(kJob).body;
  json other = before;
  other["id"] = "20260105|16|1|JOB002";
  other["incidentTicketId"] = "INC1";
  EXPECT_EQ(Put(kJob, other).status, 400);
  json wrong = before;
  wrong["incidentTicketId"] = "INC1";
  wrong["tags"] = "not a list";
  EXPECT_EQ(Put(kJob, wrong).status, 400);
  EXPECT_EQ(Send("PUT", kJob, "{").status, 400);
  EXPECT_EQ(Send("PUT", kJob, "").status, 415);
  EXPECT_EQ(Get(kJob).body, before);
}

TEST_F(DailyJobsApiTest, Documentation) {
  Define({{"name", "JOB001"}});
  const std::string path = std::string(kJob) + "/documentation";
  EXPECT_EQ(Get(path).body,
            json({{"id", 0}, {"job", nullptr}, {"frequency", nullptr}}));
  const Answer post = Post(path, {{"id", 0}, {"job", "a"}, {"frequency", "f"}});
  ASSERT_EQ(post.status, 200) << post.text;
  const std::string row = absl::StrCat(path, "/", post.body["id"].get<int>());
  EXPECT_EQ(Get(row).body["job"], "a");
  EXPECT_EQ(Put(row, {{"job", "b"}}).body["job"], "b");
  EXPECT_EQ(Get(kJob).body["documentation"]["job"], "b");
  // The product has no such path.
  EXPECT_EQ(Put(path, {{"job", "c"}}).status, 501);
  EXPECT_EQ(Get(path + "/999999").status, 404);
  EXPECT_EQ(Put(path + "/999999", {{"job", "x"}}).status, 404);
  EXPECT_EQ(Send("DELETE", row).status, 200);
  EXPECT_TRUE(Get(path).body["job"].is_null());
}

TEST_F(DailyJobsApiTest, Properties) {
  Define({{"name", "JOB001"}});
  const std::string path = std::string(kJob) + "/properties";
  EXPECT_EQ(Get(path).body, json::array());
  EXPECT_EQ(Post(path, {{"key", "a/b"}, {"value", "1"}}).status, 200);
  EXPECT_EQ(Post(path, {{"key", "A/B"}, {"value", "1"}}).status, 409);
  EXPECT_EQ(Get(path + "/a%252Fb").body["value"], "1");
  EXPECT_EQ(
      Put(path + "/a%252Fb", {{"key", "a/b"}, {"value", "2"}}).body["value"],
      "2");
  EXPECT_EQ(Get(path).body.size(), 1u);
  EXPECT_EQ(Send("DELETE", path + "/a%252Fb").status, 200);
  EXPECT_EQ(Get(path + "/a%252Fb").status, 404);
  EXPECT_EQ(Post(path, {{"value", "1"}}).status, 400);
}

class IncidentTicketApiTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    DefineJob();
  }
  void DefineJob() {
    const std::int64_t uid = Define({{"name", "JOB001"}});
    path_ = absl::StrCat("/api/dailyjobs/", uid, "/incidentTickets");
  }

  std::string path_;
};

TEST_F(IncidentTicketApiTest, RowsAreAddedReplacedAndRemoved) {
  EXPECT_EQ(Get(path_).body, json::array());
  const Answer post =
      Post(path_,
           {{"id", 0}, {"ticketId", "INC0010025"}, {"ticketUrl", "https://x"}});
  ASSERT_EQ(post.status, 200) << post.text;
  const int row = post.body["id"];
  EXPECT_EQ(post.body["ticketId"], "INC0010025");
  EXPECT_EQ(Get(kJob).body["incidentTicketId"], "INC0010025");
  EXPECT_EQ(Get(kJob).body["incidentTicketURL"], "https://x");

  const std::string row_path = absl::StrCat(path_, "/", row);
  EXPECT_EQ(
      Put(row_path, {{"id", row}, {"ticketId", "INC2"}, {"ticketUrl", "u"}})
          .body["ticketId"],
      "INC2");
  EXPECT_EQ(
      Get(path_).body,
      json::array({{{"id", row}, {"ticketId", "INC2"}, {"ticketUrl", "u"}}}));
  EXPECT_EQ(Put(row_path, {{"id", row + 1}, {"ticketId", "X"}}).status, 400);
  EXPECT_EQ(Put(path_ + "/999999", {{"ticketId", "X"}}).status, 404);
  EXPECT_EQ(Send("DELETE", row_path).status, 200);
  EXPECT_EQ(Send("DELETE", row_path).status, 404);
  EXPECT_EQ(Get(path_).body, json::array());
}

TEST_F(IncidentTicketApiTest, ThePathTakesTheUidOnly) {
  EXPECT_EQ(Get(std::string(kJob) + "/incidentTickets").status, 400);
  EXPECT_EQ(Get("/api/dailyjobs/1/incidentTickets").status, 404);
}

TEST_F(IncidentTicketApiTest, SeveralRowsUnlessToldOtherwise) {
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 200);
  EXPECT_EQ(Post(path_, {{"ticketId", "INC2"}}).status, 200);
  EXPECT_EQ(Get(path_).body.size(), 2u);
  options_.api.several_tickets = false;
  Restart();
  DefineJob();
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 200);
  EXPECT_EQ(Post(path_, {{"ticketId", "INC2"}}).status, 409);
}

TEST_F(IncidentTicketApiTest, AnApiWithoutThemMayTakeTheFieldOfTheJob) {
  options_.api.missing_endpoints = {
      "get /api/dailyjobs/{uid}/incidentTickets",
      "POST /api/dailyjobs/{uid}/incidenttickets"};
  Restart();
  DefineJob();
  const Answer answer = Get(path_);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.text, "");
  json job = Get(kJob).body;
  job["incidentTicketId"] = "INC1";
  EXPECT_EQ(Put(kJob, job).body["incidentTicketId"], "INC1");
}

TEST_F(IncidentTicketApiTest, WhatAVersionLacksIsMissing) {
  options_.api.version = "19.1.0.0";
  Restart();
  DefineJob();
  EXPECT_EQ(Get(path_).status, 404);
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 404);
  json job = Get(kJob).body;
  job["incidentTicketId"] = "INC1";
  // Not known yet: taken without a word and without effect.
  EXPECT_TRUE(Put(kJob, job).body["incidentTicketId"].is_null());

  options_.api.version = "20.0.0.0";
  Restart();
  DefineJob();
  EXPECT_EQ(Get(path_).status, 200);
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 405);

  options_.api.version = "20.1.0.0";
  Restart();
  DefineJob();
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 200);
}

TEST_F(IncidentTicketApiTest, PostsMayAnswer201) {
  options_.api.created_status = 201;
  Restart();
  DefineJob();
  EXPECT_EQ(Post(path_, {{"ticketId", "INC1"}}).status, 201);
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
