#include "common/config/yaml_loader.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ios>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "common/config/message_filler.h"
#include "common/config/yaml_tree.h"
#include "common/path/utf8_path.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status Unreadable(absl::StatusCode code, absl::string_view message,
                        Faults* faults) {
  faults->AddAt(0, 0, "", message);
  return absl::Status(code, absl::StrCat(faults->file(), ": ", message));
}

bool HoldsPath(const FieldDescriptor& field) {
  const std::string& name = field.name();
  return field.type() == FieldDescriptor::TYPE_STRING &&
         (name == "path" || absl::EndsWith(name, "_file") ||
          absl::EndsWith(name, "_path") || absl::EndsWith(name, "_directory"));
}

void ResolvePaths(const std::filesystem::path& folder, Message* message) {
  const auto* reflection = message->GetReflection();
  const auto resolved = [&folder](const std::string& path) {
    return path.empty() || folder.empty()
               ? path
               : PathToUtf8(folder / PathFromUtf8(path));
  };
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        ResolvePaths(folder, reflection->MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        ResolvePaths(folder,
                     reflection->MutableRepeatedMessage(message, field, i));
      }
    } else if (HoldsPath(*field) && !field->is_repeated()) {
      reflection->SetString(message, field,
                            resolved(reflection->GetString(*message, field)));
    } else if (HoldsPath(*field)) {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        reflection->SetRepeatedString(
            message, field, i,
            resolved(reflection->GetRepeatedString(*message, field, i)));
      }
    }
  }
}

}  // namespace

absl::Status LoadYamlText(absl::string_view text, Message* message,
                          Faults* faults, const YamlLimits& limits) {
  message->Clear();
  const std::size_t before = faults->size();
  const std::optional<internal::YamlNode> root =
      internal::ParseYaml(text, limits, faults);
  if (root.has_value()) internal::FillMessage(*root, message, faults);
  const std::size_t found = faults->size() - before;
  if (found == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(found == 1 ? "a fault" : absl::StrCat(found, " faults"),
                   " in the configuration; the first: ",
                   FormatFault(faults->Sorted().front())));
}

absl::Status LoadYamlFile(const std::string& path, Message* message,
                          Faults* faults, const YamlLimits& limits) {
  message->Clear();
  faults->set_file(path);
  errno = 0;
  std::ifstream file(PathFromUtf8(path), std::ios::binary);
  if (!file) {
    const int reason = errno;
    return Unreadable(reason == EACCES ? absl::StatusCode::kPermissionDenied
                                       : absl::StatusCode::kNotFound,
                      absl::StrCat("cannot be opened: ", std::strerror(reason)),
                      faults);
  }
  // One byte more than allowed, so that too long is seen as such.
  std::string text(limits.max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return Unreadable(absl::StatusCode::kUnavailable,
                      "cannot be read; is it a regular file?", faults);
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  absl::Status loaded = LoadYamlText(text, message, faults, limits);
  ResolvePaths(PathFromUtf8(path).parent_path(), message);
  return loaded;
}

}  // namespace opcon_snow::config
