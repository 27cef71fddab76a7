#ifndef OPCON_SNOW_CLI_ENUM_TEXT_H_
#define OPCON_SNOW_CLI_ENUM_TEXT_H_

// Enum values of the protos as people write them: REPORT_STATE_DEAD_LETTER is
// "dead_letter". Not for `report`, which has no time for reflection.

#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace opcon_snow::cli {
namespace internal {

// The value without the prefix that all values of the enum have.
inline std::string EnumValueText(
    const google::protobuf::EnumValueDescriptor& value) {
  absl::string_view prefix = value.type()->FindValueByNumber(0)->name();
  absl::ConsumeSuffix(&prefix, "UNSPECIFIED");
  return absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix));
}

}  // namespace internal

// The number for a value that this version does not know.
template <class Enum>
std::string EnumText(Enum value) {
  const auto* found =
      google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  return found == nullptr ? absl::StrCat(static_cast<int>(value))
                          : internal::EnumValueText(*found);
}

// In any case, with "-" or "_".
template <class Enum>
std::optional<Enum> ParseEnumText(absl::string_view text) {
  std::string plain = absl::AsciiStrToLower(text);
  for (char& c : plain) c = c == '-' ? '_' : c;
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto* value = descriptor->value(i);
    if (value->number() != 0 && internal::EnumValueText(*value) == plain) {
      return static_cast<Enum>(value->number());
    }
  }
  return std::nullopt;
}

// "accepted, running, …".
template <class Enum>
std::string EnumTexts() {
  std::string texts;
  const auto* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() == 0) continue;
    absl::StrAppend(&texts, texts.empty() ? "" : ", ",
                    internal::EnumValueText(*descriptor->value(i)));
  }
  return texts;
}

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_ENUM_TEXT_H_
