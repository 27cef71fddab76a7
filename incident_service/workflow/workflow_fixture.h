#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_WORKFLOW_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_WORKFLOW_FIXTURE_H_

// The steps on a real store against upstreams in memory, one after the other
// on a clock that the test moves. For tests.

#include <memory>
#include <string>
#include <vector>

#include "common/clock/fake_clock.h"
#include "config/v1/template.pb.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/upstreams/fake_upstreams.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {

inline constexpr char kJob[] = "20260105|16|1|JOB001";

class WorkflowTest : public ::testing::Test {
 protected:
  // kJob has failed, and nobody has reported it.
  WorkflowTest();

  // The store as the next process finds it, with steps of `options`.
  void OpenStore();
  // One template, `basic.json`.
  void Configure(::config::v1::Template config);
  // Several; the first is the default.
  void Configure(const std::vector<::config::v1::Template>& configs);

  // A report of kJob, stored; returns its id.
  std::string Report(
      const std::string& request_id,
      ::incident::v1::EventKind kind = ::incident::v1::EVENT_KIND_JOB_FAILED,
      const std::string& template_name = "");
  // A report as it would be stored.
  ::incident::v1::Report MakeReport(const std::string& request_id) const;
  std::string Store(const ::incident::v1::Report& report);

  // Does due steps, failed ones again after a minute, until nothing is left
  // or `limit` attempts were made. Returns the attempts.
  int Drive(int limit = 100);
  void DoStep(const ClaimedStep& claimed);

  ::incident::v1::Report Get(const std::string& report_id);
  ::incident::v1::Step GetStep(const std::string& report_id,
                               ::incident::v1::StepKind kind);

  FakeJob& Job() { return opcon_.jobs.at(kJob); }
  std::vector<::opcon::v1::IncidentTicket>& Tickets() { return Job().tickets; }
  // The only incident.
  FakeIncident& Incident();

  // The job runs again, ten minutes later, and fails again.
  void FailAgain(const std::string& log = "another line");
  // Of all incidents.
  void SetState(::servicenow::v1::IncidentState state);

  FakeClock clock_;
  FakeOpCon opcon_;
  FakeServiceNow servicenow_;
  std::shared_ptr<const TemplateSet> templates_;
  // What OpenStore gives the steps beside the above.
  bool settles_ = false;
  absl::Duration provisional_ticket_after_ = absl::InfiniteDuration();
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Steps> steps_;

 private:
  const std::string path_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_WORKFLOW_FIXTURE_H_
