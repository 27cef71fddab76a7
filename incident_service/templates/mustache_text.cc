#include "incident_service/templates/mustache_text.h"

#include <kainjow/mustache.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace opcon_snow::incident {
namespace {

using kainjow::mustache::basic_context;
using kainjow::mustache::data;
using kainjow::mustache::mustache;

mustache Parsed(const std::string& text) {
  mustache parsed(text);
  parsed.set_custom_escape([](const std::string& value) { return value; });
  return parsed;
}

data ToData(const MustacheValues& values) {
  data object{data::type::object};
  for (const auto& [name, value] : values.values) {
    // An empty text is "not there" for a section: {{#machine}}…{{/machine}}.
    if (value.empty()) {
      object.set(name, data{data::type::bool_false});
    } else {
      object.set(name, data{value});
    }
  }
  for (const auto& [name, list] : values.lists) {
    data items{data::type::list};
    for (const std::string& item : list) items.push_back(data{item});
    object.set(name, items);
  }
  return object;
}

// Answers every name and notes those that are not known. All sections are
// entered once, so that names inside them are seen too.
class NameChecker final : public basic_context<std::string> {
 public:
  explicit NameChecker(const MustacheValues& known) : known_(known) {}

  void push(const data*) override {}
  void pop() override {}
  const data* get(const std::string& name) const override {
    names_.insert(name);
    if (name != "." && known_.values.count(name) == 0 &&
        known_.lists.count(name) == 0) {
      unknown_.insert(name);
    }
    return &value_;
  }
  const data* get_partial(const std::string& name) const override {
    partials_.insert(name);
    return nullptr;
  }
  const std::set<std::string>& unknown() const { return unknown_; }
  const std::set<std::string>& partials() const { return partials_; }
  const std::set<std::string>& names() const { return names_; }

 private:
  const MustacheValues& known_;
  data value_{std::string("x")};
  mutable std::set<std::string> unknown_;
  mutable std::set<std::string> partials_;
  mutable std::set<std::string> names_;
};

std::string KnownNames(const MustacheValues& known) {
  std::vector<std::string> names;
  for (const auto& [name, value] : known.values) names.push_back(name);
  for (const auto& [name, list] : known.lists) names.push_back(name);
  return absl::StrJoin(names, ", ");
}

}  // namespace

absl::StatusOr<MustacheText> MustacheText::Parse(absl::string_view text,
                                                 const MustacheValues& known) {
  std::string owned(text);
  mustache parsed = Parsed(owned);
  if (!parsed.is_valid()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "is no Mustache: ", parsed.error_message(),
        "; every {{ needs its }}, and every {{#name}} its {{/name}}"));
  }
  NameChecker checker(known);
  parsed.render(checker);
  if (!checker.partials().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "{{>", *checker.partials().begin(), "}}: texts cannot include others"));
  }
  if (!checker.unknown().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown name ", absl::StrJoin(checker.unknown(), ", "),
                     "; known are ", KnownNames(known)));
  }
  return MustacheText(std::move(owned), checker.names());
}

std::string MustacheText::Render(const MustacheValues& values) const {
  // Parsed anew because rendering writes to the parsed form, and workers
  // render side by side; the texts are short.
  mustache parsed = Parsed(text_);
  return parsed.render(ToData(values));
}

}  // namespace opcon_snow::incident
