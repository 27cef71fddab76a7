#ifndef OPCON_SNOW_SNOW_GATEWAY_ATTACH_FILE_H_
#define OPCON_SNOW_SNOW_GATEWAY_ATTACH_FILE_H_

#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/target.h"

namespace opcon_snow::snow {

// The next message of the caller's stream; nothing at its end.
using NextPart = std::function<
    async::Task<std::optional<::servicenow::v1::AttachFileRequest>>()>;

// Attaches a file once; see the contract.
//
// The file is received into memory before anything is sent: only then is its
// SHA-256 known to be right, a slow caller cannot use up the minute that
// ServiceNow gives an upload, and the upload can be sent again after a new
// login. Memory is bounded by max_attachment_bytes for each file and by a
// budget for all (Instance::upload_budget): a file that does not fit is refused
// at once. A file that is there already is not received at all.
async::Task<absl::StatusOr<::servicenow::v1::AttachFileResponse>> AttachFile(
    FindTarget find_target, NextPart next);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ATTACH_FILE_H_
