#ifndef OPCON_SNOW_TESTS_CONFORMANCE_OPCON_WIRE_CHECK_H_
#define OPCON_SNOW_TESTS_CONFORMANCE_OPCON_WIRE_CHECK_H_

// For C++ tests: whether what a client sent to an opcon_sandbox keeps to
// opcon_wire.yaml.

#include <string>
#include <vector>

namespace opcon_snow::conformance {

struct WireCheck {
  bool ok = false;
  // Every problem, then how often each endpoint was called; one a line.
  std::string report;
};

// Looks at every request in the log of the opcon_sandbox at `base_url`
// ("http://127.0.0.1:PORT") since its start or its last reset. `called` are
// endpoints that must be among them, as the file names them:
// "GET /api/dailyjobs/{id}". Needs `//tests/conformance:opcon_wire_check` in
// the test's deps, nothing more; runs python3.
WireCheck CheckOpConRequests(const std::string& base_url,
                             const std::vector<std::string>& called);

}  // namespace opcon_snow::conformance

#endif  // OPCON_SNOW_TESTS_CONFORMANCE_OPCON_WIRE_CHECK_H_
