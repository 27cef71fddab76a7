#include "common/config/named_files.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/secret_file.h"
#include "common/config/validate.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// As much as the readers of PEM files take.
constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;

bool HoldsPem(absl::string_view name) {
  return name == "key_file" || absl::EndsWith(name, "certificate_file") ||
         absl::EndsWith(name, "ca_file");
}

// What is wrong with it; empty if nothing is.
std::string PemFault(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxPemBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    return absl::StrCat(path, " cannot be read: ", std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxPemBytes) {
    return absl::StrCat(path, " is longer than 1 MiB");
  }
  if (!absl::StrContains(text, "-----BEGIN ")) {
    return absl::StrCat(path, " is not PEM: it has no -----BEGIN line");
  }
  return "";
}

void CheckFile(absl::string_view name, const std::string& path,
               const std::string& field, Faults* faults) {
  if (path.empty()) return;
  const std::string fault =
      HoldsPem(name) ? PemFault(path)
                     : std::string(ReadSecretFile(path).status().message());
  if (!fault.empty()) faults->Add(field, fault);
}

void CheckMessage(const Message& message, const std::string& path,
                  Faults* faults) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string& name = field->name();
    const std::string at = FieldPath(path, name);
    if (field->type() == FieldDescriptor::TYPE_STRING &&
        !field->is_repeated() && absl::EndsWith(name, "_file")) {
      CheckFile(name, reflection.GetString(message, field), at, faults);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
               !field->is_map()) {
      if (!field->is_repeated()) {
        CheckMessage(reflection.GetMessage(message, field), at, faults);
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        CheckMessage(reflection.GetRepeatedMessage(message, field, i),
                     FieldPath(at, i), faults);
      }
    }
  }
}

}  // namespace

void CheckNamedFiles(const Message& config, Faults* faults) {
  CheckMessage(config, "", faults);
}

}  // namespace opcon_snow::config
