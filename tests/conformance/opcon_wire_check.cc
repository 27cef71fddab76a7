#include "tests/conformance/opcon_wire_check.h"

#include <cstdlib>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tests/harness/process.h"

namespace opcon_snow::conformance {

WireCheck CheckOpConRequests(const std::string& base_url,
                             const std::vector<std::string>& called) {
  // Debian's Python: it has the packages. A test's working directory is the
  // root of its runfiles.
  std::vector<std::string> arguments = {
      "/usr/bin/python3", "-B", "tests/conformance/check_opcon_requests.py",
      "--url", base_url};
  for (const std::string& endpoint : called) {
    arguments.emplace_back("--called");
    arguments.push_back(endpoint);
  }
  const char* scratch = std::getenv("TEST_TMPDIR");
  const absl::StatusOr<harness::Finished> finished =
      harness::RunToEnd(arguments, {}, scratch == nullptr ? "/tmp" : scratch);
  if (!finished.ok()) return {false, finished.status().ToString()};
  return {finished->exit_code == 0, absl::StrCat(finished->out, finished->err)};
}

}  // namespace opcon_snow::conformance
