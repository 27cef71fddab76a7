#include "opcon_gateway/request_check.h"

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace opcon_snow::opcon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace v1 = ::opcon::v1;

std::vector<std::string> Fields(const absl::Status& status) {
  std::vector<std::string> fields;
  if (status.ok()) return fields;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasReason("INVALID_REQUEST"));
  const ErrorDetails details = *GetErrorDetails(status);
  for (const FieldViolation& violation : details.violations) {
    EXPECT_FALSE(violation.description.empty());
    EXPECT_THAT(std::string(status.message()), HasSubstr(violation.field));
    fields.push_back(violation.field);
  }
  return fields;
}

v1::GetDailyJobRequest ById(const std::string& id) {
  v1::GetDailyJobRequest request;
  request.mutable_job()->set_id(id);
  return request;
}

TEST(RequestCheckTest, AJobIsNamedSomehow) {
  v1::GetDailyJobRequest request;
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job"));
  request.mutable_job();
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job"));
}

TEST(RequestCheckTest, Ids) {
  EXPECT_OK(Check(ById("20260105|16|1|JOB001")));
  EXPECT_OK(Check(ById("20260105|16|1|Load A/B $0001_\xC3\xA4")));
  for (const std::string& id :
       std::vector<std::string>{"", "JOB001", "20260105|16|1|a\nb",
                                "20260105|16|1|" + std::string(200, 'x')}) {
    EXPECT_THAT(Fields(Check(ById(id))), ElementsAre("job.id")) << id;
  }
}

TEST(RequestCheckTest, Numbers) {
  v1::GetDailyJobRequest request;
  request.mutable_job()->set_uid(0);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job.uid"));
  request.mutable_job()->set_job_number(-1);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job.job_number"));
  request.mutable_job()->set_job_number(1);
  EXPECT_OK(Check(request));
}

TEST(RequestCheckTest, Names) {
  v1::GetDailyJobRequest request;
  v1::JobName* name = request.mutable_job()->mutable_name();
  EXPECT_THAT(Fields(Check(request)),
              ElementsAre("job.name.schedule_date", "job.name.schedule_name",
                          "job.name.job_name"));
  name->mutable_schedule_date()->set_year(2026);
  name->mutable_schedule_date()->set_month(1);
  name->mutable_schedule_date()->set_day(5);
  name->set_schedule_name("Payroll_Load[Sub]");
  name->set_job_name("JOB001");
  EXPECT_OK(Check(request));
  // Characters are counted, not bytes.
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xC3\xA4";
  name->set_job_name(umlauts);
  EXPECT_OK(Check(request));
  name->set_job_name(umlauts + "x");
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job.name.job_name"));
}

TEST(RequestCheckTest, Tickets) {
  v1::SetIncidentTicketRequest request;
  request.mutable_job()->set_uid(1);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("ticket_id"));
  request.set_ticket_id("INC0010025/9d385017c611228701d22104cc95c371");
  request.set_ticket_url("https://example.service-now.com/x?a=1&b=2");
  request.set_replaced_ticket_id("INC0010024");
  EXPECT_OK(Check(request));
  request.set_ticket_url("javascript:alert(1)");
  request.set_replaced_ticket_id("a\tb");
  EXPECT_THAT(Fields(Check(request)),
              ElementsAre("ticket_url", "replaced_ticket_id"));
}

TEST(RequestCheckTest, Documentation) {
  v1::AppendDocumentationRequest request;
  request.mutable_job()->set_uid(1);
  request.set_text("INC1 replaces INC0010024\r\n\tsee there");
  request.set_marker("replaces INC0010024");
  EXPECT_OK(Check(request));
  request.set_marker("INC2 replaces");
  EXPECT_THAT(Fields(Check(request)), ElementsAre("marker"));
  request.set_marker("INC1");
  EXPECT_THAT(Fields(Check(request)), ElementsAre("marker"));
  request.set_text(std::string(4001, 'x') + "\x01");
  request.set_marker("xxxxxxxx");
  EXPECT_THAT(Fields(Check(request)), ElementsAre("text", "text"));
}

TEST(RequestCheckTest, Logs) {
  v1::ReadJobLogRequest request;
  EXPECT_THAT(Fields(Check(request)), ElementsAre("job_number"));
  request.set_job_number(5);
  request.set_path("C:\\logs\\Job log.txt");
  EXPECT_OK(Check(request));
  request.set_path("a\xC2\x85z");  // a control character beyond ASCII
  EXPECT_THAT(Fields(Check(request)), ElementsAre("path"));
  EXPECT_THAT(Fields(Check(v1::ListJobLogsRequest())),
              ElementsAre("job_number"));
}

TEST(RequestCheckTest, Actions) {
  v1::SubmitJobActionRequest request;
  request.mutable_job()->set_uid(1);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("kind", "reason"));
  request.set_kind(static_cast<v1::JobActionKind>(99));
  request.set_reason("INC1 by jdoe");
  request.set_expected_job_number(-1);
  request.add_allowed_from_categories(v1::JOB_CATEGORY_UNSPECIFIED);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("kind", "expected_job_number",
                                                  "allowed_from_categories"));
  EXPECT_THAT(Fields(Check(v1::GetJobActionRequest())),
              ElementsAre("action_id"));
}

TEST(RequestCheckTest, TheOthersTakeASelectorToo) {
  EXPECT_THAT(Fields(Check(v1::GetIncidentTicketsRequest())),
              ElementsAre("job"));
  EXPECT_THAT(Fields(Check(v1::GetDocumentationRequest())), ElementsAre("job"));
}

void SetDay(google::type::Date* date, int day) {
  date->set_year(2026);
  date->set_month(1);
  date->set_day(day);
}

TEST(RequestCheckTest, ListsOfJobs) {
  v1::ListDailyJobsRequest request;
  EXPECT_THAT(Fields(Check(request)), ElementsAre("schedule_dates"));
  SetDay(request.add_schedule_dates(), 5);
  EXPECT_OK(Check(request));
  SetDay(request.add_schedule_dates(), 40);
  request.add_job_names("");
  request.add_schedule_names(std::string(256, 'x'));
  request.add_categories(v1::JOB_CATEGORY_UNSPECIFIED);
  for (int i = 0; i < 101; ++i) request.add_tags("t");
  request.set_page_size(-1);
  request.set_page_token("not one of ours");
  EXPECT_THAT(
      Fields(Check(request)),
      ElementsAre("schedule_dates[1]", "schedule_names[0]", "job_names[0]",
                  "categories", "tags", "page_size", "page_token"));
  v1::ListDailyJobsRequest many;
  for (int i = 0; i < 32; ++i) SetDay(many.add_schedule_dates(), 5);
  EXPECT_THAT(Fields(Check(many)), ElementsAre("schedule_dates"));
}

TEST(RequestCheckTest, Schedules) {
  v1::GetDailyScheduleRequest get;
  EXPECT_THAT(Fields(Check(get)), ElementsAre("schedule"));
  get.set_id("20260105|16|1");
  EXPECT_OK(Check(get));
  for (const char* id : {"20260105|16|1|JOB", "20260105|16", "x",
                         "20260230|1|1", "20260105|16|"}) {
    get.set_id(id);
    EXPECT_THAT(Fields(Check(get)), ElementsAre("id")) << id;
  }
  get.mutable_name();
  EXPECT_THAT(Fields(Check(get)),
              ElementsAre("name.schedule_name", "name.schedule_date"));
  v1::BuildScheduleRequest build;
  (*build.mutable_properties())["a\nb"] = "v";
  EXPECT_THAT(
      Fields(Check(build)),
      ElementsAre("schedule_name", "schedule_date", "properties (a name)"));
}

TEST(RequestCheckTest, JobsToAdd) {
  v1::AddJobsToDailyScheduleRequest request;
  EXPECT_THAT(Fields(Check(request)),
              ElementsAre("schedule_id", "jobs", "reason"));
  request.set_schedule_id("20260105|16|1");
  request.set_reason("INC1");
  request.add_jobs()->set_job_name("A");
  request.mutable_jobs(0)->set_frequency("AllDays");
  EXPECT_OK(Check(request));
  v1::JobToAdd* second = request.add_jobs();
  second->set_job_name(std::string(65, 'x'));
  second->set_on_hold(true);
  EXPECT_THAT(
      Fields(Check(request)),
      ElementsAre("jobs[1].job_name", "jobs[1].frequency", "jobs[1].on_hold"));
}

}  // namespace
}  // namespace opcon_snow::opcon
