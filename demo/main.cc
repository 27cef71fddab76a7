// ./dev demo: the suite at work, every step verified.

#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "demo/incumbent_files.h"
#include "demo/main_job.h"
#include "demo/narrator.h"
#include "tests/harness/suite.h"

namespace {

using opcon_snow::demo::Narrator;
using opcon_snow::harness::Programs;
using opcon_snow::harness::Suite;

// Blocks SIGINT and SIGTERM, so that --keep can wait for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void Keep(const Suite& suite, const sigset_t& signals) {
  std::cout << "\nStill running; end with Ctrl-C.\n"
            << "  OpCon sandbox       " << suite.opcon().base_url() << "\n"
            << "  ServiceNow sandbox  " << suite.servicenow().base_url() << "\n"
            << "  incident service    " << suite.server()
            << " (incidentctl --server)\n"
            << "  files and logs      " << suite.directory() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
}

struct Options {
  bool keep = false;
  std::string programs;  // the folder; empty: those built with the demo
};

absl::StatusOr<Programs> FindPrograms(const char* argv0,
                                      const Options& options) {
  auto programs = opcon_snow::harness::FindPrograms(argv0);
  if (!programs.ok() || options.programs.empty()) return programs;
  const auto replace = [&options](std::string& path) {
    path = options.programs + path.substr(path.rfind('/'));
  };
  replace(programs->opcon_sandbox);
  replace(programs->snow_sandbox);
  replace(programs->opcon_gateway);
  replace(programs->snow_gateway);
  replace(programs->incident_service);
  replace(programs->incidentctl);
  return programs;
}

int Play(const char* argv0, const Options& demo) {
  const auto programs = FindPrograms(argv0, demo);
  const char* scratch = std::getenv("TMPDIR");
  std::string directory = std::string(scratch == nullptr ? "/tmp" : scratch) +
                          "/opcon-snow-demo-XXXXXX";
  if (!programs.ok() || mkdtemp(directory.data()) == nullptr) {
    std::cerr << "cannot begin: " << programs.status() << std::endl;
    return 1;
  }
  std::cout << "Starting the sandboxes, both gateways and the incident service"
            << " (their files: " << directory << ")" << std::endl;
  const sigset_t signals = BlockSignals();
  opcon_snow::harness::SuiteOptions options;
  options.programs = *programs;
  options.directory = directory;
  auto suite = Suite::Start(std::move(options));
  if (!suite.ok()) {
    std::cerr << suite.status() << std::endl;
    return 1;
  }
  Narrator narrator;
  const absl::Status played = opcon_snow::demo::PlayMainJob(**suite, narrator);
  if (!played.ok()) std::cerr << "FAIL " << played << std::endl;
  const std::string second = directory + "/incumbent";
  absl::Status taken_over = absl::OkStatus();
  if (mkdir(second.c_str(), 0700) != 0) {
    taken_over = absl::InternalError("cannot make " + second);
  } else {
    taken_over = opcon_snow::demo::PlayIncumbentFiles(*programs, argv0, second,
                                                      narrator);
  }
  if (!taken_over.ok()) std::cerr << "FAIL " << taken_over << std::endl;
  const bool good = played.ok() && taken_over.ok() && narrator.failed() == 0;
  std::cout << "\n"
            << (good ? "Everything held: " : "Something is wrong: ")
            << narrator.checks() - narrator.failed() << " of "
            << narrator.checks() << " checks." << std::endl;
  if (demo.keep) Keep(**suite, signals);
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows the main job end to end and verifies every step.");
  Options options;
  app.add_flag("--keep", options.keep, "Leaves everything running at the end.");
  app.add_option("--programs", options.programs,
                 "Runs the programs of the same names in this folder; but the "
                 "Notification Manager, which stands for the OpCon server.")
      ->type_name("FOLDER");
  CLI11_PARSE(app, argc, argv);
  return Play(argv[0], options);
}
