// Properties of the YAML loader: no text brings it down, and what a message
// says survives being written and read.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "common/config/scalar_parser.h"
#include "common/config/test_schema.h"
#include "common/config/yaml_loader.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "yaml-cpp/yaml.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

TestSchema& Schema() {
  static auto* schema = new TestSchema;
  return *schema;
}

// OK and no faults, or both not; never a crash.
void LoadsOrSaysWhy(const std::string& text) {
  Faults faults("t.yaml");
  const auto message = Schema().New();
  const absl::Status status = LoadYamlText(text, message.get(), &faults);
  RC_ASSERT(status.ok() == faults.empty());
  for (const Fault& fault : faults.Sorted()) {
    RC_ASSERT(!fault.message.empty());
    RC_ASSERT(fault.line >= 0 && fault.column >= 0);
  }
}

RC_GTEST_PROP(YamlLoaderProperty, AnyBytesAreSafe, ()) {
  const auto bytes =
      *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  LoadsOrSaysWhy(bytes);
}

// Pieces of YAML and of the schema in any order reach further than bytes.
RC_GTEST_PROP(YamlLoaderProperty, AnyPiecesOfYamlAreSafe, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>(
          "text", "small", "servers", "labels", "nested", "color", "timeout",
          "date", "names", "first", "second", ": ", ":", "\n", "\n  ", "\n    ",
          "- ", "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "'", "\"",
          "|\n", ">\n", "#", "? ", "---\n", "...\n", "%YAML 1.2\n", "<<", "~",
          "null", "true", "5", "-1", "30s", "2026-01-05", "red", "\t", "\\x",
          "\xff", "\xef\xbb\xbf", "é"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  LoadsOrSaysWhy(text);
}

// Texts that YAML can carry: UTF-8 without the characters it does not print.
rc::Gen<std::string> GenText() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(
          rc::gen::element<std::string>(
              "a", "Z", "0", " ", ":", "#", "-", "'", "\"", "\\", "\n", "\t",
              "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "~",
              "null", "true", "1e5", "é", "日", "\U0001F600")),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& piece : pieces) text += piece;
        return text;
      });
}

std::string ArbitraryDuration(Message* duration) {
  const auto milliseconds = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  const auto* type = duration->GetDescriptor();
  duration->GetReflection()->SetInt64(
      duration, type->FindFieldByName("seconds"), milliseconds / 1000);
  duration->GetReflection()->SetInt32(
      duration, type->FindFieldByName("nanos"),
      static_cast<std::int32_t>(milliseconds % 1000) * 1'000'000);
  return absl::StrCat(milliseconds, "ms");
}

// Sets `field` (singular) to an arbitrary value and writes it to `yaml`; false
// if this kind is left out.
bool Arbitrary(Message* message, const FieldDescriptor* field,
               YAML::Emitter& yaml, int depth);

void ArbitrarySection(Message* message, YAML::Emitter& yaml, int depth) {
  yaml << YAML::BeginMap;
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->field(i);
    const bool is_left_out =
        field->is_repeated() || field->real_containing_oneof() != nullptr ||
        field->name() == "later" || field->name() == "raw" ||
        field->name() == "any" || field->name() == "time" ||
        field->name() == "date" || !*rc::gen::arbitrary<bool>();
    if (is_left_out) continue;
    if (field->name() == "nested" && depth > 3) continue;
    yaml << YAML::Key << field->name() << YAML::Value;
    RC_ASSERT(Arbitrary(message, field, yaml, depth));
  }
  yaml << YAML::EndMap;
}

bool Arbitrary(Message* message, const FieldDescriptor* field,
               YAML::Emitter& yaml, int depth) {
  const auto* reflection = message->GetReflection();
  const auto set = [&](auto setter, auto value) {
    (reflection->*setter)(message, field, value);
    yaml << std::to_string(value);
    return true;
  };
  using Reflection = google::protobuf::Reflection;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set(&Reflection::SetInt32, *rc::gen::arbitrary<std::int32_t>());
    case FieldDescriptor::CPPTYPE_INT64:
      return set(&Reflection::SetInt64, *rc::gen::arbitrary<std::int64_t>());
    case FieldDescriptor::CPPTYPE_UINT32:
      return set(&Reflection::SetUInt32, *rc::gen::arbitrary<std::uint32_t>());
    case FieldDescriptor::CPPTYPE_UINT64:
      return set(&Reflection::SetUInt64, *rc::gen::arbitrary<std::uint64_t>());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set(&Reflection::SetDouble,
                 *rc::gen::inRange(-100'000, 100'000) / 8.0);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return set(&Reflection::SetFloat,
                 static_cast<float>(*rc::gen::inRange(-1000, 1000)) / 8.0F);
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = *rc::gen::arbitrary<bool>();
      reflection->SetBool(message, field, value);
      yaml << (value ? "true" : "false");
      return true;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* type = field->enum_type();
      const auto* value =
          type->value(*rc::gen::inRange(1, type->value_count()));
      reflection->SetEnum(message, field, value);
      yaml << internal::ShortEnumName(*value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value = *GenText();
      reflection->SetString(message, field, value);
      yaml << YAML::DoubleQuoted << value;
      return true;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  Message* value = reflection->MutableMessage(message, field);
  const std::string& type = value->GetDescriptor()->full_name();
  if (type == "google.protobuf.Duration") {
    yaml << ArbitraryDuration(value);
    return true;
  }
  if (value->GetDescriptor()->file()->package() == "google.protobuf") {
    return Arbitrary(value, value->GetDescriptor()->field(0), yaml, depth);
  }
  ArbitrarySection(value, yaml, depth + 1);
  return true;
}

RC_GTEST_PROP(YamlLoaderProperty, MessagesSurviveBeingWrittenAndRead, ()) {
  const auto written = Schema().New();
  YAML::Emitter yaml;
  ArbitrarySection(written.get(), yaml, 0);
  RC_ASSERT(yaml.good());
  Faults faults("t.yaml");
  const auto read = Schema().New();
  const absl::Status status = LoadYamlText(yaml.c_str(), read.get(), &faults);
  RC_LOG() << yaml.c_str() << "\n" << faults.Format();
  RC_ASSERT(status.ok());
  RC_ASSERT(ShortText(*read) == ShortText(*written));
}

}  // namespace
}  // namespace opcon_snow::config
