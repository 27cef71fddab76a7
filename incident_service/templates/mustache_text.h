#ifndef OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_MUSTACHE_TEXT_H_
#define OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_MUSTACHE_TEXT_H_

// One Mustache text, parsed and checked once, rendered often.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::incident {

// Values by name, and lists by name.
struct MustacheValues {
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> lists;
};

// Immutable; any thread may use it.
class MustacheText {
 public:
  // `known` has every name that may occur; its values are not used.
  // INVALID_ARGUMENT with what is wrong: a tag that is not closed, an unknown
  // name (with the known ones), a partial.
  static absl::StatusOr<MustacheText> Parse(absl::string_view text,
                                            const MustacheValues& known);

  // Values are put in as they are: nothing is escaped, because the result is
  // data and never markup.
  std::string Render(const MustacheValues& values) const;

  // As it was written.
  const std::string& text() const { return text_; }
  // The names that it uses.
  const std::set<std::string>& names() const { return names_; }

 private:
  MustacheText(std::string text, std::set<std::string> names)
      : text_(std::move(text)), names_(std::move(names)) {}
  std::string text_;
  std::set<std::string> names_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_TEMPLATES_MUSTACHE_TEXT_H_
