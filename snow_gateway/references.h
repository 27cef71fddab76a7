#ifndef OPCON_SNOW_SNOW_GATEWAY_REFERENCES_H_
#define OPCON_SNOW_SNOW_GATEWAY_REFERENCES_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// The sys_id of the one record that `name` means in a known reference column
// (columns.h). The table's keys are tried one after the other; the first that
// has a record with exactly this name decides. Found ones are remembered for
// some minutes.
// Errors: REFERENCE_NOT_FOUND; AMBIGUOUS_RECORD with the sys_ids as metadata
// `candidates`. `instance` must live until the task has finished.
async::Task<absl::StatusOr<std::string>> ResolveReference(Instance* instance,
                                                          std::string column,
                                                          std::string name,
                                                          CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_REFERENCES_H_
