#include "common/incumbent/rule_import.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/incumbent/placeholder_text.h"

namespace opcon_snow::incumbent {
namespace {

using ::config::v1::Template;
using ::config::v1::TemplateRule;

// Longer ones are called by where they stand.
constexpr std::size_t kMaxNamedValue = 100;

class TagImporter {
 public:
  TagImporter(const TemplateFile& file, Remarks* remarks, Template* native)
      : file_(file), remarks_(remarks), native_(native) {}

  void Import() {
    if (!file_.rules.include_tag_routing) {
      remarks_->Note(file_.PlaceOf("rules.includeTagRouting"),
                     "rules.includeTagRouting", "off: tags are not used");
      return;
    }
    ::config::v1::RuleMatcher any;
    std::vector<TemplateRule> found;
    TemplateRule fallback;
    for (const TagEntry& tag : file_.tags) {
      TemplateRule rule;
      rule.set_name(tag.indicator_value.size() <= kMaxNamedValue
                        ? absl::StrCat(tag.indicator, " ", tag.indicator_value)
                        : tag.field);
      if (tag.indicator == "DEFAULT") {
        SetAll(tag, &fallback);
        continue;
      }
      ::config::v1::RuleMatcher matcher;
      if (!Matcher(tag, &matcher)) continue;
      *rule.add_matchers() = matcher;
      if (tag.indicator == "EXIT") {
        if (!tag.attributes.empty()) {
          remarks_->Warn(tag.place, tag.field,
                         "sets attributes, and with EXIT there is no ticket "
                         "that they could be set in",
                         "take them out");
        }
        rule.set_suppress(true);
        found.insert(found.begin(), rule);
        continue;
      }
      *any.add_any_of() = matcher;
      if (SetAll(tag, &rule)) found.push_back(rule);
    }
    AddFallback(std::move(fallback), any);
    // With rule_mode all the last one wins: the first in the file is put last.
    for (auto rule = found.rbegin(); rule != found.rend(); ++rule) {
      if (rule->suppress()) continue;
      *native_->add_rules() = *rule;
    }
    for (const TemplateRule& rule : found) {
      if (rule.suppress()) PutFirst(rule);
    }
    const std::string field = "rules.includeTagRouting";
    remarks_->Note(file_.PlaceOf(field), field,
                   "a rule for each entry of tags; where several set the same "
                   "attribute, the first in the file wins");
  }

 private:
  // Suppressing rules are looked at before others change anything.
  void PutFirst(const TemplateRule& rule) {
    auto* rules = native_->mutable_rules();
    *rules->Add() = rule;
    for (int i = rules->size() - 1; i > 0; --i) rules->SwapElements(i, i - 1);
  }

  bool Matcher(const TagEntry& tag, ::config::v1::RuleMatcher* matcher) {
    if (tag.indicator_value.empty()) {
      remarks_->Warn(tag.place, tag.field + ".indicatorValue",
                     "is empty; the entry is left out",
                     "write what the tag begins or ends with");
      return false;
    }
    if (tag.indicator == "TAG_START") {
      matcher->set_tag_prefix(tag.indicator_value);
    } else if (tag.indicator == "TAG_END") {
      matcher->set_tag_suffix(tag.indicator_value);
    } else if (tag.indicator == "EXIT") {
      matcher->set_tag(tag.indicator_value);
    } else {
      remarks_->Error(tag.place, tag.field + ".indicator",
                      absl::StrCat("\"", tag.indicator, "\" is not known"),
                      "write TAG_START, TAG_END, DEFAULT or EXIT");
      return false;
    }
    return true;
  }

  bool SetAll(const TagEntry& tag, TemplateRule* rule) {
    bool any = false;
    for (const NamedValue& attribute : tag.attributes) {
      any = SetAttribute(attribute, remarks_, rule) || any;
    }
    if (!any) {
      remarks_->Warn(tag.place, tag.field, "sets nothing",
                     "give it an attribute with a value");
    }
    return any;
  }

  // DEFAULT is for jobs none of whose tags is among the entries.
  void AddFallback(TemplateRule fallback,
                   const ::config::v1::RuleMatcher& any) {
    if (fallback.fields().empty() && fallback.description().empty() &&
        fallback.short_description().empty()) {
      return;
    }
    fallback.set_name("DEFAULT");
    if (!any.any_of().empty()) {
      ::config::v1::RuleMatcher* none = fallback.add_matchers();
      *none = any;
      none->set_negate(true);
    }
    *native_->add_rules() = std::move(fallback);
  }

  const TemplateFile& file_;
  Remarks* const remarks_;
  Template* const native_;
};

}  // namespace

bool IsColumnName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool IsOwnColumn(const NamedValue& attribute, Remarks* remarks) {
  static const auto* const kOwn =
      new std::set<std::string>{"number",     "work_notes",  "comments",
                                "close_code", "close_notes", "incident_state"};
  const std::string& name = attribute.name;
  if (kOwn->count(name) > 0 || absl::StartsWith(name, "sys_")) {
    if (!attribute.value.empty()) {
      remarks->Warn(attribute.place, name,
                    "is left out: this suite or ServiceNow writes it",
                    "take it out");
    }
    return true;
  }
  if (IsColumnName(name)) return false;
  remarks->Warn(attribute.place, name,
                "is left out: no column of ServiceNow is called so",
                "use lower-case letters, digits and _");
  return true;
}

bool SetAttribute(const NamedValue& attribute, Remarks* remarks,
                  TemplateRule* rule) {
  if (attribute.value.empty()) return false;
  if (attribute.name == "short_description" ||
      attribute.name == "description") {
    const std::string text =
        MustacheFrom(attribute.value, attribute.place, attribute.name, remarks);
    if (attribute.name == "description") {
      rule->set_description(text);
    } else {
      rule->set_short_description(text);
    }
    return true;
  }
  if (attribute.name == "state" || attribute.name == "correlation_id" ||
      attribute.name == "correlation_display") {
    remarks->Warn(attribute.place, attribute.name,
                  "is left out: it is the same for all failures here",
                  "set it in attributes");
    return false;
  }
  if (IsOwnColumn(attribute, remarks)) return false;
  (*rule->mutable_fields())[attribute.name] =
      MustacheFrom(attribute.value, attribute.place, attribute.name, remarks);
  return true;
}

void ImportTags(const TemplateFile& file, Remarks* remarks, Template* native) {
  TagImporter(file, remarks, native).Import();
}

}  // namespace opcon_snow::incumbent
