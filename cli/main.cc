#include <cstdlib>

#include "cli/app.h"
#include "cli/console.h"
#include "cli/descriptors.h"
#include "cli/environment.h"
#include "cli/event_engine.h"
#include "cli/platform.h"
#include "common/clock/clock.h"

namespace {

using opcon_snow::cli::Console;
using opcon_snow::cli::Environment;
namespace platform = opcon_snow::cli::platform;

class StandardConsole final : public Console {
 public:
  int Width() const override {
    return platform::StandardOutputIsTerminal() ? platform::TerminalWidth() : 0;
  }
  bool CanReplaceLines() const override {
    return Width() > 0 && platform::TerminalTakesControlSequences();
  }

 protected:
  void WriteOut(absl::string_view text) override {
    platform::WriteToOutput(text);
  }
  void WriteError(absl::string_view text) override {
    platform::WriteToError(text);
  }
};

}  // namespace

int main(int argc, char** argv) {
  platform::PrepareProcess();
  opcon_snow::cli::StartEventEngineWhenNeeded();
  StandardConsole console;
  Environment environment;
  environment.arguments = platform::Arguments(argc, argv);
  environment.variables = &platform::Variable;
  environment.defaults = platform::Defaults();
  environment.host = platform::HostName();
  environment.console = &console;
  environment.files = platform::RealFiles();
  environment.clock = opcon_snow::RealClock::Get();
  environment.random = &platform::RandomBytes;
  environment.guard_termination = &platform::GuardTermination;
  environment.register_descriptors = &opcon_snow::cli::RegisterDescriptors;
  const int code = opcon_snow::cli::RunApp(environment);
  // Everything is written; taking gRPC down in order would only take time.
  std::_Exit(code);
}
