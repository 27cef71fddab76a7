#ifndef OPCON_SNOW_COMMON_CONFIG_PORT_FILE_H_
#define OPCON_SNOW_COMMON_CONFIG_PORT_FILE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::config {

// Writes "name=port" a line, sorted by name, as a temporary file beside `path`
// that then takes its name: a reader sees all of it or nothing.
absl::Status WritePortFile(const std::string& path,
                           const std::map<std::string, int>& ports);

// The port of that name in such a file. UNAVAILABLE if there is none (yet).
absl::StatusOr<int> ReadPortFile(const std::string& path,
                                 absl::string_view name);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_PORT_FILE_H_
