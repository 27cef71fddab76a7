#include "sandbox/servicenow/batch_api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

const char* StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    default:
      return status >= 500 ? "Internal Server Error" : "";
  }
}

std::string TextOr(const Json& object, const char* key,
                   const std::string& otherwise) {
  if (!object.contains(key)) return otherwise;
  const Json& value = object[key];
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? otherwise : DumpJson(value);
}

// nullopt: not the description of a call.
std::optional<SandboxRequest> RequestOf(const ApiCall& call, const Json& item) {
  if (!item.is_object()) return std::nullopt;
  const std::string url = TextOr(item, "url", "");
  if (url.empty() || url[0] != '/') return std::nullopt;
  SandboxRequest request;
  request.method = absl::AsciiStrToUpper(TextOr(item, "method", "GET"));
  request.raw_path = url.substr(0, url.find('?'));
  if (request.raw_path.size() < url.size()) {
    request.raw_query = url.substr(request.raw_path.size() + 1);
  }
  request.segments = SplitPath(request.raw_path);
  request.query = ParseQuery(request.raw_query);
  request.tls = call.request.tls;
  request.headers["host"] = call.request.Header("host");
  if (item.contains("headers") && item["headers"].is_array()) {
    for (const Json& header : item["headers"]) {
      if (!header.is_object()) return std::nullopt;
      request.headers[absl::AsciiStrToLower(TextOr(header, "name", ""))] =
          TextOr(header, "value", "");
    }
  }
  if (!absl::Base64Unescape(TextOr(item, "body", ""), &request.body)) {
    return std::nullopt;
  }
  request.body_bytes = request.body.size();
  return request;
}

}  // namespace

nlohmann::json BatchApi::Service(const ApiCall& call, const Json& item,
                                 const SandboxRequest& request,
                                 std::uint64_t max_output) const {
  Reply reply;
  std::string message;
  if (request.body.size() > settings_->batch_max_input_bytes) {
    reply.status = 413;
    message = absl::StrCat("The request is larger than ",
                           settings_->batch_max_input_bytes, " bytes");
  } else {
    reply = callbacks_.dispatch(request, call.actor);
  }
  if (reply.body.size() > max_output) {
    message =
        absl::StrCat("The response is larger than ", max_output, " bytes");
    reply = Reply::Empty(500);
  }
  Json serviced = {
      {"id", TextOr(item, "id", "")}, {"body", absl::Base64Escape(reply.body)},
      {"status_code", reply.status},  {"status_text", StatusText(reply.status)},
      {"headers", Json::array()},     {"execution_time", 8}};
  if (!message.empty()) serviced["error_message"] = message;
  const bool without_headers =
      item.contains("exclude_response_headers") &&
      TextOr(item, "exclude_response_headers", "") == "true";
  if (!without_headers) {
    for (const auto& [name, value] : reply.headers) {
      serviced["headers"].push_back({{"name", name}, {"value", value}});
    }
    if (!reply.content_type.empty()) {
      serviced["headers"].push_back(
          {{"name", "Content-Type"}, {"value", reply.content_type}});
    }
  }
  return serviced;
}

Reply BatchApi::Handle(const ApiCall& call) {
  if (!call.rest.empty()) return NoSuchUri();
  if (call.method != "POST") return MethodNotSupported(call.method);
  std::optional<Reply> refused = CheckAccept(call);
  if (refused.has_value()) return *std::move(refused);
  const Json body = Json::parse(call.request.body, nullptr,
                                /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("batch_request_id") ||
      !body.contains("rest_requests") || !body["rest_requests"].is_array()) {
    return ErrorReply(400, "Invalid batch request",
                      "batch_request_id and rest_requests are required");
  }
  std::uint64_t max_output = settings_->batch_max_output_bytes;
  std::uint64_t asked = 0;
  if (absl::SimpleAtoi(call.request.Header("x-batchrequest-max-output-size"),
                       &asked)) {
    max_output = std::min(max_output, asked);
  }
  Json serviced = Json::array();
  Json unserviced = Json::array();
  bool cancelled = false;
  for (const Json& item : body["rest_requests"]) {
    const std::optional<SandboxRequest> request = RequestOf(call, item);
    if (!request.has_value() ||
        (request->segments.size() > 2 && request->segments.back() == "batch")) {
      return ErrorReply(400, "Invalid batch request",
                        "A rest_request has no url, a body that is not Base64, "
                        "or is a batch itself");
    }
    cancelled = cancelled ||
                callbacks_.cancels(request->method, request->DecodedPath());
    if (cancelled) {
      unserviced.push_back(TextOr(item, "id", ""));
    } else {
      serviced.push_back(Service(call, item, *request, max_output));
    }
  }
  return Reply::Json(
      200, {{"batch_request_id", TextOr(body, "batch_request_id", "")},
            {"serviced_requests", std::move(serviced)},
            {"unserviced_requests", std::move(unserviced)}});
}

}  // namespace opcon_snow::sandbox::servicenow
