#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REPORT_SPAN_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REPORT_SPAN_H_

// What a trace says of the call that reports something.

#include "absl/status/statusor.h"
#include "common/trace/span.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::incident {

// Adds what was stored to the span of the call. A report that is new ends the
// span of a reporter that cannot export its own: it has its acknowledgement.
void TellReporter(
    const absl::StatusOr<::incident::v1::ReportJobEventResponse>& answer,
    const trace::Caller& caller, trace::Span* call);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REPORT_SPAN_H_
