#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_ATTACHMENT_API_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_ATTACHMENT_API_H_

// /api/now/[v1|v2/]attachment[/file|/upload|/{sys_id}[/file]]

#include <optional>
#include <string>

#include "sandbox/servicenow/api_call.h"

namespace opcon_snow::sandbox::servicenow {

// Not thread-safe.
class AttachmentApi {
 public:
  explicit AttachmentApi(Parts parts) : parts_(parts) {}

  Reply Handle(const ApiCall& call);

 private:
  struct NewFile {
    std::string table;
    std::string record;
    std::string name;
    std::string content_type;
    const std::string* content = nullptr;
    std::string encryption_context{};
    std::string creation_time{};
  };

  Reply List(const ApiCall& call);
  // Raw bytes, everything else in the query.
  Reply PostFile(const ApiCall& call);
  // multipart/form-data with the file as its last part.
  Reply Upload(const ApiCall& call);
  Reply Add(const ApiCall& call, const NewFile& file);
  Reply OneRecord(const ApiCall& call, const Record& record);
  Reply Download(const ApiCall& call, const Record& record) const;
  nlohmann::json Metadata(const ApiCall& call, const Record& record) const;
  // The answer to a file that must not be stored; nullopt: it may.
  std::optional<Reply> CheckFile(const ApiCall& call,
                                 const NewFile& file) const;

  const Parts parts_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_ATTACHMENT_API_H_
