#ifndef OPCON_SNOW_COMMON_CONFIG_YAML_LOADER_H_
#define OPCON_SNOW_COMMON_CONFIG_YAML_LOADER_H_

// YAML into a protobuf message, by its schema.
//
//   listen:
//     host: 127.0.0.1
//     port: 0
//   call_timeout: 30s            # google.protobuf.Duration: 250ms 5m 1h30m 7d
//   log_level: info              # enum: info, INFO and LOG_LEVEL_INFO
//   servers:                     # repeated
//     - name: prod
//       labels: {team: payroll}  # map
//
// Field names are the proto's (snake_case). google.type.Date is written
// 2026-01-05, google.protobuf.Timestamp 2026-01-05T12:00:00Z, the wrapper types
// (google.protobuf.Int32Value …) as their value. Numbers and booleans must not
// be quoted, strings may be. `null` (or nothing after the colon) is a fault:
// leave a field out to have its default.
//
// Faults, each with file, line, column and field: unknown fields (with the
// nearest known name), duplicates, wrong types, numbers out of range, unknown
// enum values, bad durations and dates, two fields of one oneof, bytes fields,
// fields whose option (config.v1.planned) is true, tags, merge keys, and
// everything beyond the limits. All faults of a file are found in one run,
// except that after a syntax error nothing more can be.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/yaml_limits.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {

// Reads `path` into `message`, which is cleared first. Relative paths are made
// relative to the folder of the file: the values of string fields named "path"
// or with a name that ends in "_file", "_path" or "_directory". Adds to
// `faults` (and sets its file name) and returns INVALID_ARGUMENT if there is
// any; NOT_FOUND / PERMISSION_DENIED / UNAVAILABLE, and a fault as well, if the
// file cannot be read. With faults, the content of `message` is what was right.
absl::Status LoadYamlFile(const std::string& path,
                          google::protobuf::Message* message, Faults* faults,
                          const YamlLimits& limits = {});

// The same from a text; faults name `faults->file()`. Never throws, whatever
// the text is.
absl::Status LoadYamlText(absl::string_view text,
                          google::protobuf::Message* message, Faults* faults,
                          const YamlLimits& limits = {});

// A copy where every field whose option (config.v1.sensitive) is true reads
// "[redacted]".
std::unique_ptr<google::protobuf::Message> RedactedCopy(
    const google::protobuf::Message& message);

// The message as JSON with proto field names, where every field whose option
// (config.v1.sensitive) is true reads "[redacted]": for logs and dumps.
std::string Redacted(const google::protobuf::Message& message);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_YAML_LOADER_H_
