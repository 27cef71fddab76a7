#include "incident_service/service/report_span.h"

namespace opcon_snow::incident {

void TellReporter(
    const absl::StatusOr<::incident::v1::ReportJobEventResponse>& answer,
    const trace::Caller& caller, trace::Span* call) {
  if (!answer.ok() || !answer->has_report()) return;
  call->Set("opcon_snow.report_id", answer->report().report_id());
  // It had one already, with the first.
  if (answer->duplicate()) return;
  trace::TellCallerSpan("incidentctl", "incidentctl report", caller, *call);
}

}  // namespace opcon_snow::incident
