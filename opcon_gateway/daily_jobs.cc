#include "opcon_gateway/daily_jobs.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/upstream_list.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

constexpr std::size_t kMaxCandidates = 20;
// Status details travel in a few KiB of header.
constexpr std::size_t kMaxCandidateBytes = 1800;

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

void AddFilters(const v1::JobSelector& selector, http::UrlBuilder* url) {
  switch (selector.selector_case()) {
    case v1::JobSelector::kUid:
      url->Query("Uids", absl::StrCat(selector.uid()));
      break;
    case v1::JobSelector::kName:
      url->Query("ScheduleName", AsFilter(selector.name().schedule_name()))
          .Query("JobName", AsFilter(selector.name().job_name()))
          .Query("Dates", FormatDate(selector.name().schedule_date()));
      break;
    default:
      url->Query("JobNumber", absl::StrCat(selector.job_number()));
      break;
  }
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
  v1::DailyJob job = *ParseDailyJob(raw, rest_->site_zone());
  // It was asked for by this name, and every field may be missing.
  if (job.id().empty()) job.set_id(id);
  co_return job;
}

async::Task<absl::StatusOr<DailyJobs::Jobs>> DailyJobs::FindByFilter(
    const v1::JobSelector& selector, const CallScope& scope) {
  http::UrlBuilder url = rest_->Url("api/dailyjobs");
  AddFilters(selector, &url);
  url.Query("IncludeDocumentation", "true");
  UpstreamList list{std::move(url), "jobs"};
  Jobs found;
  std::function<void(const json&)> take = [&](const json& value) {
    std::optional<v1::DailyJob> job = ParseDailyJob(value, rest_->site_zone());
    if (job && IsSelected(selector, *job)) found.push_back(*std::move(job));
  };
  OPCON_SNOW_CO_RETURN_IF_ERROR(
      co_await ReadList(rest_, std::move(list), std::move(take), scope));
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
