#include "incident_service/workflow/step_span.h"

#include "absl/strings/str_cat.h"
#include "common/trace/trace_parent.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;

StepSpan::StepSpan(const ClaimedStep& claimed, absl::string_view label)
    : span_(trace::StartChild(
          absl::StrCat("step ", label), trace::Kind::kInternal,
          trace::ParseTraceParent(claimed.stored.memo.trace_parent())
              .value_or(trace::TraceParent()))),
      scope_(span_.context()) {
  span_.Set("opcon_snow.report_id", claimed.claim.report_id);
  span_.Set("opcon_snow.attempt", claimed.step.attempts());
}

void StepSpan::Note(const AttemptResult& result) {
  span_.SetStatus(result.status);
  if (!result.commit.has_value()) return;
  span_.Set("opcon_snow.step_state",
            v1::StepState_Name(result.commit->step.state()));
  // The trace of a report that was merged goes on in another one's.
  if (result.commit->final_state != v1::REPORT_STATE_UNSPECIFIED) {
    span_.Set("opcon_snow.report_state",
              v1::ReportState_Name(result.commit->final_state));
  }
}

}  // namespace opcon_snow::incident
