#include "incident_service/templates/rule_matcher.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config/validate.h"
#include "incident/v1/job_event.pb.h"
#include "incident_service/templates/facts.h"
#include "incident_service/templates/pattern.h"

namespace opcon_snow::incident {
namespace {

constexpr int kMaxDepth = 8;

std::string ValueOf(const MustacheValues& values, const std::string& name) {
  const auto found = values.values.find(name);
  return found == values.values.end() ? std::string() : found->second;
}

// The words of every event that a failure may be.
std::vector<std::string> EventNames() {
  std::vector<std::string> names;
  const auto* kinds = ::incident::v1::EventKind_descriptor();
  names.reserve(static_cast<std::size_t>(kinds->value_count()));
  for (int i = 0; i < kinds->value_count(); ++i) {
    const int number = kinds->value(i)->number();
    if (number == ::incident::v1::EVENT_KIND_UNSPECIFIED) continue;
    names.push_back(EventName(static_cast<::incident::v1::EventKind>(number)));
  }
  return names;
}

// "a, b, c" of the keys.
template <class Map>
std::string Keys(const Map& map) {
  return absl::StrJoin(map, ", ", [](std::string* out, const auto& entry) {
    out->append(entry.first);
  });
}

template <class Compare>
bool AnyTag(const RuleQuestion& question, Compare compare) {
  const auto tags = question.values.lists.find("tags");
  return tags != question.values.lists.end() &&
         std::any_of(tags->second.begin(), tags->second.end(), compare);
}

}  // namespace

// Adds one condition for each field that is given.
class RuleMatcher::Compiler {
 public:
  Compiler(const ::config::v1::RuleMatcher& config, const std::string& path,
           const Names& names, config::Faults* faults)
      : config_(config), path_(path), names_(names), faults_(faults) {}

  std::vector<Condition> Compile(int depth) {
    Texts();
    Tags();
    Hours();
    Events();
    ExitCode();
    Value();
    AnyOf(depth);
    if (conditions_.empty()) {
      faults_->Add(path_,
                   "must give at least one condition, such as tag: EXIT; leave "
                   "matchers out for a rule that always fits");
    }
    return std::move(conditions_);
  }

 private:
  void Texts() {
    if (!config_.schedule().empty()) {
      const std::string wanted = config_.schedule();
      const bool ignore_case = config_.ignore_case();
      conditions_.emplace_back([wanted, ignore_case](const RuleQuestion& q) {
        const std::string schedule = ValueOf(q.values, "schedule");
        return ignore_case ? absl::EqualsIgnoreCase(schedule, wanted)
                           : schedule == wanted;
      });
    }
    Regex(config_.schedule_regex(), "schedule_regex", "schedule");
    Regex(config_.job_regex(), "job_regex", "job");
    Regex(config_.machine_regex(), "machine_regex", "machine");
    Regex(config_.termination_regex(), "termination_regex", "termination");
    Regex(config_.documentation_regex(), "documentation_regex",
          "documentation");
  }

  void Regex(const std::string& pattern, const std::string& field,
             const std::string& name) {
    if (pattern.empty()) return;
    const auto compiled = CompilePattern(pattern, config_.ignore_case(),
                                         path_ + "." + field, faults_);
    conditions_.emplace_back([compiled, name](const RuleQuestion& q) {
      return compiled != nullptr &&
             re2::RE2::FullMatch(ValueOf(q.values, name), *compiled);
    });
  }

  void Tags() {
    const bool ignore_case = config_.ignore_case();
    const std::string equal = config_.tag();
    if (!equal.empty()) {
      conditions_.emplace_back([equal, ignore_case](const RuleQuestion& q) {
        return AnyTag(q, [&](const std::string& tag) {
          return ignore_case ? absl::EqualsIgnoreCase(tag, equal)
                             : tag == equal;
        });
      });
    }
    const std::string prefix = config_.tag_prefix();
    if (!prefix.empty()) {
      conditions_.emplace_back([prefix, ignore_case](const RuleQuestion& q) {
        return AnyTag(q, [&](const std::string& tag) {
          return ignore_case ? absl::StartsWithIgnoreCase(tag, prefix)
                             : absl::StartsWith(tag, prefix);
        });
      });
    }
    const std::string suffix = config_.tag_suffix();
    if (!suffix.empty()) {
      conditions_.emplace_back([suffix, ignore_case](const RuleQuestion& q) {
        return AnyTag(q, [&](const std::string& tag) {
          return ignore_case ? absl::EndsWithIgnoreCase(tag, suffix)
                             : absl::EndsWith(tag, suffix);
        });
      });
    }
    if (!config_.tag_regex().empty()) {
      const auto compiled = CompilePattern(config_.tag_regex(), ignore_case,
                                           path_ + ".tag_regex", faults_);
      conditions_.emplace_back([compiled](const RuleQuestion& q) {
        return compiled != nullptr && AnyTag(q, [&](const std::string& tag) {
                 return re2::RE2::FullMatch(tag, *compiled);
               });
      });
    }
  }

  void Hours() {
    const std::string& name = config_.working_hours();
    if (name.empty()) return;
    const auto found = names_.working_hours.find(name);
    if (found == names_.working_hours.end()) {
      faults_->Add(
          path_ + ".working_hours",
          absl::StrCat("\"", name,
                       "\" is not among the template's working_hours",
                       names_.working_hours.empty() ? " (it has none)" : ": ",
                       Keys(names_.working_hours)));
      conditions_.emplace_back([](const RuleQuestion&) { return false; });
      return;
    }
    const WorkingHours* hours = &found->second;
    conditions_.emplace_back([hours](const RuleQuestion& q) {
      return hours->Contain(q.time, q.zone);
    });
  }

  void Events() {
    if (config_.events().empty()) return;
    const std::vector<std::string> known = EventNames();
    for (int i = 0; i < config_.events_size(); ++i) {
      if (std::find(known.begin(), known.end(), config_.events(i)) ==
          known.end()) {
        faults_->Add(
            config::FieldPath(path_ + ".events", i),
            absl::StrCat("\"", config_.events(i), "\" is no event; known are ",
                         absl::StrJoin(known, ", ")));
      }
    }
    const std::set<std::string> wanted(config_.events().begin(),
                                       config_.events().end());
    conditions_.emplace_back([wanted](const RuleQuestion& q) {
      return wanted.count(ValueOf(q.values, "event_kind")) > 0;
    });
  }

  void ExitCode() {
    if (!config_.has_exit_code()) return;
    const std::int64_t least = config_.exit_code().least();
    const std::int64_t most = config_.exit_code().most();
    if (most < least) {
      faults_->Add(path_ + ".exit_code",
                   absl::StrCat("most (", most, ") is below least (", least,
                                "): no exit code would ever fit"));
    }
    conditions_.emplace_back([least, most](const RuleQuestion& q) {
      std::int64_t code = 0;
      return absl::SimpleAtoi(ValueOf(q.values, "exit_code"), &code) &&
             code >= least && code <= most;
    });
  }

  void Value() {
    if (!config_.has_value()) return;
    const std::string name = config_.value().name();
    if (names_.values.values.count(name) == 0) {
      faults_->Add(path_ + ".value.name",
                   absl::StrCat("\"", name, "\" is no value; known are ",
                                Keys(names_.values.values)));
    }
    const std::string& pattern = config_.value().regex();
    if (pattern.empty()) {
      conditions_.emplace_back([name](const RuleQuestion& q) {
        return !ValueOf(q.values, name).empty();
      });
      return;
    }
    const auto compiled = CompilePattern(pattern, config_.ignore_case(),
                                         path_ + ".value.regex", faults_);
    conditions_.emplace_back([name, compiled](const RuleQuestion& q) {
      return compiled != nullptr &&
             re2::RE2::FullMatch(ValueOf(q.values, name), *compiled);
    });
  }

  void AnyOf(int depth) {
    if (config_.any_of().empty()) return;
    if (depth >= kMaxDepth) {
      faults_->Add(path_ + ".any_of", "must not be nested more than 8 deep");
      return;
    }
    std::vector<RuleMatcher> choices;
    choices.reserve(static_cast<std::size_t>(config_.any_of_size()));
    for (int i = 0; i < config_.any_of_size(); ++i) {
      choices.push_back(CompileAt(config_.any_of(i),
                                  config::FieldPath(path_ + ".any_of", i),
                                  names_, faults_, depth + 1));
    }
    conditions_.emplace_back(
        [choices = std::move(choices)](const RuleQuestion& q) {
          return std::any_of(
              choices.begin(), choices.end(),
              [&](const RuleMatcher& choice) { return choice.Fits(q); });
        });
  }

 public:
  static RuleMatcher CompileAt(const ::config::v1::RuleMatcher& config,
                               const std::string& path, const Names& names,
                               config::Faults* faults, int depth) {
    RuleMatcher matcher;
    matcher.negate_ = config.negate();
    matcher.conditions_ = Compiler(config, path, names, faults).Compile(depth);
    return matcher;
  }

 private:
  const ::config::v1::RuleMatcher& config_;
  const std::string& path_;
  const Names& names_;
  config::Faults* const faults_;
  std::vector<Condition> conditions_;
};

RuleMatcher RuleMatcher::Compile(const ::config::v1::RuleMatcher& config,
                                 const std::string& path, const Names& names,
                                 config::Faults* faults) {
  return Compiler::CompileAt(config, path, names, faults, 1);
}

bool RuleMatcher::Fits(const RuleQuestion& question) const {
  const bool fits = std::all_of(
      conditions_.begin(), conditions_.end(),
      [&](const Condition& condition) { return condition(question); });
  return fits != negate_;
}

}  // namespace opcon_snow::incident
