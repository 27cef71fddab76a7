#ifndef OPCON_SNOW_CLI_TRACE_METADATA_H_
#define OPCON_SNOW_CLI_TRACE_METADATA_H_

// The trace of a report, as its call tells it to the service, which exports the
// span of this program for it (common/trace/caller_span.h).
//
// The id of a trace that begins here is the report's request_id without its
// hyphens, and that of the span its second half: so a report that waits in the
// spool keeps both, and whoever knows the request_id finds the trace.

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "cli/settings.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {

// The trace that this process was started in, by the variable TRACEPARENT;
// empty if there is none, or it is not well formed.
std::string GivenTraceParent(const GetEnvironment& environment);

// For the call that delivers `request`. `given` is what GivenTraceParent said
// when the report was made. None for a report that is only checked.
std::multimap<std::string, std::string> TraceMetadata(
    const ::incident::v1::ReportJobEventRequest& request,
    absl::string_view given);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TRACE_METADATA_H_
