#include "cli/json.h"

#include "google/protobuf/util/json_util.h"

namespace opcon_snow::cli {
namespace {

std::string Print(const google::protobuf::Message& message, bool whitespace) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  if (!MessageToJsonString(message, &text, options).ok()) return "";
  return text;
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  return Print(message, /*whitespace=*/true);
}

std::string ToJsonLine(const google::protobuf::Message& message) {
  return Print(message, /*whitespace=*/false) + "\n";
}

}  // namespace opcon_snow::cli
