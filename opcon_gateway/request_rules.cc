// What each request must be like; see request_check.h.

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "opcon_gateway/job_list.h"
#include "opcon_gateway/machines.h"
#include "opcon_gateway/request_check.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

constexpr int kMaxDays = 31;
constexpr int kMaxJobs = 100;

void CheckUrl(absl::string_view field, absl::string_view url,
              RequestCheck* check) {
  if (url.empty()) return;
  check->Text(field, url, 1, 2000);
  if (!absl::StartsWithIgnoreCase(url, "https://") &&
      !absl::StartsWithIgnoreCase(url, "http://")) {
    check->Add(field, "must begin with https:// or http://");
  }
}

void CheckCategories(absl::string_view field,
                     const google::protobuf::RepeatedField<int>& categories,
                     RequestCheck* check) {
  for (const int category : categories) {
    if (category == v1::JOB_CATEGORY_UNSPECIFIED ||
        !v1::JobCategory_IsValid(category)) {
      check->Add(field, "holds a category that this version does not know");
      return;
    }
  }
}

}  // namespace

absl::Status Check(const v1::GetDailyJobRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::ListDailyJobsRequest& request) {
  RequestCheck check;
  const int days = request.schedule_dates_size();
  if (days < 1 || days > kMaxDays) {
    check.Add("schedule_dates", absl::StrCat("has ", days, " entries; 1 to ",
                                             kMaxDays, " are allowed"));
  }
  for (int i = 0; i < days && i < kMaxDays; ++i) {
    check.Date(absl::StrCat("schedule_dates[", i, "]"),
               request.schedule_dates(i));
  }
  check.Texts("schedule_names", request.schedule_names(), 255);
  check.Texts("job_names", request.job_names(), 128);
  CheckCategories("categories", request.categories(), &check);
  check.Texts("tags", request.tags(), 255);
  check.Texts("machines", request.machines(), 255);
  check.Page(request.page_size(), request.page_token(), FiltersOf(request));
  return check.Finish();
}

absl::Status Check(const v1::ListJobHistoryRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  check.Page(request.page_size(), request.page_token(), FiltersOf(request));
  return check.Finish();
}

absl::Status Check(const v1::GetIncidentTicketsRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::SetIncidentTicketRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  check.Text("ticket_id", request.ticket_id(), 1, 255);
  CheckUrl("ticket_url", request.ticket_url(), &check);
  check.Text("replaced_ticket_id", request.replaced_ticket_id(), 0, 255);
  return check.Finish();
}

absl::Status Check(const v1::GetDocumentationRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::AppendDocumentationRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  check.Text("text", request.text(), 1, 4000, /*lines=*/true);
  check.Text("marker", request.marker(), 8, 200);
  if (!absl::StrContains(request.text(), request.marker())) {
    check.Add("marker", "must be a piece of text");
  }
  return check.Finish();
}

absl::Status Check(const v1::ListJobLogsRequest& request) {
  RequestCheck check;
  check.Positive("job_number", request.job_number());
  return check.Finish();
}

absl::Status Check(const v1::ReadJobLogRequest& request) {
  RequestCheck check;
  check.Positive("job_number", request.job_number());
  check.Text("path", request.path(), 0, 4096);
  return check.Finish();
}

absl::Status Check(const v1::SubmitJobActionRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  if (request.kind() == v1::JOB_ACTION_KIND_UNSPECIFIED ||
      !v1::JobActionKind_IsValid(request.kind())) {
    check.Add("kind", "must be one of the actions this version knows");
  }
  check.Text("reason", request.reason(), 1, 255);
  if (request.expected_job_number() < 0) {
    check.Add("expected_job_number", "must not be negative");
  }
  CheckCategories("allowed_from_categories", request.allowed_from_categories(),
                  &check);
  return check.Finish();
}

absl::Status Check(const v1::GetJobActionRequest& request) {
  RequestCheck check;
  check.Positive("action_id", request.action_id());
  return check.Finish();
}

absl::Status Check(const v1::GetDailyScheduleRequest& request) {
  RequestCheck check;
  switch (request.schedule_case()) {
    case v1::GetDailyScheduleRequest::kId:
      check.ScheduleId("id", request.id());
      break;
    case v1::GetDailyScheduleRequest::kName:
      check.Text("name.schedule_name", request.name().schedule_name(), 1, 255);
      check.Date("name.schedule_date", request.name().schedule_date());
      break;
    case v1::GetDailyScheduleRequest::SCHEDULE_NOT_SET:
      check.Add("schedule", "names no schedule: give id or name");
      break;
  }
  return check.Finish();
}

absl::Status Check(const v1::BuildScheduleRequest& request) {
  RequestCheck check;
  check.Text("schedule_name", request.schedule_name(), 1, 255);
  check.Date("schedule_date", request.schedule_date());
  check.Properties("properties", request.properties());
  return check.Finish();
}

absl::Status Check(const v1::AddJobsToDailyScheduleRequest& request) {
  RequestCheck check;
  check.ScheduleId("schedule_id", request.schedule_id());
  const int count = request.jobs_size();
  if (count < 1 || count > kMaxJobs) {
    check.Add("jobs", absl::StrCat("has ", count, " entries; 1 to ", kMaxJobs,
                                   " are allowed"));
  }
  for (int i = 0; i < count && i < kMaxJobs; ++i) {
    const v1::JobToAdd& job = request.jobs(i);
    const std::string field = absl::StrCat("jobs[", i, "]");
    check.Text(absl::StrCat(field, ".job_name"), job.job_name(), 1, 64);
    check.Text(absl::StrCat(field, ".frequency"), job.frequency(), 1, 255);
    check.Properties(absl::StrCat(field, ".properties"), job.properties());
    if (job.on_hold() != request.jobs(0).on_hold()) {
      check.Add(absl::StrCat(field, ".on_hold"),
                "differs from the first job's: OpCon takes one kind a call");
    }
  }
  check.Text("reason", request.reason(), 1, 255);
  return check.Finish();
}

absl::Status Check(const v1::ListMachinesRequest& request) {
  RequestCheck check;
  check.Texts("names", request.names(), 255);
  check.Page(request.page_size(), request.page_token(), FiltersOf(request));
  return check.Finish();
}

}  // namespace opcon_snow::opcon
