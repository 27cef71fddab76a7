#include "sandbox/servicenow/api_call.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/query_match.h"
#include "sandbox/servicenow/replies.h"
#include "sandbox/servicenow/xml.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDefaultLimit = 10000;

// "Text/JSON; charset=utf-8" becomes "text/json".
std::string MediaType(absl::string_view header) {
  return absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(header.substr(0, header.find(';'))));
}

bool IsXml(const std::string& type) {
  return type == "application/xml" || type == "text/xml";
}

bool IsJson(const std::string& type) {
  return type == "application/json" || type == "text/json" || type == "*/*" ||
         type == "application/*";
}

// A table without roles of its own has those of the one it extends.
bool HasRoleFor(const ApiCall& call, const Parts& parts,
                const std::string& table, std::string Table::*roles) {
  if (call.actor.admin) return true;
  for (const Table* at = parts.dictionary->FindTable(table); at != nullptr;
       at = parts.dictionary->FindTable(at->parent)) {
    if ((at->*roles).empty()) continue;
    for (const absl::string_view role : absl::StrSplit(at->*roles, ',')) {
      if (ListsRole(call.actor.roles, std::string(role))) return true;
    }
    return false;
  }
  return true;
}

bool IsTrue(const SandboxRequest& request, absl::string_view name) {
  return absl::EqualsIgnoreCase(request.Query(name).value_or(""), "true");
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  // As a list or a record shows a reference.
  if (value.is_object() && value.contains("value")) {
    return TextOf(value["value"]);
  }
  return DumpJson(value);
}

// A parameter that is neither the platform's nor a credential.
bool IsFilter(const std::string& name) {
  return !absl::StartsWith(name, "sysparm_") && name != "x-sn-apikey" &&
         !name.empty();
}

bool HasFilters(const SandboxRequest& request) {
  return std::any_of(
      request.query.begin(), request.query.end(),
      [](const auto& parameter) { return IsFilter(parameter.first); });
}

// What holds every record that the filters let through.
std::vector<const Record*> FilterCandidates(const ApiCall& call,
                                            const Parts& parts,
                                            const std::string& table) {
  for (const auto& [name, value] : call.request.query) {
    const Field* field = parts.dictionary->FindField(table, name);
    if (IsFilter(name) && field != nullptr && field->indexed &&
        field->type == FieldType::kString) {
      return parts.store->Lookup(table, name, value);
    }
  }
  return parts.store->All(table);
}

void ApplyFilters(const ApiCall& call, const Parts& parts,
                  const std::string& table,
                  std::vector<const Record*>& records) {
  for (const auto& [name, filter_value] : call.request.query) {
    if (!IsFilter(name)) continue;
    const FieldPath path = ResolvePath(*parts.dictionary, table, name);
    if (path.empty()) continue;
    // Clang 14 cannot capture a structured binding.
    const std::string& value = filter_value;
    std::erase_if(records, [&](const Record* record) {
      const std::string actual = ValueAt(*parts.store, *record, path);
      return !(IsSysId(actual) ? absl::EqualsIgnoreCase(actual, value)
                               : actual == value) &&
             ShownAt(*parts.store, *record, path) != value;
    });
  }
}

std::string PageLink(const SandboxRequest& request, std::size_t limit,
                     std::size_t offset, const char* relation) {
  std::vector<std::string> items;
  for (const auto& [name, value] : request.query) {
    if (name == "sysparm_limit" || name == "sysparm_offset" ||
        name == "x-sn-apikey") {
      continue;
    }
    items.push_back(
        absl::StrCat(PercentEncode(name), "=", PercentEncode(value)));
  }
  items.push_back(absl::StrCat("sysparm_limit=", limit));
  items.push_back(absl::StrCat("sysparm_offset=", offset));
  return absl::StrCat("<", request.Origin(), request.raw_path, "?",
                      absl::StrJoin(items, "&"), ">;rel=\"", relation, "\"");
}

}  // namespace

std::optional<Reply> CheckAccept(const ApiCall& call) {
  const std::string& accept = call.request.Header("accept");
  if (accept.empty()) {
    return ErrorReply(400, "Missing header", "The Accept header is required");
  }
  for (const absl::string_view item : absl::StrSplit(accept, ',')) {
    const std::string type = MediaType(item);
    if (IsJson(type) || IsXml(type)) return std::nullopt;
  }
  return ErrorReply(406, "Not acceptable",
                    absl::StrCat("Media type is not supported: ", accept));
}

bool WantsXml(const SandboxRequest& request) {
  for (const absl::string_view item :
       absl::StrSplit(request.Header("accept"), ',')) {
    // The first that is known decides.
    const std::string type = MediaType(item);
    if (IsJson(type)) return false;
    if (IsXml(type)) return true;
  }
  return false;
}

std::optional<Reply> CheckMayRead(const ApiCall& call, const Parts& parts,
                                  const std::string& table) {
  if (HasRoleFor(call, parts, table, &Table::read_roles)) return std::nullopt;
  return ErrorReply(403, "Insufficient rights to query records");
}

std::optional<Reply> CheckMayWrite(const ApiCall& call, const Parts& parts,
                                   const std::string& table) {
  if (HasRoleFor(call, parts, table, &Table::write_roles)) return std::nullopt;
  const char* const verb = call.method == "POST"     ? "Insert"
                           : call.method == "DELETE" ? "Delete"
                                                     : "Update";
  return ErrorReply(403, "Operation Failed",
                    absl::StrCat("ACL Exception ", verb,
                                 " Failed due to security constraints"));
}

std::optional<Reply> CheckJsonBody(const ApiCall& call,
                                   const Settings& settings) {
  const std::string type = MediaType(call.request.Header("content-type"));
  if (type.empty()) {
    return ErrorReply(400, "Missing header",
                      "The Content-Type header is required");
  }
  if (!IsXml(type) && type != "application/json" && type != "text/json") {
    return ErrorReply(415, "Unsupported media type",
                      absl::StrCat("Media type is not supported: ", type));
  }
  const std::uint64_t size = call.request.body_bytes;
  if (size <= settings.max_json_bytes && call.request.body_complete) {
    return std::nullopt;
  }
  return ErrorReply(
      400, "Exception while reading request",
      absl::StrCat("Rejected large REST payload with content-length = ", size,
                   " bytes. Max allowed: ", settings.max_json_bytes,
                   " bytes."));
}

absl::StatusOr<FieldValues> RecordOf(const nlohmann::json& value) {
  const Json& record = value.is_array() && !value.empty() ? value[0] : value;
  if (!record.is_object()) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  FieldValues values;
  for (const auto& [name, text] : record.items()) values[name] = TextOf(text);
  return values;
}

absl::StatusOr<FieldValues> ParseRecord(const SandboxRequest& request) {
  if (request.body.empty()) return FieldValues();
  if (IsXml(MediaType(request.Header("content-type")))) {
    return RecordFromXml(request.body);
  }
  return RecordOf(
      Json::parse(request.body, nullptr, /*allow_exceptions=*/false));
}

RenderOptions RenderOptionsOf(const SandboxRequest& request) {
  RenderOptions options;
  const std::string mode = request.Query("sysparm_display_value").value_or("");
  if (mode == "true") options.mode = DisplayMode::kDisplay;
  if (mode == "all") options.mode = DisplayMode::kBoth;
  options.reference_links = !IsTrue(request, "sysparm_exclude_reference_link");
  for (const absl::string_view field :
       absl::StrSplit(request.Query("sysparm_fields").value_or(""), ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(field);
    if (!name.empty()) options.fields.emplace_back(name);
  }
  options.view = request.Query("sysparm_view").value_or("");
  options.origin = request.Origin();
  return options;
}

absl::StatusOr<Page> RunList(const ApiCall& call, const Parts& parts,
                             const std::string& table) {
  const SandboxRequest& request = call.request;
  Page page;
  std::int64_t offset = 0;
  const std::string offset_text = request.Query("sysparm_offset").value_or("0");
  if (!absl::SimpleAtoi(offset_text, &offset) || offset < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid sysparm_offset: ", offset_text));
  }
  std::int64_t limit = 0;
  if (!absl::SimpleAtoi(request.Query("sysparm_limit").value_or(""), &limit) ||
      limit < 0) {
    limit = kDefaultLimit;
  }
  page.offset = static_cast<std::size_t>(offset);
  page.limit = static_cast<std::size_t>(limit);

  const std::optional<std::string> text = request.Query("sysparm_query");
  const absl::StatusOr<Query> query = ParseQuery(text.value_or(""));
  if (!query.ok()) return query.status();
  const BoundQuery bound(*parts.dictionary, *parts.store, table, *query,
                         parts.environment(call.actor));
  if (!bound.unknown_expression().empty()) {
    return absl::UnimplementedError(
        absl::StrCat("encoded query: javascript:", bound.unknown_expression()));
  }
  if (bound.dropped_a_part() && parts.settings->invalid_query_returns_no_rows) {
    return page;
  }
  // The two ways of filtering exclude each other; the query wins.
  if (!text.has_value() && HasFilters(request)) {
    std::vector<const Record*> found = FilterCandidates(call, parts, table);
    ApplyFilters(call, parts, table, found);
    page.total = found.size();
    for (std::size_t i = page.offset;
         i < found.size() && page.records.size() < page.limit; ++i) {
      page.records.push_back(found[i]);
    }
    page.more = page.offset + page.records.size() < page.total;
    return page;
  }
  // One more than asked for, so that it is known whether there is a next page.
  BoundQuery::Slice slice = bound.Run(page.offset, page.limit + 1,
                                      !IsTrue(request, "sysparm_no_count"));
  page.more = slice.records.size() > page.limit;
  if (page.more) slice.records.pop_back();
  page.total = slice.total;
  page.records = std::move(slice.records);
  return page;
}

void AddPageHeaders(const SandboxRequest& request, const Page& page,
                    Reply& reply) {
  const bool counted = !IsTrue(request, "sysparm_no_count");
  if (counted) reply.With("X-Total-Count", absl::StrCat(page.total));
  if (IsTrue(request, "sysparm_suppress_pagination_header") ||
      page.limit == 0) {
    return;
  }
  const bool more = page.more;
  if (!more && page.offset == 0) return;
  std::vector<std::string> links = {PageLink(request, page.limit, 0, "first")};
  if (page.offset > 0) {
    const std::size_t previous =
        page.offset - std::min(page.offset, page.limit);
    links.push_back(PageLink(request, page.limit, previous, "prev"));
  }
  if (more) {
    links.push_back(
        PageLink(request, page.limit, page.offset + page.limit, "next"));
  }
  if (counted && page.total > 0) {
    const std::size_t last = (page.total - 1) / page.limit * page.limit;
    links.push_back(PageLink(request, page.limit, last, "last"));
  }
  reply.With("Link", absl::StrJoin(links, ","));
}

}  // namespace opcon_snow::sandbox::servicenow
