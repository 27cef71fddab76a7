#include "opcon_gateway/schedules.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/action_result.h"
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

constexpr char kSchedules[] = "api/dailyschedules";
constexpr char kBuilds[] = "api/schedulebuilds";
constexpr char kActions[] = "api/scheduleactions";
constexpr int kMaxCandidates = 20;

json BuildBody(const v1::BuildScheduleRequest& request) {
  json properties = json::array();
  for (const auto& [key, value] : request.properties()) {
    properties.push_back({{"key", key}, {"value", value}});
  }
  json schedule = {{"id", nullptr}, {"name", request.schedule_name()}};
  return {{"schedules", json::array({std::move(schedule)})},
          {"dates", json::array({FormatDate(request.schedule_date())})},
          {"properties", std::move(properties)},
          {"logFile", nullptr},
          {"overwrite", request.overwrite()},
          {"hold", request.on_hold()},
          {"namedInstance", nullptr},
          {"machineName", nullptr},
          {"id", nullptr},
          {"expiryTime", nullptr}};
}

json AddBody(const v1::AddJobsToDailyScheduleRequest& request) {
  json jobs = json::array();
  for (const v1::JobToAdd& job : request.jobs()) {
    json properties = json::array();
    for (const auto& [key, value] : job.properties()) {
      // Not "key", as everywhere else.
      properties.push_back({{"name", key}, {"value", value}});
    }
    jobs.push_back({{"id", job.job_name()},
                    {"frequency", job.frequency()},
                    {"instanceProperties", std::move(properties)},
                    {"applyExceptions", true}});
  }
  json item = {{"id", request.schedule_id()}, {"jobs", std::move(jobs)}};
  const bool on_hold = request.jobs(0).on_hold();
  return {{"action", on_hold ? "addJobsOnHold" : "addJobs"},
          {"scheduleActionItems", json::array({std::move(item)})},
          {"reason", request.reason()}};
}

// The jobs of the request with what OpCon says of them, which it lists in the
// same order; where it does not, the whole says what can be said of each.
void SetJobs(const v1::AddJobsToDailyScheduleRequest& request,
             const AddProgress& progress,
             v1::AddJobsToDailyScheduleResponse* reply) {
  reply->clear_jobs();
  const bool one_each =
      progress.jobs.size() == static_cast<std::size_t>(request.jobs_size());
  for (int i = 0; i < request.jobs_size(); ++i) {
    v1::AddedJob* job = reply->add_jobs();
    if (one_each) *job = progress.jobs[static_cast<std::size_t>(i)];
    job->set_job_name(request.jobs(i).job_name());
    if (job->state() == v1::ACTION_STATE_SUBMITTED ||
        job->state() == v1::ACTION_STATE_UNSPECIFIED) {
      job->set_state(progress.state);
    }
    if (job->state() == v1::ACTION_STATE_FAILED && job->message().empty()) {
      job->set_message(progress.message);
    }
    if (job->state() != v1::ACTION_STATE_SUCCEEDED) job->clear_job_id();
  }
}

bool AllDone(const v1::AddJobsToDailyScheduleResponse& reply) {
  for (const v1::AddedJob& job : reply.jobs()) {
    if (job.state() == v1::ACTION_STATE_SUBMITTED) return false;
  }
  return true;
}

}  // namespace

std::string ScheduleText(const v1::GetDailyScheduleRequest& request) {
  if (!request.has_name()) return absl::StrCat("daily schedule ", request.id());
  return absl::StrCat("daily schedule \"", request.name().schedule_name(),
                      "\" on ", FormatDate(request.name().schedule_date()));
}

absl::Status Schedules::NotFound(const std::string& what) const {
  return OpConError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_RECORD_NOT_FOUND,
      absl::StrCat("OpCon instance \"", rest_->instance(), "\" has no ", what,
                   ". Check the name, and whether the schedule was built."));
}

absl::Status Schedules::Ambiguous(const std::string& what, int count,
                                  const std::string& candidates) const {
  ErrorDetails details;
  details.metadata["candidates"] = candidates;
  return OpConError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_AMBIGUOUS_JOB,
      absl::StrCat("on OpCon instance \"", rest_->instance(), "\" ", what,
                   " fits ", count,
                   " schedules. Name the schedule by its id; the candidates "
                   "are in the error's metadata."),
      std::move(details));
}

async::Task<absl::StatusOr<v1::DailySchedule>> Schedules::FindById(
    std::string id, const CallScope& scope) {
  RestRequest request;
  request.url = rest_->Url(kSchedules).SegmentSlashTwice(id).Build();
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(request, scope));
  std::optional<v1::DailySchedule> schedule =
      ParseDailySchedule(answer.body, rest_->site_zone());
  if (!schedule) {
    co_return rest_->Unreadable(request, answer, "it is no daily schedule");
  }
  if (schedule->ref().id().empty()) schedule->mutable_ref()->set_id(id);
  if (!absl::EqualsIgnoreCase(schedule->ref().id(), id)) {
    co_return NotFound(absl::StrCat("daily schedule ", id));
  }
  co_return *std::move(schedule);
}

async::Task<absl::StatusOr<v1::DailySchedule>> Schedules::FindByName(
    const v1::ScheduleName& name, const CallScope& scope) {
  http::UrlBuilder url = rest_->Url(kSchedules);
  url.Query("Name", AsFilter(name.schedule_name()))
      .Query("Dates", FormatDate(name.schedule_date()));
  UpstreamList list{std::move(url), "daily schedules"};
  std::optional<v1::DailySchedule> found;
  std::string candidates;
  int count = 0;
  std::function<void(const json&)> take = [&](const json& value) {
    std::optional<v1::DailySchedule> schedule =
        ParseDailySchedule(value, rest_->site_zone());
    if (!schedule || schedule->ref().name() != name.schedule_name() ||
        !SameDate(schedule->ref().date(), name.schedule_date())) {
      return;
    }
    if (++count <= kMaxCandidates) {
      absl::StrAppend(&candidates, candidates.empty() ? "" : "\n",
                      schedule->ref().id());
    }
    found = std::move(schedule);
  };
  OPCON_SNOW_CO_RETURN_IF_ERROR(
      co_await ReadList(rest_, std::move(list), std::move(take), scope));
  v1::GetDailyScheduleRequest asked;
  *asked.mutable_name() = name;
  if (count == 0) co_return NotFound(ScheduleText(asked));
  if (count > 1) co_return Ambiguous(ScheduleText(asked), count, candidates);
  co_return *std::move(found);
}

async::Task<absl::Status> Schedules::AddProperties(v1::DailySchedule* schedule,
                                                   const CallScope& scope) {
  if (!schedule->properties().empty() || schedule->ref().id().empty()) {
    co_return absl::OkStatus();
  }
  RestRequest request;
  request.url = rest_->Url(kSchedules)
                    .SegmentSlashTwice(schedule->ref().id())
                    .Path("properties")
                    .Build();
  request.missing_is_answer = true;
  const absl::StatusOr<RestAnswer> answer =
      co_await rest_->Send(request, scope);
  // Versions without the endpoint show them with the schedule, if at all.
  const bool absent = answer.ok() ? answer->missing()
                                  : IsReason(answer.status(),
                                             v1::ERROR_REASON_UPSTREAM_VERSION);
  if (absent) co_return absl::OkStatus();
  if (!answer.ok()) co_return answer.status();
  ParseProperties(answer->body, schedule->mutable_properties());
  co_return absl::OkStatus();
}

async::Task<absl::StatusOr<v1::DailySchedule>> Schedules::Get(
    const v1::GetDailyScheduleRequest& request, const CallScope& scope) {
  async::Task<Schedule> find = request.has_name()
                                   ? FindByName(request.name(), scope)
                                   : FindById(request.id(), scope);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(v1::DailySchedule schedule,
                                 co_await std::move(find));
  OPCON_SNOW_CO_RETURN_IF_ERROR(co_await AddProperties(&schedule, scope));
  co_return schedule;
}

async::Task<absl::StatusOr<v1::ScheduleBuild>> Schedules::Build(
    const v1::BuildScheduleRequest& request, const CallScope& scope) {
  v1::ScheduleBuild build;
  build.set_state(v1::ACTION_STATE_SUBMITTED);
  *build.mutable_schedule_date() = request.schedule_date();
  if (request.validate_only()) co_return build;
  RestRequest post;
  post.method = http::Method::kPost;
  post.url = rest_->Url(kBuilds).Build();
  post.body = BuildBody(request);
  post.effect = Effect::kWrite;
  post.priority = http::Priority::kCreate;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(post, scope));
  build.set_build_id(Int64Of(answer.body, "id"));
  const auto note = [&build](const json& body) {
    BuildProgress progress = ParseBuildProgress(body);
    build.set_state(progress.state);
    build.set_message(std::move(progress.message));
    return build.state() != v1::ACTION_STATE_SUBMITTED;
  };
  if (!note(answer.body)) {
    if (build.build_id() <= 0) {
      co_return rest_->Unreadable(post, answer,
                                  "it names no build to ask about");
    }
    const std::string path = kBuilds;
    const std::function<bool(const json&)> is_done = note;
    co_await Await(path, build.build_id(), is_done, scope);
  }
  if (build.state() == v1::ACTION_STATE_SUCCEEDED) {
    v1::ScheduleName name;
    name.set_schedule_name(request.schedule_name());
    *name.mutable_schedule_date() = request.schedule_date();
    const Schedule schedule = co_await FindByName(name, scope);
    if (schedule.ok()) *build.mutable_schedule() = schedule->ref();
  }
  co_return build;
}

async::Task<absl::StatusOr<v1::AddJobsToDailyScheduleResponse>>
Schedules::AddJobs(const v1::AddJobsToDailyScheduleRequest& request,
                   const CallScope& scope) {
  const std::string schedule_id = request.schedule_id();
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(const v1::DailySchedule schedule,
                                 co_await FindById(schedule_id, scope));
  v1::AddJobsToDailyScheduleResponse reply;
  SetJobs(request, AddProgress(), &reply);
  if (request.validate_only()) co_return reply;
  RestRequest post;
  post.method = http::Method::kPost;
  post.url = rest_->Url(kActions).Build();
  post.body = AddBody(request);
  post.effect = Effect::kWrite;
  post.priority = http::Priority::kCreate;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(RestAnswer answer,
                                 co_await rest_->Send(post, scope));
  reply.set_action_id(Int64Of(answer.body, "id"));
  const auto note = [&request, &reply](const json& body) {
    SetJobs(request, ParseAddProgress(body), &reply);
    return AllDone(reply);
  };
  if (note(answer.body)) co_return reply;
  if (reply.action_id() <= 0) {
    co_return rest_->Unreadable(post, answer,
                                "it names no action to ask about");
  }
  const std::string path = kActions;
  const std::function<bool(const json&)> is_done = note;
  co_await Await(path, reply.action_id(), is_done, scope);
  co_return reply;
}

async::Task<void> Schedules::Await(std::string path, std::int64_t id,
                                   std::function<bool(const json&)> is_done,
                                   const CallScope& scope) {
  PollPauses pauses(polling_);
  RestRequest request;
  request.url = rest_->Url(path).Segment(absl::StrCat(id)).Build();
  for (;;) {
    const absl::Status paused = co_await pauses.Pause(rest_->loop(), scope);
    if (!paused.ok()) co_return;
    const absl::StatusOr<RestAnswer> now = co_await rest_->Send(request, scope);
    if (!now.ok()) {
      // It was accepted; that must not be lost over a question about it.
      log::Warning("opcon.action_not_followed",
                   {{"instance", rest_->instance()},
                    {"path", path},
                    {"action_id", id},
                    {"error", now.status()}});
      co_return;
    }
    if (is_done(now->body)) co_return;
  }
}

}  // namespace opcon_snow::opcon
