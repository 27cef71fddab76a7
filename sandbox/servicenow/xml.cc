#include "sandbox/servicenow/xml.h"

#include <sstream>

#include "absl/strings/match.h"
#include "nlohmann/json.hpp"
#include "pugixml.hpp"

namespace opcon_snow::sandbox::servicenow {
namespace {

using Json = nlohmann::json;

void Append(pugi::xml_node parent, const std::string& name, const Json& value) {
  if (value.is_array()) {
    for (const Json& item : value) Append(parent, name, item);
    return;
  }
  pugi::xml_node node = parent.append_child(name.c_str());
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) Append(node, key, member);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!text.empty()) node.text().set(text.c_str());
  } else if (!value.is_null()) {
    node.text().set(DumpJson(value).c_str());
  }
}

}  // namespace

void ToXml(Reply& reply) {
  if (!absl::StartsWith(reply.content_type, "application/json")) return;
  const Json body =
      Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return;
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  Append(document, "response", body);
  std::ostringstream text;
  document.save(text, "", pugi::format_raw);
  reply.body = text.str();
  reply.content_type = "application/xml;charset=UTF-8";
}

absl::StatusOr<std::map<std::string, std::string>> RecordFromXml(
    const std::string& body) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(body.data(), body.size());
  if (!parsed) return absl::InvalidArgumentError(parsed.description());
  const pugi::xml_node entry = document.child("request").child("entry");
  if (!entry) {
    return absl::InvalidArgumentError("there is no <request><entry>");
  }
  std::map<std::string, std::string> values;
  for (const pugi::xml_node column : entry.children()) {
    values[column.name()] = column.text().get();
  }
  return values;
}

}  // namespace opcon_snow::sandbox::servicenow
