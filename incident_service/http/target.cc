#include "incident_service/http/target.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "common/status/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "google/type/date.pb.h"
#include "incident_service/service/request_check.h"

namespace opcon_snow::incident::http {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// More of them help nobody.
constexpr int kMostViolations = 20;

absl::Status Malformed(absl::string_view what, absl::string_view problem) {
  RequestCheck check;
  check.Add(what, problem);
  return check.Result();
}

absl::StatusOr<std::string> Decode(absl::string_view text, bool plus_is_blank) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      decoded.push_back(' ');
    } else if (text[i] != '%') {
      decoded.push_back(text[i]);
    } else {
      if (text.size() - i < 3 ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
        return Malformed("target",
                         "has a % without two hexadecimal digits; a % itself "
                         "is written %25");
      }
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    }
  }
  if (ToValidUtf8(decoded) != decoded ||
      decoded.find('\0') != std::string::npos) {
    return Malformed("target", "is not UTF-8 text once it is decoded");
  }
  return decoded;
}

// Whether there is such a day is for the check of the request to say.
bool ParseDate(absl::string_view text, ::google::type::Date* date) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  int numbers[3] = {};
  if (parts.size() != 3 || parts[0].size() != 4) return false;
  for (std::size_t i = 0; i < 3; ++i) {
    for (const char c : parts[i]) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    }
    if ((i > 0 && parts[i].size() != 2) ||
        !absl::SimpleAtoi(parts[i], &numbers[i])) {
      return false;
    }
  }
  date->set_year(numbers[0]);
  date->set_month(numbers[1]);
  date->set_day(numbers[2]);
  return true;
}

class FieldSetter {
 public:
  FieldSetter(const FieldDescriptor* field, Message* message)
      : field_(field), message_(message) {}

  static bool CanSet(const FieldDescriptor* field) {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_ENUM:
        return true;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return !field->is_repeated() &&
               (Is<::google::type::Date>(field) ||
                Is<google::protobuf::Timestamp>(field));
      default:
        return false;
    }
  }

  // What would have been right; "" if it was.
  std::string Set(const std::string& text) const {
    switch (field_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        field_->is_repeated()
            ? message_->GetReflection()->AddString(message_, field_, text)
            : message_->GetReflection()->SetString(message_, field_, text);
        return "";
      case FieldDescriptor::CPPTYPE_INT32:
        return SetInteger(text);
      case FieldDescriptor::CPPTYPE_ENUM:
        return SetEnum(text);
      default:
        return SetMessage(text);
    }
  }

 private:
  template <class T>
  static bool Is(const FieldDescriptor* field) {
    return field->message_type() == T::descriptor();
  }

  std::string SetInteger(const std::string& text) const {
    std::int32_t value = 0;
    if (!absl::SimpleAtoi(text, &value)) return "must be a whole number";
    field_->is_repeated()
        ? message_->GetReflection()->AddInt32(message_, field_, value)
        : message_->GetReflection()->SetInt32(message_, field_, value);
    return "";
  }

  std::string SetEnum(const std::string& text) const {
    const auto* type = field_->enum_type();
    const EnumValueDescriptor* value = type->FindValueByName(text);
    if (value == nullptr) {
      std::vector<std::string> names;
      names.reserve(static_cast<std::size_t>(type->value_count()));
      for (int i = 0; i < type->value_count(); ++i) {
        names.push_back(type->value(i)->name());
      }
      return absl::StrCat("must be one of ", absl::StrJoin(names, ", "));
    }
    field_->is_repeated()
        ? message_->GetReflection()->AddEnum(message_, field_, value)
        : message_->GetReflection()->SetEnum(message_, field_, value);
    return "";
  }

  std::string SetMessage(const std::string& text) const {
    Message* to = message_->GetReflection()->MutableMessage(message_, field_);
    if (Is<::google::type::Date>(field_)) {
      return ParseDate(text, static_cast<::google::type::Date*>(to))
                 ? ""
                 : "must be a day, such as 2026-01-05";
    }
    return google::protobuf::util::TimeUtil::FromString(
               text, static_cast<google::protobuf::Timestamp*>(to))
               ? ""
               : "must be a time, such as 2026-01-05T12:00:00Z";
  }

  const FieldDescriptor* const field_;
  Message* const message_;
};

const FieldDescriptor* FindField(const std::string& name,
                                 const Message& message) {
  const auto* type = message.GetDescriptor();
  const FieldDescriptor* field = type->FindFieldByName(name);
  if (field == nullptr) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (type->field(i)->json_name() == name) field = type->field(i);
    }
  }
  return field != nullptr && FieldSetter::CanSet(field) ? field : nullptr;
}

}  // namespace

absl::StatusOr<Target> ParseTarget(absl::string_view target) {
  Target result;
  if (absl::ConsumePrefix(&target, "http://")) {
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    result.authority = std::string(target.substr(0, end));
    target.remove_prefix(end);
  }
  absl::string_view path = target.substr(0, target.find('?'));
  absl::string_view query = target.substr(path.size());
  if (path.empty() && result.authority.has_value()) path = "/";
  if (!absl::ConsumePrefix(&path, "/")) {
    return Malformed("target", "must be a path that begins with /");
  }
  for (const absl::string_view segment : absl::StrSplit(path, '/')) {
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string decoded, Decode(segment, false));
    result.segments.push_back(std::move(decoded));
  }
  absl::ConsumePrefix(&query, "?");
  for (const absl::string_view pair :
       absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string name, Decode(halves.first, true));
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string value, Decode(halves.second, true));
    result.parameters.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

absl::Status SetFields(const Parameters& parameters, Message* message) {
  RequestCheck check;
  int violations = 0;
  std::set<const FieldDescriptor*> seen;
  for (const auto& [name, value] : parameters) {
    if (violations == kMostViolations) break;
    std::string wrong;
    const FieldDescriptor* field = FindField(name, *message);
    if (field == nullptr) {
      wrong = "is not a parameter of this call";
    } else if (!seen.insert(field).second && !field->is_repeated()) {
      wrong = "is given twice";
    } else {
      wrong = FieldSetter(field, message).Set(value);
    }
    if (wrong.empty()) continue;
    check.Add(name, wrong);
    ++violations;
  }
  return check.Result();
}

}  // namespace opcon_snow::incident::http
