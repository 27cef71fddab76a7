// ./dev bench report: what one reported failure costs on the OpCon server, in
// plaintext and with mutual TLS, beside what one HTTP call costs from a Python
// and from a Java program, in the same run.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/http/test_certificate.h"
#include "common/status/status_macros.h"
#include "tests/bench/measure.h"
#include "tests/harness/jobs.h"
#include "tests/harness/suite.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace opcon_snow::bench {
namespace {

using bazel::tools::cpp::runfiles::Runfiles;

// What the command promises.
constexpr absl::Duration kPromisedWall = absl::Milliseconds(5);
constexpr absl::Duration kPromisedTlsWall = absl::Milliseconds(15);
constexpr std::int64_t kPromisedResident = std::int64_t{10} << 20;

absl::Status CompileJava(const Runfiles& runfiles,
                         const std::string& directory) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const harness::Finished compiled,
      harness::RunToEnd(
          {"/usr/bin/javac", "-d", directory,
           runfiles.Rlocation("opcon_snow/tests/bench/OneCall.java")},
          {}, directory));
  if (compiled.exit_code == 0) return absl::OkStatus();
  return absl::InternalError("javac: " + compiled.err);
}

// A suite in a folder of its own that does nothing but take reports in: all are
// of one job, whose first report waits for its gateway.
absl::StatusOr<std::unique_ptr<harness::Suite>> StartSuite(
    const harness::Programs& programs, const std::string& directory,
    const std::string& listener_yaml) {
  harness::SuiteOptions options;
  options.programs = programs;
  options.directory = directory;
  options.listener_yaml = listener_yaml;
  std::filesystem::create_directory(directory);
  OPCON_SNOW_ASSIGN_OR_RETURN(std::unique_ptr<harness::Suite> suite,
                              harness::Suite::Start(options));
  OPCON_SNOW_RETURN_IF_ERROR(suite->StopGateway("opcon"));
  return suite;
}

Candidate Report(std::string name, const harness::Suite& suite,
                 const harness::Programs& programs,
                 const std::vector<std::string>& options) {
  Candidate candidate{
      .name = std::move(name),
      .arguments = {programs.incidentctl, "--server", suite.server()},
      // Should the service not answer, nothing is kept and the run fails.
      .environment = {{"INCIDENTCTL_SPOOL_DIR", "/dev/null/spool"}}};
  for (const std::vector<std::string>& more :
       {options, harness::RandomJob().ReportArguments("0000000005")}) {
    candidate.arguments.insert(candidate.arguments.end(), more.begin(),
                               more.end());
  }
  return candidate;
}

std::vector<Candidate> OtherPrograms(const std::string& url,
                                     const std::string& class_path) {
  return {
      {.name = "python3, one HTTP call",
       .arguments = {"/usr/bin/python3", "-c",
                     "import sys, urllib.request\n"
                     "urllib.request.urlopen(sys.argv[1]).read()",
                     url}},
      {.name = "java, one HTTP call",
       .arguments = {"/usr/bin/java", "-cp", class_path, "OneCall", url}},
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
                    figures[1].MedianWall() <= kPromisedTlsWall &&
                    figures[0].MedianResident() <= kPromisedResident;
  std::cout << absl::StreamFormat(
      "Promised: at most %.0f ms, %.0f ms with mutual TLS, and %d MB; %s in "
      "this run.\n",
      absl::ToDoubleMilliseconds(kPromisedWall),
      absl::ToDoubleMilliseconds(kPromisedTlsWall), kPromisedResident >> 20,
      kept ? "kept" : "not kept");
}

absl::Status Run(const std::string& argv0, int runs) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const harness::Programs programs,
                              harness::FindPrograms(argv0));
  std::string directory = "/tmp/opcon-snow-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::UnavailableError("cannot make a directory in /tmp");
  }
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(argv0, &error));
  if (runfiles == nullptr) return absl::NotFoundError(error);
  OPCON_SNOW_RETURN_IF_ERROR(CompileJava(*runfiles, directory));
  // Each is its own authority.
  setenv("TEST_TMPDIR", directory.c_str(), 1);
  const http::TestCertificate server =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  const http::TestCertificate client =
      http::MakeTestCertificate("client", "incidentctl", "");
  using std::filesystem::perms;
  for (const std::string& key : {server.key_file, client.key_file}) {
    std::filesystem::permissions(key, perms::owner_read | perms::owner_write);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Suite> plain,
                              StartSuite(programs, directory + "/plain", ""));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::unique_ptr<harness::Suite> tls,
      StartSuite(programs, directory + "/tls",
                 absl::StrCat(
                     "  tls:\n    certificate_file: ", server.certificate_file,
                     "\n    key_file: ", server.key_file,
                     "\n    client_ca_file: ", client.certificate_file, "\n")));
  std::vector<Candidate> candidates = {
      Report("incidentctl report (gRPC, durable acknowledgement)", *plain,
             programs, {}),
      Report("the same with mutual TLS", *tls, programs,
             {"--tls-ca", server.certificate_file, "--tls-cert",
              client.certificate_file, "--tls-key", client.key_file})};
  for (Candidate& other :
       OtherPrograms(plain->opcon().base_url() + "/api/version", directory)) {
    candidates.push_back(std::move(other));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::vector<Figures> figures,
      Measure(candidates, runs,
              runfiles->Rlocation("opcon_snow/cli/run_measured"), directory));
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
