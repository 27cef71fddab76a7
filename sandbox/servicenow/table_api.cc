#include "sandbox/servicenow/table_api.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/replies.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

// Tables of every real instance; other names are as unknown there as here.
bool ExistsOnRealInstances(const std::string& table) {
  static constexpr std::array<absl::string_view, 16> kTables = {
      "ecc_agent",
      "change_task",
      "sc_request",
      "sc_req_item",
      "sc_task",
      "problem_task",
      "kb_knowledge",
      "ecc_queue",
      "syslog",
      "sysevent",
      "sysapproval_approver",
      "core_company",
      "cmn_location",
      "cmn_department",
      "em_event",
      "em_alert"};
  return absl::StartsWith(table, "sys_") || absl::StartsWith(table, "cmdb_") ||
         std::find(kTables.begin(), kTables.end(), table) != kTables.end();
}

Reply UnreadableBody() {
  return ErrorReply(400, "Exception while reading request",
                    "Cannot decode: java.io.StringReader@1f2e3d");
}

bool InputIsShown(const SandboxRequest& request) {
  return request.Query("sysparm_input_display_value").value_or("") == "true";
}

Reply WithoutBodyIfAsked(const ApiCall& call, Reply reply) {
  if (absl::EqualsIgnoreCase(call.request.Header("x-no-response-body"),
                             "true")) {
    reply.body.clear();
    reply.content_type.clear();
  }
  return reply;
}

}  // namespace

Reply TableApi::Handle(const ApiCall& call) {
  if (call.rest.empty() || call.rest.size() > 2) return NoSuchUri();
  const std::string& table = call.rest[0];
  if (parts_.dictionary->FindTable(table) == nullptr) {
    return ExistsOnRealInstances(table)
               ? NotSimulated(absl::StrCat("table ", table))
               : InvalidTable(table);
  }
  std::optional<Reply> refused = CheckAccept(call);
  const bool reads = call.method == "GET" || call.method == "HEAD";
  if (!refused.has_value() && !reads) {
    refused = CheckMayWrite(call, parts_, table);
  }
  if (refused.has_value()) return *std::move(refused);
  std::optional<Reply> hidden = CheckMayRead(call, parts_, table);
  if (call.rest.size() == 1) {
    if (reads && hidden.has_value()) return *std::move(hidden);
    if (reads) return List(call, table);
    if (call.method == "POST") return Insert(call, table);
    return MethodNotSupported(call.method);
  }
  if (!reads && call.method != "PUT" && call.method != "PATCH" &&
      call.method != "DELETE") {
    return MethodNotSupported(call.method);
  }
  const Record* record = std::as_const(*parts_.store).Find(table, call.rest[1]);
  if (record == nullptr || hidden.has_value()) return NoSuchRecord();
  if (reads) return Get(call, table, *record);
  if (call.method != "DELETE") return Update(call, table, *record);
  const absl::Status deleted = parts_.writer->Delete(*record, call.actor);
  return deleted.ok() ? Reply::Empty(204) : FailureReply(deleted);
}

Reply TableApi::List(const ApiCall& call, const std::string& table) {
  const absl::StatusOr<Page> page = RunList(call, parts_, table);
  if (!page.ok()) return FailureReply(page.status());
  if (call.version == 1 && page->records.empty()) {
    return ErrorReply(404, "No Record found",
                      "Records matching query not found. Check query "
                      "parameter or offset parameter");
  }
  const RenderOptions options = RenderOptionsOf(call.request);
  Json list = Json::array();
  for (const Record* record : page->records) {
    list.push_back(parts_.renderer->Render(table, *record, options));
  }
  Reply reply = ResultReply(200, std::move(list));
  AddPageHeaders(call.request, *page, reply);
  return reply;
}

Reply TableApi::Get(const ApiCall& call, const std::string& table,
                    const Record& record) {
  return ResultReply(200, parts_.renderer->Render(
                              table, record, RenderOptionsOf(call.request)));
}

Reply TableApi::Insert(const ApiCall& call, const std::string& table) {
  std::optional<Reply> refused = CheckJsonBody(call, *parts_.settings);
  if (refused.has_value()) return *std::move(refused);
  if (table == "sys_attachment") {
    return NotSimulated("inserts into sys_attachment through the Table API");
  }
  const absl::StatusOr<FieldValues> input = ParseRecord(call.request);
  if (!input.ok()) return UnreadableBody();
  const absl::StatusOr<const Record*> record =
      parts_.writer->Insert(table, *input, call.actor,
                            {.input_is_shown = InputIsShown(call.request)});
  if (!record.ok()) return FailureReply(record.status());
  Reply reply = ResultReply(
      201,
      parts_.renderer->Render(table, **record, RenderOptionsOf(call.request)));
  reply.With("Location", absl::StrCat(call.request.Origin(), "/api/now/table/",
                                      table, "/", (*record)->sys_id()));
  return WithoutBodyIfAsked(call, std::move(reply));
}

Reply TableApi::Update(const ApiCall& call, const std::string& table,
                       const Record& record) {
  std::optional<Reply> refused = CheckJsonBody(call, *parts_.settings);
  if (refused.has_value()) return *std::move(refused);
  const absl::StatusOr<FieldValues> input = ParseRecord(call.request);
  if (!input.ok()) return UnreadableBody();
  const absl::StatusOr<const Record*> updated =
      parts_.writer->Update(record, *input, call.actor,
                            {.input_is_shown = InputIsShown(call.request)});
  if (!updated.ok()) return FailureReply(updated.status());
  return WithoutBodyIfAsked(call, Get(call, table, **updated));
}

}  // namespace opcon_snow::sandbox::servicenow
