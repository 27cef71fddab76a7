#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace opcon_snow::cli {

void AddSelfDescription(CLI::App& app, TextAction& text) {
  CLI::App* completion = app.add_subcommand(
      "completion", "prints a script that lets a shell complete commands");
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash, zsh, fish or powershell")
      ->required()
      ->check(CLI::IsMember(ChoicesFor("SHELL")));
  completion->callback([&app, shell, &text] {
    text = [&app, shell] {
      return CompletionScript(DescribeCommands(app), *shell);
    };
  });
  app.add_subcommand("manual", "prints the manual page, for man")
      ->callback([&app, &text] {
        text = [&app] { return ManualPage(DescribeCommands(app)); };
      });
}

}  // namespace opcon_snow::cli
