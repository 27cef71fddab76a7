#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_

// The steps of a report's way. Each reads what earlier steps left, has at most
// one kind of effect upstream, and says what to leave behind. A step may be
// begun any number of times: what it is about to do is stored before it is
// done, and everything that it does is natural or checked.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "incident/v1/template.pb.h"
#include "incident_service/store/store.h"
#include "incident_service/templates/template_set.h"
#include "incident_service/upstreams/upstreams.h"
#include "incident_service/workflow/instance_directory.h"
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
  const Clock* clock = nullptr;
  // Whether failures are let settle: then one of a job that is well again opens
  // no ticket. The waiting itself is the store's.
  bool settles = false;
  // See config.v1.Workflow.
  absl::Duration provisional_ticket_after = absl::InfiniteDuration();
  // For what a ticket does not wait for long, such as the end of the log in a
  // text: with a shorter limit for each call. Null: `opcon`.
  OpCon* quick_opcon = nullptr;
};

// What would become of a report.
struct TicketPreview {
  // Absent if there would be no ticket and nobody to tell.
  std::optional<::incident::v1::RenderedIncident> incident;
  // Why there is no incident.
  std::vector<std::string> decisions;
};

// What a job would be told because of its ticket as it is now.
struct FollowPreview {
  // NONE and NOT_APPLICABLE: nothing, and `message` says why.
  ::incident::v1::SyncAction action = ::incident::v1::SYNC_ACTION_NONE;
  std::string message;
  // The ticket as it was found; absent if it is not there any more.
  std::optional<::servicenow::v1::Incident> incident{};
};

// Thread-safe.
class Steps final : public StepRunner {
 public:
  explicit Steps(StepDependencies dependencies);

  // Does the claimed step and returns what is to be committed; what it wrote
  // upstream is in `claimed.audit`. An error is the attempt's failure; the
  // caller decides about the next one.
  absl::StatusOr<StepCommit> Run(const ClaimedStep& claimed) override;

  // When the step is given up, if not for the workflow's own limit.
  absl::Duration GiveUpAfter(const ClaimedStep& claimed,
                             absl::Duration limit) const override;

  // What the report would do to ServiceNow and to the job's ticket field, with
  // the requests that would be sent; reads and changes nothing. The report need
  // not be stored. Errors are those of the gateways.
  absl::StatusOr<TicketPreview> Preview(const ::incident::v1::Report& report,
                                        const Template& chosen);

  // What FOLLOW_TICKET would do now, whoever moved the ticket; reads and
  // changes nothing. It may still find out that the run was restarted or
  // cancelled before. Errors are those of the gateways and of the store.
  absl::StatusOr<FollowPreview> PreviewFollow(
      const ::incident::v1::TicketLink& link);

 private:
  absl::StatusOr<StepCommit> Resolve(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> Ticket(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> WriteBack(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> AttachLog(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> Document(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> FollowTicket(const ClaimedStep& claimed);
  absl::StatusOr<StepCommit> RecoverTicket(const ClaimedStep& claimed);

  absl::StatusOr<std::shared_ptr<const Template>> FindTemplate(
      const std::string& name) const;
  // Stores the memo in the middle of a step.
  absl::Status Remember(const ClaimedStep& claimed,
                        const ::incident_store::v1::Memo& memo);

  // The parts of RESOLVE.
  bool MayDoWithoutOpCon(const ClaimedStep& claimed,
                         const absl::Status& status) const;
  absl::StatusOr<StepCommit> ResolveWithoutOpCon(
      const ClaimedStep& claimed, ::incident_store::v1::Memo memo,
      const absl::Status& why);
  absl::StatusOr<StepCommit> ResolveFrom(const ClaimedStep& claimed,
                                         ::incident_store::v1::Memo memo,
                                         const ::opcon::v1::DailyJob& job);
  // What ends a report that a silence is about; nullopt if none is.
  absl::StatusOr<std::optional<StepCommit>> Silenced(
      const ClaimedStep& claimed, ::incident::v1::Report report,
      const ::incident_store::v1::Memo& memo);
  absl::StatusOr<::opcon::v1::DailyJob> GetJob(
      const ::incident::v1::JobKey& key);
  // Fills `failure` and `job` of the memo; returns the report that owns the
  // failure.
  absl::StatusOr<std::string> Identify(const ClaimedStep& claimed,
                                       const ::opcon::v1::DailyJob& job,
                                       ::incident_store::v1::Memo* memo);
  absl::StatusOr<std::string> IdentifyRun(
      const ClaimedStep& claimed,
      const std::vector<::incident::v1::Failure>& known,
      const ::opcon::v1::DailyJob& job, ::incident_store::v1::Memo* memo);
  absl::StatusOr<bool> Recall(const ClaimedStep& claimed,
                              const std::vector<::incident::v1::Failure>& known,
                              const ::opcon::v1::DailyJob& job,
                              ::incident_store::v1::Memo* memo);
  absl::StatusOr<std::string> OwnRemembered(
      const ClaimedStep& claimed,
      const std::vector<::incident::v1::Failure>& known,
      const ::incident_store::v1::Memo& memo);
  absl::StatusOr<std::string> Own(const ClaimedStep& claimed,
                                  const ::incident_store::v1::Memo& memo);
  // Those that the report may be about, the likeliest first.
  absl::StatusOr<std::vector<::opcon::v1::JobRun>> FailedRuns(
      const ::incident::v1::Report& report, const ::opcon::v1::DailyJob& job);

  // The parts of Preview.
  absl::Status SupposeFailure(const ::incident::v1::Report& report,
                              const ::opcon::v1::DailyJob& job,
                              ::incident_store::v1::Memo* memo);
  std::vector<std::string> PreviewLogNames(const StoredReport& stored,
                                           const Template& chosen);

  // The parts of TICKET.
  absl::StatusOr<StepCommit> TicketWith(const ClaimedStep& claimed,
                                        const Template& chosen);
  // What the template asks for beside the job. Never fails for what a ticket
  // does not need: a remark says what is missing.
  absl::StatusOr<::incident_store::v1::TemplateContext> FetchContext(
      const ClaimedStep& claimed, const Template& chosen);
  void FetchLastRuns(const ::incident::v1::JobKey& key,
                     const ::opcon::v1::DailyJob& job,
                     ::incident_store::v1::TemplateContext* context);
  void FetchLogTail(const ::incident::v1::Failure& failure,
                    const Template& chosen,
                    ::incident_store::v1::TemplateContext* context);
  absl::Status FetchRecord(const std::string& servicenow,
                           const WantedRecord& wanted,
                           ::incident_store::v1::TemplateContext* context);
  struct ExistingTicket;
  absl::StatusOr<ExistingTicket> FindExisting(const ClaimedStep& claimed,
                                              const Template& chosen);
  // A `uid` that OpCon has just shown saves the gateway a call; 0 for none.
  absl::StatusOr<std::vector<::opcon::v1::IncidentTicket>> Rows(
      const ::incident::v1::JobKey& key, std::int64_t uid = 0);
  absl::Status FindOurRow(const ::incident::v1::JobKey& key,
                          ExistingTicket* existing);
  absl::Status LookAtField(const ClaimedStep& claimed, const Template& chosen,
                           const std::vector<::incident::v1::TicketLink>& links,
                           ExistingTicket* existing);
  absl::Status LookAtLink(const ::incident_store::v1::Memo& memo,
                          const Template& chosen, ExistingTicket* existing);
  absl::Status LookAtUnfinished(const ClaimedStep& claimed,
                                const Template& chosen,
                                ExistingTicket* existing);
  absl::Status LookAtEarlierDays(const ClaimedStep& claimed,
                                 const Template& chosen,
                                 ExistingTicket* existing);
  absl::StatusOr<bool> BelongsElsewhere(
      const ::incident_store::v1::Memo& memo,
      const ::opcon::v1::IncidentTicket& row,
      const std::optional<::servicenow::v1::Incident>& found);
  static void PlanUpdate(const ClaimedStep& claimed, const Template& chosen,
                         const ExistingTicket& existing,
                         ::incident_store::v1::Memo* memo);
  void PlanCreate(const ClaimedStep& claimed, const Template& chosen,
                  const ExistingTicket& existing,
                  ::incident_store::v1::Memo* memo) const;
  absl::StatusOr<::incident_store::v1::Memo> MakePlan(
      const ClaimedStep& claimed, const Template& chosen);
  absl::StatusOr<bool> IsOutdated(const ClaimedStep& claimed,
                                  const ::incident_store::v1::Memo& memo) const;
  absl::StatusOr<std::optional<::servicenow::v1::Incident>> UpdatedBefore(
      const ::incident_store::v1::Memo& memo);
  absl::StatusOr<StepCommit> CarryOut(const ClaimedStep& claimed,
                                      const ::incident_store::v1::Memo& memo,
                                      const Template& chosen, bool may_exist);
  absl::StatusOr<StepCommit> CreateTicket(
      const ClaimedStep& claimed, const ::incident_store::v1::Memo& memo,
      const Template& chosen, bool may_exist);
  absl::StatusOr<StepCommit> UpdateTicket(
      const ClaimedStep& claimed, const ::incident_store::v1::Memo& memo,
      const Template& chosen);
  // The link once the incident carries the failure; `known` is the one before.
  ::incident::v1::TicketLink LinkAfter(
      const ClaimedStep& claimed, const ::incident_store::v1::Memo& memo,
      const ::servicenow::v1::Incident& incident,
      const std::optional<::incident::v1::TicketLink>& known) const;
  absl::StatusOr<StepCommit> TicketDone(
      const ClaimedStep& claimed, const ::incident_store::v1::Memo& memo,
      const Template& chosen, const ::servicenow::v1::Incident& incident,
      const std::string& outcome,
      const google::protobuf::RepeatedPtrField<std::string>& warnings) const;

  // The parts of WRITE_BACK and ATTACH_LOG.
  absl::StatusOr<::incident_store::v1::Memo> AskOpConLate(
      const ClaimedStep& claimed);
  absl::StatusOr<::opcon::v1::SetIncidentTicketResponse> ShowTicket(
      const ClaimedStep& claimed, const ::incident_store::v1::Memo& memo,
      const Template& chosen);
  absl::Status FinishLate(const ClaimedStep& claimed,
                          const ::incident_store::v1::Memo& memo,
                          const Template& chosen, StepCommit* commit);
  absl::Status NameJobLate(const ClaimedStep& claimed,
                           const ::incident_store::v1::Memo& memo);
  absl::StatusOr<StepCommit> FieldTaken(const ClaimedStep& claimed,
                                        const absl::Status& refused);

  // The parts of FOLLOW_TICKET.
  struct Following;
  // nullopt if there is something to do, which `following` then tells.
  absl::StatusOr<std::optional<StepCommit>> LookBeforeFollowing(
      const ClaimedStep& claimed, Following* following);
  absl::StatusOr<std::optional<StepCommit>> LookAfterSending(
      const ClaimedStep& claimed);
  absl::StatusOr<std::string> ForeignTicket(
      const ::incident::v1::JobKey& key,
      const ::incident::v1::TicketLink& link);
  absl::StatusOr<std::string> FirstToAct(const ClaimedStep& claimed,
                                         const Following& following);
  absl::StatusOr<StepCommit> Act(const ClaimedStep& claimed,
                                 const Following& following);
  absl::Status Refused(const Following& following,
                       const ::incident::v1::JobKey& key,
                       const std::string& message);

  // The parts of RECOVER_TICKET.
  // Why there is nothing to do, for people; empty if there is something, which
  // `plan`, that of an earlier attempt or an empty one, then tells.
  absl::StatusOr<std::string> LookBeforeRecovering(
      const ClaimedStep& claimed, ::incident_store::v1::RecoveryPlan* plan);
  absl::StatusOr<StepCommit> Recover(
      const ClaimedStep& claimed,
      const ::incident_store::v1::RecoveryPlan& plan);

  // Tells what was attached; nullopt if the log is not that run's any more.
  absl::StatusOr<std::optional<std::string>> AttachOne(
      const ClaimedStep& claimed, const Template& chosen,
      const std::string& path, int index, int count);

  const StepDependencies d_;
  InstanceDirectory directory_;
};

// What all steps begin their commit with: the step SUCCEEDED with this outcome.
StepCommit Succeeded(const ClaimedStep& claimed, std::string outcome);

// Not an attempt that failed: there is nothing to do before `when`.
StepCommit LookAgainIn(const ClaimedStep& claimed, absl::Time when,
                       std::string outcome);

// The failure that a resolved report is about.
::incident::v1::Failure FailureOf(const StoredReport& stored);

// The requests that create the planned incident, or add the failure to it.
::servicenow::v1::CreateIncidentRequest CreateRequest(
    const StoredReport& stored, const ::incident_store::v1::Memo& memo,
    const RenderedTicket& rendered, const Template& chosen);
::servicenow::v1::UpdateIncidentRequest UpdateRequest(
    const StoredReport& stored, const ::incident_store::v1::Memo& memo,
    const Template& chosen);

// What the job's ticket field is set to.
std::string TicketIdText(const ::incident::v1::TicketRef& ticket,
                         ::config::v1::TicketIdFormat format);
// What the job's documentation is told about a ticket that took the place of
// another.
std::string DocumentationText(const ::incident_store::v1::TicketPlan& plan,
                              const std::string& number,
                              const std::string& marker);

// Logs of one run that are attached; more is somebody's mistake.
inline constexpr int kMaxLogFiles = 20;

// Reads a job log through the template's redaction.
absl::Status ReadRedacted(OpCon* opcon,
                          const ::opcon::v1::ReadJobLogRequest& request,
                          const Template& chosen,
                          const std::function<void(absl::string_view)>& sink);

// What templates may speak of.
TemplateFacts FactsOf(const StoredReport& stored,
                      const ::incident::v1::Failure& failure,
                      const ::incident_store::v1::Memo& memo);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEPS_H_
