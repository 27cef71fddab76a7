// ./dev bench snow_sandbox: look-ups among many incidents in the ServiceNow
// sandbox, through HTTP as a client makes them, beside a look-up that has to
// read every record, in the same run.

#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"
#include "tests/bench/percentile.h"
#include "tests/harness/http_peer.h"
#include "tests/harness/process.h"
#include "tools/cpp/runfiles/runfiles.h"

namespace opcon_snow::bench {
namespace {

using bazel::tools::cpp::runfiles::Runfiles;

constexpr absl::Duration kPromised = absl::Milliseconds(20);

struct Lookup {
  std::string name;
  std::string query;  // with its sysparm_ parameters, encoded
  std::size_t expected = 0;
  std::vector<absl::Duration> times{};
};

// The last of `count` incidents was updated now, each of the others ten seconds
// before the next one.
std::vector<Lookup> Lookups(int count) {
  const std::string key = absl::StrFormat(
      "opcon.example.com:9010,20260105|16|1|JOB%07d", count / 2);
  const std::string since =
      absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::Now() - absl::Minutes(10),
                       absl::UTCTimeZone());
  const auto query = [](const std::string& text, const char* rest) {
    return absl::StrCat("sysparm_query=", harness::Encode(text), rest);
  };
  return {
      {"a full scan for a part of correlation_id (the baseline)",
       query(
           absl::StrCat("correlation_idLIKE|", key.substr(key.rfind('|') + 1)),
           "&sysparm_limit=2"),
       1},
      {"by correlation_id and open state",
       query(absl::StrCat("correlation_id=", key, "^state!=7"),
             "&sysparm_limit=2"),
       1},
      {"updated in the last ten minutes, a page of 50",
       query(absl::StrCat("sys_updated_on>=", since,
                          "^ORDERBYsys_updated_on^ORDERBYsys_id"),
             "&sysparm_no_count=true&sysparm_limit=50&"
             "sysparm_fields=sys_id,number,state,sys_updated_on"),
       50},
      {"the last ten updated",
       query("ORDERBYDESCsys_updated_on",
             "&sysparm_no_count=true&sysparm_limit=10"),
       10},
  };
}

absl::StatusOr<std::unique_ptr<harness::Process>> StartSandbox(
    const std::string& argv0, const std::string& directory, int count,
    int* port) {
  std::string error;
  const std::unique_ptr<Runfiles> runfiles(Runfiles::Create(argv0, &error));
  if (runfiles == nullptr) return absl::NotFoundError(error);
  const std::string port_file = directory + "/port";
  const std::string log = directory + "/log";
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::unique_ptr<harness::Process> process,
      harness::Process::Start(
          {.arguments = {runfiles->Rlocation("opcon_snow/sandbox/snow_sandbox"),
                         "--listen", "127.0.0.1:0", "--port-file", port_file,
                         "--incidents", absl::StrCat(count)},
           .environment = {},
           .stdout_file = log,
           .stderr_file = log}));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      auto ports, harness::WaitForPorts(port_file, process.get(), log));
  *port = ports["http"];
  return process;
}

// Some of the last ten minutes' incidents grow older while it runs.
bool IsRight(const Lookup& lookup, const harness::HttpAnswer& answer) {
  if (answer.status != 200 || !answer.json.contains("result")) return false;
  const std::size_t size = answer.json["result"].size();
  return size <= lookup.expected && size * 2 > lookup.expected;
}

absl::Status Measure(const harness::HttpPeer& peer, int runs,
                     std::vector<Lookup>* lookups) {
  for (int run = 0; run <= runs; ++run) {
    for (Lookup& lookup : *lookups) {
      const absl::Time start = absl::Now();
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const harness::HttpAnswer answer,
          peer.Get("/api/now/v2/table/incident?" + lookup.query));
      const absl::Duration taken = absl::Now() - start;
      if (!IsRight(lookup, answer)) {
        return absl::InternalError(absl::StrCat(
            lookup.name, ": ", answer.status, " ", answer.body.substr(0, 500)));
      }
      // The first round is not counted.
      if (run > 0) lookup.times.push_back(taken);
    }
  }
  return absl::OkStatus();
}

void Print(const std::vector<Lookup>& lookups, int count, int runs) {
  std::cout << absl::StreamFormat(
      "%-58s %10s %10s %8s\n",
      absl::StrCat(count, " incidents, ", runs, " runs each, in turn"),
      "median", "99 %", "ratio");
  const absl::Duration baseline = Percentile(lookups[0].times, 0.5);
  bool kept = true;
  for (std::size_t i = 0; i < lookups.size(); ++i) {
    const absl::Duration median = Percentile(lookups[i].times, 0.5);
    kept = kept && (i == 0 || median <= kPromised);
    std::cout << absl::StreamFormat(
        "%-58s %7.2f ms %7.2f ms %7.3fx\n", lookups[i].name,
        absl::ToDoubleMilliseconds(median),
        absl::ToDoubleMilliseconds(Percentile(lookups[i].times, 0.99)),
        absl::FDivDuration(median, baseline));
  }
  std::cout << absl::StreamFormat(
      "Promised: look-ups in at most %.0f ms; %s in this run.\n",
      absl::ToDoubleMilliseconds(kPromised), kept ? "kept" : "not kept");
}

absl::Status Run(const std::string& argv0, int count, int runs) {
  std::string directory = "/tmp/opcon-snow-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::UnavailableError("cannot make a directory in /tmp");
  }
  int port = 0;
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::unique_ptr<harness::Process> process,
                              StartSandbox(argv0, directory, count, &port));
  const harness::HttpPeer peer(port,
                               "Basic " + absl::Base64Escape("admin:admin"));
  std::vector<Lookup> lookups = Lookups(count);
  OPCON_SNOW_RETURN_IF_ERROR(Measure(peer, runs, &lookups));
  Print(lookups, count, runs);
  return process->Terminate().status();
}

}  // namespace
}  // namespace opcon_snow::bench

int main(int argc, char** argv) {
  CLI::App app("Measures look-ups among many incidents in the sandbox.");
  int count = 100'000;
  int runs = 50;
  app.add_option("--incidents", count, "How many there are.")
      ->check(CLI::Range(1000, 1'000'000))
      ->capture_default_str();
  app.add_option("--runs", runs, "Counted runs of each.")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = opcon_snow::bench::Run(argv[0], count, runs);
  if (status.ok()) return 0;
  std::cerr << status << std::endl;
  return 1;
}
