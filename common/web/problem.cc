#include "common/web/problem.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "google/protobuf/util/time_util.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::web {
namespace {

using absl::StatusCode;
using nlohmann::json;

struct FaultRow {
  int status;
  StatusCode code;
  const char* reason;
};

FaultRow RowOf(Fault fault) {
  switch (fault) {
    case Fault::kMalformed:
      return {400, StatusCode::kInvalidArgument, "HTTP_MALFORMED"};
    case Fault::kPath:
      return {404, StatusCode::kNotFound, "HTTP_PATH"};
    case Fault::kMethod:
      return {405, StatusCode::kUnimplemented, "HTTP_METHOD"};
    case Fault::kTimeout:
      return {408, StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT"};
    case Fault::kBodyTooLarge:
      return {413, StatusCode::kInvalidArgument, "HTTP_BODY_TOO_LARGE"};
    case Fault::kContentType:
      return {415, StatusCode::kInvalidArgument, "HTTP_CONTENT_TYPE"};
    case Fault::kExpectation:
      return {417, StatusCode::kInvalidArgument, "HTTP_EXPECTATION"};
    case Fault::kHost:
      return {421, StatusCode::kPermissionDenied, "HTTP_HOST"};
    case Fault::kHeadersTooLarge:
      return {431, StatusCode::kInvalidArgument, "HTTP_HEADERS_TOO_LARGE"};
    case Fault::kTransferCoding:
      return {501, StatusCode::kUnimplemented, "HTTP_TRANSFER_CODING"};
    case Fault::kOverloaded:
      return {429, StatusCode::kResourceExhausted, "OVERLOADED"};
    case Fault::kNoAnswer:
      return {504, StatusCode::kDeadlineExceeded, "HTTP_NO_ANSWER"};
    case Fault::kVersion:
      return {505, StatusCode::kUnimplemented, "HTTP_VERSION"};
  }
  return {500, StatusCode::kInternal, "INTERNAL"};
}

int StatusOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kOutOfRange:
      return 400;
    case StatusCode::kUnauthenticated:
      return 401;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kAborted:
      return 409;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnimplemented:
      return 501;
    case StatusCode::kCancelled:
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kDeadlineExceeded:
      return 504;
    case StatusCode::kUnknown:
    case StatusCode::kInternal:
    case StatusCode::kDataLoss:
    default:
      return 500;
  }
}

const char* TitleOf(int status) {
  switch (status) {
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
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

void AddDetails(const ErrorDetails& details, json* body, Answer* answer) {
  if (!details.metadata.empty()) (*body)["metadata"] = details.metadata;
  for (const FieldViolation& violation : details.violations) {
    (*body)["violations"].push_back(
        {{"field", violation.field}, {"description", violation.description}});
  }
  if (!details.retry_after.has_value()) return;
  const absl::Duration delay = *details.retry_after;
  const std::int64_t seconds = absl::ToInt64Seconds(delay);
  (*body)["retryAfter"] = google::protobuf::util::TimeUtil::ToString(
      google::protobuf::util::TimeUtil::MillisecondsToDuration(
          absl::ToInt64Milliseconds(delay)));
  // Rounded up: earlier makes no sense.
  answer->headers.emplace_back(
      "Retry-After",
      absl::StrCat(seconds + (absl::Seconds(seconds) < delay ? 1 : 0)));
}

Answer Make(int status, const absl::Status& error, absl::string_view domain) {
  const ErrorDetails details = GetErrorDetails(error).value_or(ErrorDetails{});
  Answer answer{.status = status, .content_type = "application/problem+json"};
  json body = {
      {"title", TitleOf(status)},
      {"status", status},
      {"detail", std::string(error.message())},
      {"code", absl::StatusCodeToString(error.code())},
      {"reason", details.reason.empty() ? absl::StatusCodeToString(error.code())
                                        : details.reason},
      {"domain", details.domain.empty() ? std::string(domain) : details.domain},
  };
  AddDetails(details, &body, &answer);
  // Bytes that are not UTF-8 come back from requests; they are replaced.
  answer.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return answer;
}

}  // namespace

Answer Problem(Fault fault, absl::string_view detail,
               absl::string_view domain) {
  const FaultRow row = RowOf(fault);
  ErrorDetails details{.reason = row.reason, .domain = std::string(domain)};
  if (fault == Fault::kOverloaded) details.retry_after = absl::Seconds(1);
  return Make(row.status, MakeError(row.code, detail, details), domain);
}

Answer Problem(const absl::Status& error, absl::string_view domain) {
  return Make(StatusOf(error.code()), error, domain);
}

}  // namespace opcon_snow::web
