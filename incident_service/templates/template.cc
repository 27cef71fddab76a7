#include "incident_service/templates/template.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "incident_service/identity.h"
#include "incident_service/templates/template_parts.h"
#include "incident_service/templates/ticket_settings.h"

namespace opcon_snow::incident {
namespace {

// The lengths of a stock instance.
constexpr std::size_t kMaxShortDescription = 160;
constexpr std::size_t kMaxDescription = 4000;
constexpr std::size_t kMaxNote = 4000;
// Of a ticket's number, which people may have typed.
constexpr std::size_t kMaxTicket = 100;
constexpr std::size_t kMaxFileName = 100;
// What a value may become, so that values of values stay bounded.
constexpr std::size_t kMaxValue = std::size_t{64} << 10;

// Cuts to `limit` characters (not bytes) without splitting one.
std::string CutTo(std::string text, std::size_t limit) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character =
        (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins_character && ++characters > limit) {
      text.resize(i);
      break;
    }
  }
  return text;
}

// One _ for each character that instances do not accept.
std::string SafeFileName(const std::string& name) {
  std::string safe;
  for (const char c : name) {
    const bool accepted = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
                          c == '_';
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (accepted) {
      safe += c;
    } else if (!continues) {
      safe += '_';
    }
  }
  return safe;
}

// "a.txt" becomes "a_2.txt", within the length that instances accept.
std::string Numbered(const std::string& name, int index, int count) {
  const std::size_t dot = name.rfind('.');
  std::string stem = name.substr(0, dot);
  const std::string ending =
      dot == std::string::npos ? "" : name.substr(dot).substr(0, 16);
  const std::string number =
      count > 1 ? absl::StrCat("_", index + 1) : std::string();
  stem.resize(
      std::min(stem.size(), kMaxFileName - ending.size() - number.size()));
  return absl::StrCat(stem, number, ending);
}

// The first group of the first match, or all of the match without a group.
std::string FirstMatch(const std::string& text, const re2::RE2& pattern) {
  re2::StringPiece groups[2];
  const int count = std::min(pattern.NumberOfCapturingGroups(), 1) + 1;
  if (!pattern.Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups,
                     count)) {
    return "";
  }
  return std::string(groups[count - 1]);
}

// What a rule did, for people.
template <class Rule>
std::string Told(const Rule& rule) {
  std::vector<std::string> what;
  for (const auto& [name, column] : rule.columns) what.push_back(name);
  if (rule.short_description) what.emplace_back("short_description");
  if (rule.description) what.emplace_back("description");
  std::string told = absl::StrCat("rule \"", rule.name, "\" applies");
  if (rule.suppress) return told + ": no ticket";
  if (!what.empty()) {
    absl::StrAppend(&told, ": sets ", absl::StrJoin(what, ", "));
  }
  if (rule.add_to_description) {
    absl::StrAppend(&told, what.empty() ? ": " : ", ",
                    "adds to the description");
  }
  return told;
}

}  // namespace

// What stands once all rules have been looked at.
struct Template::Effective {
  std::map<std::string, const TemplateColumn*> columns;
  const MustacheText* short_description = nullptr;
  const MustacheText* description = nullptr;
  std::vector<const MustacheText*> added;
  const Rule* suppressed_by = nullptr;
  std::vector<std::string> decisions;
};

Template::Template(::config::v1::Template config,
                   std::unique_ptr<const Parts> parts)
    : config_(std::move(config)), parts_(std::move(parts)) {}

Template::~Template() = default;

std::string Template::correlation_display() const {
  return config_.correlation_display().empty() ? "SMA_OPCON"
                                               : config_.correlation_display();
}

bool Template::uses_last_runs() const { return parts_->uses_last_runs; }
bool Template::uses_log_tail() const { return parts_->uses_log_tail; }
bool Template::redacts() const { return !parts_->redactions.empty(); }

// All patterns see the line as it was: none takes what another has put in for
// something to be blanked out.
std::string Template::Redacted(std::string line) const {
  std::vector<bool> blank(line.size(), false);
  bool any = false;
  for (const auto& pattern : parts_->redactions) {
    re2::StringPiece match;
    for (std::size_t from = 0;
         from < line.size() &&
         pattern->Match(line, from, line.size(), re2::RE2::UNANCHORED, &match,
                        1);) {
      const std::size_t begin =
          static_cast<std::size_t>(match.data() - line.data());
      const std::size_t end = begin + match.size();
      std::fill(blank.begin() + static_cast<std::ptrdiff_t>(begin),
                blank.begin() + static_cast<std::ptrdiff_t>(end), true);
      any = any || end > begin;
      from = std::max(end, from + 1);
    }
  }
  if (!any) return line;
  std::string shown;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!blank[i]) {
      shown += line[i];
    } else if (i == 0 || !blank[i - 1]) {
      shown += "[redacted]";
    }
  }
  return shown;
}

MustacheValues Template::Context(const TemplateFacts& facts) const {
  MustacheValues values = ValuesOf(facts, SiteZone(facts, parts_->zone));
  for (const Parts::Value& value : parts_->values) {
    std::string text = CutTo(value.text.Render(values), kMaxValue);
    if (value.pattern != nullptr) text = FirstMatch(text, *value.pattern);
    if (text.empty() && value.otherwise) {
      text = CutTo(value.otherwise->Render(values), kMaxValue);
    }
    values.values[value.name] = std::move(text);
  }
  const MustacheValues before =
      parts_->lookups.empty() ? MustacheValues() : values;
  for (const Parts::Lookup& lookup : parts_->lookups) {
    const auto found = facts.context.lookups().find(lookup.name);
    std::string text =
        found == facts.context.lookups().end() ? "" : found->second;
    if (text.empty() && lookup.otherwise) {
      text = lookup.otherwise->Render(before);
    }
    values.values[lookup.name] = std::move(text);
  }
  return values;
}

std::vector<WantedRecord> Template::WantedRecords(
    const TemplateFacts& facts) const {
  std::vector<WantedRecord> wanted;
  if (parts_->lookups.empty()) return wanted;
  const MustacheValues values = Context(facts);
  for (const Parts::Lookup& lookup : parts_->lookups) {
    WantedRecord record{lookup.name, lookup.table, lookup.column, {}};
    bool complete = true;
    for (const auto& [column, text] : lookup.where) {
      std::string value(absl::StripAsciiWhitespace(text.Render(values)));
      complete = complete && !value.empty();
      record.where[column] = std::move(value);
    }
    if (complete) wanted.push_back(std::move(record));
  }
  return wanted;
}

Template::Effective Template::Apply(const TemplateFacts& facts,
                                    const MustacheValues& values) const {
  Effective effective;
  for (const auto& [name, column] : parts_->columns) {
    effective.columns[name] = &column;
  }
  effective.short_description = &*parts_->short_description;
  effective.description = &*parts_->description;
  const RuleQuestion question{values, MomentOf(facts),
                              SiteZone(facts, parts_->zone)};
  for (const Rule& rule : parts_->rules) {
    const bool fits = std::all_of(
        rule.matchers.begin(), rule.matchers.end(),
        [&](const RuleMatcher& matcher) { return matcher.Fits(question); });
    if (!fits) continue;
    effective.decisions.push_back(Told(rule));
    if (rule.suppress) {
      effective.suppressed_by = &rule;
      return effective;
    }
    for (const auto& [name, column] : rule.columns) {
      effective.columns[name] = &column;
    }
    if (rule.short_description) {
      effective.short_description = &*rule.short_description;
    }
    if (rule.description) effective.description = &*rule.description;
    if (rule.add_to_description) {
      effective.added.push_back(&*rule.add_to_description);
    }
    if (!rule.go_on && config_.rule_mode() != ::config::v1::RULE_MODE_ALL) {
      break;
    }
  }
  return effective;
}

std::optional<std::string> Template::SuppressedBy(
    const TemplateFacts& facts, std::vector<std::string>* decisions) const {
  if (parts_->rules.empty()) return std::nullopt;
  Effective effective = Apply(facts, Context(facts));
  if (decisions != nullptr) *decisions = std::move(effective.decisions);
  if (effective.suppressed_by == nullptr) return std::nullopt;
  return effective.suppressed_by->name;
}

RenderedTicket Template::Render(const TemplateFacts& facts) const {
  const MustacheValues values = Context(facts);
  Effective effective = Apply(facts, values);
  RenderedTicket ticket;
  ticket.decisions = std::move(effective.decisions);
  ticket.short_description =
      CutTo(effective.short_description->Render(values), kMaxShortDescription);
  std::string previous;
  if (!facts.previous_ticket.empty()) {
    previous = absl::StrCat(
        "\nPrevious ticket: ", CutTo(facts.previous_ticket, kMaxTicket), " (",
        facts.previous_reason, ")");
  }
  const std::string ending =
      absl::StrCat(previous, "\n", FailureMarker(facts.failure.failure_id()));
  std::string description = effective.description->Render(values);
  for (const MustacheText* added : effective.added) {
    description += added->Render(values);
  }
  ticket.description = absl::StrCat(
      CutTo(std::move(description), kMaxDescription - ending.size()), ending);
  for (const auto& [name, column] : effective.columns) {
    std::string text = column->text.Render(values);
    if (text.empty()) continue;
    (column->is_reference ? ticket.references : ticket.fields)[name] =
        std::move(text);
  }
  return ticket;
}

std::string Template::RenderWorkNote(const TemplateFacts& facts) const {
  std::string note = parts_->work_note->Render(Context(facts));
  if (facts.well_again) note += " It has become well again by itself.";
  if (!facts.overwritten_description.empty()) {
    absl::StrAppend(&note, "\n\nThe description until now:\n",
                    facts.overwritten_description);
  }
  const std::string ending =
      absl::StrCat("\n", FailureMarker(facts.failure.failure_id()));
  return absl::StrCat(CutTo(std::move(note), kMaxNote - ending.size()), ending);
}

RenderedResolution Template::RenderResolution(
    const TemplateFacts& facts) const {
  const MustacheValues values = Context(facts);
  RenderedResolution resolution;
  if (parts_->close_code) {
    resolution.close_code =
        CutTo(parts_->close_code->Render(values), kMaxCloseCode);
  }
  resolution.close_notes = CutTo(parts_->close_notes->Render(values), kMaxNote);
  return resolution;
}

std::string Template::LogFileName(const TemplateFacts& facts, int index,
                                  int count) const {
  return Numbered(SafeFileName(parts_->file_name->Render(Context(facts))),
                  index, count);
}

}  // namespace opcon_snow::incident
