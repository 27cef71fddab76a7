#ifndef OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_H_
#define OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_H_

// Finding, listing and reading attachments. Attaching is in attach_file.h.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "servicenow/v1/servicenow_gateway.pb.h"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

// A file, by what identifies it on a record.
struct FileIdentity {
  std::string table;
  std::string record_sys_id;
  std::string file_name;
  std::int64_t size_bytes = 0;
  std::string sha256;
};

// The record's attachment of this name and content; nothing if there is none.
// Where an instance does not tell hashes, files of the same name and size are
// read and hashed here. `instance` must live until the task has finished.
async::Task<absl::StatusOr<std::optional<::servicenow::v1::Attachment>>>
FindAttachment(Instance* instance, FileIdentity file, CallScope scope);

async::Task<absl::StatusOr<::servicenow::v1::ListAttachmentsResponse>>
ListAttachments(std::shared_ptr<Instance> instance,
                ::servicenow::v1::ListAttachmentsRequest request,
                CallScope scope);

// Sends one message; an error means that the caller is gone.
using WritePart = std::function<async::Task<absl::Status>(
    ::servicenow::v1::ReadAttachmentResponse)>;

// The header, then the bytes, as they come. Not OK if they do not have the
// announced size and hash, although they have been sent by then.
async::Task<absl::Status> ReadAttachment(
    std::shared_ptr<Instance> instance,
    ::servicenow::v1::ReadAttachmentRequest request, WritePart write,
    CallScope scope);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ATTACHMENTS_H_
