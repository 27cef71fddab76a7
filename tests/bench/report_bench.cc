// ./dev bench report: what one reported failure costs on the OpCon server,
// beside what one HTTP call costs from a Python and from a Java program, in the
// same run.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status_macros.h"
#include "tests/bench/measure.h"
#include "tests/harness/jobs.h"
#include "tests/harness/suite.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace opcon_snow::bench {
namespace {

using bazel::tools::cpp::runfiles::Runfiles;

// What the command promises; see the README.
constexpr absl::Duration kPromisedWall = absl::Milliseconds(8);
constexpr std::int64_t kPromisedResident = std::int64_t{12} << 20;

absl::Status CompileJava(const std::string& argv0,
                         const std::string& directory) {
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(argv0, &error));
  if (runfiles == nullptr) return absl::NotFoundError(error);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const harness::Finished compiled,
      harness::RunToEnd(
          {"/usr/bin/javac", "-d", directory,
           runfiles->Rlocation("opcon_snow/tests/bench/OneCall.java")},
          {}, directory));
  if (compiled.exit_code == 0) return absl::OkStatus();
  return absl::InternalError("javac: " + compiled.err);
}

std::vector<Candidate> Candidates(const harness::Suite& suite,
                                  const harness::Programs& programs,
                                  const harness::Job& job) {
  Candidate ours{
      .name = "incidentctl report (gRPC, durable acknowledgement)",
      .arguments = {programs.incidentctl, "--server", suite.server()},
      .environment = {{"INCIDENTCTL_SPOOL_DIR", suite.directory() + "/spool"}}};
  const std::vector<std::string> report = job.ReportArguments("0000000005");
  ours.arguments.insert(ours.arguments.end(), report.begin(), report.end());
  const std::string url = suite.opcon().base_url() + "/api/version";
  return {
      ours,
      {.name = "python3, one HTTP call",
       .arguments = {"/usr/bin/python3", "-c",
                     "import sys, urllib.request\n"
                     "urllib.request.urlopen(sys.argv[1]).read()",
                     url}},
      {.name = "java, one HTTP call",
       .arguments = {"/usr/bin/java", "-cp", suite.directory(), "OneCall",
                     url}},
  };
}

void Print(const std::vector<Candidate>& candidates,
           const std::vector<Figures>& figures, int runs) {
  std::cout << absl::StreamFormat("%-52s %10s %10s %12s %8s\n",
                                  absl::StrCat(runs, " runs each, in turn"),
                                  "median", "90 %", "resident", "ratio");
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::cout << absl::StreamFormat(
        "%-52s %7.2f ms %7.2f ms %9.1f MB %7.1fx\n", candidates[i].name,
        absl::ToDoubleMilliseconds(figures[i].MedianWall()),
        absl::ToDoubleMilliseconds(figures[i].Percentile90Wall()),
        static_cast<double>(figures[i].MedianResident()) / (1 << 20),
        absl::FDivDuration(figures[i].MedianWall(), figures[0].MedianWall()));
  }
  const bool kept = figures[0].MedianWall() <= kPromisedWall &&
                    figures[0].MedianResident() <= kPromisedResident;
  std::cout << absl::StreamFormat(
      "Promised: at most %.0f ms and %d MB; %s in this run.\n",
      absl::ToDoubleMilliseconds(kPromisedWall), kPromisedResident >> 20,
      kept ? "kept" : "not kept");
}

absl::Status Run(const std::string& argv0, int runs) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const harness::Programs programs,
                              harness::FindPrograms(argv0));
  std::string directory = "/tmp/opcon-snow-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::UnavailableError("cannot make a directory in /tmp");
  }
  OPCON_SNOW_RETURN_IF_ERROR(CompileJava(argv0, directory));
  harness::SuiteOptions options;
  options.programs = programs;
  options.directory = directory;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Suite> suite,
                              harness::Suite::Start(options));
  // All reports are of one job whose first report waits for its gateway, so
  // that the service does nothing but take them in.
  OPCON_SNOW_RETURN_IF_ERROR(suite->StopGateway("opcon"));
  const std::vector<Candidate> candidates =
      Candidates(*suite, programs, harness::RandomJob());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<Figures> figures,
                              Measure(candidates, runs));
  Print(candidates, figures, runs);
  return absl::OkStatus();
}

}  // namespace
}  // namespace opcon_snow::bench

int main(int argc, char** argv) {
  CLI::App app("Measures incidentctl beside other ways of making one call.");
  int runs = 50;
  app.add_option("--runs", runs, "Counted runs of each.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = opcon_snow::bench::Run(argv[0], runs);
  if (status.ok()) return 0;
  std::cerr << status << std::endl;
  return 1;
}
