#include <memory>
#include <string>
#include <vector>

#include "common/config/yaml_loader.h"
#include "config/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kRedacted[] = "[redacted]";

void RedactField(Message* message, const FieldDescriptor* field) {
  const auto* reflection = message->GetReflection();
  if (field->type() != FieldDescriptor::TYPE_STRING) {
    reflection->ClearField(message, field);
  } else if (!field->is_repeated()) {
    reflection->SetString(message, field, kRedacted);
  } else {
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      reflection->SetRepeatedString(message, field, i, kRedacted);
    }
  }
}

void RedactMessage(Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->options().GetExtension(::config::v1::sensitive)) {
      RedactField(message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        RedactMessage(reflection->MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        RedactMessage(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace

std::unique_ptr<Message> RedactedCopy(const Message& message) {
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  RedactMessage(copy.get());
  return copy;
}

std::string Redacted(const Message& message) {
  const std::unique_ptr<Message> copy = RedactedCopy(message);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed =
      google::protobuf::util::MessageToJsonString(*copy, &json, options);
  return printed.ok() ? json : "{}";
}

}  // namespace opcon_snow::config
