#include "incident_service/watchers/recovery_watcher.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/span.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/failpoint.h"
#include "incident_service/workflow/recovery_policy.h"

namespace opcon_snow::incident {
namespace {

namespace oc = ::opcon::v1;
namespace v1 = ::incident::v1;

constexpr char kWatch[] = "recoveries";
constexpr int kLinksPage = 1000;
constexpr int kJobsPage = 1000;
// The gateway's bound for one query.
constexpr int kMostDates = 31;
// The store knows what it was told, too: what is forgotten here is only written
// in vain.
constexpr std::size_t kMostRemembered = 100000;

// Adds the job to what is asked for; false if the query is full.
bool AddJob(const v1::JobKey& key, oc::ListDailyJobsRequest* request) {
  const int dates = request->schedule_dates_size();
  const bool new_date =
      dates == 0 || CompactDate(request->schedule_dates(dates - 1)) !=
                        CompactDate(key.schedule_date());
  if (new_date && dates == kMostDates) return false;
  if (new_date) *request->add_schedule_dates() = key.schedule_date();
  request->add_job_names(key.job_name());
  return true;
}

}  // namespace

RecoveryWatcher::RecoveryWatcher(RecoveryWatcherOptions options,
                                 RecoveryWatcherDependencies dependencies)
    : options_(std::move(options)),
      d_(std::move(dependencies)),
      loop_("recovery_watcher", options_.interval, d_.clock,
            [this] { return Look(); }) {}

bool RecoveryWatcher::AnyTemplateRecovers() const {
  const std::shared_ptr<const TemplateSet> templates = d_.templates();
  return std::any_of(templates->all().begin(), templates->all().end(),
                     [](const std::shared_ptr<const Template>& loaded) {
                       return Recovers(loaded->config().recovery());
                     });
}

absl::Status RecoveryWatcher::Look() {
  if (!AnyTemplateRecovers()) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<ClaimedWatch> watch,
      d_.store->ClaimWatch(kWatch, options_.worker,
                           WatchLease(options_.interval)));
  // Another replica looks.
  if (!watch.has_value()) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto waiting, FindWaiting());
  Store::WatchCommit commit;
  commit.claim = watch->claim;
  commit.state = watch->state;
  absl::Status first;
  for (const auto& [opcon, jobs] : waiting) {
    first.Update(WithContext(
        LookAt(opcon, jobs, &commit.reports),
        absl::StrCat("looking at the jobs of open tickets in ", opcon)));
  }
  if (commit.reports.empty()) return first;
  const absl::StatusOr<int> added = BetweenFailpoints(
      "commit.RECOVERIES", [&] { return d_.store->CommitWatch(commit); });
  if (GetErrorReason(added.status()) == "CLAIM_LOST") return first;
  OPCON_SNOW_RETURN_IF_ERROR(added.status());
  if (reported_.size() > kMostRemembered) reported_.clear();
  for (const Store::NewReport& report : commit.reports) {
    reported_.insert(report.report.request_id());
  }
  if (*added > 0) {
    CountActions("recovery_watcher", *added);
    log::Info("recovery_watcher.found", {{"recoveries", *added}});
  }
  return first;
}

absl::StatusOr<std::map<std::string, RecoveryWatcher::Waiting>>
RecoveryWatcher::FindWaiting() {
  const std::shared_ptr<const TemplateSet> templates = d_.templates();
  const absl::Time oldest = d_.clock->Now() - options_.look_back;
  std::map<std::string, Waiting> waiting;
  std::string after;
  bool old = false;
  do {
    OPCON_SNOW_ASSIGN_OR_RETURN(Page<v1::TicketLink> page,
                                d_.store->ListLinks({}, after, kLinksPage));
    for (v1::TicketLink& link : page.records) {
      // The latest change comes first.
      old = ToTime(link.update_time()) < oldest;
      if (old) break;
      const std::shared_ptr<const Template> chosen =
          templates->Find(link.template_());
      if (link.gone() || WasResolved(link) || chosen == nullptr ||
          !Recovers(chosen->config().recovery())) {
        continue;
      }
      const std::string opcon = link.job_key().opcon();
      waiting[opcon].emplace(JobId(link.job_key()), std::move(link));
    }
    after = page.next;
  } while (!old && !after.empty());
  return waiting;
}

absl::Status RecoveryWatcher::LookAt(const std::string& opcon,
                                     const Waiting& waiting,
                                     std::vector<Store::NewReport>* found) {
  // By their ids, and so by their days: what is asked for together is of few.
  std::vector<v1::JobKey> jobs;
  for (auto job = waiting.begin(); job != waiting.end();
       job = waiting.upper_bound(job->first)) {
    jobs.push_back(job->second.job_key());
  }
  const std::size_t at_once =
      jobs.size() <= options_.few_jobs ? 1 : options_.jobs_at_once;
  std::size_t& next = next_[opcon];
  if (next >= jobs.size()) next = 0;
  for (std::size_t queries = 0;
       queries < options_.most_queries && next < jobs.size(); ++queries) {
    oc::ListDailyJobsRequest request;
    request.set_instance(opcon);
    request.set_page_size(kJobsPage);
    request.add_categories(oc::JOB_CATEGORY_FINISHED_OK);
    std::size_t asked = 0;
    while (next < jobs.size() && asked < at_once &&
           AddJob(jobs[next], &request)) {
      ++next;
      ++asked;
    }
    OPCON_SNOW_RETURN_IF_ERROR(Ask(std::move(request), waiting, found));
  }
  if (next == jobs.size()) next = 0;
  return absl::OkStatus();
}

absl::Status RecoveryWatcher::Ask(oc::ListDailyJobsRequest request,
                                  const Waiting& waiting,
                                  std::vector<Store::NewReport>* found) {
  // Few of the names are in many schedules: there is hardly ever another page.
  for (std::size_t pages = 0; pages < options_.most_queries; ++pages) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const oc::ListDailyJobsResponse reply,
                                d_.opcon->ListDailyJobs(request));
    for (const oc::DailyJob& job : reply.jobs()) {
      const auto [begin, end] = waiting.equal_range(job.id());
      for (auto link = begin; link != end; ++link) {
        Consider(job, link->second, found);
      }
    }
    request.set_page_token(reply.next_page_token());
    if (request.page_token().empty()) break;
  }
  return absl::OkStatus();
}

void RecoveryWatcher::Consider(const oc::DailyJob& job,
                               const v1::TicketLink& link,
                               std::vector<Store::NewReport>* found) const {
  const std::shared_ptr<const Template> chosen =
      d_.templates()->Find(link.template_());
  if (chosen == nullptr || !HasEndedWell(job) || !IsAfterFailure(job, link)) {
    return;
  }
  const absl::Duration grace = GracePeriodOf(chosen->config().recovery());
  if (d_.clock->Now() - ToTime(job.end_time()) < grace) return;
  Store::NewReport fresh;
  v1::Report& report = fresh.report;
  v1::JobRecovery& recovery = *report.mutable_job_recovery();
  *recovery.mutable_job_key() = link.job_key();
  *recovery.mutable_ticket() = link.ticket();
  recovery.set_failure_id(link.last_failure_id());
  recovery.set_job_number(job.job_number());
  *recovery.mutable_run_end_time() = job.end_time();
  *report.mutable_ticket() = link.ticket();
  report.mutable_source()->set_program("recovery watcher");
  report.set_requested_template(link.template_());
  report.set_request_id(
      absl::StrCat("recovery-", Fingerprint({recovery.SerializeAsString()})));
  if (reported_.count(report.request_id()) > 0) return;
  fresh.digest = report.request_id();
  fresh.first_steps = {v1::STEP_KIND_RECOVER_TICKET};
  fresh.max_open = std::numeric_limits<std::int64_t>::max();
  fresh.trace_parent = trace::BeginTrace("recovery_watcher found");
  found->push_back(std::move(fresh));
}

}  // namespace opcon_snow::incident
