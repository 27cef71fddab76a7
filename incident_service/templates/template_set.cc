#include "incident_service/templates/template_set.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/validate.h"
#include "incident_service/templates/inheritance.h"

namespace opcon_snow::incident {
namespace {

constexpr int kMaxLevels = 8;

// Puts in what templates inherit, and finds their faults once each: a fault of
// a base is not told again for those that inherit it.
class SetCompiler {
 public:
  explicit SetCompiler(const std::vector<TemplateSource>& sources)
      : sources_(sources) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      by_name_.emplace(sources[i].config.name(), i);
    }
  }

  std::shared_ptr<const Template> Compile(std::size_t index) {
    const TemplateSource& source = sources_[index];
    const std::optional<::config::v1::Template> complete = Complete(index, 1);
    if (!complete.has_value()) return nullptr;
    config::Faults found;
    std::shared_ptr<const Template> compiled = Template::Compile(
        *complete, source.path, &found,
        complete->values_size() - source.config.values_size());
    std::set<std::string> told;
    for (std::size_t base = BaseOf(index); base < sources_.size();
         base = BaseOf(base)) {
      told.insert(messages_[base].begin(), messages_[base].end());
    }
    for (const config::Fault& fault : found.Sorted()) {
      if (told.count(fault.message) == 0) {
        source.faults->Add(fault.field, fault.message);
      }
      messages_[index].insert(fault.message);
    }
    return compiled;
  }

 private:
  // sources_.size() if it has none.
  std::size_t BaseOf(std::size_t index) const {
    const auto found = by_name_.find(sources_[index].config.inherit());
    return sources_[index].config.inherit().empty() || found == by_name_.end()
               ? sources_.size()
               : found->second;
  }

  std::optional<::config::v1::Template> Complete(std::size_t index, int level) {
    const TemplateSource& source = sources_[index];
    const std::string& wanted = source.config.inherit();
    if (wanted.empty()) return source.config;
    const std::string field = config::FieldPath(source.path, "inherit");
    const std::size_t base = BaseOf(index);
    if (base == sources_.size()) {
      AddOnce(index, field,
              absl::StrCat("there is no template \"", wanted, "\"; known are ",
                           Names()));
      return std::nullopt;
    }
    if (level == kMaxLevels) {
      AddOnce(index, field,
              "goes round in a circle, or over more than 8 levels: take it out "
              "of one of the templates");
      return std::nullopt;
    }
    const std::optional<::config::v1::Template> complete =
        Complete(base, level + 1);
    if (!complete.has_value()) return std::nullopt;
    return Inherited(source.config, *complete);
  }

  void AddOnce(std::size_t index, const std::string& field,
               const std::string& message) {
    if (messages_[index].insert(message).second) {
      sources_[index].faults->Add(field, message);
    }
  }

  std::string Names() const {
    return absl::StrJoin(
        by_name_, ", ",
        [](std::string* out, const auto& entry) { out->append(entry.first); });
  }

  const std::vector<TemplateSource>& sources_;
  std::map<std::string, std::size_t> by_name_;
  // The messages of each one's faults.
  std::map<std::size_t, std::set<std::string>> messages_;
};

// Bases first, whatever their order.
std::vector<std::size_t> BasesFirst(
    const std::vector<TemplateSource>& sources) {
  std::vector<std::size_t> order;
  std::set<std::string> wanted_as_base;
  for (const TemplateSource& source : sources) {
    wanted_as_base.insert(source.config.inherit());
  }
  for (const bool inherits : {false, true}) {
    for (const bool is_base : {true, false}) {
      for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i].config.inherit().empty() != inherits &&
            (wanted_as_base.count(sources[i].config.name()) > 0) == is_base) {
          order.push_back(i);
        }
      }
    }
  }
  return order;
}

}  // namespace

std::shared_ptr<const TemplateSet> TemplateSet::CompileSources(
    const std::vector<TemplateSource>& sources, absl::string_view default_name,
    config::Faults* faults) {
  if (sources.empty()) {
    faults->Add(
        "templates",
        "must have at least one template, here or in "
        "template_directory or incumbent_directory, or no failure could "
        "become an incident");
    return nullptr;
  }
  bool complete = true;
  std::map<std::string, std::string> seen;
  for (const TemplateSource& source : sources) {
    const auto [earlier, is_new] =
        seen.emplace(source.config.name(), source.about.file().empty()
                                               ? "the configuration"
                                               : source.about.file());
    if (is_new) continue;
    source.faults->Add(
        config::FieldPath(source.path, "name"),
        absl::StrCat("\"", source.config.name(), "\" is there already, in ",
                     earlier->second, "; each template needs its own name"));
    complete = false;
  }
  if (!complete) return nullptr;

  SetCompiler compiler(sources);
  std::vector<std::shared_ptr<const Template>> compiled(sources.size());
  for (const std::size_t index : BasesFirst(sources)) {
    compiled[index] = compiler.Compile(index);
    complete = complete && compiled[index] != nullptr;
  }
  auto set = std::make_shared<TemplateSet>();
  set->default_name_ = default_name.empty() ? sources.front().config.name()
                                            : std::string(default_name);
  if (seen.count(set->default_name_) == 0) {
    faults->Add(
        "default_template",
        absl::StrCat(
            "\"", default_name, "\" is not among the templates: ",
            absl::StrJoin(seen, ", ", [](std::string* out, const auto& entry) {
              out->append(entry.first);
            })));
    complete = false;
  }
  if (!complete) return nullptr;
  set->templates_ = std::move(compiled);
  for (const TemplateSource& source : sources) {
    ::incident::v1::Template about = source.about;
    about.set_name(source.config.name());
    about.set_servicenow(
        set->Find(source.config.name())->config().servicenow());
    about.set_is_default(source.config.name() == set->default_name_);
    set->about_.push_back(std::move(about));
  }
  return set;
}

std::shared_ptr<const TemplateSet> TemplateSet::Compile(
    const google::protobuf::RepeatedPtrField<::config::v1::Template>& configs,
    absl::string_view default_name, config::Faults* faults) {
  std::vector<TemplateSource> sources;
  for (int i = 0; i < configs.size(); ++i) {
    TemplateSource source;
    source.config = configs[i];
    source.path = config::FieldPath("templates", i);
    source.faults = faults;
    source.about.set_format(::incident::v1::TEMPLATE_FORMAT_NATIVE);
    sources.push_back(std::move(source));
  }
  return CompileSources(sources, default_name, faults);
}

std::shared_ptr<const Template> TemplateSet::Find(
    absl::string_view name) const {
  const absl::string_view wanted = name.empty() ? default_name_ : name;
  for (const std::shared_ptr<const Template>& candidate : templates_) {
    if (candidate->config().name() == wanted) return candidate;
  }
  return nullptr;
}

std::string TemplateSet::Names() const {
  return absl::StrJoin(templates_, ", ",
                       [](std::string* out, const auto& item) {
                         out->append(item->config().name());
                       });
}

::config::v1::Template TemplateSet::Complete(
    const ::config::v1::Template& config, config::Faults* faults) const {
  if (config.inherit().empty()) return config;
  const std::shared_ptr<const Template> base = Find(config.inherit());
  if (base != nullptr) return Inherited(config, base->config());
  faults->Add("inherit",
              absl::StrCat("there is no template \"", config.inherit(),
                           "\"; known are ", Names()));
  return config;
}

}  // namespace opcon_snow::incident
