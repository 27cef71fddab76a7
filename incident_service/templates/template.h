#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_H_

// One native template: from a failure to the texts of an incident. The language
// and the names that a text may use are documented at config.v1.Template.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/fault.h"
#include "config/v1/template.pb.h"
#include "incident_service/templates/facts.h"

namespace opcon_snow::incident {

// The texts of one incident, within ServiceNow's lengths.
struct RenderedTicket {
  std::string short_description;
  std::string description;  // its last line is the failure's marker
  std::map<std::string, std::string> fields;
  std::map<std::string, std::string> references;
  // The rules that applied and what each did, in order, for people.
  std::vector<std::string> decisions;
};

// How a ticket is resolved, within ServiceNow's lengths.
struct RenderedResolution {
  std::string close_code;  // empty for the gateway's
  std::string close_notes;
};

// A record that a template wants to know, for one failure.
struct WantedRecord {
  std::string name;   // of the value that it becomes
  std::string table;  // in ServiceNow
  std::string column;
  std::map<std::string, std::string> where;  // column to exact value
};

// A template whose texts, rules and patterns have been checked. Immutable; any
// thread may use it.
class Template {
 public:
  // `config` is complete: what it inherits has been put in. Adds every fault to
  // `faults`, with fields below `path` (empty for a file of its own); nullptr
  // if there is any. The first `inherited_values` of its values are not its
  // own.
  static std::shared_ptr<const Template> Compile(
      const ::config::v1::Template& config, absl::string_view path,
      config::Faults* faults, int inherited_values = 0);
  ~Template();

  const ::config::v1::Template& config() const { return config_; }
  std::string correlation_display() const;

  // What has to be fetched for TemplateFacts.context before anything below is
  // asked: nothing, for most templates.
  bool uses_last_runs() const;
  bool uses_log_tail() const;
  // The look-ups that have something to look up; needs the context's other
  // parts.
  std::vector<WantedRecord> WantedRecords(const TemplateFacts& facts) const;

  // The name of the rule that wants no ticket; nullopt if none does. What the
  // rules before it did is added to `decisions` if it is not null.
  std::optional<std::string> SuppressedBy(
      const TemplateFacts& facts,
      std::vector<std::string>* decisions = nullptr) const;

  RenderedTicket Render(const TemplateFacts& facts) const;
  // The work note for an incident that the failure is added to, within
  // ServiceNow's length; its last line is the failure's marker.
  std::string RenderWorkNote(const TemplateFacts& facts) const;
  // For the ticket of a job that is well again, by `recovery`; the facts are
  // those of the run that ended well.
  RenderedResolution RenderResolution(const TemplateFacts& facts) const;
  // A name that ServiceNow instances accept, for the log of this number (from
  // 0) out of `count`.
  std::string LogFileName(const TemplateFacts& facts, int index,
                          int count) const;
  // The line without what must not leave OpCon. `line` is not empty.
  std::string Redacted(std::string line) const;
  bool redacts() const;

 private:
  struct Parts;
  struct Rule;
  struct Effective;
  friend class TemplateCompiler;
  Template(::config::v1::Template config, std::unique_ptr<const Parts> parts);

  MustacheValues Context(const TemplateFacts& facts) const;
  Effective Apply(const TemplateFacts& facts,
                  const MustacheValues& values) const;

  const ::config::v1::Template config_;
  const std::unique_ptr<const Parts> parts_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_H_
