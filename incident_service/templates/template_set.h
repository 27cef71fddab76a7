#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_

// The templates that are in force, and where they came from.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "config/v1/template.pb.h"
#include "incident/v1/template.pb.h"
#include "incident_service/templates/template.h"

namespace opcon_snow::incident {

// A template as it was read.
struct TemplateSource {
  ::config::v1::Template config;
  // What its fields are below in messages; empty for a file of its own.
  std::string path;
  // Takes the faults of its file; not null.
  config::Faults* faults = nullptr;
  // What is to be said about it beside the name, which is the template's, and
  // whether it is the default.
  ::incident::v1::Template about;
};

// Immutable.
class TemplateSet {
 public:
  // Null, with faults, if something is wrong with any of them. Faults of the
  // set as a whole go to `faults`, those of a source to its own.
  static std::shared_ptr<const TemplateSet> CompileSources(
      const std::vector<TemplateSource>& sources,
      absl::string_view default_name, config::Faults* faults);
  // Of templates that stand in the configuration, in the field `templates`.
  static std::shared_ptr<const TemplateSet> Compile(
      const google::protobuf::RepeatedPtrField<::config::v1::Template>& configs,
      absl::string_view default_name, config::Faults* faults);

  // The template of this name, or the default for the empty name; nullptr if
  // there is none.
  std::shared_ptr<const Template> Find(absl::string_view name) const;
  // In the order of the sources.
  const std::vector<std::shared_ptr<const Template>>& all() const {
    return templates_;
  }
  // What is to be said about each, in the same order.
  const std::vector<::incident::v1::Template>& about() const { return about_; }
  const std::string& default_name() const { return default_name_; }
  // `a, b, c`, for messages.
  std::string Names() const;

  // `config` as it would be if it were one of the set: with what it inherits
  // from those that are. A fault if there is no such base.
  ::config::v1::Template Complete(const ::config::v1::Template& config,
                                  config::Faults* faults) const;

 private:
  std::vector<std::shared_ptr<const Template>> templates_;
  std::vector<::incident::v1::Template> about_;
  std::string default_name_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_
