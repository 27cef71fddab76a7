#ifndef OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_FIXTURE_H_

// A workflow whose tickets are watched, on fakes and a fake clock.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/watchers/ticket_watcher.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {

class TicketWatcherTest : public WorkflowTest {
 protected:
  TicketWatcherTest() {
    servicenow_.clock = &clock_;
    Sync([](::config::v1::StateSync&) {});
    watcher_ = MakeWatcher("one");
    // What was there before is taken for seen.
    EXPECT_OK(watcher_->Look());
  }

  // One template that watches, and what else `edit` says.
  template <class Edit>
  void Sync(Edit edit) {
    ::config::v1::Template config;
    config.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
    edit(*config.mutable_state_sync());
    Configure(config);
  }
  void RestartOnResolve() {
    Sync([](::config::v1::StateSync& sync) {
      sync.set_restart_on_resolve(true);
    });
  }

  std::unique_ptr<TicketWatcher> MakeWatcher(const std::string& worker) {
    options_.worker = worker;
    return std::make_unique<TicketWatcher>(
        options_,
        TicketWatcherDependencies{.store = store_.get(),
                                  .opcon = &opcon_,
                                  .servicenow = &servicenow_,
                                  .templates = [this] { return templates_; },
                                  .clock = &clock_});
  }

  // kJob's failure gets its ticket.
  void OpenTicket() {
    Report("request-1");
    Drive();
    ASSERT_THAT(servicenow_.incidents, ::testing::SizeIs(1));
  }
  static constexpr char kNextDay[] = "20260106|16|1|JOB001";
  // The same job's next day fails a day later, under the ticket that there is.
  void FailNextDay() {
    opcon_.Define(kNextDay);
    clock_.Advance(absl::Hours(24));
    opcon_.Fail(kNextDay, clock_.Now());
    ::incident::v1::Report report = MakeReport("request-2");
    report.mutable_event()->mutable_job_key()->mutable_schedule_date()->set_day(
        6);
    Store(report);
    Drive();
    ASSERT_THAT(servicenow_.incidents, ::testing::SizeIs(1));
  }
  void Move(::servicenow::v1::IncidentState state,
            const std::string& user = "a.person") {
    clock_.Advance(absl::Seconds(1));
    servicenow_.SetState(&Incident(), state, user);
  }
  // The watcher looks, and what it finds is worked off.
  void Round() {
    clock_.Advance(absl::Seconds(30));
    EXPECT_OK(watcher_->Look());
    Drive();
  }
  void MoveAndFollow(::servicenow::v1::IncidentState state) {
    Move(state);
    Round();
  }

  // Reports of moves, oldest first.
  std::vector<::incident::v1::Report> Moves() {
    const auto page = store_->ListReports({}, "", 1000);
    EXPECT_OK(page.status());
    std::vector<::incident::v1::Report> moves;
    for (const ::incident::v1::Report& report : page->reports) {
      if (report.has_ticket_change()) moves.push_back(report);
    }
    std::reverse(moves.begin(), moves.end());
    return moves;
  }
  // What the last move came to.
  ::incident::v1::Step LastMove() {
    const std::vector<::incident::v1::Report> moves = Moves();
    return moves.empty() ? ::incident::v1::Step() : moves.back().steps(0);
  }
  ::incident::v1::TicketLink Link() {
    const auto link =
        store_->FindLink(MakeReport("any").event().job_key(), "prod");
    EXPECT_OK(link.status());
    return link.ok() && link->has_value() ? **link
                                          : ::incident::v1::TicketLink();
  }

  TicketWatcherOptions options_;
  std::unique_ptr<TicketWatcher> watcher_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WATCHERS_TICKET_WATCHER_FIXTURE_H_
