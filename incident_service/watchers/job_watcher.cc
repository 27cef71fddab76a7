#include "incident_service/watchers/job_watcher.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/failpoint.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace oc = ::opcon::v1;
using ::incident_store::v1::KnownFailures;
using ::incident_store::v1::WatchState;

// After so long what is found is taken note of only: as the ticket watcher
// does.
constexpr absl::Duration kTooLate = absl::Hours(24 * 7);
constexpr absl::Duration kLongestPause = absl::Minutes(15);
// The site's day may be the one before UTC's, or the one after.
constexpr int kDaysAround = 1;
constexpr int kManyFailures = 100;
constexpr int kManyReports = 20;

// The first 64 bits of a failure's id, which is a fingerprint.
std::uint64_t ShortId(const v1::Failure& failure) {
  std::uint64_t bits = 0;
  static_cast<void>(
      absl::SimpleHexAtoi(failure.failure_id().substr(0, 16), &bits));
  return bits;
}

void AddKnown(const v1::Failure& failure, WatchState* state) {
  const std::string date = CompactDate(failure.job_key().schedule_date());
  auto& days = *state->mutable_known_failures();
  auto day = std::find_if(days.begin(), days.end(), [&](const auto& known) {
    return known.schedule_date() == date;
  });
  if (day == days.end()) {
    days.Add()->set_schedule_date(date);
    day = days.end() - 1;
  }
  day->add_failures(ShortId(failure));
}

// Days that are not looked at any more need not be remembered.
void ForgetDaysBefore(const std::string& date, WatchState* state) {
  auto& days = *state->mutable_known_failures();
  days.erase(std::remove_if(days.begin(), days.end(),
                            [&](const KnownFailures& known) {
                              return known.schedule_date() < date;
                            }),
             days.end());
}

v1::JobEvent EventFrom(const v1::JobKey& key, v1::EventKind kind,
                       const oc::DailyJob& job) {
  v1::JobEvent event;
  *event.mutable_job_key() = key;
  event.set_kind(kind);
  event.set_schedule_name(job.schedule().name());
  event.set_machine(job.start_machine());
  event.set_termination(job.termination());
  event.set_job_number(job.job_number());
  if (job.has_end_time()) {
    // OpCon's clock, so that it is the same whoever looks.
    *event.mutable_occurred_time() = job.end_time();
    if (job.job_number() != 0 && TellsOfAFailedRun(kind)) {
      *event.mutable_run_end_time() = job.end_time();
    }
  }
  return event;
}

// The failure that RESOLVE will find for the event.
v1::Failure FailureShown(const v1::JobEvent& event, const oc::DailyJob& job) {
  v1::Report report;
  *report.mutable_event() = event;
  return ShowsAFailedRun(job.status())
             ? FailureOfRun(report, job, LatestRun(job))
             : FailureOfEvent(report, job);
}

}  // namespace

struct JobWatcher::Instance {
  struct Sighting {
    SteadyTime first;
    std::int64_t last_pass = 0;
    // Nothing is to be done about it any more.
    bool settled = false;
  };

  std::string opcon;
  // By the ids of the failures.
  std::unordered_map<std::string, Sighting> sightings;
  // A pass goes through all failed jobs, in one round or several. This is what
  // it asks for; without a page_token, the next round begins a pass.
  oc::ListDailyJobsRequest request;
  std::int64_t pass = 0;
  // After errors.
  absl::Status last;
  int failed_rounds = 0;
  SteadyTime not_before = SteadyTime::min();

  // Another process goes on.
  void Forget() {
    sightings.clear();
    request.clear_page_token();
  }
};

struct JobWatcher::Round {
  Instance* instance = nullptr;
  Store::WatchCommit commit;
  // What is found is only taken note of.
  bool baseline = false;
  // Of the commit's state, as it was.
  std::unordered_set<std::uint64_t> known;
  bool pass_ended = false;
  std::vector<Due> due;
};

JobWatcher::JobWatcher(JobWatcherOptions options,
                       JobWatcherDependencies dependencies)
    : options_(std::move(options)),
      d_(std::move(dependencies)),
      loop_("job_watcher", options_.interval, d_.clock,
            [this] { return Look(); }) {
  for (const std::string& opcon : options_.opcons) {
    instances_.push_back(std::make_unique<Instance>());
    instances_.back()->opcon = opcon;
  }
}

JobWatcher::~JobWatcher() { Stop(); }

std::string JobWatcher::WatchName(const Instance& instance) const {
  return absl::StrCat("jobs/", instance.opcon);
}

absl::Status JobWatcher::Look() {
  absl::Status first;
  for (const std::unique_ptr<Instance>& instance : instances_) {
    if (d_.clock->SteadyNow() >= instance->not_before) {
      instance->last =
          WithContext(LookAt(instance.get()),
                      absl::StrCat("watching the jobs of ", instance->opcon));
      if (instance->last.ok()) {
        instance->failed_rounds = 0;
      } else {
        // What was read so far may be too old by then.
        instance->request.clear_page_token();
        const int doublings = std::min(instance->failed_rounds++, 10);
        const absl::Duration pause =
            std::max(std::min(options_.interval * (1 << doublings),
                              std::max(options_.interval, kLongestPause)),
                     RetryDelay(instance->last).value_or(absl::ZeroDuration()));
        instance->not_before = SteadyAfter(d_.clock->SteadyNow(), pause);
      }
    }
    first.Update(instance->last);
  }
  return first;
}

absl::Status JobWatcher::LookAt(Instance* instance) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<ClaimedWatch> watch,
      d_.store->ClaimWatch(WatchName(*instance), options_.worker,
                           WatchLease(options_.interval)));
  if (!watch.has_value()) {
    instance->Forget();
    return absl::OkStatus();
  }
  const absl::Time now = d_.clock->Now();
  Round round;
  round.instance = instance;
  round.commit.claim = watch->claim;
  round.commit.state = watch->state;
  WatchState& state = round.commit.state;
  if (state.has_round_time() && now - ToTime(state.round_time()) > kTooLate) {
    state.Clear();
  }
  round.baseline = !state.has_round_time() && !options_.report_existing;
  for (const KnownFailures& day : state.known_failures()) {
    round.known.insert(day.failures().begin(), day.failures().end());
  }
  OPCON_SNOW_RETURN_IF_ERROR(ReadPages(&round));
  if (round.pass_ended) {
    if (!state.has_round_time()) {
      log::Info("job_watcher.begins", {{"opcon", instance->opcon},
                                       {"taken_note_of", round.known.size()}});
    }
    SetTime(now, state.mutable_round_time());
  }
  round.commit.durable = round.baseline;
  const absl::Status committed = BetweenFailpoints("commit.WATCH", [&] {
    return d_.store->CommitWatch(round.commit).status();
  });
  if (GetErrorReason(committed) == "CLAIM_LOST") {
    instance->Forget();
    return absl::OkStatus();
  }
  OPCON_SNOW_RETURN_IF_ERROR(committed);
  return Report(&round);
}

absl::Status JobWatcher::ReadPages(Round* round) {
  Instance& instance = *round->instance;
  if (instance.request.page_token().empty()) {
    instance.request = RequestFor(instance);
    ++instance.pass;
  }
  for (int page = 0; page < options_.most_pages && !round->pass_ended; ++page) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const oc::ListDailyJobsResponse reply,
                                d_.opcon->ListDailyJobs(instance.request));
    for (const oc::DailyJob& job : reply.jobs()) {
      OPCON_SNOW_RETURN_IF_ERROR(Consider(job, round));
    }
    instance.request.set_page_token(reply.next_page_token());
    round->pass_ended = reply.next_page_token().empty();
    // A long round goes on as long as nobody else has begun one: the commit
    // would tell.
    OPCON_SNOW_RETURN_IF_ERROR(d_.store
                                   ->ClaimWatch(WatchName(instance),
                                                options_.worker,
                                                WatchLease(options_.interval))
                                   .status());
  }
  if (!round->pass_ended) return absl::OkStatus();
  // What is not failed any more. If it fails again, that is another failure.
  for (auto at = instance.sightings.begin(); at != instance.sightings.end();) {
    at = at->second.last_pass == instance.pass ? std::next(at)
                                               : instance.sightings.erase(at);
  }
  ForgetDaysBefore(CompactDate(instance.request.schedule_dates(0)),
                   &round->commit.state);
  return absl::OkStatus();
}

oc::ListDailyJobsRequest JobWatcher::RequestFor(
    const Instance& instance) const {
  oc::ListDailyJobsRequest request;
  request.set_instance(instance.opcon);
  const absl::CivilDay today =
      absl::ToCivilDay(d_.clock->Now(), absl::UTCTimeZone());
  for (absl::CivilDay day = today - options_.days_back - kDaysAround;
       day <= today + kDaysAround; ++day) {
    google::type::Date* date = request.add_schedule_dates();
    date->set_year(static_cast<int>(day.year()));
    date->set_month(day.month());
    date->set_day(day.day());
  }
  const bool missed =
      options_.events.count(v1::EVENT_KIND_MISSED_START_TIME) > 0;
  if (options_.events.size() > (missed ? 1U : 0U)) {
    request.add_categories(oc::JOB_CATEGORY_FAILED);
  }
  if (missed) request.add_categories(oc::JOB_CATEGORY_MISSED_START_TIME);
  request.set_page_size(options_.page_size);
  return request;
}

std::optional<v1::EventKind> JobWatcher::EventOf(
    const oc::JobStatus& status) const {
  v1::EventKind kind = v1::EVENT_KIND_JOB_FAILED;
  if (status.category() == oc::JOB_CATEGORY_MISSED_START_TIME) {
    kind = v1::EVENT_KIND_MISSED_START_TIME;
  } else if (absl::StartsWithIgnoreCase(status.description(),
                                        "Marked Failed")) {
    kind = v1::EVENT_KIND_MARKED_FAILED;
  } else if (absl::StartsWithIgnoreCase(status.description(),
                                        "Initialization Error")) {
    kind = v1::EVENT_KIND_INITIALIZATION_ERROR;
  }
  if (options_.events.count(kind) == 0) return std::nullopt;
  return kind;
}

absl::Status JobWatcher::Consider(const oc::DailyJob& job, Round* round) {
  Instance& instance = *round->instance;
  const std::optional<v1::EventKind> kind = EventOf(job.status());
  std::optional<v1::JobKey> key = ParseJobId(job.id());
  if (!kind.has_value() || !key.has_value()) return absl::OkStatus();
  key->set_opcon(instance.opcon);
  const v1::JobEvent event = EventFrom(*key, *kind, job);
  const v1::Failure failure = FailureShown(event, job);
  if (round->baseline) {
    const bool fresh = round->known.insert(ShortId(failure)).second;
    if (fresh) AddKnown(failure, &round->commit.state);
    return absl::OkStatus();
  }
  if (round->known.count(ShortId(failure)) > 0) return absl::OkStatus();

  const SteadyTime now = d_.clock->SteadyNow();
  Instance::Sighting& sighting =
      instance.sightings
          .try_emplace(failure.failure_id(), Instance::Sighting{now})
          .first->second;
  sighting.last_pass = instance.pass;
  if (sighting.settled ||
      now < SteadyAfter(sighting.first, options_.grace_period) ||
      round->due.size() >= options_.most_reports) {
    return absl::OkStatus();
  }
  const std::optional<std::string> template_name =
      options_.jobs->TemplateFor(failure, job);
  sighting.settled = !template_name.has_value();
  if (!sighting.settled) {
    OPCON_SNOW_ASSIGN_OR_RETURN(sighting.settled, IsKnown(failure));
  }
  if (sighting.settled) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool under_way, MayBeUnderWay(*key));
  if (under_way) return absl::OkStatus();

  Due& due = round->due.emplace_back();
  due.failure_id = failure.failure_id();
  due.request.set_request_id(absl::StrCat("job-", failure.failure_id()));
  *due.request.mutable_event() = event;
  due.request.set_template_(*template_name);
  due.request.mutable_source()->set_program("job watcher");
  return absl::OkStatus();
}

absl::StatusOr<bool> JobWatcher::IsKnown(const v1::Failure& failure) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::Failure> known,
      d_.store->ListFailures(failure.job_key(), "", kManyFailures));
  return std::any_of(known.records.begin(), known.records.end(),
                     [&](const v1::Failure& other) {
                       return other.failure_id() == failure.failure_id();
                     });
}

// A report of the job that is at work and has not been resolved yet may turn
// out to be about this very failure; so may one that was resolved without
// OpCon. The next rounds will tell.
absl::StatusOr<bool> JobWatcher::MayBeUnderWay(const v1::JobKey& key) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const ReportPage page,
      d_.store->ListReports(
          {.states = {v1::REPORT_STATE_ACCEPTED, v1::REPORT_STATE_RUNNING,
                      v1::REPORT_STATE_WAITING},
           .job_key = key},
          "", kManyReports));
  std::vector<std::string> provisional;
  for (const v1::Report& report : page.reports) {
    if (!report.has_event()) continue;
    if (report.failure_id().empty()) return true;
    provisional.push_back(report.failure_id());
  }
  if (provisional.empty()) return false;
  OPCON_SNOW_ASSIGN_OR_RETURN(const Page<v1::Failure> known,
                              d_.store->ListFailures(key, "", kManyFailures));
  return std::any_of(known.records.begin(), known.records.end(),
                     [&](const v1::Failure& f) {
                       return f.provisional() &&
                              std::find(provisional.begin(), provisional.end(),
                                        f.failure_id()) != provisional.end();
                     });
}

absl::Status JobWatcher::Report(Round* round) {
  const std::vector<Due>& due = round->due;
  if (due.empty()) return absl::OkStatus();
  std::mutex mutex;
  std::condition_variable answered;
  std::size_t left = due.size();
  std::vector<absl::StatusOr<v1::ReportJobEventResponse>> answers(due.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    d_.report(due[i].request,
              [&, i](absl::StatusOr<v1::ReportJobEventResponse> answer) {
                // Notified under the lock: it lives on the waiter's stack.
                const std::lock_guard<std::mutex> lock(mutex);
                answers[i] = std::move(answer);
                if (--left == 0) answered.notify_one();
              });
  }
  std::unique_lock<std::mutex> lock(mutex);
  answered.wait(lock, [&] { return left == 0; });

  absl::Status first;
  int added = 0;
  for (std::size_t i = 0; i < due.size(); ++i) {
    const absl::Status status = answers[i].status();
    // It was reported with another template, before the configuration changed.
    const bool reported =
        status.ok() || GetErrorReason(status) == "REQUEST_ID_REUSED";
    const bool refused =
        !reported && status.code() == absl::StatusCode::kInvalidArgument;
    if (refused) {
      log::Error("job_watcher.refused",
                 {{"job", JobKeyText(due[i].request.event().job_key())},
                  {"error", status}});
    }
    if (reported || refused) {
      round->instance->sightings[due[i].failure_id].settled = true;
    } else {
      first.Update(status);
    }
    if (status.ok() && !answers[i]->duplicate()) ++added;
  }
  if (added > 0) {
    CountActions("job_watcher", added);
    log::Info("job_watcher.found",
              {{"opcon", round->instance->opcon}, {"failures", added}});
  }
  return first;
}

}  // namespace opcon_snow::incident
