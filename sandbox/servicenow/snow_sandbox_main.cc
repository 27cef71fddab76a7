// snow_sandbox: a ServiceNow instance for tests and demos. "--help" lists the
// switches; docs/sandbox.md says what is simulated and what is not.

#include <iostream>
#include <memory>
#include <optional>

#include "CLI/CLI.hpp"
#include "absl/cleanup/cleanup.h"
#include "sandbox/http/sandbox_server.h"
#include "sandbox/servicenow/command_line.h"
#include "sandbox/servicenow/instance.h"
#include "sandbox/servicenow/script/script_engine.h"
#include "sandbox/servicenow/script/script_worker.h"

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
  absl::StatusOr<std::unique_ptr<ScriptEngine>> engine =
      MakeScriptEngine(command_line, instance);
  if (!engine.ok()) {
    std::cerr << "snow_sandbox: " << engine.status().message() << '\n';
    return 1;
  }
  const absl::Cleanup detach = [&instance] { instance.SetHooks(nullptr); };
  return RunSandbox(ServerOptions(command_line, instance));
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow

int main(int argc, char** argv) {
  const std::optional<int> worker =
      opcon_snow::sandbox::servicenow::RunIfScriptWorker(argc, argv);
  if (worker.has_value()) return *worker;
  return opcon_snow::sandbox::servicenow::Run(argc, argv);
}
