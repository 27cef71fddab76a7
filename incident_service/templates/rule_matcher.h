#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RULE_MATCHER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RULE_MATCHER_H_

// Conditions of rules, checked once and asked often. See
// config.v1.RuleMatcher.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/config/fault.h"
#include "config/v1/template.pb.h"
#include "incident_service/templates/mustache_text.h"
#include "incident_service/templates/working_hours.h"

namespace opcon_snow::incident {

// What conditions are asked about. All references must outlive the question.
struct RuleQuestion {
  // The context with the template's own values.
  const MustacheValues& values;
  absl::Time time;      // of the failure
  absl::TimeZone zone;  // for working hours without one
};

// Immutable; any thread may use it.
class RuleMatcher {
 public:
  // What a condition may name.
  struct Names {
    const MustacheValues& values;
    // Must outlive the matcher.
    const std::map<std::string, WorkingHours>& working_hours;
  };

  // Adds every fault to `faults`, with fields below `path`.
  static RuleMatcher Compile(const ::config::v1::RuleMatcher& config,
                             const std::string& path, const Names& names,
                             config::Faults* faults);

  bool Fits(const RuleQuestion& question) const;

 private:
  using Condition = std::function<bool(const RuleQuestion&)>;
  class Compiler;

  std::vector<Condition> conditions_;
  bool negate_ = false;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_RULE_MATCHER_H_
