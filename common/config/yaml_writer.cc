#include "common/config/yaml_writer.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/config/scalar_parser.h"
#include "common/config/validate.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "yaml-cpp/emitter.h"
#include "yaml-cpp/emittermanip.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Writer {
 public:
  std::string Write(const Message& message) {
    Fields(message);
    return out_.size() == 0 ? "" : absl::StrCat(out_.c_str(), "\n");
  }

 private:
  // Always quoted, so that no text is taken for something else.
  void Text(const std::string& text) { out_ << YAML::DoubleQuoted << text; }

  void Fields(const Message& message) {
    const auto* type = message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    bool any = false;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      const bool is_set = field->is_repeated()
                              ? reflection.FieldSize(message, field) > 0
                              : reflection.HasField(message, field);
      if (!is_set) continue;
      if (!any) out_ << YAML::BeginMap;
      any = true;
      out_ << YAML::Key << field->name() << YAML::Value;
      if (field->is_map()) {
        Map(message, field);
      } else if (field->is_repeated()) {
        const int size = reflection.FieldSize(message, field);
        out_ << YAML::BeginSeq;
        for (int n = 0; n < size; ++n) Value(message, field, n);
        out_ << YAML::EndSeq;
      } else {
        Value(message, field, -1);
      }
    }
    // NOLINTNEXTLINE(bugprone-branch-clone): what is streamed differs
    if (any) {
      out_ << YAML::EndMap;
    } else if (depth_ > 0) {
      out_ << YAML::Flow << YAML::BeginMap << YAML::EndMap;
    }
  }

  void Map(const Message& message, const FieldDescriptor* field) {
    const Reflection& reflection = *message.GetReflection();
    const FieldDescriptor* key = field->message_type()->map_key();
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, field, i);
      entries[entry.GetReflection()->GetString(entry, key)] = &entry;
    }
    out_ << YAML::BeginMap;
    for (const auto& [name, entry] : entries) {
      out_ << YAML::Key;
      Text(name);
      out_ << YAML::Value;
      Value(*entry, field->message_type()->map_value(), -1);
    }
    out_ << YAML::EndMap;
  }

  void Nested(const Message& message) {
    const auto* duration =
        google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(
            &message);
    if (duration != nullptr) {
      out_ << DurationText(ToDuration(*duration));
      return;
    }
    ++depth_;
    Fields(message);
    --depth_;
  }

  // `index` is -1 for a single field.
  void Value(const Message& message, const FieldDescriptor* field, int index) {
    const Reflection& reflection = *message.GetReflection();
    const bool single = index < 0;
    // The branches differ in the type only.
    // NOLINTBEGIN(bugprone-branch-clone)
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        Text(single ? reflection.GetString(message, field)
                    : reflection.GetRepeatedString(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        out_ << (single ? reflection.GetBool(message, field)
                        : reflection.GetRepeatedBool(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        out_ << (single ? reflection.GetInt32(message, field)
                        : reflection.GetRepeatedInt32(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        out_ << (single ? reflection.GetInt64(message, field)
                        : reflection.GetRepeatedInt64(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        out_ << internal::ShortEnumName(
            *(single ? reflection.GetEnum(message, field)
                     : reflection.GetRepeatedEnum(message, field, index)));
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Nested(single ? reflection.GetMessage(message, field)
                      : reflection.GetRepeatedMessage(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        out_ << (single ? reflection.GetUInt32(message, field)
                        : reflection.GetRepeatedUInt32(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        out_ << (single ? reflection.GetUInt64(message, field)
                        : reflection.GetRepeatedUInt64(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        out_ << (single ? reflection.GetDouble(message, field)
                        : reflection.GetRepeatedDouble(message, field, index));
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        out_ << (single ? reflection.GetFloat(message, field)
                        : reflection.GetRepeatedFloat(message, field, index));
        break;
    }
    // NOLINTEND(bugprone-branch-clone)
  }

  YAML::Emitter out_;
  int depth_ = 0;
};

}  // namespace

std::string ToYaml(const Message& message) { return Writer().Write(message); }

}  // namespace opcon_snow::config
