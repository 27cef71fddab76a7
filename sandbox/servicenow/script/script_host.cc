#include "sandbox/servicenow/script/script_host.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/digest/sha256.h"
#include "sandbox/servicenow/settings.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// GlideRecord finds no more; a script that needs them all pages.
constexpr std::size_t kMostFound = 100'000;
constexpr std::size_t kMostLoaded = 500;

Json Error(absl::string_view message) {
  return {{"error", std::string(message)}};
}

std::string Text(const Json& with, const char* name) {
  return with.at(name).get<std::string>();
}

// Numbers of scripts may be anything.
std::int64_t Whole(const Json& with, const char* name) {
  const Json& value = with.at(name);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  constexpr double kMost = 1e15;
  return static_cast<std::int64_t>(
      std::clamp(value.get<double>(), -kMost, kMost));
}

const char* TypeName(FieldType type) {
  switch (type) {
    case FieldType::kString:
      return "string";
    case FieldType::kInteger:
      return "integer";
    case FieldType::kBoolean:
      return "boolean";
    case FieldType::kDateTime:
      return "glide_date_time";
    case FieldType::kGuid:
      return "GUID";
    case FieldType::kReference:
      return "reference";
    case FieldType::kJournal:
      return "journal_input";
    case FieldType::kJournalList:
      return "journal_list";
    case FieldType::kPassword:
      return "password2";
  }
  return "string";
}

Json ResponseJson(const OutboundResponse& response) {
  Json headers = Json::array();
  for (const auto& [name, value] : response.headers) {
    headers.push_back({name, value});
  }
  return {{"status", response.status},
          {"error", response.error},
          {"path", response.path},
          {"body", response.body},
          {"headers", std::move(headers)}};
}

}  // namespace

const std::map<std::string, ScriptHost::Method>& ScriptHost::Methods() {
  static const auto* const kMethods = new std::map<std::string, Method>{
      {"table", &ScriptHost::Table},
      {"query", &ScriptHost::Query},
      {"encode", &ScriptHost::Encode},
      {"load", &ScriptHost::Load},
      {"insert", &ScriptHost::Insert},
      {"update", &ScriptHost::Update},
      {"remove", &ScriptHost::Remove},
      {"defaults", &ScriptHost::Defaults},
      {"walk", &ScriptHost::Walk},
      {"unshow", &ScriptHost::Unshow},
      {"now", &ScriptHost::Now},
      {"newId", &ScriptHost::NewId},
      {"date", &ScriptHost::Date},
      {"property", &ScriptHost::Property},
      {"base64", &ScriptHost::Base64},
      {"sha256", &ScriptHost::Sha256},
      {"user", &ScriptHost::User},
      {"hasRole", &ScriptHost::HasRole},
      {"basicProfile", &ScriptHost::BasicProfile},
      {"include", &ScriptHost::Include},
      {"log", &ScriptHost::Log},
      {"http", &ScriptHost::Http},
      {"httpStart", &ScriptHost::HttpStart},
      {"httpWait", &ScriptHost::HttpWait},
      {"attach", &ScriptHost::Attach},
      {"content", &ScriptHost::Content}};
  return *kMethods;
}

Json ScriptHost::Handle(const Json& call, absl::Time deadline) {
  deadline_ = deadline;
  try {
    const std::string name = Text(call, "call");
    const auto method = Methods().find(name);
    if (method == Methods().end()) {
      return Error(absl::StrCat("there is no call ", name));
    }
    static constexpr const char* kEffects[] = {"insert", "update",    "remove",
                                               "http",   "httpStart", "attach"};
    if (options_.read_only &&
        std::find(std::begin(kEffects), std::end(kEffects), name) !=
            std::end(kEffects)) {
      return Error("a script in a query may neither change records nor send");
    }
    Result result = (this->*method->second)(call.at("with"));
    if (!result.ok()) return Error(std::string(result.status().message()));
    return {{"value", *std::move(result)}};
  } catch (const Json::exception& error) {
    return Error(error.what());
  }
}

ScriptHost::Result ScriptHost::Table(const Json& with) {
  const std::string name = Text(with, "table");
  if (!options_.records->HasTable(name)) return Json();
  Json columns = Json::object();
  for (const std::string& column : options_.records->Columns(name)) {
    const std::optional<Field> field = options_.records->Column(name, column);
    if (!field.has_value()) continue;
    columns[column] = {{"label", field->label},
                       {"type", TypeName(field->type)},
                       {"reference", field->reference},
                       {"max_length", field->max_length}};
  }
  return Json{{"name", name},
              {"label", options_.records->TableLabel(name)},
              {"display", options_.records->DisplayColumn(name)},
              {"columns", std::move(columns)}};
}

ScriptHost::Result ScriptHost::Query(const Json& with) {
  const absl::StatusOr<servicenow::Query> query = ReadQuery(with);
  if (!query.ok()) return query.status();
  auto limit =
      static_cast<std::size_t>(std::max<std::int64_t>(Whole(with, "limit"), 0));
  if (limit == 0 || limit > kMostFound) limit = kMostFound;
  const auto first =
      static_cast<std::size_t>(std::max<std::int64_t>(Whole(with, "first"), 0));
  return Json(options_.records->FindIds(Text(with, "table"), *query, first,
                                        limit, options_.actor));
}

ScriptHost::Result ScriptHost::Encode(const Json& with) {
  const absl::StatusOr<servicenow::Query> query = ReadQuery(with);
  if (!query.ok()) return query.status();
  return Json(FormatQuery(*query));
}

ScriptHost::Result ScriptHost::Load(const Json& with) {
  Json records = Json::array();
  for (const Json& id : with.at("ids")) {
    if (records.size() == kMostLoaded) break;
    const std::optional<Record> record =
        options_.records->Find(Text(with, "table"), id.get<std::string>());
    records.push_back(record.has_value() ? Json(record->values) : Json());
  }
  return records;
}

RecordAccess::WriteOptions ScriptHost::ModesOf(const Json& with) const {
  const Json& modes = with.at("modes");
  return {.actor = options_.actor,
          .run_hooks = modes.at("workflow").get<bool>(),
          .system_fields = modes.at("system_fields").get<bool>()};
}

Json ScriptHost::Written(const absl::StatusOr<Record>& record) const {
  if (!record.ok()) {
    return {{"refused", std::string(record.status().message())}};
  }
  return {{"record", record->values}};
}

ScriptHost::Result ScriptHost::Insert(const Json& with) {
  return Written(options_.records->Insert(Text(with, "table"),
                                          with.at("values").get<FieldValues>(),
                                          ModesOf(with)));
}

ScriptHost::Result ScriptHost::Update(const Json& with) {
  return Written(options_.records->Update(
      Text(with, "table"), Text(with, "sys_id"),
      with.at("values").get<FieldValues>(), ModesOf(with)));
}

ScriptHost::Result ScriptHost::Remove(const Json& with) {
  const absl::Status status = options_.records->Delete(
      Text(with, "table"), Text(with, "sys_id"), ModesOf(with));
  return Json(std::string(status.message()));
}

ScriptHost::Result ScriptHost::Defaults(const Json& with) {
  const std::string table = Text(with, "table");
  Json values = Json::object();
  for (const std::string& name : options_.records->Columns(table)) {
    const std::optional<Field> field = options_.records->Column(table, name);
    if (field.has_value() && !field->default_value.empty() &&
        !field->read_only) {
      values[name] = field->default_value;
    }
  }
  return values;
}

ScriptHost::Result ScriptHost::Walk(const Json& with) {
  Record record;
  record.table = Text(with, "table");
  record.values = with.at("values").get<FieldValues>();
  const std::string path = Text(with, "path");
  return Json{{"value", options_.records->Value(record, path)},
              {"display", options_.records->DisplayValue(record, path)}};
}

ScriptHost::Result ScriptHost::Unshow(const Json& with) {
  return Json(options_.records->FromDisplayValue(
      Text(with, "table"), Text(with, "column"), Text(with, "shown")));
}

ScriptHost::Result ScriptHost::Now(const Json&) {
  return Json(absl::ToUnixMillis(options_.records->Now()));
}

ScriptHost::Result ScriptHost::NewId(const Json&) {
  return Json(options_.records->NewSysId());
}

ScriptHost::Result ScriptHost::Date(const Json& with) {
  return Json(options_.records->Date(Text(with, "expression")).value_or(""));
}

ScriptHost::Result ScriptHost::Property(const Json& with) {
  const std::optional<std::string> value =
      options_.records->Property(Text(with, "name"));
  return value.has_value() ? Json(*value) : Json();
}

ScriptHost::Result ScriptHost::Base64(const Json& with) {
  if (with.contains("encode")) {
    return Json(absl::Base64Escape(Text(with, "encode")));
  }
  std::string decoded;
  if (!absl::Base64Unescape(Text(with, "decode"), &decoded)) {
    return absl::InvalidArgumentError("the text is not Base64");
  }
  return Json(std::move(decoded));
}

ScriptHost::Result ScriptHost::Sha256(const Json& with) {
  return Json(Sha256Hex(Text(with, "text")));
}

ScriptHost::Result ScriptHost::User(const Json& with) {
  const std::optional<Record> user =
      options_.records->Find("sys_user", Text(with, "id"));
  if (!user.has_value()) return Json();
  Json values = Json::object();
  for (const char* name : {"sys_id", "user_name", "name", "first_name",
                           "last_name", "email", "roles"}) {
    values[name] = user->Get(name);
  }
  return values;
}

ScriptHost::Result ScriptHost::HasRole(const Json& with) {
  return Json(options_.records->HasRole(Text(with, "id"), Text(with, "role")));
}

ScriptHost::Result ScriptHost::BasicProfile(const Json& with) {
  const std::optional<Record> profile =
      options_.records->Find("sys_auth_profile_basic", Text(with, "sys_id"));
  if (!profile.has_value()) return Json();
  return Json{{"username", profile->Get("username")},
              {"password", profile->Get("password")}};
}

ScriptHost::Result ScriptHost::Include(const Json& with) {
  servicenow::Query query;
  query.groups = {{{{"name", Operator::kEquals, Text(with, "name")}},
                   {{"active", Operator::kEquals, "true"}}}};
  const std::vector<std::string> ids = options_.records->FindIds(
      "sys_script_include", query, 0, 1, options_.actor);
  if (ids.empty()) return Json();
  const std::optional<Record> record =
      options_.records->Find("sys_script_include", ids[0]);
  if (!record.has_value()) return Json();
  return Json{{"script", record->Get("script")}};
}

ScriptHost::Result ScriptHost::Log(const Json& with) {
  const std::string source = Text(with, "source");
  const std::int64_t level =
      std::clamp<std::int64_t>(Whole(with, "level"), -1, 2);
  options_.log->Write(static_cast<LogLevel>(level), Text(with, "message"),
                      source.empty() ? options_.source : source);
  return Json();
}

OutboundRequest ScriptHost::RequestOf(const Json& with) const {
  OutboundRequest request;
  request.method = Text(with, "method");
  request.url = Text(with, "url");
  request.body = Text(with, "body");
  for (const Json& header : with.at("headers")) {
    request.headers.emplace_back(header.at(0).get<std::string>(),
                                 header.at(1).get<std::string>());
  }
  const std::int64_t milliseconds = Whole(with, "milliseconds");
  if (milliseconds > 0) request.timeout = absl::Milliseconds(milliseconds);
  // Nobody would be there to read a later answer.
  request.timeout = std::min(request.timeout, deadline_ - absl::Now());
  if (with.at("user").is_string()) {
    request.user = Text(with, "user");
    request.password = Text(with, "password");
  }
  return request;
}

ScriptHost::Result ScriptHost::Http(const Json& with) {
  const OutboundResponse response = options_.http->Send(RequestOf(with));
  if (!response.error.empty()) {
    options_.log->Write(
        LogLevel::kError,
        absl::StrCat("outbound REST message ", Text(with, "message"), ": ",
                     response.error),
        options_.source);
  }
  return ResponseJson(response);
}

ScriptHost::Result ScriptHost::HttpStart(const Json& with) {
  OutboundRequest request = RequestOf(with);
  // It goes on when the script has ended.
  request.timeout = absl::Seconds(30);
  return Json(options_.http->Start(std::move(request)));
}

ScriptHost::Result ScriptHost::HttpWait(const Json& with) {
  const absl::Duration limit = std::min(
      absl::Seconds(with.at("seconds").get<double>()), deadline_ - absl::Now());
  OutboundResponse response;
  if (!options_.http->Wait(Whole(with, "number"), limit, &response)) {
    return Json();
  }
  return ResponseJson(response);
}

ScriptHost::Result ScriptHost::Attach(const Json& with) {
  absl::StatusOr<std::string> id = options_.records->Attach(
      Text(with, "table"), Text(with, "sys_id"), Text(with, "name"),
      Text(with, "type"), Text(with, "content"), options_.actor);
  if (!id.ok()) return id.status();
  return Json(*std::move(id));
}

ScriptHost::Result ScriptHost::Content(const Json& with) {
  const std::optional<std::string> content =
      options_.records->Content(Text(with, "sys_id"));
  if (!content.has_value()) return Json("");
  return Json(with.at("base64").get<bool>() ? absl::Base64Escape(*content)
                                            : *content);
}

}  // namespace opcon_snow::sandbox::servicenow
