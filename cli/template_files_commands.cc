// templates check, import and render: files of templates, which the service
// looks at.

#include "cli/template_files_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/report_arguments.h"
#include "cli/template_view.h"
#include "incident/v1/incident_service.pb.h"

namespace opcon_snow::cli {
namespace {

namespace v1 = ::incident::v1;

// What the service takes.
constexpr std::size_t kMaxFile = std::size_t{512} << 10;

std::string FileNameOf(const std::string& path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

absl::StatusOr<std::string> ReadFile(CommandContext& context,
                                     const std::string& path) {
  return context.environment().files->Read(path, kMaxFile);
}

bool IsError(const v1::Diagnostic& remark) {
  return remark.severity() == v1::DIAGNOSTIC_SEVERITY_ERROR;
}

int FailToRead(CommandContext& context, const std::string& path,
               const absl::Status& status) {
  context.console().Error(
      absl::StrCat(path, " cannot be read: ", status.message()));
  return kExitData;
}

int Check(CommandContext& context, const std::vector<std::string>& paths) {
  int code = kExitOk;
  for (const std::string& path : paths) {
    const absl::StatusOr<std::string> text = ReadFile(context, path);
    if (!text.ok()) {
      code = FailToRead(context, path, text.status());
      continue;
    }
    v1::ValidateTemplateRequest request;
    request.set_text(*text);
    request.set_name(FileNameOf(path));
    const auto reply = context.Call(&Stub::ValidateTemplate, request);
    if (!reply.ok()) return context.Fail(reply.status());
    bool any_error = false;
    for (const v1::Diagnostic& remark : reply->diagnostics()) {
      any_error = any_error || IsError(remark);
    }
    if (any_error) code = kExitData;
    if (context.json()) {
      context.PrintJson(*reply);
      continue;
    }
    for (const v1::Diagnostic& remark : reply->diagnostics()) {
      context.console().Out(RemarkLine(path, remark) + "\n");
    }
    if (!any_error) context.console().Out(absl::StrCat(path, ": no errors\n"));
  }
  return code;
}

struct ImportOptions {
  std::vector<std::string> paths;
  std::string connector_config;
  std::string into;
};

int Import(CommandContext& context, const ImportOptions& options) {
  std::string connector;
  if (!options.connector_config.empty()) {
    absl::StatusOr<std::string> text =
        ReadFile(context, options.connector_config);
    if (!text.ok()) {
      return FailToRead(context, options.connector_config, text.status());
    }
    connector = *std::move(text);
  }
  int code = kExitOk;
  for (const std::string& path : options.paths) {
    const absl::StatusOr<std::string> text = ReadFile(context, path);
    if (!text.ok()) {
      code = FailToRead(context, path, text.status());
      continue;
    }
    v1::ImportTemplateRequest request;
    request.set_text(*text);
    request.set_name(FileNameOf(path));
    request.set_connector_config(connector);
    const auto reply = context.Call(&Stub::ImportTemplate, request);
    if (!reply.ok()) return context.Fail(reply.status());
    for (const v1::Diagnostic& remark : reply->diagnostics()) {
      if (IsError(remark)) {
        context.console().Error(RemarkLine(path, remark));
        code = kExitData;
      } else {
        context.console().Warning(RemarkLine(path, remark));
      }
    }
    if (context.json()) {
      context.PrintJson(*reply);
      continue;
    }
    if (reply->native_text().empty()) continue;
    if (options.into.empty()) {
      context.console().Out(reply->native_text());
      continue;
    }
    const std::string target =
        absl::StrCat(options.into, "/", FileNameOf(path), ".yaml");
    const absl::Status written =
        context.environment().files->WriteDurably(target, reply->native_text());
    if (!written.ok()) {
      context.console().Error(written.message());
      return kExitData;
    }
    context.console().Out(absl::StrCat(path, " -> ", target, "\n"));
  }
  return code;
}

bool HasGlobals(const GlobalFlags& flags) {
  for (const std::string* flag :
       {&flags.server, &flags.config, &flags.output, &flags.timeout,
        &flags.tls_ca, &flags.tls_cert, &flags.tls_key, &flags.token_file,
        &flags.spool_dir}) {
    if (!flag->empty()) return true;
  }
  return false;
}

int Render(CommandContext& context, const std::string& chosen,
           const std::vector<std::string>& arguments) {
  const ReportArguments read =
      ReadReportArguments(arguments, ReportCommand::kReport);
  for (const Problem& problem : read.problems) {
    context.console().Error(problem.text);
  }
  if (!read.event.has_value()) {
    return read.problems.empty() ? kExitUsage : read.problems.front().exit_code;
  }
  if (HasGlobals(read.globals)) {
    context.console().Error(
        "options that every command has, such as --output, go before the word "
        "\"templates\"");
    return kExitUsage;
  }
  v1::RenderTemplateRequest request;
  *request.mutable_event() = *read.event;
  absl::StatusOr<std::string> text = ReadFile(context, chosen);
  if (text.ok()) {
    request.set_text(*std::move(text));
    request.set_text_name(FileNameOf(chosen));
  } else if (text.status().code() == absl::StatusCode::kNotFound) {
    request.set_name(chosen);
  } else {
    return FailToRead(context, chosen, text.status());
  }
  const auto reply = context.Call(&Stub::RenderTemplate, request);
  if (!reply.ok()) return context.Fail(reply.status());
  int code = kExitOk;
  for (const v1::Diagnostic& remark : reply->diagnostics()) {
    if (IsError(remark)) code = kExitData;
  }
  if (context.json()) {
    context.PrintJson(*reply);
    return code;
  }
  for (const v1::Diagnostic& remark : reply->diagnostics()) {
    if (!IsError(remark)) continue;
    context.console().Error(RemarkLine(chosen, remark));
  }
  if (code == kExitOk) context.console().Out(PreviewText(*reply));
  return code;
}

}  // namespace

void AddTemplateFilesCommands(CLI::App& templates, Action& action) {
  CLI::App* check = templates.add_subcommand(
      "check",
      "says what is wrong with template files, native or the "
      "incumbent's; exit 65 if anything is");
  auto paths = std::make_shared<std::vector<std::string>>();
  check->add_option("FILE", *paths, "the files")->required();
  check->callback([&action, paths] {
    action = [paths](CommandContext& context) {
      return Check(context, *paths);
    };
  });

  CLI::App* convert = templates.add_subcommand(
      "import",
      "converts templates of the incumbent connector to native "
      "ones and says what became of each rule");
  auto options = std::make_shared<ImportOptions>();
  convert->add_option("FILE", options->paths, "the files")->required();
  convert
      ->add_option("--connector-config", options->connector_config,
                   "the Connector.config that belongs to them")
      ->type_name("FILE");
  convert
      ->add_option("--into", options->into,
                   "the folder to write FILE.yaml into; printed unless given")
      ->type_name("FOLDER");
  convert->callback([&action, options] {
    action = [options](CommandContext& context) {
      return Import(context, *options);
    };
  }  // namespace opcon_snow::cli
  );

  CLI::App* render = templates.add_subcommand(
      "render",
      "shows what would be sent for a real job, changing nothing; "
      "what follows the template is as for \"report\"");
  auto chosen = std::make_shared<std::string>();
  render->add_option("TEMPLATE", *chosen, "a file, or the name of a template")
      ->required();
  // What only "report" knows must not end up with the commands around it.
  render->fallthrough(false);
  render->prefix_command();
  render->callback([&action, render, chosen] {
    action = [arguments = render->remaining(),
              chosen](CommandContext& context) {
      return Render(context, *chosen, arguments);
    };
  });
}

}  // namespace opcon_snow::cli
