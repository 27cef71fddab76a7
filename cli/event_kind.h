#ifndef OPCON_SNOW_CLI_EVENT_KIND_H_
#define OPCON_SNOW_CLI_EVENT_KIND_H_

// The values of --kind. Own tables and not protobuf's reflection, which would
// cost `report` a part of its few milliseconds.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "incident/v1/job_event.pb.h"

namespace opcon_snow::cli {

// "job_failed", "missed-start-time", also the names of Notification Manager's
// triggers: "Job Missed Start Time", "Job Finished OK". Case does not matter.
std::optional<::incident::v1::EventKind> ParseEventKind(absl::string_view name);

// "job_failed"; "unspecified" and "kind 99" for what is no value of it.
std::string EventKindName(::incident::v1::EventKind kind);

// "job_failed, marked_failed, …", in the order of the enum.
std::string EventKindNames();

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_EVENT_KIND_H_
