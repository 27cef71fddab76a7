#include "sandbox/servicenow/command_line.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/jwt.h"
#include "sandbox/servicenow/replies.h"
#include "sandbox/servicenow/traffic.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

// A JSON body of this size is read so that its refusal can be tested.
constexpr std::uint64_t kLeastBodyBytes = std::uint64_t{32} << 20;

void AddModelOptions(CLI::App& app, CommandLine* line) {
  Settings& settings = line->settings;
  const std::map<std::string, ClientSysId> modes = {
      {"honour", ClientSysId::kHonour},
      {"ignore", ClientSysId::kIgnore},
      {"reject-duplicate", ClientSysId::kRejectDuplicate}};
  app.add_option("--client-sys-id", settings.client_sys_id,
                 "What a sys_id in the body of an insert does: it is used "
                 "(honour, reject-duplicate: they differ in the text of the "
                 "403 if it is taken) or not (ignore)")
      ->transform(CLI::CheckedTransformer(modes, CLI::ignore_case));
  app.add_option("--require-close-code", settings.require_close_code,
                 "Resolving and closing want close_code and close_notes")
      ->capture_default_str();
  app.add_option("--closed-read-only", settings.closed_incidents_are_read_only,
                 "Only administrators change a closed or canceled incident")
      ->capture_default_str();
  app.add_option("--invalid-query-returns-no-rows",
                 settings.invalid_query_returns_no_rows,
                 "A query with an invalid part finds nothing, instead of what "
                 "the rest of it finds")
      ->capture_default_str();
  app.add_option("--display-offset", line->display_offset_minutes,
                 "Minutes that display values of times are ahead of UTC")
      ->check(CLI::Range(-14 * 60, 14 * 60))
      ->capture_default_str();
  app.add_option("--seed-data", line->seed_files,
                 "JSON file {\"table\": [{\"column\": \"value\"}]}, with "
                 "\"_tables\" for tables and columns that are not there; may "
                 "be repeated")
      ->take_all();
  app.add_option("--incidents", line->incidents,
                 "Begin with so many incidents, as POST /_sandbox/incidents "
                 "makes them")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--conditions", line->conditions,
                 "JSON text: rate limits, semaphores, sessions, quotas, "
                 "hibernation, maintenance; docs/sandbox.md lists the keys");
}

void AddAttachmentOptions(CLI::App& app, CommandLine* line) {
  Settings& settings = line->settings;
  app.add_option("--max-attachment-bytes", settings.max_attachment_bytes,
                 "Larger attachments are answered with 413")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 30))
      ->capture_default_str();
  line->blocked_extensions = absl::StrJoin(settings.blocked_extensions, ",");
  app.add_option("--blocked-extensions", line->blocked_extensions,
                 "Comma list of extensions that attachments must not have")
      ->capture_default_str();
  app.add_option("--blocked-attachment-status",
                 settings.blocked_attachment_status,
                 "The status that a blocked attachment is answered with")
      ->check(CLI::Range(400, 599))
      ->capture_default_str();
  app.add_option("--max-json-bytes", settings.max_json_bytes,
                 "Larger JSON bodies are answered with 400")
      ->check(CLI::Range(std::uint64_t{1}, kLeastBodyBytes))
      ->capture_default_str();
}

void AddLoginOptions(CLI::App& app, CommandLine* line) {
  Settings& settings = line->settings;
  app.add_option("--token-lifetime", line->token_lifetime_seconds,
                 "Seconds an OAuth access token lives")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  line->oauth_grants = absl::StrJoin(settings.oauth_grants, ",");
  app.add_option("--oauth-grants", line->oauth_grants,
                 "Comma list of the grants that are turned on")
      ->capture_default_str();
  app.add_option("--jwt-key", line->jwt_key_file,
                 "PEM file with the RSA public key (or certificate) of those "
                 "who sign assertions for the grant jwt-bearer");
  app.add_option("--require-rest-service", settings.require_rest_service,
                 "Users other than administrators need the role rest_service")
      ->capture_default_str();
  app.add_option("--allow-basic", settings.allow_basic,
                 "Basic authentication works")
      ->capture_default_str();
  app.add_option("--admin-user", settings.admin_user)->capture_default_str();
  app.add_option("--admin-password", settings.admin_password)
      ->capture_default_str();
  app.add_option("--integration-user", settings.integration_user)
      ->capture_default_str();
  app.add_option("--integration-password", settings.integration_password)
      ->capture_default_str();
  app.add_option("--oauth-client", settings.oauth_client_id)
      ->capture_default_str();
  app.add_option("--oauth-secret", settings.oauth_client_secret)
      ->capture_default_str();
  app.add_option("--api-key", settings.api_key)->capture_default_str();
}

void AddScriptOptions(CLI::App& app, CommandLine* line) {
  app.add_option("--update-set", line->update_set_files,
                 "Update-set XML, committed at the start and after each reset; "
                 "may be repeated")
      ->take_all();
  app.add_option("--script-timeout", line->script_timeout_seconds,
                 "Seconds after which a script is ended")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--script-memory", line->script_memory_megabytes,
                 "Megabytes that a script may use")
      ->check(CLI::Range(8, 1024))
      ->capture_default_str();
  app.add_option("--outbound-ca", line->outbound_ca_file,
                 "PEM file with the certificates that servers of outbound REST "
                 "messages may be signed with; else the machine's");
}

// ".log, EXE" becomes {".log", ".exe"}.
std::set<std::string> Extensions(const std::string& list) {
  std::set<std::string> extensions;
  for (const absl::string_view item : absl::StrSplit(list, ',')) {
    std::string extension =
        absl::AsciiStrToLower(absl::StripAsciiWhitespace(item));
    if (extension.empty()) continue;
    if (extension.front() != '.') extension.insert(0, 1, '.');
    extensions.insert(std::move(extension));
  }
  return extensions;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in)
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  return content.str();
}

}  // namespace

void AddOptions(CLI::App& app, CommandLine* command_line) {
  AddServerFlags(app, &command_line->server);
  AddModelOptions(app, command_line);
  AddAttachmentOptions(app, command_line);
  AddLoginOptions(app, command_line);
  AddScriptOptions(app, command_line);
}

absl::StatusOr<std::unique_ptr<Instance>> MakeInstance(
    const CommandLine& command_line) {
  Settings settings = command_line.settings;
  settings.blocked_extensions = Extensions(command_line.blocked_extensions);
  settings.access_token_lifetime =
      absl::Seconds(command_line.token_lifetime_seconds);
  settings.display_offset = absl::Minutes(command_line.display_offset_minutes);
  settings.oauth_grants.clear();
  for (const absl::string_view grant :
       absl::StrSplit(command_line.oauth_grants, ',', absl::SkipEmpty())) {
    settings.oauth_grants.emplace(absl::StripAsciiWhitespace(grant));
  }
  if (!command_line.jwt_key_file.empty()) {
    absl::StatusOr<std::string> key = ReadFile(command_line.jwt_key_file);
    if (!key.ok()) return key.status();
    const absl::Status status = CheckPublicKey(*key);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--jwt-key ", command_line.jwt_key_file, ": ",
                       std::string(status.message())));
    }
    settings.jwt_public_key = *std::move(key);
  }
  Conditions conditions;
  if (!command_line.conditions.empty()) {
    absl::StatusOr<Conditions> parsed = ParseConditions(nlohmann::json::parse(
        command_line.conditions, nullptr, /*allow_exceptions=*/false));
    if (!parsed.ok()) return parsed.status();
    conditions = *std::move(parsed);
  }
  std::vector<nlohmann::json> seeds;
  for (const std::string& path : command_line.seed_files) {
    const absl::StatusOr<std::string> content = ReadFile(path);
    if (!content.ok()) return content.status();
    nlohmann::json seed = nlohmann::json::parse(*content, nullptr,
                                                /*allow_exceptions=*/false);
    if (seed.is_discarded()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the seed data ", path, " is not JSON"));
    }
    seeds.push_back(std::move(seed));
  }
  absl::StatusOr<std::unique_ptr<Instance>> instance =
      Instance::Create(std::move(settings), std::move(seeds),
                       OffsetClock(command_line.server), std::move(conditions));
  if (!instance.ok() || command_line.incidents == 0) return instance;
  SandboxRequest request;
  request.method = "POST";
  request.segments = {"_sandbox", "incidents"};
  request.body = absl::StrCat("{\"count\":", command_line.incidents, "}");
  const std::optional<Reply> made = (*instance)->Control(request);
  if (!made.has_value() || made->status != 201) {
    return absl::InternalError("--incidents: they could not be made");
  }
  return instance;
}

absl::StatusOr<std::unique_ptr<ScriptEngine>> MakeScriptEngine(
    const CommandLine& command_line, Instance& instance) {
  ScriptEngine::Options options;
  options.workers.memory_bytes =
      static_cast<std::size_t>(command_line.script_memory_megabytes) << 20;
  options.workers.time_limit =
      absl::Seconds(command_line.script_timeout_seconds);
  options.display_offset_minutes = command_line.display_offset_minutes;
  options.ca_file = command_line.outbound_ca_file;
  for (const std::string& path : command_line.update_set_files) {
    const absl::StatusOr<std::string> content = ReadFile(path);
    if (!content.ok()) return content.status();
    absl::StatusOr<UpdateSet> update_set = ParseUpdateSet(*content);
    if (!update_set.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the update set ", path, ": ",
                       std::string(update_set.status().message())));
    }
    options.update_sets.emplace_back(path, *std::move(update_set));
  }
  auto engine =
      std::make_unique<ScriptEngine>(std::move(options), &instance.records());
  instance.SetHooks(engine.get());
  return engine;
}

SandboxServer::Options ServerOptions(const CommandLine& command_line,
                                     Instance& instance) {
  SandboxServer::Options options;
  options.name = "ServiceNow";
  options.flags = command_line.server;
  options.handler = [&instance](const SandboxRequest& request) {
    return instance.Handle(request);
  };
  options.control = [&instance](const SandboxRequest& request) {
    return instance.Control(request);
  };
  options.reset = [&instance] { instance.Reset(); };
  options.state = [&instance] { return instance.State(); };
  options.save = [&instance] { return instance.Save(); };
  options.restore = [&instance](const std::string& saved) {
    return instance.Restore(saved);
  };
  options.canonical_path = &Instance::CanonicalPath;
  options.error_reply = &TypicalError;
  options.html_page = HibernationPage();
  // A real node lets 50 calls wait beside those it works on.
  options.threads = 128;
  // More than is allowed, so that the instance itself can refuse it; forms have
  // further parts.
  options.max_body_bytes = static_cast<std::size_t>(std::max(
      command_line.settings.max_attachment_bytes + 65536, kLeastBodyBytes));
  return options;
}

}  // namespace opcon_snow::sandbox::servicenow
