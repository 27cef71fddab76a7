#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_STATE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_STATE_H_

// The state of a report follows from the states of its steps; these functions
// are the only place that says how.

#include "incident/v1/report.pb.h"

namespace opcon_snow::incident {

// SUCCEEDED, SKIPPED, FAILED.
bool IsEnded(::incident::v1::StepState state);
// SUCCEEDED, MERGED, SUPPRESSED, DISCARDED, DEAD_LETTER: nothing happens any
// more by itself.
bool IsSettled(::incident::v1::ReportState state);
// SUCCEEDED, MERGED, SUPPRESSED, DISCARDED: it has an end time.
bool HasEnded(::incident::v1::ReportState state);
// Best effort: its failure does not make the report a dead letter.
bool IsBestEffort(::incident::v1::StepKind kind);
// Whether the step is done while its report has the job, so that other reports
// of the job wait for it and it for them.
bool NeedsJob(::incident::v1::StepKind kind);

// Sets state, summary, error and next_attempt_time of `report` from its steps.
void DeriveState(::incident::v1::Report* report);

// Whether other reports of the same job have to wait for this one.
bool HoldsJob(const ::incident::v1::Report& report);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_STATE_H_
