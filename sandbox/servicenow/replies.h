#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_REPLIES_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_REPLIES_H_

// The platform's answers, word for word where its words are known.

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::servicenow {

// {"result": …}
Reply ResultReply(int status, nlohmann::json result);

// {"error":{"message":…,"detail":…},"status":"failure"}; without a detail it is
// null.
Reply ErrorReply(int status, absl::string_view message,
                 std::optional<std::string> detail = std::nullopt);

Reply NotAuthenticated();
Reply NoSuchUri();
Reply InvalidTable(absl::string_view table);
Reply NoSuchRecord();
Reply MethodNotSupported(absl::string_view method);

// 501 for what a real instance does and the sandbox does not.
Reply NotSimulated(absl::string_view what);

// The answer to a failure of RecordWriter, ParseQuery and their kind:
// PERMISSION_DENIED and ALREADY_EXISTS 403 "Operation Failed", UNIMPLEMENTED
// NotSimulated, INVALID_ARGUMENT 400.
Reply FailureReply(const absl::Status& status);

// What a gateway in front of the instance or the platform itself says with this
// status, for faults that name only a status.
Reply TypicalError(int status);

// The page of a developer instance that sleeps.
std::string HibernationPage();

// The headers of every answer. `transaction` is random hexadecimal digits,
// `new_session` that of the cookies that open one; "": the client has one.
void AddPlatformHeaders(Reply& reply, bool logged_in,
                        const std::string& transaction,
                        const std::string& new_session);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_REPLIES_H_
