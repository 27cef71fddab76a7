#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/enum_text.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "cli/template_files_commands.h"
#include "incident/v1/template.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Diagnostic;
using ::incident::v1::Template;

std::string Place(const Template& loaded, const Diagnostic& remark) {
  std::string text = loaded.name();
  if (remark.line() > 0) absl::StrAppend(&text, ":", remark.line());
  if (remark.column() > 0) absl::StrAppend(&text, ":", remark.column());
  if (!remark.field().empty()) absl::StrAppend(&text, ": ", remark.field());
  return text;
}

int List(CommandContext& context) {
  const auto reply = context.Call(&Stub::ListTemplates,
                                  ::incident::v1::ListTemplatesRequest());
  if (!reply.ok()) return context.Fail(reply.status());
  if (context.json()) return context.PrintJson(*reply);
  Table table(
      {"TEMPLATE", "DEFAULT", "FORMAT", "SERVICENOW", "LOADED", "FILE"});
  Table remarks({"SEVERITY", "WHERE", "REMARK"});
  bool any_remark = false;
  for (const Template& loaded : reply->templates()) {
    table.Add({loaded.name(), loaded.is_default() ? "yes" : "",
               EnumText(loaded.format()), loaded.servicenow(),
               TimeText(loaded.load_time()), loaded.file()});
    for (const Diagnostic& remark : loaded.diagnostics()) {
      // What each rule became is told by `import` and `check`.
      if (remark.severity() == ::incident::v1::DIAGNOSTIC_SEVERITY_NOTE) {
        continue;
      }
      any_remark = true;
      remarks.Add(
          {EnumText(remark.severity()), Place(loaded, remark),
           absl::StrCat(remark.message(), remark.mend().empty() ? "" : "; ",
                        remark.mend())});
    }
  }
  context.console().Out(table.Render(context.console().Width()));
  if (any_remark) {
    context.console().Out(absl::StrCat("\n", remarks.Render(0)));
  }
  return kExitOk;
}

}  // namespace

void AddTemplatesCommands(CLI::App& app, Action& action) {
  CLI::App* templates =
      app.add_subcommand("templates", "shows, checks and converts templates");
  templates->require_subcommand(1);
  templates->fallthrough();
  templates
      ->add_subcommand("list", "lists the templates that the service loaded")
      ->callback([&action] { action = &List; });
  AddTemplateFilesCommands(*templates, action);
}

}  // namespace opcon_snow::cli
