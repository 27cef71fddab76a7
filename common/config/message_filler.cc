#include "common/config/message_filler.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/scalar_parser.h"
#include "common/config/yaml_tree.h"
#include "common/status/status_macros.h"
#include "common/status/utf8.h"
#include "config/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Kind = YamlNode::Kind;

std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// The known field that `name` was probably meant to be; "" if none is near.
std::string NearestField(const Descriptor& type, absl::string_view name) {
  // baseUrl and base-url are base_url to the comparison.
  const std::string plain = absl::StrReplaceAll(
      absl::AsciiStrToLower(name), {{"_", ""}, {"-", ""}, {" ", ""}});
  if (plain.size() > 100) return "";
  std::string nearest;
  std::size_t least = plain.size() / 3 + 1;
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string& known = type.field(i)->name();
    const std::size_t distance =
        EditDistance(plain, absl::StrReplaceAll(known, {{"_", ""}}));
    if (distance < least || (distance == least && nearest.empty())) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

std::string KnownFields(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", type.field(i)->name());
  }
  return names.empty() ? "nothing" : names;
}

absl::string_view Described(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return node.quoted ? "a quoted text" : "a single value";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "a section";
  }
  return "something else";
}

bool IsNumberOrBool(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
         field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM &&
         field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
}

// A field of a message, singular or the next element of a repeated one.
class Slot {
 public:
  Slot(Message* message, const FieldDescriptor* field)
      : message_(message), field_(field) {}

  const FieldDescriptor& field() const { return *field_; }

  Message* MutableMessage() {
    return field_->is_repeated()
               ? reflection().AddMessage(message_, field_)
               : reflection().MutableMessage(message_, field_);
  }

  // Parses `text` as the field's type and stores it.
  absl::Status SetScalar(const std::string& text);

 private:
  const Reflection& reflection() const { return *message_->GetReflection(); }

  template <class Value, class Setter, class Adder>
  absl::Status Store(const Value& value, Setter setter, Adder adder) {
    if (field_->is_repeated()) {
      (reflection().*adder)(message_, field_, value);
    } else {
      (reflection().*setter)(message_, field_, value);
    }
    return absl::OkStatus();
  }

  absl::Status SetString(const std::string& text);

  Message* const message_;
  const FieldDescriptor* const field_;
};

absl::Status Slot::SetString(const std::string& text) {
  if (field_->type() == FieldDescriptor::TYPE_BYTES) {
    return absl::InvalidArgumentError(
        "holds bytes, which cannot be written in a configuration");
  }
  if (absl::StrContains(text, absl::string_view("\0", 1))) {
    return absl::InvalidArgumentError("holds a NUL character");
  }
  if (ToValidUtf8(text, text.size()) != text) {
    return absl::InvalidArgumentError("is not UTF-8");
  }
  return Store(text, &Reflection::SetString, &Reflection::AddString);
}

absl::Status Slot::SetScalar(const std::string& text) {
  using Int32Limits = std::numeric_limits<std::int32_t>;
  using Int64Limits = std::numeric_limits<std::int64_t>;
  switch (field_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(text);
    case FieldDescriptor::CPPTYPE_INT32: {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::int64_t value,
          ParseSigned(text, Int32Limits::min(), Int32Limits::max()));
      return Store(static_cast<std::int32_t>(value), &Reflection::SetInt32,
                   &Reflection::AddInt32);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::int64_t value,
          ParseSigned(text, Int64Limits::min(), Int64Limits::max()));
      return Store(value, &Reflection::SetInt64, &Reflection::AddInt64);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::uint64_t value,
          ParseUnsigned(text, std::numeric_limits<std::uint32_t>::max()));
      return Store(static_cast<std::uint32_t>(value), &Reflection::SetUInt32,
                   &Reflection::AddUInt32);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      OPCON_SNOW_ASSIGN_OR_RETURN(
          const std::uint64_t value,
          ParseUnsigned(text, std::numeric_limits<std::uint64_t>::max()));
      return Store(value, &Reflection::SetUInt64, &Reflection::AddUInt64);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const double value, ParseFloating(text));
      return Store(value, &Reflection::SetDouble, &Reflection::AddDouble);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const double value, ParseFloating(text));
      if (value > std::numeric_limits<float>::max() ||
          value < std::numeric_limits<float>::lowest()) {
        return absl::InvalidArgumentError(absl::StrCat(text, " is too large"));
      }
      return Store(static_cast<float>(value), &Reflection::SetFloat,
                   &Reflection::AddFloat);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const bool value, ParseBool(text));
      return Store(value, &Reflection::SetBool, &Reflection::AddBool);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const auto* value,
                                  ParseEnum(text, *field_->enum_type()));
      return Store(value, &Reflection::SetEnum, &Reflection::AddEnum);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return absl::InternalError("a message is no single value");
}

void SetInteger(Message& message, absl::string_view name, std::int64_t value) {
  const FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(name));
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    message.GetReflection()->SetInt64(&message, field, value);
  } else {
    message.GetReflection()->SetInt32(&message, field,
                                      static_cast<std::int32_t>(value));
  }
}

// Time since the epoch, or a length, as seconds and nanoseconds >= 0.
void SetSecondsAndNanos(Message& message, absl::Duration duration) {
  const std::int64_t seconds =
      absl::ToInt64Seconds(absl::Floor(duration, absl::Seconds(1)));
  SetInteger(message, "seconds", seconds);
  SetInteger(message, "nanos",
             absl::ToInt64Nanoseconds(duration - absl::Seconds(seconds)));
}

enum class WellKnown { kNo, kDuration, kTimestamp, kDate, kWrapper, kRefused };

WellKnown Classify(const Descriptor& type) {
  const std::string& name = type.full_name();
  if (name == "google.protobuf.Duration") return WellKnown::kDuration;
  if (name == "google.protobuf.Timestamp") return WellKnown::kTimestamp;
  if (name == "google.type.Date") return WellKnown::kDate;
  if (!absl::StartsWith(name, "google.protobuf.")) return WellKnown::kNo;
  if (absl::EndsWith(name, "Value") && type.field_count() == 1 &&
      type.field(0)->name() == "value") {
    return WellKnown::kWrapper;
  }
  return name == "google.protobuf.Empty" ? WellKnown::kNo : WellKnown::kRefused;
}

absl::Status SetWellKnown(WellKnown kind, const std::string& text,
                          Message& message) {
  switch (kind) {
    case WellKnown::kDuration: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const absl::Duration duration,
                                  ParseDuration(text));
      SetSecondsAndNanos(message, duration);
      return absl::OkStatus();
    }
    case WellKnown::kTimestamp: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const absl::Time time, ParseTimestamp(text));
      SetSecondsAndNanos(message, time - absl::UnixEpoch());
      return absl::OkStatus();
    }
    case WellKnown::kDate: {
      OPCON_SNOW_ASSIGN_OR_RETURN(const absl::CivilDay date, ParseDate(text));
      SetInteger(message, "year", date.year());
      SetInteger(message, "month", date.month());
      SetInteger(message, "day", date.day());
      return absl::OkStatus();
    }
    case WellKnown::kWrapper:
      return Slot(&message, message.GetDescriptor()->field(0)).SetScalar(text);
    case WellKnown::kNo:
    case WellKnown::kRefused:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("a ", message.GetDescriptor()->full_name(),
                   " cannot be written in a configuration"));
}

class Filler {
 public:
  explicit Filler(Faults* faults) : faults_(faults) {}

  void Section(const YamlNode& node, Message* message,
               const std::string& path) {
    if (node.kind != Kind::kMap) {
      AddFault(node, path,
               absl::StrCat("must be a section with ",
                            KnownFields(*message->GetDescriptor()), ", but is ",
                            Described(node)));
      return;
    }
    std::set<std::string> seen;
    std::set<const google::protobuf::OneofDescriptor*> oneofs;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const YamlNode& key = node.keys[i];
      const std::string field_path =
          path.empty() ? key.scalar : absl::StrCat(path, ".", key.scalar);
      if (!seen.insert(key.scalar).second) {
        AddFault(key, field_path, "is there twice");
        continue;
      }
      const FieldDescriptor* field =
          FindField(*message->GetDescriptor(), key, field_path);
      if (field == nullptr) continue;
      const auto* oneof = field->real_containing_oneof();
      if (oneof != nullptr && !oneofs.insert(oneof).second) {
        AddFault(key, field_path,
                 absl::StrCat("cannot be set together with another of: ",
                              OneofMembers(*oneof)));
        continue;
      }
      faults_->SetPosition(field_path, key.line, key.column);
      Field(node.items[i], message, field, field_path);
    }
  }

 private:
  void AddFault(const YamlNode& node, const std::string& path,
                absl::string_view message) {
    faults_->AddAt(node.line, node.column, path, message);
  }

  const FieldDescriptor* FindField(const Descriptor& type, const YamlNode& key,
                                   const std::string& path) {
    const FieldDescriptor* field = type.FindFieldByName(key.scalar);
    if (field == nullptr) {
      const std::string nearest = NearestField(type, key.scalar);
      AddFault(key, path,
               nearest.empty()
                   ? absl::StrCat("is not known here; known are: ",
                                  KnownFields(type))
                   : absl::StrCat("is not known; did you mean ", nearest, "?"));
      return nullptr;
    }
    if (field->options().GetExtension(::config::v1::planned)) {
      AddFault(key, path, "is not available in this version; remove it");
      return nullptr;
    }
    return field;
  }

  static std::string OneofMembers(
      const google::protobuf::OneofDescriptor& oneof) {
    std::string names;
    for (int i = 0; i < oneof.field_count(); ++i) {
      absl::StrAppend(&names, i == 0 ? "" : ", ", oneof.field(i)->name());
    }
    return names;
  }

  void Field(const YamlNode& node, Message* message,
             const FieldDescriptor* field, const std::string& path) {
    if (field->is_map()) {
      Map(node, message, field, path);
    } else if (!field->is_repeated()) {
      Value(node, Slot(message, field), path);
    } else if (node.kind != Kind::kSequence) {
      AddFault(node, path,
               absl::StrCat("must be a list, but is ", Described(node)));
    } else {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        const std::string item_path = absl::StrCat(path, "[", i, "]");
        faults_->SetPosition(item_path, node.items[i].line,
                             node.items[i].column);
        Value(node.items[i], Slot(message, field), item_path);
      }
    }
  }

  void Map(const YamlNode& node, Message* message, const FieldDescriptor* field,
           const std::string& path) {
    if (node.kind != Kind::kMap) {
      AddFault(node, path,
               absl::StrCat("must be a section of names and values, but is ",
                            Described(node)));
      return;
    }
    const Descriptor& entry_type = *field->message_type();
    std::set<std::string> seen;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const YamlNode& key = node.keys[i];
      const std::string entry_path =
          absl::StrCat(path, "[\"", key.scalar, "\"]");
      if (!seen.insert(key.scalar).second) {
        AddFault(key, entry_path, "is there twice");
        continue;
      }
      faults_->SetPosition(entry_path, key.line, key.column);
      Message* entry = message->GetReflection()->AddMessage(message, field);
      const absl::Status key_set =
          Slot(entry, entry_type.map_key()).SetScalar(key.scalar);
      if (!key_set.ok()) {
        AddFault(key, entry_path, key_set.message());
        continue;
      }
      Value(node.items[i], Slot(entry, entry_type.map_value()), entry_path);
    }
  }

  // One value, of any kind but a list or a map field.
  void Value(const YamlNode& node, Slot slot, const std::string& path) {
    const FieldDescriptor& field = slot.field();
    if (node.kind == Kind::kNull) {
      AddFault(node, path,
               "has no value; write one, or remove it to have the default "
               "(\"\" is an empty text, {} an empty section)");
      return;
    }
    const bool is_message =
        field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const WellKnown well_known =
        is_message ? Classify(*field.message_type()) : WellKnown::kNo;
    if (is_message && well_known == WellKnown::kNo) {
      Section(node, slot.MutableMessage(), path);
      return;
    }
    if (node.kind != Kind::kScalar) {
      AddFault(
          node, path,
          absl::StrCat("must be a single value, but is ", Described(node)));
      return;
    }
    if (node.quoted && MustBePlain(field, well_known)) {
      AddFault(node, path, "must not be quoted: it is no text");
      return;
    }
    const absl::Status set = is_message ? SetWellKnown(well_known, node.scalar,
                                                       *slot.MutableMessage())
                                        : slot.SetScalar(node.scalar);
    if (!set.ok()) AddFault(node, path, set.message());
  }

  static bool MustBePlain(const FieldDescriptor& field, WellKnown well_known) {
    if (well_known == WellKnown::kWrapper) {
      return IsNumberOrBool(*field.message_type()->field(0));
    }
    return IsNumberOrBool(field);
  }

  Faults* const faults_;
};

}  // namespace

void FillMessage(const YamlNode& root, Message* message, Faults* faults) {
  Filler(faults).Section(root, message, "");
}

}  // namespace opcon_snow::config::internal
