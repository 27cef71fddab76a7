#include "sandbox/opcon/api_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::sandbox::opcon {

using nlohmann::json;

Reply ApiError(int status, absl::string_view resource, absl::string_view name,
               absl::string_view message) {
  return Reply::Json(status, json::array({{{"resource", std::string(resource)},
                                           {"name", std::string(name)},
                                           {"code", 1000 + status},
                                           {"message", std::string(message)},
                                           {"ids", json::array()}}}));
}

Reply Problem(int status, absl::string_view title, absl::string_view detail) {
  Reply reply = Reply::Json(
      status,
      {{"type", absl::StrCat("https://httpstatuses.io/", status)},
       {"title", std::string(title)},
       {"status", status},
       {"detail", detail.empty() ? json(nullptr) : json(std::string(detail))},
       {"instance", nullptr}});
  reply.content_type = "application/problem+json; charset=utf-8";
  return reply;
}

Reply InvalidToken() {
  return ApiError(401, "token", "", "Invalid token specified");
}

Reply NotSimulated(absl::string_view what) {
  return ApiError(501, "sandbox", what,
                  absl::StrCat("Not simulated by this sandbox: ", what));
}

Reply ErrorReply(const absl::Status& status, absl::string_view resource,
                 absl::string_view name) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Problem(400, "One or more validation errors occurred.",
                     absl::string_view(status.message()));
    case absl::StatusCode::kNotFound:
      return ApiError(404, resource, name, status.message());
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return ApiError(409, resource, name, status.message());
    case absl::StatusCode::kUnimplemented:
      return NotSimulated(status.message());
    default:
      return ApiError(500, resource, name, status.ToString());
  }
}

}  // namespace opcon_snow::sandbox::opcon
