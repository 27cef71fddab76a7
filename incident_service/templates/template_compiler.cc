// From the configuration of a template to its checked parts.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/config/validate.h"
#include "incident_service/templates/pattern.h"
#include "incident_service/templates/template.h"
#include "incident_service/templates/template_parts.h"
#include "incident_service/templates/ticket_settings.h"

namespace opcon_snow::incident {
namespace {

using config::FieldPath;
using google::protobuf::Map;

constexpr std::int64_t kSecondsOfDay = 24 * 3600;
constexpr std::int64_t kMaxLogBytes = std::int64_t{64} << 20;
constexpr std::int64_t kDefaultLogBytes = std::int64_t{5} << 20;
constexpr int kMaxColumns = 100;
constexpr int kMaxRules = 200;
constexpr int kMaxMatchers = 50;
constexpr int kMaxValues = 50;
constexpr int kMaxLookups = 10;
constexpr int kMaxConditions = 5;
constexpr int kMaxWorkingHours = 20;
constexpr int kMaxRedactions = 50;
constexpr std::size_t kMaxText = std::size_t{64} << 10;

constexpr char kDefaultShortDescription[] =
    "OpCon job {{job}} {{event}} (workflow {{schedule}}, machine {{machine}}, "
    "code {{termination}})";
constexpr char kDefaultDescription[] =
    "OpCon job {{job}} {{event}}.\n"
    "\n"
    "Workflow (schedule): {{schedule}}\n"
    "Task (job): {{job}}\n"
    "Agent (machine): {{machine}}\n"
    "Termination code: {{termination}}\n"
    "Date: {{date}}\n"
    "Time: {{time}}\n"
    "Schedule date: {{schedule_date}}\n"
    "OpCon status: {{status}}\n"
    "OpCon job id: {{job_id}} (run {{job_number}})\n"
    "{{#documentation}}\nDocumentation of the job:\n{{documentation}}\n"
    "{{/documentation}}";
constexpr char kWorkNote[] =
    "OpCon job {{job}} {{event}} on {{date}} at {{time}} (workflow "
    "{{schedule}}, machine {{machine}}, termination code {{termination}}, run "
    "{{job_number}}).";
constexpr char kCloseNotes[] =
    "OpCon job {{job}} finished OK on {{date}} at {{time}} (run "
    "{{job_number}}) after it had failed; resolved by OpCon.";
// Tells runs apart also where a restart keeps the number.
constexpr char kDefaultFileName[] =
    "{{job}}_{{date}}_{{clock}}_{{job_number}}.txt";

// Columns that the suite writes itself; a template that set them would break
// what the suite relies on.
constexpr std::array kOwnColumns = {"short_description",
                                    "description",
                                    "correlation_id",
                                    "correlation_display",
                                    "state",
                                    "incident_state",
                                    "work_notes",
                                    "comments",
                                    "sys_id",
                                    "number",
                                    "close_code",
                                    "close_notes"};

bool IsColumnName(absl::string_view name) {
  return !name.empty() && name.size() <= 80 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool IsValueName(absl::string_view name) {
  return IsColumnName(name) && name.size() <= 40 &&
         absl::ascii_islower(static_cast<unsigned char>(name.front()));
}

const std::string& OrDefault(const std::string& text,
                             const std::string& fallback) {
  return text.empty() ? fallback : text;
}

}  // namespace

class TemplateCompiler {
 public:
  TemplateCompiler(const ::config::v1::Template& config, absl::string_view path,
                   config::Faults* faults, int inherited_values)
      : config_(config),
        path_(path),
        faults_(faults),
        inherited_values_(inherited_values),
        known_(KnownNames()) {}

  std::shared_ptr<const Template> Compile() {
    const std::size_t before = faults_->size();
    Settings();
    LogSettings();
    ReopenTable();
    CheckStateSync(config_.state_sync(), At("state_sync"), faults_);
    CheckRecovery(config_.recovery(), At("recovery"), faults_);
    if (!config_.time_zone().empty()) {
      parts_->zone =
          FindTimeZone(config_.time_zone(), At("time_zone"), faults_);
    }
    Values();
    // Before there are names that are not known for a run that ended well.
    RecoveryTexts();
    Lookups();
    Hours();
    Texts();
    Rules();
    if (faults_->size() != before) return nullptr;
    parts_->uses_last_runs = used_.count(kLastRuns) > 0;
    parts_->uses_log_tail = used_.count(kLogTail) > 0;
    return std::shared_ptr<const Template>(
        new Template(config_, std::move(parts_)));
  }

 private:
  std::string At(absl::string_view field) const {
    return FieldPath(path_, field);
  }
  void Fault(const std::string& field, absl::string_view message) {
    faults_->Add(field, message);
  }
  bool AtMost(int count, int most, const std::string& field) {
    if (count <= most) return true;
    Fault(field, absl::StrCat("must have at most ", most, " entries"));
    return false;
  }

  void Settings() {
    const std::string& name = config_.name();
    if (name.empty() || name.size() > 128 || absl::StrContains(name, '/')) {
      Fault(At("name"), "must have 1 to 128 characters and no /");
    }
    if (config::ToDuration(config_.reuse_within()) != absl::ZeroDuration()) {
      config::CheckRange(At("reuse_within"), config_.reuse_within(),
                         absl::Hours(24), absl::Hours(31 * 24), faults_);
      if (config_.reuse_within().nanos() != 0 ||
          config_.reuse_within().seconds() % kSecondsOfDay != 0) {
        Fault(At("reuse_within"),
              "must be whole days: schedule dates are compared");
      }
      if (config_.always_create_new_ticket()) {
        Fault(At("reuse_within"),
              "contradicts always_create_new_ticket: set one of them");
      }
    }
    if (config_.correlation_display().size() > 100) {
      Fault(At("correlation_display"),
            "must have at most 100 characters: ServiceNow cuts off the rest");
    }
  }

  void LogSettings() {
    const ::config::v1::LogAttachment& log = config_.log_attachment();
    const std::string at = At("log_attachment");
    if (log.max_bytes() < 0 || log.max_bytes() > kMaxLogBytes) {
      Fault(at + ".max_bytes", "must be 0 (for 5 MiB) to 67108864");
    }
    const std::int64_t most =
        log.max_bytes() > 0 ? log.max_bytes() : kDefaultLogBytes;
    if (log.head_bytes() < 0 || log.tail_bytes() < 0 ||
        (log.head_bytes() == 0) != (log.tail_bytes() == 0)) {
      Fault(at + ".head_bytes",
            "must be given together with tail_bytes, both at least 1");
    } else if (log.head_bytes() > most ||
               log.tail_bytes() > most - log.head_bytes()) {
      Fault(at + ".head_bytes",
            absl::StrCat("must not be more than max_bytes (", most,
                         ") together with tail_bytes"));
    }
    AtMost(log.redact_size(), kMaxRedactions, at + ".redact");
    for (int i = 0; i < log.redact_size(); ++i) {
      const std::string field = FieldPath(at + ".redact", i);
      auto pattern = CompilePattern(log.redact(i), false, field, faults_);
      if (pattern == nullptr) continue;
      if (re2::RE2::FullMatch("", *pattern)) {
        Fault(field, "fits the empty text, and would so fit everywhere");
      }
      parts_->redactions.push_back(std::move(pattern));
    }
  }

  void ReopenTable() {
    std::set<int> seen;
    for (int i = 0; i < config_.reopen_size(); ++i) {
      const ::config::v1::ReopenEntry& entry = config_.reopen(i);
      const std::string at = FieldPath(At("reopen"), i);
      if (entry.ticket_state() == ::config::v1::TICKET_STATE_UNSPECIFIED) {
        Fault(at + ".ticket_state",
              "must be given: new, in_progress, on_hold, resolved, closed or "
              "canceled");
      } else if (!seen.insert(entry.ticket_state()).second) {
        Fault(at + ".ticket_state", "has an entry already; keep one of them");
      }
      if (entry.action() == ::config::v1::REOPEN_ACTION_UNSPECIFIED) {
        Fault(at + ".action", "must be given: update or replace");
      } else if (entry.action() == ::config::v1::REOPEN_ACTION_REPLACE &&
                 entry.set_state() != ::config::v1::REOPEN_STATE_UNSPECIFIED) {
        Fault(at + ".set_state",
              "contradicts action: replace, which leaves the ticket alone");
      }
    }
  }

  std::optional<MustacheText> Text(const std::string& text,
                                   const std::string& field) {
    if (text.size() > kMaxText) {
      Fault(field, "must have at most 65536 bytes");
      return std::nullopt;
    }
    absl::StatusOr<MustacheText> parsed = MustacheText::Parse(text, known_);
    if (!parsed.ok()) {
      Fault(field, parsed.status().message());
      return std::nullopt;
    }
    used_.insert(parsed->names().begin(), parsed->names().end());
    return *std::move(parsed);
  }
  // nullopt for the empty text too.
  std::optional<MustacheText> TextIfAny(const std::string& text,
                                        const std::string& field) {
    if (text.empty()) return std::nullopt;
    return Text(text, field);
  }

  bool NewName(const std::string& name, const std::string& field) {
    if (!IsValueName(name)) {
      Fault(field,
            "must have 1 to 40 lower-case letters, digits and _, beginning "
            "with a letter");
      return false;
    }
    if (known_.values.count(name) > 0 || known_.lists.count(name) > 0) {
      Fault(field,
            absl::StrCat("\"", name, "\" is a name already; choose another"));
      return false;
    }
    return true;
  }

  void Values() {
    if (!AtMost(config_.values_size(), kMaxValues, At("values"))) return;
    for (int i = 0; i < config_.values_size(); ++i) {
      const ::config::v1::TemplateValue& value = config_.values(i);
      const std::string at =
          i < inherited_values_
              ? At("inherit")
              : FieldPath(At("values"), i - inherited_values_);
      const bool named = NewName(value.name(), at + ".name");
      std::optional<MustacheText> text = Text(value.text(), at + ".text");
      std::shared_ptr<const re2::RE2> pattern;
      if (!value.pattern().empty()) {
        pattern =
            CompilePattern(value.pattern(), false, at + ".pattern", faults_);
      }
      std::optional<MustacheText> otherwise =
          TextIfAny(value.otherwise(), at + ".otherwise");
      if (!named) continue;
      known_.values[value.name()];
      if (!text.has_value()) continue;
      parts_->values.push_back({value.name(), *std::move(text),
                                std::move(pattern), std::move(otherwise)});
    }
  }

  void RecoveryTexts() {
    const MustacheValues known = known_;
    known_.values.erase(kLogTail);
    known_.lists.erase(kLastRuns);
    const ::config::v1::Recovery& recovery = config_.recovery();
    parts_->close_code =
        TextIfAny(recovery.close_code(), At("recovery.close_code"));
    parts_->close_notes = Text(OrDefault(recovery.close_notes(), kCloseNotes),
                               At("recovery.close_notes"));
    known_ = known;
  }

  void Lookups() {
    if (!AtMost(config_.lookups_size(), kMaxLookups, At("lookups"))) return;
    std::vector<std::string> names;
    for (int i = 0; i < config_.lookups_size(); ++i) {
      const ::config::v1::RecordLookup& wanted = config_.lookups(i);
      const std::string at = FieldPath(At("lookups"), i);
      Template::Parts::Lookup lookup;
      lookup.name = wanted.name();
      lookup.table = OrDefault(wanted.table(), "cmdb_ci");
      lookup.column = OrDefault(wanted.column(), "sys_id");
      if (NewName(wanted.name(), at + ".name")) {
        if (std::find(names.begin(), names.end(), wanted.name()) !=
            names.end()) {
          Fault(at + ".name", absl::StrCat("\"", wanted.name(),
                                           "\" is a name already; choose "
                                           "another"));
        }
        names.push_back(wanted.name());
      }
      if (!IsColumnName(lookup.table)) {
        Fault(at + ".table", "is not a table's name, such as cmdb_ci_appl");
      }
      if (!IsColumnName(lookup.column)) {
        Fault(at + ".column", "is not a column's name, such as sys_id");
      }
      if (wanted.where().empty() || wanted.where_size() > kMaxConditions) {
        Fault(at + ".where", "must have 1 to 5 columns");
      }
      for (const auto& [column, text] : wanted.where()) {
        const std::string field = absl::StrCat(at, ".where[\"", column, "\"]");
        if (!IsColumnName(column)) {
          Fault(field, "is not a column's name, such as u_trigramme");
        }
        std::optional<MustacheText> parsed = Text(text, field);
        if (parsed.has_value()) {
          lookup.where.emplace(column, *std::move(parsed));
        }
      }
      lookup.otherwise = TextIfAny(wanted.otherwise(), at + ".otherwise");
      parts_->lookups.push_back(std::move(lookup));
    }
    // From here on, so that no look-up needs another.
    for (const std::string& name : names) known_.values[name];
  }

  void Hours() {
    if (!AtMost(config_.working_hours_size(), kMaxWorkingHours,
                At("working_hours"))) {
      return;
    }
    for (int i = 0; i < config_.working_hours_size(); ++i) {
      const ::config::v1::WorkingHours& hours = config_.working_hours(i);
      const std::string at = FieldPath(At("working_hours"), i);
      WorkingHours compiled = WorkingHours::Compile(hours, at, faults_);
      const bool is_new =
          parts_->working_hours.emplace(hours.name(), std::move(compiled))
              .second;
      if (!is_new) {
        Fault(at + ".name", absl::StrCat("\"", hours.name(),
                                         "\" is there already; choose another "
                                         "name"));
      }
    }
  }

  void Texts() {
    parts_->short_description =
        Text(OrDefault(config_.short_description(), kDefaultShortDescription),
             At("short_description"));
    parts_->description =
        Text(OrDefault(config_.description(), kDefaultDescription),
             At("description"));
    parts_->work_note = Text(kWorkNote, path_);
    parts_->file_name =
        Text(OrDefault(config_.log_attachment().file_name(), kDefaultFileName),
             At("log_attachment.file_name"));
    Columns(config_.fields(), config_.references(), path_, &parts_->columns);
  }

  void Columns(const Map<std::string, std::string>& fields,
               const Map<std::string, std::string>& references,
               const std::string& path, TemplateColumns* out) {
    AddColumns(fields, FieldPath(path, "fields"), false, out);
    AddColumns(references, FieldPath(path, "references"), true, out);
  }

  void AddColumns(const Map<std::string, std::string>& columns,
                  const std::string& path, bool is_reference,
                  TemplateColumns* out) {
    AtMost(static_cast<int>(columns.size()), kMaxColumns, path);
    for (const auto& [name, text] : columns) {
      const std::string at = absl::StrCat(path, "[\"", name, "\"]");
      if (!IsColumnName(name)) {
        Fault(at, "is not a column name: lower-case letters, digits and _");
        continue;
      }
      const bool is_own = std::find(kOwnColumns.begin(), kOwnColumns.end(),
                                    name) != kOwnColumns.end();
      if (is_own || absl::StartsWith(name, "sys_")) {
        Fault(at,
              "is written by the suite itself; take it out (texts have fields "
              "of their own, short_description and description)");
        continue;
      }
      std::optional<MustacheText> parsed = Text(text, at);
      if (!parsed.has_value()) continue;
      if (!out->emplace(name, TemplateColumn{*std::move(parsed), is_reference})
               .second) {
        Fault(at, "is in fields too: keep one of them");
      }
    }
  }

  void Rules() {
    if (!AtMost(config_.rules_size(), kMaxRules, At("rules"))) return;
    for (int i = 0; i < config_.rules_size(); ++i) {
      parts_->rules.push_back(
          Rule(config_.rules(i), FieldPath(At("rules"), i), i));
    }
  }

  Template::Rule Rule(const ::config::v1::TemplateRule& config,
                      const std::string& at, int index) {
    Template::Rule rule;
    rule.name =
        config.name().empty() ? absl::StrCat("#", index + 1) : config.name();
    rule.suppress = config.suppress();
    rule.go_on = config.go_on();
    if (rule.name.size() > 128) {
      Fault(at + ".name", "must have at most 128 characters");
    }
    const bool changes =
        !config.fields().empty() || !config.references().empty() ||
        !config.short_description().empty() || !config.description().empty() ||
        !config.add_to_description().empty();
    if (config.suppress() && (changes || config.go_on())) {
      Fault(at + ".suppress",
            "contradicts the rule's other settings: there is no ticket that "
            "they could change");
    }
    if (config.go_on() && config_.rule_mode() == ::config::v1::RULE_MODE_ALL) {
      Fault(at + ".go_on",
            "has no meaning with rule_mode: all, where every rule is looked "
            "at; take it out");
    }
    if (AtMost(config.matchers_size(), kMaxMatchers, at + ".matchers")) {
      const RuleMatcher::Names names{known_, parts_->working_hours};
      for (int i = 0; i < config.matchers_size(); ++i) {
        rule.matchers.push_back(RuleMatcher::Compile(
            config.matchers(i), FieldPath(at + ".matchers", i), names,
            faults_));
        NoteValueNames(config.matchers(i));
      }
    }
    Columns(config.fields(), config.references(), at, &rule.columns);
    rule.short_description =
        TextIfAny(config.short_description(), at + ".short_description");
    rule.description = TextIfAny(config.description(), at + ".description");
    rule.add_to_description =
        TextIfAny(config.add_to_description(), at + ".add_to_description");
    return rule;
  }

  void NoteValueNames(const ::config::v1::RuleMatcher& matcher) {
    if (matcher.has_value()) used_.insert(matcher.value().name());
    for (const auto& choice : matcher.any_of()) NoteValueNames(choice);
  }

  const ::config::v1::Template& config_;
  const std::string path_;
  config::Faults* const faults_;
  const int inherited_values_;
  MustacheValues known_;
  std::set<std::string> used_;
  std::unique_ptr<Template::Parts> parts_ = std::make_unique<Template::Parts>();
};

std::shared_ptr<const Template> Template::Compile(
    const ::config::v1::Template& config, absl::string_view path,
    config::Faults* faults, int inherited_values) {
  return TemplateCompiler(config, path, faults, inherited_values).Compile();
}

}  // namespace opcon_snow::incident
