#include "incident_service/templates/template_library.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/validate.h"
#include "common/config/yaml_loader.h"
#include "common/digest/sha256.h"
#include "common/incumbent/directory.h"
#include "common/incumbent/template_import.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace fs = std::filesystem;
namespace v1 = ::incident::v1;

constexpr std::size_t kMaxFiles = 1000;
constexpr config::YamlLimits kLimits = {.max_bytes = std::size_t{512} << 10};

class Loader {
 public:
  Loader(const ::config::v1::IncidentServiceConfig& config, absl::Time now,
         config::Faults* faults)
      : config_(config), now_(now), faults_(faults) {}

  std::shared_ptr<const TemplateSet> Load() {
    const std::size_t before = faults_->size();
    FromConfiguration();
    if (!config_.template_directory().empty()) FromDirectory();
    if (!config_.incumbent_directory().empty()) FromIncumbent();
    // A set of what could be read finds the faults inside the others.
    std::shared_ptr<const TemplateSet> set;
    if (!sources_.empty() || faults_->size() == before) {
      set = TemplateSet::CompileSources(sources_, config_.default_template(),
                                        faults_);
    }
    for (const config::Faults& file : files_) faults_->Merge(file);
    return faults_->size() == before ? set : nullptr;
  }

 private:
  TemplateSource& Add(v1::TemplateFormat format) {
    TemplateSource& source = sources_.emplace_back();
    source.about.set_format(format);
    SetTime(now_, source.about.mutable_load_time());
    return source;
  }

  void FromConfiguration() {
    for (int i = 0; i < config_.templates_size(); ++i) {
      TemplateSource& source = Add(v1::TEMPLATE_FORMAT_NATIVE);
      source.config = config_.templates(i);
      source.path = config::FieldPath("templates", i);
      source.faults = faults_;
      source.about.set_sha256(Sha256Hex(source.config.SerializeAsString()));
    }
  }

  void FromDirectory() {
    std::vector<fs::path> paths;
    std::error_code error;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(config_.template_directory(), error)) {
      const std::string ending = entry.path().extension().string();
      if (ending == ".yaml" || ending == ".yml") paths.push_back(entry.path());
    }
    if (error) {
      faults_->Add("template_directory",
                   absl::StrCat(config_.template_directory(),
                                " cannot be read: ", error.message()));
    }
    if (paths.size() > kMaxFiles) {
      faults_->Add("template_directory",
                   absl::StrCat(config_.template_directory(),
                                " has more than 1000 templates"));
      return;
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) File(path);
  }

  void File(const fs::path& path) {
    config::Faults& faults = files_.emplace_back(path.string());
    ::config::v1::Template config;
    const absl::Status loaded =
        config::LoadYamlFile(path.string(), &config, &faults, kLimits);
    if (!loaded.ok() && loaded.code() != absl::StatusCode::kInvalidArgument) {
      return;
    }
    const std::string file_name = path.filename().string();
    TemplateSource& source = Add(v1::TEMPLATE_FORMAT_NATIVE);
    source.config = std::move(config);
    if (source.config.name().empty()) {
      source.config.set_name(TemplateNameOf(file_name));
    }
    source.faults = &faults;
    source.about.set_file(file_name);
    source.about.set_sha256(Sha256Hex(source.config.SerializeAsString()));
  }

  void FromIncumbent() {
    incumbent::Directory directory = incumbent::ReadDirectory(
        config_.incumbent_directory(), "incumbent_directory", faults_);
    for (incumbent::DirectoryTemplate& entry : directory.templates) {
      if (entry.remarks.has_error()) continue;  // Among the faults already.
      config::Faults& faults = files_.emplace_back(entry.path);
      TemplateSource& source = Add(v1::TEMPLATE_FORMAT_INCUMBENT);
      source.config = incumbent::NativeTemplate(entry.content, entry.file_name,
                                                &entry.remarks);
      source.faults = &faults;
      source.about.set_file(entry.file_name);
      source.about.set_sha256(Sha256Hex(entry.text));
      for (const incumbent::Remark& remark : entry.remarks.all()) {
        if (remark.severity == incumbent::Severity::kError) {
          faults.AddAt(remark.place.line, remark.place.column, remark.field,
                       absl::StrCat(remark.message, "; ", remark.mend));
        } else {
          *source.about.add_diagnostics() = DiagnosticFrom(remark);
        }
      }
    }
  }

  const ::config::v1::IncidentServiceConfig& config_;
  const absl::Time now_;
  config::Faults* const faults_;
  std::vector<TemplateSource> sources_;
  // Of one file each; sources point into it.
  std::deque<config::Faults> files_;
};

void SortByPlace(std::vector<v1::Diagnostic>* diagnostics) {
  std::stable_sort(diagnostics->begin(), diagnostics->end(),
                   [](const v1::Diagnostic& a, const v1::Diagnostic& b) {
                     return std::make_pair(a.line(), a.column()) <
                            std::make_pair(b.line(), b.column());
                   });
}

}  // namespace

std::string TemplateNameOf(const std::string& file_name) {
  absl::string_view name = file_name;
  if (!absl::ConsumeSuffix(&name, ".yaml")) absl::ConsumeSuffix(&name, ".yml");
  return std::string(name);
}

v1::Diagnostic DiagnosticFrom(const incumbent::Remark& remark) {
  v1::Diagnostic diagnostic;
  switch (remark.severity) {
    case incumbent::Severity::kNote:
      diagnostic.set_severity(v1::DIAGNOSTIC_SEVERITY_NOTE);
      break;
    case incumbent::Severity::kWarning:
      diagnostic.set_severity(v1::DIAGNOSTIC_SEVERITY_WARNING);
      break;
    case incumbent::Severity::kError:
      diagnostic.set_severity(v1::DIAGNOSTIC_SEVERITY_ERROR);
      break;
  }
  diagnostic.set_line(remark.place.line);
  diagnostic.set_column(remark.place.column);
  diagnostic.set_field(remark.field);
  diagnostic.set_message(remark.message);
  diagnostic.set_mend(remark.mend);
  return diagnostic;
}

v1::Diagnostic DiagnosticFrom(const config::Fault& fault) {
  v1::Diagnostic diagnostic;
  diagnostic.set_severity(v1::DIAGNOSTIC_SEVERITY_ERROR);
  diagnostic.set_line(fault.line);
  diagnostic.set_column(fault.column);
  diagnostic.set_field(fault.field);
  // Messages say what is wrong and, after that, what to write instead.
  const std::size_t end = fault.message.find("; ");
  diagnostic.set_message(fault.message.substr(0, end));
  if (end != std::string::npos)
    diagnostic.set_mend(fault.message.substr(end + 2));
  return diagnostic;
}

std::shared_ptr<const TemplateSet> LoadTemplates(
    const ::config::v1::IncidentServiceConfig& config, absl::Time now,
    config::Faults* faults) {
  return Loader(config, now, faults).Load();
}

CheckedTemplate CheckTemplate(const std::string& text,
                              v1::TemplateFormat format,
                              const std::string& name,
                              const TemplateSet& loaded) {
  CheckedTemplate checked;
  checked.format = format;
  if (format == v1::TEMPLATE_FORMAT_UNSPECIFIED) {
    const absl::string_view begin = absl::StripLeadingAsciiWhitespace(text);
    checked.format =
        absl::StartsWith(begin, "{") || absl::StartsWith(begin, "\xEF\xBB\xBF{")
            ? v1::TEMPLATE_FORMAT_INCUMBENT
            : v1::TEMPLATE_FORMAT_NATIVE;
  }
  config::Faults faults(name);
  bool unreadable = false;
  if (checked.format == v1::TEMPLATE_FORMAT_INCUMBENT) {
    incumbent::Remarks remarks;
    const incumbent::TemplateFile file =
        incumbent::ParseTemplate(text, &remarks);
    if (!remarks.has_error()) {
      checked.config = incumbent::NativeTemplate(file, name, &remarks);
    }
    unreadable = remarks.has_error();
    for (const incumbent::Remark& remark : remarks.all()) {
      checked.diagnostics.push_back(DiagnosticFrom(remark));
    }
  } else {
    (void)config::LoadYamlText(text, &checked.config, &faults, kLimits);
    if (checked.config.name().empty()) {
      checked.config.set_name(TemplateNameOf(name));
    }
  }
  std::shared_ptr<const Template> compiled;
  if (!unreadable) {
    const ::config::v1::Template complete =
        loaded.Complete(checked.config, &faults);
    compiled = Template::Compile(
        complete, "", &faults,
        complete.values_size() - checked.config.values_size());
  }
  for (const config::Fault& fault : faults.Sorted()) {
    checked.diagnostics.push_back(DiagnosticFrom(fault));
  }
  SortByPlace(&checked.diagnostics);
  const bool any_error = std::any_of(
      checked.diagnostics.begin(), checked.diagnostics.end(),
      [](const v1::Diagnostic& diagnostic) {
        return diagnostic.severity() == v1::DIAGNOSTIC_SEVERITY_ERROR;
      });
  if (!any_error) checked.compiled = std::move(compiled);
  return checked;
}

}  // namespace opcon_snow::incident
