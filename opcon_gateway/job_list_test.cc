#include "opcon_gateway/job_list.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/machines.h"
#include "opcon_gateway/page_token.h"
#include "opcon_gateway/sample_job.h"
#include "opcon_gateway/upstream_list.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

google::type::Date Day(int day) {
  google::type::Date date;
  date.set_year(2026);
  date.set_month(1);
  date.set_day(day);
  return date;
}

json JobOf(int day, const std::string& name,
           const std::string& schedule = "Payroll") {
  json job = SampleJob();
  job["name"] = name;
  job["id"] = absl::StrFormat("202601%02d|16|1|%s", day, name);
  job["schedule"]["date"] = absl::StrFormat("2026-01-%02d", day);
  job["schedule"]["name"] = schedule;
  return job;
}

class JobListTest : public ClientFixture {
 protected:
  JobListTest() : list_(rest.get(), jobs.get()), machines_(rest.get()) {
    *request_.add_schedule_dates() = Day(5);
  }

  std::vector<std::string> Names(const v1::ListDailyJobsRequest& request,
                                 std::string* next = nullptr) {
    const auto reply = Run(list_.List(request, scope));
    EXPECT_OK(reply);
    std::vector<std::string> names;
    if (!reply.ok()) return names;
    for (const v1::DailyJob& job : reply->jobs()) names.push_back(job.name());
    if (next != nullptr) *next = reply->next_page_token();
    return names;
  }

  JobList list_;
  Machines machines_;
  v1::ListDailyJobsRequest request_;
};

TEST_F(JobListTest, AsksForWhatOpConCanBeTrustedToFilter) {
  *request_.add_schedule_dates() = Day(4);
  request_.add_schedule_names("Payroll_Load[Sub]");
  request_.add_job_names("A");
  request_.add_categories(v1::JOB_CATEGORY_FAILED);
  request_.add_categories(v1::JOB_CATEGORY_UNDER_REVIEW);
  request_.add_tags("T");
  request_.add_machines("M");
  transport->Answer(200, "[]");
  EXPECT_THAT(Names(request_), IsEmpty());
  EXPECT_EQ(Line(0),
            "GET https://opcon.example:9010/api/dailyjobs?Dates=2026-01-04%2C"
            "2026-01-05&ScheduleName=Payroll_Load%3FSub%3F&JobName=A&"
            "Categories=Failed%2CUnder%20Review&Tags=T&"
            "IncludeDocumentation=true&Limit=200&Offset=0");
  request_.add_schedule_names("Other");
  request_.add_job_names("B");
  request_.add_tags("U");
  transport->Answer(200, "[]");
  EXPECT_THAT(Names(request_), IsEmpty());
  EXPECT_THAT(Line(1), Not(HasSubstr("Name=")));
  EXPECT_THAT(Line(1), Not(HasSubstr("Tags=")));
}

TEST_F(JobListTest, ListsOnlyWhatFitsExactly) {
  json tagged = JobOf(5, "TAGGED");
  tagged["tags"] = {"other", "T"};
  json moved = JobOf(5, "MOVED");
  moved["startMachine"] = {{"name", "M2"}};
  json held = JobOf(5, "HELD");
  held["status"] = {{"category", "Held"}, {"description", "On Hold"}};
  const std::string body =
      json::array({JobOf(5, "A"), JobOf(5, "A1"), JobOf(6, "A"),
                   JobOf(5, "A", "payroll"), tagged, moved, held, nullptr, 7})
          .dump();
  transport->HandleRest([body](const http::FakeTransport::RecordedRequest&) {
    http::Response response;
    response.status = 200;
    response.body = body;
    return response;
  });
  v1::ListDailyJobsRequest request = request_;
  request.add_schedule_names("Payroll");
  EXPECT_THAT(Names(request),
              ElementsAre("A", "A1", "HELD", "MOVED", "TAGGED"));
  request.add_job_names("A");
  EXPECT_THAT(Names(request), ElementsAre("A"));
  request = request_;
  request.add_tags("T");
  EXPECT_THAT(Names(request), ElementsAre("TAGGED"));
  request = request_;
  request.add_machines("M2");
  EXPECT_THAT(Names(request), ElementsAre("MOVED"));
  request = request_;
  request.add_categories(v1::JOB_CATEGORY_HELD);
  EXPECT_THAT(Names(request), ElementsAre("HELD"));
}

TEST_F(JobListTest, PagesFollowOneAnotherByIdWhateverTheOrder) {
  *request_.add_schedule_dates() = Day(6);
  const std::string body =
      json::array({JobOf(6, "A"), JobOf(5, "C"), JobOf(5, "A"), JobOf(6, "B"),
                   JobOf(5, "B"), JobOf(5, "B")})
          .dump();
  request_.set_page_size(2);
  std::vector<std::vector<std::string>> pages;
  do {
    transport->Answer(200, body);
    std::string next;
    pages.push_back(Names(request_, &next));
    request_.set_page_token(next);
  } while (!request_.page_token().empty());
  EXPECT_THAT(pages, ElementsAre(ElementsAre("A", "B"), ElementsAre("C", "A"),
                                 ElementsAre("B")));
  // Days that are behind are not asked for again.
  EXPECT_THAT(Line(0), HasSubstr("Dates=2026-01-05%2C2026-01-06&"));
  EXPECT_THAT(Line(2), HasSubstr("Dates=2026-01-06&"));
}

TEST_F(JobListTest, AListThatIsTooLongIsAnErrorAndNotCutOff) {
  int page = 0;
  transport->HandleRest([&](const http::FakeTransport::RecordedRequest&) {
    json jobs_of_page = json::array();
    for (int i = 0; i < 200; ++i) {
      jobs_of_page.push_back({{"id", absl::StrCat("20260105|1|1|", page, i)},
                              {"uid", page * 1000 + i}});
    }
    ++page;
    http::Response response;
    response.status = 200;
    response.body = jobs_of_page.dump();
    return response;
  });
  int taken = 0;
  UpstreamList list{rest->Url("api/dailyjobs"), "jobs"};
  list.max_pages = 3;
  const absl::Status status = Run(ReadList(
      rest.get(), list, [&taken](const json&) { ++taken; }, scope));
  EXPECT_THAT(status, StatusIs(StatusCode::kOutOfRange, HasSubstr("600 jobs")));
  EXPECT_THAT(status, HasReason("TOO_LARGE"));
  EXPECT_EQ(taken, 600);
}

TEST_F(JobListTest, ListsRunsNewestFirst) {
  const auto run = [](int number, const char* start, const char* end) {
    return json{{"jobName", "JOB001"},
                {"jobNumber", number},
                {"jobStartTime", start},
                {"jobTermination", end},
                {"exitCode", "0000000005"},
                {"machine", {{"name", "GENP001"}}},
                {"scheduleHistory", {{"id", "20260105|16|1"}}},
                {"jobStatus", {{"category", "Failed"}, {"id", 910}}}};
  };
  json other = run(4, "2026-01-05T05:00:00Z", "2026-01-05T05:00:01Z");
  other["jobName"] = "JOB0011";
  json elsewhere = run(5, "2026-01-05T05:00:00Z", "2026-01-05T05:00:01Z");
  elsewhere["scheduleHistory"]["id"] = "20260104|16|1";
  v1::ListJobHistoryRequest request;
  request.mutable_job()->set_id("20260105|16|1|JOB001");
  request.set_page_size(2);
  const auto answer = [&] {
    transport->Answer(200, SampleJob().dump());
    transport->Answer(
        200,
        json::array({run(1, "2026-01-05T01:00:00Z", "2026-01-05T01:00:01Z"),
                     run(3, "2026-01-05T03:00:00Z", "2026-01-05T03:00:01Z"),
                     other, elsewhere,
                     run(2, "2026-01-05T02:00:00Z", "2026-01-05T02:00:01Z")})
            .dump());
  };
  answer();
  ASSERT_OK_AND_ASSIGN(v1::ListJobHistoryResponse first,
                       Run(list_.History(request, scope)));
  ASSERT_THAT(first.runs(), SizeIs(2));
  EXPECT_EQ(first.runs(0).job_number(), 3);
  EXPECT_EQ(first.runs(1).job_number(), 2);
  EXPECT_EQ(first.runs(0).job_id(), "20260105|16|1|JOB001");
  EXPECT_EQ(first.runs(0).termination(), "0000000005");
  EXPECT_EQ(first.runs(0).machine(), "GENP001");
  EXPECT_EQ(first.runs(0).status().category(), v1::JOB_CATEGORY_FAILED);
  EXPECT_EQ(
      first.runs(0).end_time().seconds() - first.runs(0).start_time().seconds(),
      1);
  EXPECT_THAT(Line(1), HasSubstr("/api/jobhistories?UniqueJobIds="));
  request.set_page_token(first.next_page_token());
  answer();
  ASSERT_OK_AND_ASSIGN(v1::ListJobHistoryResponse second,
                       Run(list_.History(request, scope)));
  ASSERT_THAT(second.runs(), SizeIs(1));
  EXPECT_EQ(second.runs(0).job_number(), 1);
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(JobListTest, SaysWhereOpConHasNoHistory) {
  v1::ListJobHistoryRequest request;
  request.mutable_job()->set_id("20260105|16|1|JOB001");
  json job = SampleJob();
  job["uniqueJobId"] = nullptr;
  transport->Answer(200, job.dump());
  transport->Answer(404, "");
  const auto reply = Run(list_.History(request, scope));
  EXPECT_THAT(reply, StatusIs(StatusCode::kUnimplemented));
  EXPECT_THAT(reply, HasReason("UPSTREAM_VERSION"));
  EXPECT_THAT(Line(1), HasSubstr("?JobName=JOB001&ScheduleName="));
  EXPECT_THAT(Line(1), HasSubstr("&From=2026-01-05&To=2026-01-05&"));
}

TEST_F(JobListTest, ListsMachinesByName) {
  const std::string body =
      R"([{"id":2,"name":"B","type":{"description":"UNIX"},
           "state":{"state":"Up","networkStatus":"U"}},
          {"id":1,"name":"A","type":null,"status":{"state":"Down"}},
          {"id":3,"name":"C","state":"Limited"},{"id":4},null])";
  transport->Answer(200, body);
  v1::ListMachinesRequest request;
  ASSERT_OK_AND_ASSIGN(v1::ListMachinesResponse all,
                       Run(machines_.List(request, scope)));
  ASSERT_THAT(all.machines(), SizeIs(3));
  EXPECT_EQ(all.machines(0).name(), "A");
  EXPECT_EQ(all.machines(0).state(), "Down");
  EXPECT_EQ(all.machines(1).machine_id(), 2);
  EXPECT_EQ(all.machines(1).machine_type(), "UNIX");
  EXPECT_EQ(all.machines(1).state(), "Up");
  EXPECT_EQ(all.machines(2).state(), "Limited");
  transport->Answer(200, body);
  request.add_names("B");
  ASSERT_OK_AND_ASSIGN(v1::ListMachinesResponse one,
                       Run(machines_.List(request, scope)));
  EXPECT_THAT(one.machines(), SizeIs(1));
  EXPECT_THAT(Line(1), HasSubstr("/api/machines?Name=B&"));
}

TEST(PageTokenTest, IsGoodForItsOwnListOnly) {
  const std::string token = MakePageToken("filters", "20260105|16|1|A");
  EXPECT_EQ(ReadPageToken(token, "filters"), "20260105|16|1|A");
  EXPECT_EQ(ReadPageToken("", "filters"), "");
  EXPECT_FALSE(ReadPageToken(token, "other").has_value());
  EXPECT_FALSE(ReadPageToken("x" + token, "filters").has_value());
  EXPECT_FALSE(ReadPageToken("!", "filters").has_value());
  EXPECT_FALSE(ReadPageToken(MakePageToken("filters", ""), "filters"));
  EXPECT_EQ(PageSizeOf(0, 100), 100u);
  EXPECT_EQ(PageSizeOf(5, 100), 5u);
  EXPECT_EQ(PageSizeOf(5000, 100), 1000u);
}

}  // namespace
}  // namespace opcon_snow::opcon
