#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_FIXTURE_H_

// A workflow whose jobs are watched, on fakes and a fake clock, with the real
// intake. kJob has failed before the watch begins.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/service/intake.h"
#include "incident_service/watchers/job_watcher.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {

inline constexpr char kOther[] = "20260105|16|1|JOB002";

class JobWatcherTest : public WorkflowTest {
 protected:
  JobWatcherTest() {
    options_.opcons = {"production"};
    opcon_.Define(kOther);
    // So that the times of the runs are not those of the rounds.
    clock_.Advance(absl::Seconds(17));
  }

  // The watcher of the next process, or of another one.
  std::unique_ptr<JobWatcher> MakeWatcher(const std::string& worker = "one",
                                          std::int64_t max_open = 1000000) {
    options_.worker = worker;
    intake_ =
        std::make_unique<Intake>(IntakeOptions{.default_opcon = "production",
                                               .max_open_reports = max_open},
                                 store_.get(), [this] { return templates_; });
    return std::make_unique<JobWatcher>(
        options_,
        JobWatcherDependencies{
            .store = store_.get(),
            .opcon = &opcon_,
            .report =
                [this](const ::incident::v1::ReportJobEventRequest& request,
                       Intake::Done done) {
                  if (before_report_) before_report_();
                  intake_->Report(request, /*reported_by=*/"", std::move(done));
                },
            .clock = &clock_});
  }
  // With the round that takes note of what is there.
  void Begin() {
    watcher_ = MakeWatcher();
    EXPECT_OK(watcher_->Look());
  }
  void Restart() {
    watcher_.reset();
    OpenStore();
    watcher_ = MakeWatcher();
  }

  // The watcher looks so often, a minute apart, and what it finds is worked
  // off.
  void Rounds(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_OK(watcher_->Look());
      Drive();
      clock_.Advance(absl::Minutes(1));
    }
  }
  // More than the grace period.
  void GoOn() { Rounds(4); }

  void FailNow(const std::string& id) { opcon_.Fail(id, clock_.Now()); }
  // `count` further jobs fail.
  void FailMany(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = absl::StrFormat("20260105|16|1|MANY%04d", i);
      opcon_.Define(id);
      FailNow(id);
    }
  }
  // What incidentctl hands in for kOther.
  std::string ReportOther(const std::string& request_id) {
    ::incident::v1::Report report = MakeReport(request_id);
    report.mutable_event()->mutable_job_key()->set_job_name("JOB002");
    report.mutable_event()->set_termination("0000000005");
    return Store(report);
  }

  // All reports, oldest first.
  std::vector<::incident::v1::Report> Reports() {
    const auto page = store_->ListReports({}, "", 10000);
    EXPECT_OK(page.status());
    std::vector<::incident::v1::Report> reports = page->reports;
    std::reverse(reports.begin(), reports.end());
    return reports;
  }
  // Those of the watcher.
  std::vector<::incident::v1::Report> Found() {
    std::vector<::incident::v1::Report> found;
    for (const ::incident::v1::Report& report : Reports()) {
      if (report.source().program() == "job watcher") found.push_back(report);
    }
    return found;
  }

  JobWatcherOptions options_;
  std::function<void()> before_report_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<JobWatcher> watcher_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_JOB_WATCHER_FIXTURE_H_
