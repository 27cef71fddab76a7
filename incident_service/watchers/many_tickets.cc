#include "incident_service/watchers/many_tickets.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;

v1::Report NthReport(int n) {
  v1::Report report;
  report.set_request_id(absl::StrCat("many-", n));
  report.mutable_event()->set_kind(v1::EVENT_KIND_JOB_FAILED);
  v1::JobKey* key = report.mutable_event()->mutable_job_key();
  key->set_opcon("production");
  key->mutable_schedule_date()->set_year(2026);
  key->mutable_schedule_date()->set_month(1);
  key->mutable_schedule_date()->set_day(5);
  key->set_schedule_id(16);
  key->set_schedule_instance(1);
  key->set_job_name(absl::StrCat("MANY", n));
  return report;
}

StepCommit WithTicket(const ClaimedStep& step, FakeServiceNow* servicenow) {
  const std::string sys_id =
      servicenow->Add(absl::StrCat("INC", step.claim.report_id),
                      sn::INCIDENT_STATE_IN_PROGRESS);
  const sn::Incident& incident = servicenow->incidents[sys_id].incident;
  StepCommit commit;
  commit.claim = step.claim;
  commit.step = step.step;
  commit.step.set_state(v1::STEP_STATE_SUCCEEDED);
  v1::TicketLink& link = commit.link.emplace();
  *link.mutable_job_key() = step.stored.report.event().job_key();
  link.mutable_ticket()->set_servicenow("prod");
  link.mutable_ticket()->set_sys_id(sys_id);
  link.mutable_ticket()->set_number(incident.number());
  link.set_ticket_state_value(incident.state_value());
  link.set_ticket_modification_count(incident.modification_count());
  commit.durable = false;
  return commit;
}

}  // namespace

absl::Status KeepManyTickets(int count, Store* store,
                             FakeServiceNow* servicenow) {
  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  for (int i = 0; i < count; ++i) {
    store->CreateReportAsync(
        {NthReport(i), "digest", {v1::STEP_KIND_RESOLVE}, count + 1},
        [&](const absl::StatusOr<CreatedReport>& created) {
          if (!created.ok()) ++refused;
          ++answered;
        });
  }
  while (answered < count) std::this_thread::yield();
  if (refused > 0) return absl::InternalError("reports were refused");
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<ClaimedStep> claimed,
                              store->ClaimSteps({.limit = count}));
  if (claimed.size() != static_cast<std::size_t>(count)) {
    return absl::InternalError(
        absl::StrCat(claimed.size(), " steps instead of ", count));
  }
  for (const ClaimedStep& step : claimed) {
    OPCON_SNOW_RETURN_IF_ERROR(store->Commit(WithTicket(step, servicenow)));
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
