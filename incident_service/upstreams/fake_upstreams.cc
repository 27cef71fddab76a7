#include "incident_service/upstreams/fake_upstreams.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {

namespace oc = ::opcon::v1;

absl::Status FakeNotFound(const std::string& reason) {
  return MakeError(absl::StatusCode::kNotFound, "there is none",
                   {.reason = reason, .domain = "fake"});
}

void FailurePlan::FailBefore(const std::string& rpc, absl::Status status,
                             int times) {
  before_[rpc] = {std::move(status), times};
}

void FailurePlan::LoseAnswer(const std::string& rpc) { ++lost_[rpc]; }

absl::Status FailurePlan::Before(const std::string& rpc) {
  ++calls_[rpc];
  Planned& planned = before_[rpc];
  if (planned.times > 0) {
    --planned.times;
    return planned.status;
  }
  return script ? script(rpc, Moment::kBefore) : absl::OkStatus();
}

absl::Status FailurePlan::After(const std::string& rpc) {
  if (lost_[rpc] > 0) {
    --lost_[rpc];
    return MakeOutcomeUnknown(absl::StatusCode::kUnavailable, "no answer came");
  }
  return script ? script(rpc, Moment::kAfter) : absl::OkStatus();
}

int FailurePlan::calls(const std::string& rpc) const {
  const auto found = calls_.find(rpc);
  return found == calls_.end() ? 0 : found->second;
}

FakeJob& FakeOpCon::Define(const std::string& id) {
  FakeJob& fake = jobs[id];
  const std::vector<std::string> parts = absl::StrSplit(id, '|');
  oc::DailyJob& job = fake.job;
  job.set_id(id);
  job.set_uid(++last_uid_);
  job.set_name(parts.back());
  job.set_job_number(++last_job_number_);
  job.mutable_schedule()->set_name("Payroll");
  job.set_primary_machine("GENP001");
  job.mutable_status()->set_category(oc::JOB_CATEGORY_WAITING);
  job.mutable_status()->set_description("Wait to Start");
  return fake;
}

void FakeOpCon::Start(const std::string& id, absl::Time now) {
  FakeJob& fake = jobs.at(id);
  oc::DailyJob& job = fake.job;
  const bool again = !fake.runs.empty();
  if (again && !keeps_job_number) job.set_job_number(++last_job_number_);
  job.clear_end_time();
  job.clear_termination();
  job.set_start_machine(job.primary_machine());
  SetTime(now, job.mutable_start_time());
  job.mutable_status()->set_category(oc::JOB_CATEGORY_RUNNING);
  job.mutable_status()->set_description("Job Running");
}

void FakeOpCon::Fail(const std::string& id, absl::Time now,
                     const std::string& log) {
  FakeJob& fake = jobs.at(id);
  if (fake.job.status().category() != oc::JOB_CATEGORY_RUNNING) Start(id, now);
  fake.logs[fake.job.job_number()] = {{"C:\\log.txt", log}};
  End(&fake, now, oc::JOB_CATEGORY_FAILED, "Failed", "0000000005");
}

void FakeOpCon::Finish(const std::string& id, absl::Time now) {
  FakeJob& fake = jobs.at(id);
  if (fake.job.status().category() != oc::JOB_CATEGORY_RUNNING) Start(id, now);
  End(&fake, now, oc::JOB_CATEGORY_FINISHED_OK, "Finished OK", "0000000000");
}

void FakeOpCon::Mark(const std::string& id, oc::JobCategory category,
                     const std::string& words) {
  oc::JobStatus* status = jobs.at(id).job.mutable_status();
  status->set_category(category);
  status->set_description(words);
}

void FakeOpCon::End(FakeJob* fake, absl::Time now, oc::JobCategory category,
                    const std::string& words, const std::string& termination) {
  oc::DailyJob& job = fake->job;
  SetTime(now, job.mutable_end_time());
  job.set_termination(termination);
  job.mutable_status()->set_category(category);
  job.mutable_status()->set_description(words);
  oc::JobRun& run = fake->runs.emplace_back();
  run.set_job_id(job.id());
  run.set_job_number(job.job_number());
  *run.mutable_status() = job.status();
  run.set_termination(job.termination());
  *run.mutable_start_time() = job.start_time();
  *run.mutable_end_time() = job.end_time();
  run.set_machine(job.start_machine());
}

FakeJob* FakeOpCon::Find(const oc::JobSelector& selector) {
  if (selector.has_uid()) {
    for (auto& [id, fake] : jobs) {
      if (fake.job.uid() == selector.uid()) return &fake;
    }
    return nullptr;
  }
  const auto found = jobs.find(selector.id());
  return found == jobs.end() ? nullptr : &found->second;
}

const std::map<std::string, std::string>* FakeOpCon::LogsOf(
    int job_number) const {
  for (const auto& [id, fake] : jobs) {
    const auto found = fake.logs.find(job_number);
    if (found != fake.logs.end() && !found->second.empty()) {
      return &found->second;
    }
  }
  return nullptr;
}

absl::StatusOr<oc::ListInstancesResponse> FakeOpCon::ListInstances(
    const oc::ListInstancesRequest&) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListInstances"));
  oc::ListInstancesResponse response;
  oc::Instance* instance = response.add_instances();
  instance->set_name("production");
  instance->set_is_default(true);
  instance->set_public_address(public_address);
  return response;
}

absl::StatusOr<oc::GetDailyJobResponse> FakeOpCon::GetDailyJob(
    const oc::GetDailyJobRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetDailyJob"));
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  oc::GetDailyJobResponse response;
  *response.mutable_job() = fake->job;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("GetDailyJob"));
  return response;
}

// By names, categories and days, as ids have them.
absl::StatusOr<oc::ListDailyJobsResponse> FakeOpCon::ListDailyJobs(
    const oc::ListDailyJobsRequest& request) {
  last_list = request;
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListDailyJobs"));
  if (request.instance() != "production") {
    return MakeError(absl::StatusCode::kNotFound, "no such instance",
                     {.reason = "UNKNOWN_INSTANCE", .domain = "fake"});
  }
  const auto& names = request.job_names();
  const auto& categories = request.categories();
  const auto& dates = request.schedule_dates();
  oc::ListDailyJobsResponse response;
  for (const auto& [id, fake] : jobs) {
    const oc::DailyJob& job = fake.job;
    const bool of_a_day = std::any_of(
        dates.begin(), dates.end(), [&id = id](const google::type::Date& date) {
          return absl::StartsWith(
              id, absl::StrFormat("%04d%02d%02d|", date.year(), date.month(),
                                  date.day()));
        });
    const bool fits = of_a_day &&
                      (names.empty() || std::find(names.begin(), names.end(),
                                                  job.name()) != names.end()) &&
                      (categories.empty() ||
                       std::find(categories.begin(), categories.end(),
                                 job.status().category()) != categories.end());
    if (!fits || id <= request.page_token()) continue;
    if (request.page_size() > 0 &&
        response.jobs_size() == request.page_size()) {
      response.set_next_page_token(
          response.jobs(response.jobs_size() - 1).id());
      break;
    }
    *response.add_jobs() = job;
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListDailyJobs"));
  return response;
}

absl::StatusOr<oc::ListJobHistoryResponse> FakeOpCon::ListJobHistory(
    const oc::ListJobHistoryRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJobHistory"));
  if (!has_history) {
    return MakeError(absl::StatusCode::kUnimplemented, "no history here",
                     {.reason = "UPSTREAM_VERSION", .domain = "fake"});
  }
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  oc::ListJobHistoryResponse response;
  for (auto run = fake->runs.rbegin(); run != fake->runs.rend(); ++run) {
    *response.add_runs() = *run;
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListJobHistory"));
  return response;
}

absl::StatusOr<oc::GetIncidentTicketsResponse> FakeOpCon::GetIncidentTickets(
    const oc::GetIncidentTicketsRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("GetIncidentTickets"));
  const FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  oc::GetIncidentTicketsResponse response;
  response.mutable_tickets()->Assign(fake->tickets.begin(),
                                     fake->tickets.end());
  response.set_single_field(!has_ticket_list);
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("GetIncidentTickets"));
  return response;
}

absl::StatusOr<oc::SetIncidentTicketResponse> FakeOpCon::SetIncidentTicket(
    const oc::SetIncidentTicketRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("SetIncidentTicket"));
  FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  std::vector<oc::IncidentTicket>& tickets = fake->tickets;
  const auto with_id = [&](const std::string& id) {
    return std::find_if(tickets.begin(), tickets.end(),
                        [&](const oc::IncidentTicket& ticket) {
                          return !id.empty() && ticket.ticket_id() == id;
                        });
  };
  auto ours = with_id(request.ticket_id());
  if (ours == tickets.end()) ours = with_id(request.replaced_ticket_id());
  if (ours == tickets.end() && !has_ticket_list && !tickets.empty()) {
    return MakeError(
        absl::StatusCode::kAlreadyExists, "somebody else's ticket is there",
        {.reason = "JOB_STATE",
         .domain = "fake",
         .metadata = {{"present_ticket_id", tickets[0].ticket_id()}}});
  }
  if (ours == tickets.end()) {
    ours = tickets.insert(tickets.end(), oc::IncidentTicket());
    ours->set_row_id(++last_row_id_);
  }
  oc::SetIncidentTicketResponse response;
  response.set_changed(ours->ticket_id() != request.ticket_id() ||
                       ours->ticket_url() != request.ticket_url());
  response.set_single_field(!has_ticket_list);
  ours->set_ticket_id(request.ticket_id());
  ours->set_ticket_url(request.ticket_url());
  *response.mutable_ticket() = *ours;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("SetIncidentTicket"));
  return response;
}

absl::StatusOr<oc::AppendDocumentationResponse> FakeOpCon::AppendDocumentation(
    const oc::AppendDocumentationRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("AppendDocumentation"));
  FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  oc::AppendDocumentationResponse response;
  oc::JobDocumentation* documentation = fake->job.mutable_documentation();
  std::string* text = documentation->mutable_job_text();
  if (!absl::StrContains(*text, request.marker())) {
    absl::StrAppend(text, text->empty() ? "" : "\n\n", request.text());
    response.set_changed(true);
  }
  *response.mutable_documentation() = *documentation;
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("AppendDocumentation"));
  return response;
}

absl::StatusOr<oc::ListJobLogsResponse> FakeOpCon::ListJobLogs(
    const oc::ListJobLogsRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ListJobLogs"));
  const auto* logs = LogsOf(request.job_number());
  if (logs == nullptr) return FakeNotFound("NO_JOB_LOG");
  oc::ListJobLogsResponse response;
  for (const auto& [path, content] : *logs) {
    response.add_files()->set_path(path);
  }
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("ListJobLogs"));
  return response;
}

absl::StatusOr<oc::SubmitJobActionResponse> FakeOpCon::SubmitJobAction(
    const oc::SubmitJobActionRequest& request) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("SubmitJobAction"));
  if (before_action) std::exchange(before_action, nullptr)();
  FakeJob* fake = Find(request.job());
  if (fake == nullptr) return FakeNotFound("JOB_NOT_FOUND");
  const auto& allowed = request.allowed_from_categories();
  if (request.expected_job_number() != fake->job.job_number()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "another run",
                     {.reason = "JOB_RUN_CHANGED", .domain = "fake"});
  }
  if (std::find(allowed.begin(), allowed.end(),
                fake->job.status().category()) == allowed.end()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "another state",
                     {.reason = "JOB_STATE", .domain = "fake"});
  }
  oc::SubmitJobActionResponse response;
  const std::string& id = request.job().id();
  const auto act = [&](const char* name, oc::JobCategory category,
                       const char* words) {
    actions.push_back(absl::StrCat(name, " ", id));
    if (!refusal.empty()) return;
    carried_out.push_back({request.kind(), fake->job});
    if (request.kind() == oc::JOB_ACTION_KIND_RESTART && !keeps_job_number) {
      fake->job.set_job_number(++last_job_number_);
    }
    Mark(id, category, words);
  };
  switch (request.kind()) {
    case oc::JOB_ACTION_KIND_MARK_UNDER_REVIEW:
      act("markUnderReview", oc::JOB_CATEGORY_UNDER_REVIEW, "Under Review");
      break;
    case oc::JOB_ACTION_KIND_MARK_FIXED:
      act("markFixed", oc::JOB_CATEGORY_FIXED, "Fixed");
      break;
    case oc::JOB_ACTION_KIND_RESTART:
      act("restart", oc::JOB_CATEGORY_WAITING, "Wait to Start");
      break;
    default:
      act("cancel", oc::JOB_CATEGORY_CANCELLED, "Cancelled");
  }
  response.mutable_action()->set_state(
      refusal.empty() ? oc::ACTION_STATE_SUCCEEDED : oc::ACTION_STATE_FAILED);
  response.mutable_action()->set_message(refusal);
  OPCON_SNOW_RETURN_IF_ERROR(failures.After("SubmitJobAction"));
  return response;
}

absl::Status FakeOpCon::ReadJobLog(
    const oc::ReadJobLogRequest& request,
    const std::function<void(absl::string_view)>& on_chunk) {
  OPCON_SNOW_RETURN_IF_ERROR(failures.Before("ReadJobLog"));
  const auto* logs = LogsOf(request.job_number());
  if (logs == nullptr || logs->count(request.path()) == 0) {
    return FakeNotFound("NO_JOB_LOG");
  }
  on_chunk(logs->at(request.path()));
  return failures.After("ReadJobLog");
}

}  // namespace opcon_snow::incident
