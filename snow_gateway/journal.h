#ifndef OPCON_SNOW_SNOW_GATEWAY_JOURNAL_H_
#define OPCON_SNOW_SNOW_GATEWAY_JOURNAL_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// Whether the incident's journal has an entry of this column with `marker` in
// it. `instance` must live until the task has finished.
async::Task<absl::StatusOr<bool>> JournalHasMarker(
    Instance* instance, std::string incident_sys_id,
    ::servicenow::v1::JournalColumn column, std::string marker,
    CallScope scope);

async::Task<absl::StatusOr<::servicenow::v1::ListJournalEntriesResponse>>
ListJournalEntries(std::shared_ptr<Instance> instance,
                   ::servicenow::v1::ListJournalEntriesRequest request,
                   CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_JOURNAL_H_
