#include "common/config/test_schema.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "config/v1/common.pb.h"
#include "config/v1/options.pb.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "google/type/date.pb.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::DescriptorProto;
using Field = google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

// Adds the next field. `type_name` is the message's or enum's; without a
// package it is of this schema.
Field& Add(DescriptorProto& message, const std::string& name, Field::Type type,
           const std::string& type_name = "") {
  Field& field = *message.add_field();
  field.set_name(name);
  field.set_number(message.field_size());
  field.set_label(Field::LABEL_OPTIONAL);
  field.set_type(type);
  if (!type_name.empty()) {
    const bool is_foreign = type_name.find('.') != std::string::npos;
    field.set_type_name((is_foreign ? "." : ".test_schema.") + type_name);
  }
  return field;
}

Field& AddMessage(DescriptorProto& message, const std::string& name,
                  const std::string& type_name) {
  return Add(message, name, Field::TYPE_MESSAGE, type_name);
}

void Repeat(Field& field) { field.set_label(Field::LABEL_REPEATED); }

// A map field, with the entry type that protoc would make.
void AddMap(DescriptorProto& message, const std::string& name,
            const std::string& entry_name, Field::Type key, Field::Type value,
            const std::string& value_type = "") {
  DescriptorProto& entry = *message.add_nested_type();
  entry.set_name(entry_name);
  entry.mutable_options()->set_map_entry(true);
  Add(entry, "key", key);
  Add(entry, "value", value, value_type);
  Repeat(AddMessage(message, name,
                    "test_schema." + message.name() + "." + entry_name));
}

void AddColor(FileDescriptorProto& file) {
  auto& color = *file.add_enum_type();
  color.set_name("Color");
  int number = 0;
  for (const char* name :
       {"COLOR_UNSPECIFIED", "COLOR_RED", "COLOR_DARK_BLUE"}) {
    auto& value = *color.add_value();
    value.set_name(name);
    value.set_number(number++);
  }
}

void AddServer(FileDescriptorProto& file) {
  DescriptorProto& server = *file.add_message_type();
  server.set_name("Server");
  Add(server, "name", Field::TYPE_STRING);
  Add(server, "base_url", Field::TYPE_STRING);
  Add(server, "port", Field::TYPE_INT32);
  Add(server, "token", Field::TYPE_STRING)
      .mutable_options()
      ->SetExtension(::config::v1::sensitive, true);
  Add(server, "key_file", Field::TYPE_STRING);
}

void AddScalars(DescriptorProto& message) {
  Add(message, "text", Field::TYPE_STRING);
  Add(message, "flag", Field::TYPE_BOOL);
  Add(message, "small", Field::TYPE_INT32);
  Add(message, "large", Field::TYPE_INT64);
  Add(message, "count", Field::TYPE_UINT32);
  Add(message, "size", Field::TYPE_UINT64);
  Add(message, "signed_large", Field::TYPE_SINT64);
  Add(message, "fixed", Field::TYPE_FIXED32);
  Add(message, "ratio", Field::TYPE_DOUBLE);
  Add(message, "weight", Field::TYPE_FLOAT);
  Add(message, "color", Field::TYPE_ENUM, "Color");
  Add(message, "raw", Field::TYPE_BYTES);
  Add(message, "path", Field::TYPE_STRING);
  Add(message, "data_directory", Field::TYPE_STRING);
  Add(message, "later", Field::TYPE_STRING)
      .mutable_options()
      ->SetExtension(::config::v1::planned, true);
}

void AddMessages(DescriptorProto& message) {
  AddMessage(message, "server", "Server");
  AddMessage(message, "nested", "Everything");
  AddMessage(message, "timeout", "google.protobuf.Duration");
  AddMessage(message, "time", "google.protobuf.Timestamp");
  AddMessage(message, "date", "google.type.Date");
  AddMessage(message, "maybe", "google.protobuf.Int32Value");
  AddMessage(message, "maybe_text", "google.protobuf.StringValue");
  AddMessage(message, "any", "google.protobuf.Any");
  AddMessage(message, "hidden", "Server")
      .mutable_options()
      ->SetExtension(::config::v1::sensitive, true);
}

void AddLists(DescriptorProto& message) {
  Repeat(AddMessage(message, "servers", "Server"));
  Repeat(Add(message, "names", Field::TYPE_STRING));
  Repeat(Add(message, "numbers", Field::TYPE_INT32));
  Repeat(Add(message, "colors", Field::TYPE_ENUM, "Color"));
  Repeat(AddMessage(message, "delays", "google.protobuf.Duration"));
  Field& secrets = Add(message, "secrets", Field::TYPE_STRING);
  secrets.mutable_options()->SetExtension(::config::v1::sensitive, true);
  Repeat(secrets);
  AddMap(message, "labels", "LabelsEntry", Field::TYPE_STRING,
         Field::TYPE_STRING);
  AddMap(message, "by_number", "ByNumberEntry", Field::TYPE_INT32,
         Field::TYPE_MESSAGE, "Server");
}

// oneof choice { string first; Server second; }, optional int32 chosen.
void AddChoices(DescriptorProto& message) {
  message.add_oneof_decl()->set_name("choice");
  Add(message, "first", Field::TYPE_STRING).set_oneof_index(0);
  AddMessage(message, "second", "Server").set_oneof_index(0);
  message.add_oneof_decl()->set_name("_chosen");
  Field& chosen = Add(message, "chosen", Field::TYPE_INT32);
  chosen.set_oneof_index(1);
  chosen.set_proto3_optional(true);
}

FileDescriptorProto MakeSchema() {
  FileDescriptorProto file;
  file.set_name("test_schema.proto");
  file.set_package("test_schema");
  file.set_syntax("proto3");
  // Naming a descriptor links its file.
  for (const auto* imported : {::config::v1::Listener::descriptor(),
                               google::protobuf::Any::descriptor(),
                               google::protobuf::Duration::descriptor(),
                               google::protobuf::Timestamp::descriptor(),
                               google::protobuf::Int32Value::descriptor(),
                               google::type::Date::descriptor()}) {
    file.add_dependency(imported->file()->name());
  }
  AddColor(file);
  AddServer(file);
  DescriptorProto& everything = *file.add_message_type();
  everything.set_name("Everything");
  AddScalars(everything);
  AddMessages(everything);
  AddLists(everything);
  AddChoices(everything);
  return file;
}

}  // namespace

TestSchema::TestSchema()
    : pool_(google::protobuf::DescriptorPool::generated_pool()) {
  if (pool_.BuildFile(MakeSchema()) == nullptr) std::abort();
}

std::unique_ptr<google::protobuf::Message> TestSchema::New(
    const std::string& type) {
  return std::unique_ptr<google::protobuf::Message>(
      factory_.GetPrototype(pool_.FindMessageTypeByName("test_schema." + type))
          ->New());
}

std::string ShortText(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  if (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace opcon_snow::config
