#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_CHANGES_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_CHANGES_H_

// What every implementation of the store does to a report in memory, and what
// it answers when it must refuse: here, so that they agree. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// nullptr if the report has no such step.
::incident::v1::Step* FindStep(::incident::v1::Report* report,
                               ::incident::v1::StepKind kind);

// A new report as it is stored first.
void BeginReport(const std::string& report_id,
                 const std::vector<NextStep>& first_steps, absl::Time now,
                 StoredReport* stored);

// The step is claimed. DATA_LOSS if the report has no such step.
absl::StatusOr<::incident::v1::Step> BeginAttempt(::incident::v1::StepKind kind,
                                                  absl::Time now,
                                                  StoredReport* stored);

// Writes what the step leaves behind; returns the steps that were really new.
absl::StatusOr<std::vector<NextStep>> ApplyCommit(const StepCommit& commit,
                                                  absl::Time now,
                                                  StoredReport* stored);

// Ends an attempt that nobody will commit any more. Returns what the audit is
// to know of it: the claim was written before the attempt, so it stands for
// the intent. nullopt if the step had nothing to write.
std::optional<::incident::v1::AuditEntry> ApplyCutOff(
    ::incident::v1::StepKind kind, absl::Time now, StoredReport* stored);

// See Store::RetryReport; returns the steps that are due now.
absl::StatusOr<std::vector<::incident::v1::StepKind>> ApplyRetry(
    absl::Time now, StoredReport* stored);

// See Store::DiscardReport; returns the steps that were skipped.
absl::StatusOr<std::vector<::incident::v1::StepKind>> ApplyDiscard(
    const Decision& decision, absl::Time now, StoredReport* stored);

// The entry of a person's decision about a report, made now.
::incident::v1::AuditEntry DecisionEntry(absl::string_view action,
                                         absl::string_view report_id,
                                         const Decision& decision);

// What is left to say of a report that was deleted.
::incident::v1::Report ForgottenReport(absl::string_view report_id,
                                       absl::string_view request_id,
                                       ::incident::v1::ReportState last_state);

// Whether the ticket was found as it was decided on; see Store::CommitWatch.
bool MayBeSeen(const ::incident::v1::TicketLink& stored,
               const Store::SeenTicket& seen);
// Writes what was found.
void ApplySeen(const Store::SeenTicket& seen,
               ::incident::v1::TicketLink* stored);

// `fresh` takes the place of `stored`: of the ticket's state it keeps what was
// seen later.
void KeepSeen(const ::incident::v1::TicketLink& stored,
              ::incident::v1::TicketLink* fresh);

// Adds the ticket unless it is there; false then.
bool AddTicket(const ::incident::v1::TicketRef& ticket,
               ::incident::v1::Failure* failure);

absl::Status ClaimLost(const StepClaim& claim);
absl::Status WatchLost(const WatchClaim& claim);
absl::Status NoSuchReport(absl::string_view report_id);
absl::Status RequestIdReused(absl::string_view request_id,
                             absl::string_view report_id);
absl::Status TooManyOpen(std::int64_t open);
absl::Status BackupUnderWay();
absl::Status NoSuchChange(std::int64_t after, std::int64_t last);
// DATA_LOSS: `what` was found in the store and makes no sense.
absl::Status CorruptRecord(absl::string_view what);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_CHANGES_H_
