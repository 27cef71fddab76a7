// The gateway's instance that a template stands for.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/incumbent/template_import.h"

namespace opcon_snow::incumbent {
namespace {

// `/api/now/table` and `incident` of `api/now/table/incident`.
struct TableUrl {
  std::string path;
  std::string table;
};

std::optional<TableUrl> SplitUrl(const std::string& url) {
  const std::string trimmed(absl::StripPrefix(url, "/"));
  const std::size_t slash = trimmed.find_last_of('/');
  if (slash == std::string::npos || slash + 1 == trimmed.size()) {
    return std::nullopt;
  }
  return TableUrl{absl::StrCat("/", trimmed.substr(0, slash)),
                  trimmed.substr(slash + 1)};
}

class UrlImporter {
 public:
  UrlImporter(const TemplateFile& file, Remarks* remarks)
      : file_(file), remarks_(remarks) {}

  void Import(::config::v1::ServiceNowInstance* instance) {
    const std::optional<TableUrl> create = Table("incident");
    std::optional<TableUrl> read = Table("getincident");
    if (!read.has_value()) read = create;
    if (read.has_value()) {
      if (read->table != "incident") instance->set_incident_table(read->table);
      instance->mutable_paths()->set_table(read->path);
    }
    if (create.has_value() && create->path != read->path) {
      instance->mutable_paths()->set_create(create->path);
    }
    if (create.has_value() && create->table != read->table) {
      instance->mutable_paths()->set_create_table(create->table);
    }
    Attachment(instance);
  }

 private:
  std::optional<TableUrl> Table(const std::string& name) {
    const auto found = file_.urls.find(name);
    if (found == file_.urls.end() || found->second.empty()) return std::nullopt;
    std::optional<TableUrl> split = SplitUrl(found->second);
    if (!split.has_value()) {
      remarks_->Warn(file_.PlaceOf("urls." + name), "urls." + name,
                     "is no path of a table; the usual one is used",
                     "write it as api/now/table/incident");
    }
    return split;
  }

  void Attachment(::config::v1::ServiceNowInstance* instance) {
    const auto found = file_.urls.find("attachment");
    if (found == file_.urls.end() || found->second.empty()) return;
    const std::optional<TableUrl> split = SplitUrl(found->second);
    if (split.has_value() && split->table == "file") {
      instance->mutable_paths()->set_attachment(split->path);
      return;
    }
    remarks_->Warn(file_.PlaceOf("urls.attachment"), "urls.attachment",
                   "is no path of the Attachment API (the documentation prints "
                   "that of the incident table by mistake); the usual one is "
                   "used",
                   "write api/now/attachment/file");
  }

  const TemplateFile& file_;
  Remarks* const remarks_;
};

}  // namespace

std::string InstanceName(absl::string_view file_name) {
  std::string name;
  for (const char c : file_name.substr(0, file_name.find_last_of('.'))) {
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    const bool plain = absl::ascii_islower(static_cast<unsigned char>(lower)) ||
                       absl::ascii_isdigit(static_cast<unsigned char>(lower));
    if (plain) {
      name += lower;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (name.empty() ||
      !absl::ascii_islower(static_cast<unsigned char>(name[0]))) {
    name.insert(0, "t-");
  }
  name.resize(std::min<std::size_t>(name.size(), 63));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

::config::v1::ServiceNowInstance ServiceNowInstanceFrom(
    const TemplateFile& file, const std::string& file_name,
    const std::string& path, const ConnectorConfig& connector,
    Remarks* remarks) {
  ::config::v1::ServiceNowInstance instance;
  instance.set_name(InstanceName(file_name));
  instance.set_base_url(absl::StrCat("https://", file.address));
  instance.mutable_basic()->set_username(file.user);
  instance.mutable_basic()->set_password_file(path);
  // Its own changes are those of that user.
  instance.set_integration_user(file.user);
  UrlImporter(file, remarks).Import(&instance);
  const ::config::v1::Proxy proxy = ProxyFrom(connector);
  if (!proxy.url().empty()) *instance.mutable_proxy() = proxy;
  return instance;
}

}  // namespace opcon_snow::incumbent
