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

// Attaches a file once; see the contract. A file that is there already is not
// received at all.
//
// Up to 1 MiB is received into memory before anything is sent: then a slow
// caller cannot use up the minute that ServiceNow gives an upload, and the
// upload can be sent again after a new login. Larger files are passed on while
// they arrive, all but their end, which waits until size and SHA-256 are known
// to fit. What is in memory is bounded by a budget for all (see
// Instance::upload_budget); beyond it calls are refused at once.
async::Task<absl::StatusOr<::servicenow::v1::AttachFileResponse>> AttachFile(
    FindTarget find_target, NextPart next);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ATTACH_FILE_H_
