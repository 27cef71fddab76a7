#include "opcon_gateway/job_list.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/job_parser.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/page_token.h"
#include "opcon_gateway/run_parser.h"
#include "opcon_gateway/upstream_list.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr int kUsualJobs = 100;
constexpr int kUsualRuns = 50;

bool IsOneOf(const Texts& wanted, const std::string& text) {
  return wanted.empty() ||
         std::find(wanted.begin(), wanted.end(), text) != wanted.end();
}

bool HasOneOf(const Texts& wanted, const Texts& present) {
  return wanted.empty() || std::any_of(present.begin(), present.end(),
                                       [&wanted](const std::string& text) {
                                         return IsOneOf(wanted, text);
                                       });
}

bool OnOneOf(const Texts& machines, const v1::DailyJob& job) {
  return machines.empty() || IsOneOf(machines, job.primary_machine()) ||
         (!job.start_machine().empty() &&
          IsOneOf(machines, job.start_machine()));
}

// The date that ids of the page after `after` begin with, at the least.
bool MayFollow(const google::type::Date& date, const std::string& after) {
  const std::string prefix =
      absl::StrFormat("%04d%02d%02d", date.year(), date.month(), date.day());
  return after.empty() || prefix >= after.substr(0, prefix.size());
}

// Each filter that OpCon can be trusted to over-match, so that less is sent.
// Several names are compared here only: whether a comma joins names or is part
// of one is not documented. Machines too: whether the filter looks at the
// machine of the definition, of the run or at both is not known.
http::UrlBuilder JobsUrl(const RestClient& rest,
                         const v1::ListDailyJobsRequest& request,
                         const std::string& after) {
  std::vector<std::string> dates;
  for (const google::type::Date& date : request.schedule_dates()) {
    if (MayFollow(date, after)) dates.push_back(FormatDate(date));
  }
  std::sort(dates.begin(), dates.end());
  http::UrlBuilder url = rest.Url("api/dailyjobs");
  url.Query("Dates", absl::StrJoin(dates, ","));
  if (request.schedule_names_size() == 1) {
    url.Query("ScheduleName", AsFilter(request.schedule_names(0)));
  }
  if (request.job_names_size() == 1) {
    url.Query("JobName", AsFilter(request.job_names(0)));
  }
  if (!request.categories().empty()) {
    url.Query(
        "Categories",
        absl::StrJoin(
            request.categories(), ",", [](std::string* out, int category) {
              absl::StrAppend(
                  out, CategoryName(static_cast<v1::JobCategory>(category)));
            }));
  }
  if (request.tags_size() == 1) url.Query("Tags", AsFilter(request.tags(0)));
  url.Query("IncludeDocumentation", "true");
  return url;
}

http::UrlBuilder RunsUrl(const RestClient& rest, const v1::DailyJob& job) {
  http::UrlBuilder url = rest.Url("api/jobhistories");
  if (!job.unique_job_id().empty()) {
    return url.Query("UniqueJobIds", job.unique_job_id());
  }
  const std::string date = FormatDate(job.schedule().date());
  return url.Query("JobName", AsFilter(job.name()))
      .Query("ScheduleName", AsFilter(job.schedule().name()))
      .Query("From", date)
      .Query("To", date);
}

// Sorts the newest run first; of two with the same time the later number.
std::string RunKey(const v1::JobRun& run) {
  const std::int64_t seconds = run.has_start_time() ? run.start_time().seconds()
                                                    : run.end_time().seconds();
  const std::int64_t nanos =
      run.has_start_time() ? run.start_time().nanos() : run.end_time().nanos();
  return absl::StrFormat("%019d%09d%010d",
                         std::numeric_limits<std::int64_t>::max() - seconds,
                         999'999'999 - nanos,
                         std::numeric_limits<std::int32_t>::max() -
                             std::max<std::int32_t>(0, run.job_number()));
}

// Rows that say nothing of the schedule are taken at OpCon's word.
bool IsRunOf(const v1::DailyJob& job, const HistoryRow& row) {
  return row.job_name == job.name() &&
         (row.schedule_id.empty() ||
          absl::EqualsIgnoreCase(row.schedule_id, job.schedule().id()));
}

template <class Request>
std::string WithoutPage(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat(Request::descriptor()->name(), ":",
                      request.SerializeAsString());
}

}  // namespace

bool Fits(const v1::ListDailyJobsRequest& request, const v1::DailyJob& job) {
  const auto& dates = request.schedule_dates();
  const auto& categories = request.categories();
  return std::any_of(dates.begin(), dates.end(),
                     [&job](const google::type::Date& date) {
                       return SameDate(date, job.schedule().date());
                     }) &&
         (categories.empty() ||
          std::find(categories.begin(), categories.end(),
                    job.status().category()) != categories.end()) &&
         IsOneOf(request.schedule_names(), job.schedule().name()) &&
         IsOneOf(request.job_names(), job.name()) &&
         HasOneOf(request.tags(), job.tags()) &&
         OnOneOf(request.machines(), job);
}

std::string FiltersOf(v1::ListDailyJobsRequest request) {
  return WithoutPage(std::move(request));
}

std::string FiltersOf(v1::ListJobHistoryRequest request) {
  return WithoutPage(std::move(request));
}

async::Task<absl::StatusOr<v1::ListDailyJobsResponse>> JobList::List(
    const v1::ListDailyJobsRequest& request, const CallScope& scope) {
  const std::string filters = FiltersOf(request);
  const std::string after =
      ReadPageToken(request.page_token(), filters).value_or("");
  PagePicker<v1::DailyJob> page(after,
                                PageSizeOf(request.page_size(), kUsualJobs));
  UpstreamList list{JobsUrl(*rest_, request, after), "jobs"};
  std::function<void(const json&)> take = [&](const json& value) {
    std::optional<v1::DailyJob> job = ParseDailyJob(value, rest_->site_zone());
    if (!job || job->id().empty() || !Fits(request, *job)) return;
    const std::string id = job->id();
    page.Add(id, *std::move(job));
  };
  OPCON_SNOW_CO_RETURN_IF_ERROR(
      co_await ReadList(rest_, std::move(list), std::move(take), scope));
  v1::ListDailyJobsResponse reply;
  if (page.more()) {
    reply.set_next_page_token(MakePageToken(filters, page.last_key()));
  }
  for (auto& [id, job] : page.picked()) *reply.add_jobs() = std::move(job);
  co_return reply;
}

async::Task<absl::StatusOr<v1::ListJobHistoryResponse>> JobList::History(
    const v1::ListJobHistoryRequest& request, const CallScope& scope) {
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(const v1::DailyJob job,
                                 co_await jobs_->Find(request.job(), scope));
  const std::string filters = FiltersOf(request);
  PagePicker<v1::JobRun> page(
      ReadPageToken(request.page_token(), filters).value_or(""),
      PageSizeOf(request.page_size(), kUsualRuns));
  UpstreamList list{RunsUrl(*rest_, job), "runs of jobs", true};
  std::function<void(const json&)> take = [&](const json& value) {
    HistoryRow row = ParseHistoryRow(value, rest_->site_zone());
    if (!IsRunOf(job, row)) return;
    row.run.set_job_id(job.id());
    const std::string key = RunKey(row.run);
    page.Add(key, std::move(row.run));
  };
  OPCON_SNOW_CO_RETURN_IF_ERROR(
      co_await ReadList(rest_, std::move(list), std::move(take), scope));
  v1::ListJobHistoryResponse reply;
  if (page.more()) {
    reply.set_next_page_token(MakePageToken(filters, page.last_key()));
  }
  for (auto& [key, run] : page.picked()) *reply.add_runs() = std::move(run);
  co_return reply;
}

}  // namespace opcon_snow::opcon
