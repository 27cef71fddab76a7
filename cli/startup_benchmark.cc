// How long a whole run of `incidentctl report` takes, and how much memory it
// has, against a service on this machine that acknowledges at once.
//
//   bazel run -c opt //cli:startup_benchmark -- [RUNS [PROGRAM]]

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "cli/testing/fake_incident_service.h"
#include "cli/testing/process.h"

int main(int argc, char** argv) {
  namespace cli = opcon_snow::cli;
  std::size_t runs = 200;
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &runs) || runs == 0)) {
    std::fprintf(stderr, "usage: startup_benchmark [RUNS [PROGRAM]]\n");
    return EXIT_FAILURE;
  }
  const cli::FakeIncidentService service;
  const std::vector<std::string> arguments = {
      argc > 2 ? argv[2] : cli::RunfilePath("cli/incidentctl"),
      "-a",
      "GENP001",
      "-s",
      "Payroll Daily",
      "-jn",
      "JOB001",
      "-e",
      "000000005",
      "-sd",
      "2026-01-05",
      "-si",
      "16",
      "-sn",
      "1",
      "-t",
      "basic.json"};
  const cli::ProcessOptions options = {
      .environment = {{"INCIDENTCTL_SERVER", service.address()},
                      {"INCIDENTCTL_SPOOL_DIR", "/nonexistent/spool"}}};
  const std::string launcher = cli::RunfilePath("cli/run_measured");
  std::vector<double> milliseconds;
  long resident_kib = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    const cli::ProcessResult result =
        cli::RunProcess(launcher, arguments, options);
    int exit_code = -1;
    long long nanoseconds = 0;
    long kib = 0;
    if (std::sscanf(result.out.c_str(), "%d %lld %ld", &exit_code, &nanoseconds,
                    &kib) != 3 ||
        exit_code != 0) {
      std::fprintf(stderr, "exit %d: %s", exit_code, result.error.c_str());
      return EXIT_FAILURE;
    }
    milliseconds.push_back(static_cast<double>(nanoseconds) / 1e6);
    resident_kib = std::max(resident_kib, kib);
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf(
      "%zu runs: median %.2f ms, p95 %.2f ms, most %.2f ms; "
      "resident at most %.1f MB; %zu reports stored\n",
      runs, milliseconds[runs / 2], milliseconds[runs * 95 / 100],
      milliseconds.back(), static_cast<double>(resident_kib) / 1024,
      service.accepted().size());
  return EXIT_SUCCESS;
}
