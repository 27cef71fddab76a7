#ifndef OPCON_SNOW_SANDBOX_OPCON_JSON_INPUT_H_
#define OPCON_SNOW_SANDBOX_OPCON_JSON_INPUT_H_

// Reading what a client sent as JSON. Nothing here throws.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "sandbox/http/message.h"
#include "sandbox/opcon/master_tables.h"

namespace opcon_snow::sandbox::opcon {

// The body of a request, or the answer that refuses it: 415 if its Content-Type
// is none of application/json, application/json-patch+json,
// application/*+json and text/json (as the API lists them), 413 if it was
// longer than the server keeps, 400 if it is not JSON.
std::variant<nlohmann::json, Reply> ReadBody(const SandboxRequest& request);

// The fields of an object. Names are compared in any case, as the product's
// JSON library does; null counts as absent. Errors are INVALID_ARGUMENT and
// name the field.
class JsonFields {
 public:
  // INVALID_ARGUMENT if `value` is not an object. `value` must outlive this.
  static absl::StatusOr<JsonFields> Of(const nlohmann::json& value);

  // nullptr if absent or null.
  const nlohmann::json* Find(absl::string_view name) const;

  // "" / nullopt if absent.
  absl::StatusOr<std::string> Text(absl::string_view name) const;
  absl::StatusOr<std::optional<std::int64_t>> Integer(
      absl::string_view name) const;
  absl::StatusOr<bool> Flag(absl::string_view name) const;
  // Empty if absent.
  absl::StatusOr<std::vector<std::string>> Texts(absl::string_view name) const;

  // INVALID_ARGUMENT naming the first field that is none of `known`.
  absl::Status CheckKnown(const std::vector<absl::string_view>& known) const;

 private:
  explicit JsonFields(const nlohmann::json& value) : value_(&value) {}

  const nlohmann::json* value_;
};

// The array `field` of objects with a value and the name under `name_field`
// ("key" in most places, "name" in some). Empty if absent. INVALID_ARGUMENT.
absl::StatusOr<std::vector<Property>> ReadProperties(
    const JsonFields& fields, absl::string_view field,
    absl::string_view name_field);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_JSON_INPUT_H_
