#include "opcon_gateway/daily_jobs.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/sample_job.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

class DailyJobsTest : public ClientFixture {
 protected:
  absl::StatusOr<v1::DailyJob> Find(const v1::JobSelector& selector) {
    return Run(jobs->Find(selector, scope));
  }
  static v1::JobSelector ById(const std::string& id) {
    v1::JobSelector selector;
    selector.set_id(id);
    return selector;
  }
  static v1::JobSelector ByUid(std::int64_t uid) {
    v1::JobSelector selector;
    selector.set_uid(uid);
    return selector;
  }
  static v1::JobSelector ByNumber(int number) {
    v1::JobSelector selector;
    selector.set_job_number(number);
    return selector;
  }
  static v1::JobSelector ByName(const std::string& schedule,
                                const std::string& job) {
    v1::JobSelector selector;
    v1::JobName* name = selector.mutable_name();
    name->mutable_schedule_date()->set_year(2026);
    name->mutable_schedule_date()->set_month(1);
    name->mutable_schedule_date()->set_day(5);
    name->set_schedule_name(schedule);
    name->set_job_name(job);
    return selector;
  }
  // The sample under other names.
  static json Named(const std::string& schedule, const std::string& name,
                    int instance = 1) {
    json job = SampleJob();
    job["id"] = absl::StrCat("20260105|16|", instance, "|", name);
    job["name"] = name;
    job["schedule"]["name"] = schedule;
    return job;
  }
};

TEST_F(DailyJobsTest, FindsById) {
  transport->Answer(200, SampleJob().dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob job, Find(ById("20260105|16|1|JOB001")));
  EXPECT_EQ(job.uid(), 4711);
  EXPECT_EQ(job.documentation().job_text(), "Call Joe");
  EXPECT_EQ(Line(0),
            "GET https://opcon.example:9010/api/dailyjobs/"
            "20260105%7C16%7C1%7CJOB001");
}

TEST_F(DailyJobsTest, EncodesIdsForThePath) {
  const std::string id = "20260105|16|1|Load A/B $0001_\xC3\xA4%";
  json job = SampleJob();
  job["id"] = id;
  transport->Answer(200, job.dump());
  ASSERT_OK(Find(ById(id)).status());
  EXPECT_EQ(Line(0),
            "GET https://opcon.example:9010/api/dailyjobs/"
            "20260105%7C16%7C1%7CLoad%20A%252FB%20%240001_%C3%A4%25");
}

TEST_F(DailyJobsTest, AMissingIdIsTheOneAskedFor) {
  json job = SampleJob();
  job["id"] = nullptr;
  transport->Answer(200, job.dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob found, Find(ById("20260105|16|1|JOB001")));
  EXPECT_EQ(found.id(), "20260105|16|1|JOB001");
}

TEST_F(DailyJobsTest, AJobThatIsNotThere) {
  transport->Answer(404, R"([{"message":"Daily job not found"}])");
  const auto job = Find(ById("20260105|16|1|NONE"));
  EXPECT_THAT(job, StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(job, HasReason("JOB_NOT_FOUND"));
  transport->Answer(200, "[]");
  EXPECT_THAT(Find(ByUid(1)), HasReason("JOB_NOT_FOUND"));
  // Another job than was asked for.
  transport->Answer(200, SampleJob().dump());
  EXPECT_THAT(Find(ById("20260105|16|1|OTHER")), HasReason("JOB_NOT_FOUND"));
}

TEST_F(DailyJobsTest, FindsByUid) {
  json other = SampleJob();
  other["uid"] = 4712;
  transport->Answer(200, json::array({other, SampleJob()}).dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob job, Find(ByUid(4711)));
  EXPECT_EQ(job.uid(), 4711);
  EXPECT_THAT(Line(0), HasSubstr("/api/dailyjobs?Uids=4711"
                                 "&IncludeDocumentation=true"));
}

TEST_F(DailyJobsTest, FindsByNameExactly) {
  // All of these fit the filter; only one is the job.
  transport->Answer(200, json::array({Named("Payroll_Load[Sub]", "JOB0011"),
                                      Named("Payroll_LoadXSubX", "JOB001"),
                                      Named("payroll_load[sub]", "JOB001"),
                                      Named("Payroll_Load[Sub]", "job001"),
                                      Named("Payroll_Load[Sub]", "JOB001")})
                             .dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob job,
                       Find(ByName("Payroll_Load[Sub]", "JOB001")));
  EXPECT_EQ(job.schedule().name(), "Payroll_Load[Sub]");
  EXPECT_THAT(Line(0),
              HasSubstr("?ScheduleName=Payroll_Load%3FSub%3F&JobName=JOB001"
                        "&Dates=2026-01-05&"));
}

TEST_F(DailyJobsTest, AnotherDayIsAnotherJob) {
  json job = Named("Payroll", "JOB001");
  job["schedule"]["date"] = "2026-01-06T00:00:00.0000000";
  transport->Answer(200, json::array({job}).dump());
  EXPECT_THAT(Find(ByName("Payroll", "JOB001")), HasReason("JOB_NOT_FOUND"));
}

TEST_F(DailyJobsTest, NeverGuessesBetweenJobs) {
  transport->Answer(200, json::array({Named("Payroll", "JOB001", 1),
                                      Named("Payroll", "JOB001", 2)})
                             .dump());
  const auto job = Find(ByName("Payroll", "JOB001"));
  EXPECT_THAT(
      job, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("fits 2 jobs")));
  EXPECT_THAT(job, HasReason("AMBIGUOUS_JOB"));
  EXPECT_EQ(GetErrorDetails(job.status())->metadata.at("candidates"),
            "20260105|16|1|JOB001\n20260105|16|2|JOB001");
}

TEST_F(DailyJobsTest, NamesAtMostTwentyCandidates) {
  json list = json::array();
  for (int i = 1; i <= 30; ++i) list.push_back(Named("Payroll", "JOB001", i));
  transport->Answer(200, list.dump());
  const auto job = Find(ByName("Payroll", "JOB001"));
  const std::string candidates =
      GetErrorDetails(job.status())->metadata.at("candidates");
  EXPECT_EQ(std::count(candidates.begin(), candidates.end(), '\n'), 19);
}

TEST_F(DailyJobsTest, FindsByJobNumber) {
  json other = SampleJob();
  other["jobNumber"] = 498950;
  transport->Answer(200, json::array({other, SampleJob()}).dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob job, Find(ByNumber(49895)));
  EXPECT_EQ(job.job_number(), 49895);
  EXPECT_THAT(Line(0), HasSubstr("?JobNumber=49895&"));
}

TEST_F(DailyJobsTest, ReadsEveryPage) {
  json page = json::array();
  for (int i = 0; i < 200; ++i) {
    page.push_back(Named("Payroll", absl::StrCat("JOB001_", i)));
  }
  transport->Answer(200, page.dump());
  transport->Answer(200, json::array({Named("Payroll", "JOB001")}).dump());
  ASSERT_OK_AND_ASSIGN(v1::DailyJob job, Find(ByName("Payroll", "JOB001")));
  EXPECT_THAT(Line(1), HasSubstr("&Limit=200&Offset=200"));
}

TEST_F(DailyJobsTest, AServerThatDoesNotPageIsNotAskedForEver) {
  json page = json::array();
  for (int i = 0; i < 199; ++i) {
    page.push_back(Named("Payroll", absl::StrCat("JOB001_", i)));
  }
  page.push_back(Named("Payroll", "JOB001"));
  transport->Answer(200, page.dump());
  transport->Answer(200, page.dump());
  ASSERT_OK(Find(ByName("Payroll", "JOB001")).status());
  EXPECT_THAT(transport->requests(), SizeIs(2));
}

TEST_F(DailyJobsTest, OddListsAreSurvived) {
  transport->Answer(
      200, json::array({nullptr, 1, "x", json::object(), SampleJob()}).dump());
  EXPECT_OK(Find(ByUid(4711)).status());
  transport->Answer(200, "null");
  EXPECT_THAT(Find(ByUid(4711)), HasReason("JOB_NOT_FOUND"));
  transport->Answer(200, R"({"a":1})");
  EXPECT_THAT(Find(ByUid(4711)), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(200, "[]");
  EXPECT_THAT(Find(ById("20260105|16|1|A")), HasReason("UPSTREAM_NOT_OPCON"));
}

TEST_F(DailyJobsTest, TellsTheVersionWithoutCredentials) {
  transport->Answer(200, R"({"opConRestApiProductVersion":"21.0.4.1"})");
  EXPECT_THAT(Run(jobs->GetVersion(scope)), IsOkAndHolds("21.0.4.1"));
  EXPECT_EQ(Line(0), "GET https://opcon.example:9010/api/version");
  EXPECT_FALSE(Request(0).headers.Has("Authorization"));
  transport->Answer(200, "{}");
  EXPECT_THAT(Run(jobs->GetVersion(scope)), HasReason("UPSTREAM_NOT_OPCON"));
}

TEST_F(DailyJobsTest, ChecksAccessWithCredentials) {
  transport->Answer(200, "[]");
  EXPECT_OK(Run(jobs->CheckAccess(scope)));
  EXPECT_TRUE(Request(0).headers.Has("Authorization"));
  transport->Answer(403, "");
  EXPECT_THAT(Run(jobs->CheckAccess(scope)), HasReason("UPSTREAM_FORBIDDEN"));
}

TEST(JobSelectorTest, KnowsIds) {
  EXPECT_TRUE(IsDailyJobId("20260105|16|1|JOB001"));
  EXPECT_TRUE(IsDailyJobId("20260105|16|1|Load A/B $0001"));
  for (const char* id :
       {"", "20260105|16|1|", "20260105|16|1", "20260230|16|1|A",
        "20260105||1|A", "20260105|x|1|A", "20260105|16|1x|A",
        "2026-01-05|16|1|A", "20260105|99999999999|1|A"}) {
    EXPECT_FALSE(IsDailyJobId(id)) << id;
  }
}

TEST(JobSelectorTest, SpeaksOfJobs) {
  v1::JobSelector selector;
  EXPECT_EQ(SelectorText(selector), "");
  selector.set_id("20260105|16|1|A");
  EXPECT_EQ(SelectorText(selector), "id 20260105|16|1|A");
  selector.set_uid(5);
  EXPECT_EQ(SelectorText(selector), "uid 5");
  selector.mutable_name()->set_job_name("A");
  EXPECT_THAT(SelectorText(selector), HasSubstr("job \"A\" of schedule"));
}

}  // namespace
}  // namespace opcon_snow::opcon
