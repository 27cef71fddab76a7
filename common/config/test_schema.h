#ifndef OPCON_SNOW_COMMON_CONFIG_TEST_SCHEMA_H_
#define OPCON_SNOW_COMMON_CONFIG_TEST_SCHEMA_H_

// A schema with a field of every kind, made at run time. Tests only.

#include <memory>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {

class TestSchema {
 public:
  TestSchema();

  // An empty message of this type: "Everything", "Server".
  std::unique_ptr<google::protobuf::Message> New(
      const std::string& type = "Everything");

 private:
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
};

// As text format on one line, to compare and to print.
std::string ShortText(const google::protobuf::Message& message);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_TEST_SCHEMA_H_
