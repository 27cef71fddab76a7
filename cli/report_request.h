#ifndef OPCON_SNOW_CLI_REPORT_REQUEST_H_
#define OPCON_SNOW_CLI_REPORT_REQUEST_H_

// What is sent to the service.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/problem.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {

// The most that the service takes; what is longer is not sent, because the
// answer to it might look like a passing trouble.
inline constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;

// A random UUID (version 4) from 16 random bytes.
std::string MakeUuid(std::array<std::uint8_t, 16> random);

// Who reports.
struct Reporter {
  std::string request_id;
  std::string host;
  absl::Time now;
};

::incident::v1::ReportJobEventRequest MakeEventRequest(
    const ::incident::v1::JobEvent& event, const std::string& template_name,
    const Reporter& reporter);

// For a command line that was not understood: `arguments` as they came,
// without the program.
::incident::v1::ReportJobEventRequest MakeRejectedRequest(
    const std::vector<std::string>& arguments,
    const std::vector<Problem>& problems, const Reporter& reporter);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_REPORT_REQUEST_H_
