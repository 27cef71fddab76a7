#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_SPAN_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_SPAN_H_

// What a trace says of one attempt of a step. It is a child of the span of the
// call that reported, whichever process makes the attempt.

#include "absl/strings/string_view.h"
#include "common/trace/scope.h"
#include "common/trace/span.h"
#include "incident_service/store/store.h"
#include "incident_service/workflow/engine_attempt.h"

namespace opcon_snow::incident {

// While it lives, its thread works for the report's trace.
class StepSpan {
 public:
  // `label` names the step: `TICKET`.
  StepSpan(const ClaimedStep& claimed, absl::string_view label);

  void Note(const AttemptResult& result);

 private:
  trace::Span span_;
  const trace::Scope scope_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_STEP_SPAN_H_
