#include "common/incumbent/directory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/incumbent/template_import.h"

namespace opcon_snow::incumbent {
namespace {

namespace fs = std::filesystem;

constexpr char kConfigFile[] = "Connector.config";

std::optional<std::string> ReadFile(const fs::path& path,
                                    const std::string& field,
                                    config::Faults* faults) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    faults->Add(field, absl::StrCat(path.string(),
                                    " cannot be read: ", std::strerror(errno)));
    return std::nullopt;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    faults->Add(field, absl::StrCat(path.string(), " is longer than 512 KiB"));
    return std::nullopt;
  }
  return text;
}

// The entry of that name in any case, as on Windows; the path itself if there
// is none.
fs::path InAnyCase(const fs::path& folder, const std::string& name) {
  std::error_code error;
  if (fs::exists(folder / name, error)) return folder / name;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(folder, error)) {
    if (absl::EqualsIgnoreCase(entry.path().filename().string(), name)) {
      return entry.path();
    }
  }
  return folder / name;
}

// TEMPLATES_DIRECTORY may be the full path of the connector's machine: its last
// part is looked for here.
fs::path TemplatesFolder(const fs::path& folder,
                         const std::string& configured) {
  fs::path found = folder;
  std::error_code error;
  for (const fs::path& part : fs::path(configured)) {
    found = InAnyCase(found, part.string());
  }
  if (fs::is_directory(found, error)) return found;
  return InAnyCase(folder, fs::path(configured).filename().string());
}

void MergeErrors(const Remarks& remarks, const std::string& path,
                 config::Faults* faults) {
  config::Faults own(path);
  for (const Remark& remark : remarks.all()) {
    if (remark.severity != Severity::kError) continue;
    own.AddAt(remark.place.line, remark.place.column, remark.field,
              remark.mend.empty()
                  ? remark.message
                  : absl::StrCat(remark.message, "; ", remark.mend));
  }
  faults->Merge(own);
}

std::vector<fs::path> TemplateFiles(const fs::path& folder,
                                    const std::string& field,
                                    config::Faults* faults) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(folder, error)) {
    if (absl::EqualsIgnoreCase(entry.path().extension().string(), ".json")) {
      files.push_back(entry.path());
    }
  }
  if (error) {
    faults->Add(
        field,
        absl::StrCat(folder.string(), " cannot be read: ", error.message(),
                     "; it is TEMPLATES_DIRECTORY of ", kConfigFile));
  } else if (files.empty()) {
    faults->Add(field,
                absl::StrCat(folder.string(), " has no template (*.json)"));
  }
  if (files.size() > kMaxTemplates) {
    faults->Add(field,
                absl::StrCat(folder.string(), " has more than 1000 templates"));
    files.resize(kMaxTemplates);
  }
  std::sort(files.begin(), files.end());
  return files;
}

template <class Config>
auto* EntryOf(Config* config, const std::string& name) {
  for (auto& entry : *config->mutable_instances()) {
    if (entry.name() == name) return &entry;
  }
  return static_cast<decltype(config->mutable_instances(0))>(nullptr);
}

}  // namespace

Directory ReadDirectory(const std::string& path, const std::string& field,
                        config::Faults* faults) {
  Directory directory;
  const fs::path folder(path);
  const fs::path config_path = InAnyCase(folder, kConfigFile);
  directory.config_path = config_path.string();
  const std::optional<std::string> config_text =
      ReadFile(config_path, field, faults);
  if (!config_text.has_value()) return directory;
  directory.config =
      ParseConnectorConfig(*config_text, &directory.config_remarks);
  MergeErrors(directory.config_remarks, directory.config_path, faults);
  const fs::path templates =
      TemplatesFolder(folder, directory.config.templates_directory);
  std::set<std::string> instances;
  for (const fs::path& file : TemplateFiles(templates, field, faults)) {
    std::optional<std::string> text = ReadFile(file, field, faults);
    if (!text.has_value()) continue;
    DirectoryTemplate entry;
    entry.file_name = file.filename().string();
    entry.path = file.string();
    entry.text = *std::move(text);
    entry.content = ParseTemplate(entry.text, &entry.remarks);
    if (!instances.insert(InstanceName(entry.file_name)).second) {
      entry.remarks.Error(
          {}, "",
          absl::StrCat("another file is the instance \"",
                       InstanceName(entry.file_name), "\" already"),
          "rename one of them");
    }
    MergeErrors(entry.remarks, entry.path, faults);
    directory.templates.push_back(std::move(entry));
  }
  return directory;
}

::config::v1::SnowGatewayConfig WithIncumbent(
    const ::config::v1::SnowGatewayConfig& config, ServiceNowLogins* logins,
    config::Faults* faults) {
  ::config::v1::SnowGatewayConfig complete = config;
  if (config.incumbent_directory().empty()) return complete;
  Directory directory = ReadDirectory(config.incumbent_directory(),
                                      "incumbent_directory", faults);
  for (DirectoryTemplate& entry : directory.templates) {
    ::config::v1::ServiceNowInstance instance =
        ServiceNowInstanceFrom(entry.content, entry.file_name, entry.path,
                               directory.config, &entry.remarks);
    ::config::v1::ServiceNowInstance* own = EntryOf(&complete, instance.name());
    if (own == nullptr) {
      own = complete.add_instances();
    } else {
      instance.MergeFrom(*own);
    }
    if (instance.has_basic() &&
        instance.basic().password_file() == entry.path) {
      logins->passwords[instance.name()] = entry.content.password;
    }
    *own = std::move(instance);
  }
  return complete;
}

::config::v1::OpConGatewayConfig WithIncumbent(
    const ::config::v1::OpConGatewayConfig& config, std::string* token_file,
    config::Faults* faults) {
  ::config::v1::OpConGatewayConfig complete = config;
  if (config.incumbent_directory().empty()) return complete;
  const fs::path path = InAnyCase(config.incumbent_directory(), kConfigFile);
  const std::optional<std::string> text =
      ReadFile(path, "incumbent_directory", faults);
  if (!text.has_value()) return complete;
  Remarks remarks;
  const ConnectorConfig connector = ParseConnectorConfig(*text, &remarks);
  MergeErrors(remarks, path.string(), faults);
  ::config::v1::OpConInstance instance =
      OpConInstanceFrom(connector, path.string());
  ::config::v1::OpConInstance* own = EntryOf(&complete, instance.name());
  if (own == nullptr) {
    own = complete.add_instances();
  } else {
    if (own->has_login()) instance.clear_token_file();
    instance.MergeFrom(*own);
  }
  if (instance.token_file() == path.string()) *token_file = path.string();
  *own = std::move(instance);
  return complete;
}

absl::StatusOr<config::Secret> ReadToken(const std::string& connector_config) {
  config::Faults faults;
  const std::optional<std::string> text =
      ReadFile(connector_config, "", &faults);
  if (!text.has_value()) return absl::NotFoundError(faults.Format());
  Remarks remarks;
  ConnectorConfig connector = ParseConnectorConfig(*text, &remarks);
  if (connector.token.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(connector_config, " has no TOKEN"));
  }
  return std::move(connector.token);
}

absl::StatusOr<config::Secret> ReadPassword(const std::string& template_file) {
  config::Faults faults;
  const std::optional<std::string> text = ReadFile(template_file, "", &faults);
  if (!text.has_value()) return absl::NotFoundError(faults.Format());
  Remarks remarks;
  TemplateFile content = ParseTemplate(*text, &remarks);
  if (content.password.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(template_file, " has no credentials.password"));
  }
  return std::move(content.password);
}

}  // namespace opcon_snow::incumbent
