#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_

// Native templates: from a failure to the texts of an incident. The language
// and the names that a text may use are documented at config.v1.Template.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "config/v1/template.pb.h"
#include "incident/v1/report.pb.h"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::incident {

// What a template may speak of.
struct TemplateFacts {
  const ::incident::v1::Failure& failure;
  const ::opcon::v1::DailyJob& job;
  // The number of the incident that a new one replaces, and why; empty if it
  // replaces none.
  std::string previous_ticket{};
  std::string previous_reason{};
  // For work notes: the description that an update takes the place of, if no
  // note tells it yet, and whether the job has become well again by itself.
  std::string overwritten_description{};
  bool well_again = false;
};

// The texts of one incident, within ServiceNow's lengths.
struct RenderedTicket {
  std::string short_description;
  std::string description;  // its last line is the failure's marker
  std::map<std::string, std::string> fields;
  std::map<std::string, std::string> references;
};

// A template whose texts have been parsed. Immutable; any thread may use it.
class Template {
 public:
  // Adds every fault to `faults`, with fields below `path`.
  static std::shared_ptr<const Template> Compile(
      const ::config::v1::Template& config, absl::string_view path,
      config::Faults* faults);
  ~Template();

  const ::config::v1::Template& config() const { return config_; }
  std::string correlation_display() const;
  RenderedTicket Render(const TemplateFacts& facts) const;
  // The work note for an incident that the failure is added to, within
  // ServiceNow's length; its last line is the failure's marker.
  std::string RenderWorkNote(const TemplateFacts& facts) const;
  // A name that ServiceNow instances accept, for the log of this number (from
  // 0) out of `count`.
  std::string LogFileName(const TemplateFacts& facts, int index,
                          int count) const;

 private:
  struct Texts;
  Template(::config::v1::Template config, std::unique_ptr<Texts> texts);

  const ::config::v1::Template config_;
  const std::unique_ptr<Texts> texts_;
};

// The templates of a configuration. Immutable.
class TemplateSet {
 public:
  // Empty, with faults, if something is wrong with the configuration.
  static std::shared_ptr<const TemplateSet> Compile(
      const google::protobuf::RepeatedPtrField<::config::v1::Template>& configs,
      absl::string_view default_name, config::Faults* faults);

  // The template of this name, or the default for the empty name; nullptr if
  // there is none.
  std::shared_ptr<const Template> Find(absl::string_view name) const;
  // In the order of the configuration.
  const std::vector<std::shared_ptr<const Template>>& all() const {
    return templates_;
  }
  const std::string& default_name() const { return default_name_; }
  // `a, b, c`, for messages.
  std::string Names() const;

 private:
  std::vector<std::shared_ptr<const Template>> templates_;
  std::string default_name_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_SET_H_
