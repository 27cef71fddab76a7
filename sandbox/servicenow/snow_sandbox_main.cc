// snow_sandbox: a ServiceNow instance for tests and demos. "--help" lists the
// switches; README.md in this folder says what is simulated and what is not.

#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/servicenow/command_line.h"
#include "sandbox/servicenow/instance.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

int Run(int argc, char** argv) {
  CLI::App app("A ServiceNow instance for tests and demos", "snow_sandbox");
  CommandLine command_line;
  AddOptions(app, &command_line);
  CLI11_PARSE(app, argc, argv);
  absl::StatusOr<std::unique_ptr<Instance>> made = MakeInstance(command_line);
  if (!made.ok()) {
    std::cerr << "snow_sandbox: " << made.status().message() << '\n';
    return 1;
  }
  Instance& instance = **made;
  return RunSandbox(ServerOptions(command_line, instance));
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow

int main(int argc, char** argv) {
  return opcon_snow::sandbox::servicenow::Run(argc, argv);
}
