#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_

// The steps of a report's way. Each reads what earlier steps left, has at most
// one kind of effect upstream, and says what to leave behind. A step may be
// begun any number of times: what it is about to do is stored before it is
// done, and everything that it does is natural or checked.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident_service/store/store.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/upstreams/upstreams.h"
#include "incident_service/workflow/step_runner.h"

namespace opcon_snow::incident {

// All pointers must outlive the steps.
struct StepDependencies {
  Store* store = nullptr;
  OpCon* opcon = nullptr;
  ServiceNow* servicenow = nullptr;
  // The templates as they are now.
  std::function<std::shared_ptr<const TemplateSet>()> templates;
  // See config.v1.IncidentServiceConfig.deployment.
  std::string deployment;
};

// Thread-safe: holds no state of its own.
class Steps final : public StepRunner {
 public:
  explicit Steps(StepDependencies dependencies);

  // Does the claimed step and returns what is to be committed. An error is the
  // attempt's failure; the caller decides about the next one.
  absl::StatusOr<StepCommit> Run(const ClaimedStep& claimed) override;

  // When the step is given up, if not for the workflow's own limit.
  absl::Duration GiveUpAfter(const ClaimedStep& claimed,
                             absl::Duration limit) const override;

 private:
  absl::StatusOr<StepCommit> Resolve(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> Ticket(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> WriteBack(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> AttachLog(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> Document(const ClaimedStep& claimed);

  absl::StatusOr<std::shared_ptr<const Template>> FindTemplate(
      const std::string& name) const;
  absl::StatusOr<std::string> PublicAddress(const std::string& opcon) const;
  absl::StatusOr<std::string> ServiceNowName(const std::string& wanted) const;

  // The parts of the ticket step.
  struct ExistingTicket;
  absl::StatusOr<ExistingTicket> FindExisting(const ClaimedStep& claimed) const;
  absl::StatusOr<::incident_store::v1::Memo> MakePlan(
      const ClaimedStep& claimed, const Template& chosen);
  absl::StatusOr<StepCommit> CreateTicket(const ClaimedStep& claimed,
                                          ::incident_store::v1::Memo memo,
                                          const Template& chosen,
                                          bool may_exist);
  absl::StatusOr<StepCommit> UpdateTicket(const ClaimedStep& claimed,
                                          ::incident_store::v1::Memo memo,
                                          const Template& chosen);
  StepCommit TicketDone(const ClaimedStep& claimed,
                        ::incident_store::v1::Memo memo, const Template& chosen,
                        const ::servicenow::v1::Incident& incident,
                        std::string outcome) const;
  // Stores the memo in the middle of a step.
  absl::Status Remember(const ClaimedStep& claimed,
                        const ::incident_store::v1::Memo& memo);
  absl::StatusOr<std::string> AttachOne(const ClaimedStep& claimed,
                                        const Template& chosen,
                                        const std::string& path, int index,
                                        int count);

  const StepDependencies d_;
};

// What all steps begin their commit with: the step SUCCEEDED with this outcome.
StepCommit Succeeded(const ClaimedStep& claimed, std::string outcome);

// The failure that a resolved report is about, put together again from what
// the store holds.
::incident::v1::Failure FailureOf(const StoredReport& stored);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_
