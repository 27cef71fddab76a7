#include "sandbox/servicenow/replies.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::servicenow {

using Json = nlohmann::json;

Reply ResultReply(int status, nlohmann::json result) {
  return Reply::Json(status, {{"result", std::move(result)}});
}

Reply ErrorReply(int status, absl::string_view message,
                 std::optional<std::string> detail) {
  Json error = {{"message", std::string(message)}, {"detail", nullptr}};
  if (detail.has_value()) error["detail"] = *std::move(detail);
  return Reply::Json(status,
                     {{"error", std::move(error)}, {"status", "failure"}});
}

Reply NotAuthenticated() {
  return ErrorReply(401, "User Not Authenticated",
                    "Required to provide Auth information")
      .With("WWW-Authenticate", "BASIC realm=\"Service-now\"");
}

Reply NoSuchUri() {
  return ErrorReply(400, "Requested URI does not represent any resource");
}

Reply InvalidTable(absl::string_view table) {
  return ErrorReply(400, absl::StrCat("Invalid table ", table));
}

Reply NoSuchRecord() {
  return ErrorReply(
      404, "No Record found",
      "Record doesn't exist or ACL restricts the record retrieval");
}

Reply MethodNotSupported(absl::string_view method) {
  return ErrorReply(
      405, "Method not supported",
      absl::StrCat("Method ", method, " is not supported for this resource"));
}

Reply NotSimulated(absl::string_view what) {
  return ErrorReply(501, absl::StrCat("Not simulated: ", what),
                    "The sandbox does not do this; a real instance may");
}

Reply FailureReply(const absl::Status& status) {
  const std::string text(status.message());
  switch (status.code()) {
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kAlreadyExists:
      return ErrorReply(403, "Operation Failed", text);
    case absl::StatusCode::kUnimplemented:
      return NotSimulated(text);
    case absl::StatusCode::kInvalidArgument:
      return ErrorReply(400, text);
    default:
      return ErrorReply(500, text);
  }
}

Reply TypicalError(int status) {
  switch (status) {
    case 401:
      return NotAuthenticated();
    case 403:
      return ErrorReply(403, "Operation Failed",
                        "ACL Exception Insert Failed due to security "
                        "constraints");
    case 404:
      return NoSuchRecord();
    case 429:
      return ErrorReply(
          429, "Rate limit exceeded",
          "Rate limit of 100 requests per hour for Table API exceeded");
    case 500:
      return ErrorReply(
          500, "Transaction cancelled: maximum execution time exceeded",
          "maximum execution time exceeded Check logs for error trace or "
          "enable glide.rest.debug property to verify REST request processing");
    case 502:
    case 503:
    case 504:
      return Reply::Text(status,
                         "<html><head><title>Service Unavailable</title></head>"
                         "<body><h1>The instance is under maintenance</h1>"
                         "</body></html>",
                         "text/html;charset=UTF-8");
    default:
      return status < 400 ? Reply::Empty(status)
                          : ErrorReply(status, "Operation Failed");
  }
}

std::string HibernationPage() {
  return "<!DOCTYPE html><html><head><title>Instance Hibernating</title></head>"
         "<body class=\"instance-hibernating-page\"><h1>Hibernating Instance"
         "</h1><p>Your instance is hibernating. Sign in to the developer site "
         "to wake it up.</p></body></html>";
}

void AddPlatformHeaders(Reply& reply, bool logged_in,
                        const std::string& transaction,
                        const std::string& new_session) {
  reply.With("X-Is-Logged-In", logged_in ? "true" : "false")
      .With("X-Transaction-ID", transaction)
      .With("X-Content-Type-Options", "nosniff")
      .With("Pragma", "no-store,no-cache")
      .With("Cache-Control", "no-cache,no-store,must-revalidate,max-age=-1")
      .With("Expires", "0")
      .With("Server", "ServiceNow");
  if (new_session.empty()) return;
  reply
      .With("Set-Cookie",
            absl::StrCat("JSESSIONID=", new_session, "; Path=/; HttpOnly"))
      .With("Set-Cookie",
            absl::StrCat("glide_user_route=glide.", new_session,
                         "; Max-Age=2147483647; Path=/; HttpOnly"))
      .With("Set-Cookie", "glide_user=; Max-Age=0; Path=/; HttpOnly")
      .With("Set-Cookie", absl::StrCat("glide_user_session=", new_session,
                                       "; Path=/; HttpOnly"));
}

}  // namespace opcon_snow::sandbox::servicenow
