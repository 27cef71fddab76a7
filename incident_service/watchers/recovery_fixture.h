#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_FIXTURE_H_

// A workflow whose jobs are looked at, beside one whose tickets are watched.

#include <memory>
#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/watchers/recovery_watcher.h"
#include "incident_service/watchers/ticket_watcher_fixture.h"

namespace opcon_snow::incident {

// Tickets are resolved once their job has been well for ten minutes, and
// people's moves restart it: whatever could go round in a circle is switched
// on.
class RecoveryTest : public TicketWatcherTest {
 protected:
  RecoveryTest() {
    Recovery([](::config::v1::Recovery&) {});
    recovery_ = MakeRecoveryWatcher();
  }

  template <class Edit>
  void Recovery(Edit edit) {
    ::config::v1::Template config;
    config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
    config.mutable_state_sync()->set_restart_on_resolve(true);
    config.mutable_recovery()->set_action(
        ::config::v1::RECOVERY_ACTION_RESOLVE);
    config.mutable_recovery()->set_close_code("Solution provided");
    edit(*config.mutable_recovery());
    Configure(config);
  }
  void NoteOnly() {
    Recovery([](::config::v1::Recovery& recovery) {
      recovery.set_action(::config::v1::RECOVERY_ACTION_WORK_NOTE);
    });
  }

  std::unique_ptr<RecoveryWatcher> MakeRecoveryWatcher(
      const std::string& worker = "one") {
    recovery_options_.worker = worker;
    return std::make_unique<RecoveryWatcher>(
        recovery_options_,
        RecoveryWatcherDependencies{.store = store_.get(),
                                    .opcon = &opcon_,
                                    .templates = [this] { return templates_; },
                                    .clock = &clock_});
  }

  // A minute passes, both watchers look, and what they found is worked off.
  void LookRound() {
    clock_.Advance(absl::Minutes(1));
    EXPECT_OK(recovery_->Look());
    Drive();
    EXPECT_OK(watcher_->Look());
    Drive();
  }
  void Rounds(int count) {
    for (int i = 0; i < count; ++i) LookRound();
  }
  // The job runs again, and well.
  void RunWell() {
    clock_.Advance(absl::Minutes(1));
    opcon_.Finish(kJob, clock_.Now());
  }
  ::servicenow::v1::IncidentState State() {
    return Incident().incident.state();
  }

  // Newest first.
  std::vector<::incident::v1::Report> Recoveries() {
    const auto page = store_->ListReports({}, "", 1000);
    EXPECT_OK(page.status());
    std::vector<::incident::v1::Report> recoveries;
    for (const ::incident::v1::Report& report : page->reports) {
      if (report.has_job_recovery()) recoveries.push_back(report);
    }
    return recoveries;
  }
  // What the newest came to.
  ::incident::v1::Step LastRecovery() {
    const std::vector<::incident::v1::Report> recoveries = Recoveries();
    return recoveries.empty() ? ::incident::v1::Step()
                              : recoveries.front().steps(0);
  }

  RecoveryWatcherOptions recovery_options_;
  std::unique_ptr<RecoveryWatcher> recovery_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_RECOVERY_FIXTURE_H_
