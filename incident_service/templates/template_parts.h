#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_PARTS_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_PARTS_H_

// What a template is made of once it is checked. For template.cc and
// template_compiler.cc only.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "incident_service/templates/mustache_text.h"
#include "incident_service/templates/rule_matcher.h"
#include "incident_service/templates/template.h"
#include "incident_service/templates/working_hours.h"
#include "re2/re2.h"

namespace opcon_snow::incident {

struct TemplateColumn {
  MustacheText text;
  bool is_reference = false;
};
using TemplateColumns = std::map<std::string, TemplateColumn>;

struct Template::Rule {
  std::string name;
  std::vector<RuleMatcher> matchers;
  TemplateColumns columns;
  bool suppress = false;
  bool go_on = false;
  // Absent where the rule leaves them.
  std::optional<MustacheText> short_description;
  std::optional<MustacheText> description;
  std::optional<MustacheText> add_to_description;
};

struct Template::Parts {
  struct Value {
    std::string name;
    MustacheText text;
    std::shared_ptr<const re2::RE2> pattern;  // null for all of the text
    std::optional<MustacheText> otherwise;
  };
  struct Lookup {
    std::string name;
    std::string table;
    std::string column;
    std::map<std::string, MustacheText> where;
    std::optional<MustacheText> otherwise;
  };

  std::optional<absl::TimeZone> zone;
  std::vector<Value> values;
  std::vector<Lookup> lookups;
  // The matchers of the rules point to its entries.
  std::map<std::string, WorkingHours> working_hours;
  std::vector<Rule> rules;
  std::optional<MustacheText> short_description;
  std::optional<MustacheText> description;
  std::optional<MustacheText> work_note;
  std::optional<MustacheText> file_name;
  std::optional<MustacheText> close_code;
  std::optional<MustacheText> close_notes;
  TemplateColumns columns;
  std::vector<std::shared_ptr<const re2::RE2>> redactions;
  bool uses_last_runs = false;
  bool uses_log_tail = false;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_TEMPLATE_PARTS_H_
