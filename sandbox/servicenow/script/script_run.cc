#include "sandbox/servicenow/script/script_run.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sandbox/servicenow/script/script_host.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// A script cannot make the answer of another form; only Duktape's lack of
// memory can.
ScriptResult ResultOf(const Json& done) {
  ScriptResult result;
  result.value = done.value("value", "");
  result.skipped = done.value("skipped", false);
  result.aborted = done.value("aborted", false);
  result.values = done.value("values", FieldValues());
  result.error_messages =
      done.value("error_messages", std::vector<std::string>());
  return result;
}

// "Error: text (business rule x, line 3)"
std::string Describe(const Json& error) {
  std::string text = error.value("message", "");
  const std::string file = error.value("file", "");
  const int line = error.value("line", 0);
  if (!file.empty() && line > 0) {
    absl::StrAppend(&text, " (", file, ", line ", line, ")");
  }
  return text;
}

}  // namespace

Json ScriptRunner::RequestJson(const ScriptRequest& request) const {
  Json includes = Json::array();
  for (const Record& include : parts_.records->Query(
           "sys_script_include", "active=true", 0, request.actor)) {
    const std::string& name = include.Get("name");
    const std::string& api_name = include.Get("api_name");
    const std::size_t dot = api_name.find('.');
    const std::string scope =
        dot == std::string::npos ? "" : api_name.substr(0, dot);
    includes.push_back(
        {{"name", name}, {"scope", scope == "global" ? "" : scope}});
  }
  const auto values = [](const Record* record) {
    return record == nullptr ? Json() : Json(record->values);
  };
  return {{"id", parts_.records->NewSysId()},
          {"name", request.name},
          {"script", request.script},
          {"condition", request.condition},
          {"entry", request.entry},
          {"scope", request.scope},
          {"when", request.when},
          {"operation", request.operation},
          {"table", request.current == nullptr ? "" : request.current->table},
          {"current", values(request.current)},
          {"previous", values(request.previous)},
          {"watched", request.watched},
          {"user",
           {{"sys_id", request.actor.sys_id},
            {"user_name", request.actor.user_name}}},
          {"display_offset_minutes", parts_.display_offset_minutes},
          {"includes", std::move(includes)}};
}

absl::StatusOr<ScriptResult> ScriptRunner::Run(const ScriptRequest& request) {
  ScriptHost host({.records = parts_.records,
                   .http = parts_.http,
                   .log = parts_.log,
                   .actor = request.actor,
                   .source = request.name,
                   .read_only = request.read_only});
  const absl::StatusOr<Json> done = parts_.workers->Run(
      RequestJson(request), [&host](const Json& call, absl::Time deadline) {
        return host.Handle(call, deadline);
      });
  absl::Status status = done.status();
  if (status.ok()) {
    try {
      if (!done->contains("error")) return ResultOf(*done);
      status = absl::InternalError(Describe(done->at("error")));
    } catch (const Json::exception& error) {
      status = absl::InternalError(error.what());
    }
  }
  parts_.log->Write(LogLevel::kError, std::string(status.message()),
                    request.name);
  return status;
}

}  // namespace opcon_snow::sandbox::servicenow
