#ifndef OPCON_SNOW_INCIDENT_SERVICE_HTTP_TARGET_H_
#define OPCON_SNOW_INCIDENT_SERVICE_HTTP_TARGET_H_

// Request targets: path segments and query parameters, and the parameters as
// fields of a request message.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace opcon_snow::incident::http {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Target {
  // Split at "/" first and decoded afterwards, so that "%2F" stays inside its
  // segment: "/v1/tickets/a%2Fb" is {"v1", "tickets", "a/b"}.
  std::vector<std::string> segments;
  // Decoded, "+" being a blank, in order and with repetitions.
  Parameters parameters;
  // host:port if the target is a whole address; it then counts instead of the
  // header Host.
  std::optional<std::string> authority;
};

// Takes "/path?query" and "http://host/path?query". INVALID_ARGUMENT for other
// forms, for a "%" without two hexadecimal digits, and for what is not UTF-8 or
// holds a NUL once it is decoded.
absl::StatusOr<Target> ParseTarget(absl::string_view target);

// Sets the fields of `message` that the parameters name, in lowerCamelCase or
// in snake_case: strings, integers, enums by name, `google.type.Date` as
// 2026-01-05, `google.protobuf.Timestamp` as RFC 3339; a repeated field once
// for each parameter. INVALID_ARGUMENT with a violation for each parameter that
// is unknown, doubled or not of its type.
absl::Status SetFields(const Parameters& parameters,
                       google::protobuf::Message* message);

}  // namespace opcon_snow::incident::http

#endif  // OPCON_SNOW_INCIDENT_SERVICE_HTTP_TARGET_H_
