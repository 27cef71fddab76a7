#include "sandbox/opcon/json_input.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "sandbox/opcon/api_errors.h"

namespace opcon_snow::sandbox::opcon {
namespace {

using nlohmann::json;

bool IsJsonType(absl::string_view content_type) {
  const std::string type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(
      content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || type == "text/json" ||
         (absl::StartsWith(type, "application/") &&
          absl::EndsWith(type, "+json"));
}

absl::Status WrongType(absl::string_view name, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("The JSON value of ", name, " is not ", wanted, "."));
}

}  // namespace

std::variant<json, Reply> ReadBody(const SandboxRequest& request) {
  if (!IsJsonType(request.Header("content-type"))) {
    return Problem(415, "Unsupported Media Type", "");
  }
  if (!request.body_complete) return Problem(413, "Payload Too Large", "");
  json value = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return Problem(400, "One or more validation errors occurred.",
                   "The request body is not JSON.");
  }
  return value;
}

absl::StatusOr<JsonFields> JsonFields::Of(const json& value) {
  if (!value.is_object()) {
    return absl::InvalidArgumentError("A JSON object is required.");
  }
  return JsonFields(value);
}

const json* JsonFields::Find(absl::string_view name) const {
  for (const auto& item : value_->items()) {
    if (absl::EqualsIgnoreCase(item.key(), name)) {
      return item.value().is_null() ? nullptr : &item.value();
    }
  }
  return nullptr;
}

absl::StatusOr<std::string> JsonFields::Text(absl::string_view name) const {
  const json* value = Find(name);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return WrongType(name, "a string");
  return value->get<std::string>();
}

absl::StatusOr<std::optional<std::int64_t>> JsonFields::Integer(
    absl::string_view name) const {
  const json* value = Find(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <=
                         static_cast<std::uint64_t>(
                             std::numeric_limits<std::int64_t>::max()));
  if (!fits) return WrongType(name, "a whole number");
  return std::optional<std::int64_t>(value->get<std::int64_t>());
}

absl::StatusOr<bool> JsonFields::Flag(absl::string_view name) const {
  const json* value = Find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return WrongType(name, "true or false");
  return value->get<bool>();
}

absl::StatusOr<std::vector<std::string>> JsonFields::Texts(
    absl::string_view name) const {
  std::vector<std::string> texts;
  const json* value = Find(name);
  if (value == nullptr) return texts;
  if (!value->is_array()) return WrongType(name, "an array of strings");
  for (const json& element : *value) {
    if (!element.is_string()) return WrongType(name, "an array of strings");
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

absl::Status JsonFields::CheckKnown(
    const std::vector<absl::string_view>& known) const {
  for (const auto& item : value_->items()) {
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](absl::string_view name) {
          return absl::EqualsIgnoreCase(name, item.key());
        });
    if (!is_known) {
      return absl::InvalidArgumentError(
          absl::StrCat("The field ", item.key(), " is not known."));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Property>> ReadProperties(
    const JsonFields& fields, absl::string_view field,
    absl::string_view name_field) {
  std::vector<Property> properties;
  const json* list = fields.Find(field);
  if (list == nullptr) return properties;
  if (!list->is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " must be an array."));
  }
  for (const json& element : *list) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const JsonFields entry,
                                JsonFields::Of(element));
    Property property;
    OPCON_SNOW_ASSIGN_OR_RETURN(property.key, entry.Text(name_field));
    OPCON_SNOW_ASSIGN_OR_RETURN(property.value, entry.Text("value"));
    if (property.key.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, "[].", name_field, " is required."));
    }
    properties.push_back(std::move(property));
  }
  return properties;
}

}  // namespace opcon_snow::sandbox::opcon
