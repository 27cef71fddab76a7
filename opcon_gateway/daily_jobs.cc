#include "opcon_gateway/daily_jobs.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr int kPageSize = 200;
// A filter that over-matches by more than this is no help.
constexpr int kMaxPages = 50;
constexpr std::size_t kMaxCandidates = 20;
// Status details travel in a few KiB of header.
constexpr std::size_t kMaxCandidateBytes = 1800;

// In a filter "[" and "]" are syntax that cannot be escaped; "?" matches any
// one character.
std::string AsFilter(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"[", "?"}, {"]", "?"}});
}

// Elements that are no jobs are left out.
std::vector<v1::DailyJob> ParseJobs(const json& list) {
  std::vector<v1::DailyJob> jobs;
  for (const json& value : list) {
    std::optional<v1::DailyJob> job = ParseDailyJob(value);
    if (job) jobs.push_back(*std::move(job));
  }
  return jobs;
}

absl::Status JobNotFound(const std::string& instance,
                         const v1::JobSelector& selector) {
  return OpConError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_JOB_NOT_FOUND,
      absl::StrCat("OpCon instance \"", instance, "\" has no ",
                   SelectorText(selector),
                   " in its daily tables. Check the name, and whether the "
                   "schedule was rebuilt or removed."));
}

absl::Status AmbiguousJob(const std::string& instance,
                          const v1::JobSelector& selector,
                          const std::vector<v1::DailyJob>& jobs) {
  std::string candidates;
  for (std::size_t i = 0; i < jobs.size() && i < kMaxCandidates; ++i) {
    if (candidates.size() + jobs[i].id().size() > kMaxCandidateBytes) break;
    absl::StrAppend(&candidates, candidates.empty() ? "" : "\n", jobs[i].id());
  }
  ErrorDetails details;
  details.metadata["candidates"] = candidates;
  return OpConError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_AMBIGUOUS_JOB,
      absl::StrCat("on OpCon instance \"", instance, "\" ",
                   SelectorText(selector), " fits ", jobs.size(),
                   " jobs. Name the job by its id; the candidates are in the "
                   "error's metadata."),
      std::move(details));
}

}  // namespace

async::Task<absl::StatusOr<v1::DailyJob>> DailyJobs::Find(
    const v1::JobSelector& selector, const CallScope& scope) {
  if (selector.selector_case() == v1::JobSelector::kId) {
    async::Task<absl::StatusOr<v1::DailyJob>> find =
        FindById(selector.id(), scope);
    absl::StatusOr<v1::DailyJob> job = co_await std::move(find);
    if (job.ok() && !IsSelected(selector, *job)) {
      co_return JobNotFound(rest_->instance(), selector);
    }
    co_return job;
  }
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(Jobs jobs,
                                 co_await FindByFilter(selector, scope));
  if (jobs.empty()) co_return JobNotFound(rest_->instance(), selector);
  if (jobs.size() > 1) {
    co_return AmbiguousJob(rest_->instance(), selector, jobs);
  }
  co_return std::move(jobs.front());
}

async::Task<absl::StatusOr<json>> DailyJobs::GetRaw(std::string id,
                                                    const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url("api/dailyjobs").SegmentSlashTwice(id).Build();
  request.not_found = v1::ERROR_REASON_JOB_NOT_FOUND;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  if (!ParseDailyJob(answer.body)) {
    co_return rest_->Unreadable(request, answer, "it is no daily job");
  }
  co_return std::move(answer.body);
}

async::Task<absl::StatusOr<v1::DailyJob>> DailyJobs::FindById(
    std::string id, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(json raw, co_await GetRaw(id, scope));
  v1::DailyJob job = *ParseDailyJob(raw);
  // It was asked for by this name, and every field may be missing.
  if (job.id().empty()) job.set_id(id);
  co_return job;
}

RestRequest DailyJobs::ListRequest(const v1::JobSelector& selector,
                                   int offset) const {
  http::UrlBuilder url = rest_->Url("api/dailyjobs");
  switch (selector.selector_case()) {
    case v1::JobSelector::kUid:
      url.Query("Uids", absl::StrCat(selector.uid()));
      break;
    case v1::JobSelector::kName:
      url.Query("ScheduleName", AsFilter(selector.name().schedule_name()))
          .Query("JobName", AsFilter(selector.name().job_name()))
          .Query("Dates", FormatDate(selector.name().schedule_date()));
      break;
    default:
      url.Query("JobNumber", absl::StrCat(selector.job_number()));
      break;
  }
  url.Query("IncludeDocumentation", "true")
      .Query("Limit", absl::StrCat(kPageSize))
      .Query("Offset", absl::StrCat(offset));
  RestRequest request;
  request.url = url.Build();
  return request;
}

async::Task<absl::StatusOr<DailyJobs::Jobs>> DailyJobs::FindByFilter(
    const v1::JobSelector& selector, const CallScope& scope) {
  Jobs found;
  std::string first_of_page;
  for (int page = 0; page < kMaxPages; ++page) {
    RestRequest request = ListRequest(selector, page * kPageSize);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                   co_await rest_->Send(request, scope));
    if (!answer.body.is_array() && !answer.body.is_null()) {
      co_return rest_->Unreadable(request, answer, "it is no list of jobs");
    }
    const Jobs jobs = ParseJobs(answer.body);
    // A server that does not page sends the same again.
    if (page > 0 && !jobs.empty() && jobs.front().id() == first_of_page) break;
    for (const v1::DailyJob& job : jobs) {
      if (IsSelected(selector, job)) found.push_back(job);
    }
    if (static_cast<int>(answer.body.size()) != kPageSize) break;
    first_of_page = jobs.empty() ? std::string() : jobs.front().id();
  }
  co_return found;
}

async::Task<absl::StatusOr<std::string>> DailyJobs::GetVersion(
    const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url("api/version").Build();
  request.authenticated = false;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  std::string version = TextOf(answer.body, "opConRestApiProductVersion");
  if (version.empty()) {
    co_return rest_->Unreadable(request, answer, "it holds no version");
  }
  co_return version;
}

async::Task<absl::Status> DailyJobs::CheckAccess(const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url("api/dailyjobs")
                    .Query("Uids", "0")
                    .Query("Limit", "1")
                    .Build();
  absl::StatusOr<RestAnswer> answer = co_await rest_->Send(request, scope);
  co_return answer.status();
}

}  // namespace opcon_snow::opcon
