#include "common/http/headers.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace opcon_snow::http {

void Headers::Add(absl::string_view name, absl::string_view value) {
  fields_.emplace_back(std::string(name), std::string(value));
}

void Headers::Set(absl::string_view name, absl::string_view value) {
  Remove(name);
  Add(name, value);
}

void Headers::Remove(absl::string_view name) {
  std::erase_if(fields_, [name](const Field& field) {
    return absl::EqualsIgnoreCase(field.first, name);
  });
}

std::optional<std::string> Headers::Get(absl::string_view name) const {
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::vector<std::string> Headers::GetAll(absl::string_view name) const {
  std::vector<std::string> values;
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.first, name)) {
      values.push_back(field.second);
    }
  }
  return values;
}

bool Headers::Has(absl::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [name](const Field& f) {
    return absl::EqualsIgnoreCase(f.first, name);
  });
}

bool IsValidHeaderName(absl::string_view name) {
  static constexpr absl::string_view kOtherTokenCharacters = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains(kOtherTokenCharacters, c);
  });
}

bool IsValidHeaderValue(absl::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

}  // namespace opcon_snow::http
