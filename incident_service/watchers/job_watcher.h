#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_H_

// Finds failed jobs that nobody has reported, and reports them as any other
// reporter does. Only lists jobs upstream. See docs/decisions/job-watcher.md.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"
#include "incident_service/upstreams/upstreams.h"
#include "incident_service/watchers/round_loop.h"
#include "incident_service/watchers/watched_jobs.h"

namespace opcon_snow::incident {

struct JobWatcherOptions {
  // See config.v1.JobWatcher.
  absl::Duration interval = absl::Seconds(60);
  absl::Duration grace_period = absl::Minutes(2);
  bool report_existing = false;
  std::vector<std::string> opcons{};
  int days_back = 2;
  std::set<::incident::v1::EventKind> events = {
      ::incident::v1::EVENT_KIND_JOB_FAILED,
      ::incident::v1::EVENT_KIND_MARKED_FAILED,
      ::incident::v1::EVENT_KIND_INITIALIZATION_ERROR};
  // Not null.
  std::shared_ptr<const WatchedJobs> jobs = std::make_shared<WatchedJobs>();
  // A name that no other process has.
  std::string worker = "worker";
  // Of one query, and of one round at an instance, which goes on in the next.
  int page_size = 500;
  int most_pages = 10;
  // Of one round at an instance; the others wait for the next.
  std::size_t most_reports = 1000;
};

// All pointers must outlive the watcher.
struct JobWatcherDependencies {
  Store* store = nullptr;
  OpCon* opcon = nullptr;
  // Intake::Report: hands a report in and calls back once, from any thread.
  std::function<void(
      const ::incident::v1::ReportJobEventRequest& request,
      std::function<void(
          absl::StatusOr<::incident::v1::ReportJobEventResponse>)>
          done)>
      report;
  Clock* clock = nullptr;
};

class JobWatcher {
 public:
  JobWatcher(JobWatcherOptions options, JobWatcherDependencies dependencies);
  ~JobWatcher();
  JobWatcher(const JobWatcher&) = delete;
  JobWatcher& operator=(const JobWatcher&) = delete;

  // Begins with a round at once.
  void Start() { loop_.Start(); }
  // Waits for the round under way, whose calls the caller should have
  // cancelled. Idempotent.
  void Stop() { loop_.Stop(); }

  // One round at each OpCon instance, but for those that failed lately: they
  // are left alone for a while, and their last error counts. The error is that
  // of the first instance that has one; the others are looked at all the same.
  // For Start, and for tests instead of it.
  absl::Status Look();

 private:
  // What is remembered of an instance from round to round.
  struct Instance;
  // A round at one instance.
  struct Round;
  // A failure that is to be reported.
  struct Due {
    std::string failure_id;
    ::incident::v1::ReportJobEventRequest request;
  };

  absl::Status LookAt(Instance* instance);
  absl::Status ReadPages(Round* round);
  absl::Status Consider(const ::opcon::v1::DailyJob& job, Round* round);
  // Whether somebody has reported the failure, or may just be doing so.
  absl::StatusOr<bool> IsKnown(const ::incident::v1::Failure& failure);
  absl::StatusOr<bool> MayBeUnderWay(const ::incident::v1::JobKey& key);
  absl::Status Report(Round* round);
  ::opcon::v1::ListDailyJobsRequest RequestFor(const Instance& instance) const;
  // What happened to a job in this state; nullopt if it is not watched for.
  std::optional<::incident::v1::EventKind> EventOf(
      const ::opcon::v1::JobStatus& status) const;
  std::string WatchName(const Instance& instance) const;

  const JobWatcherOptions options_;
  const JobWatcherDependencies d_;
  std::vector<std::unique_ptr<Instance>> instances_;
  // The last: it ends before the rest.
  RoundLoop loop_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_H_
