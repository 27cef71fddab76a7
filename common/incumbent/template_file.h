#ifndef OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_FILE_H_
#define OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_FILE_H_

// A template of the incumbent connector, as its JSON says it. The reader takes
// what people have written and the connector has taken: text for a number or a
// truth value, keys in another case, the slips of the connector's own
// documentation. What it had to guess, it says.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/secret.h"
#include "common/incumbent/remark.h"

namespace opcon_snow::incumbent {

struct NamedValue {
  std::string name;
  std::string value;
  Place place;
};

struct TagEntry {
  std::string indicator;  // TAG_START, TAG_END, EXIT, DEFAULT; upper case
  std::string indicator_value;
  // One in the connector's templates; several as its siblings have them.
  std::vector<NamedValue> attributes;
  Place place;
  std::string field;  // "tags[2]"
};

// Minutes of the day.
struct WorkingDay {
  int start = 0;
  int stop = 0;
  Place place;
};

struct DocumentationRouting {
  std::string attribute;
  std::string working_hours_with;
  std::string working_hours_without;
  std::string non_working_hours_with;
  std::string non_working_hours_without;
};

// With the connector's defaults where the file says nothing.
struct TemplateRules {
  bool include_job_log_attachment = true;
  bool include_tag_routing = false;
  bool include_correlation_id = false;
  bool application_id_retrieval_from_cmdb = false;
  bool allow_ticket_reopen = true;
  bool extract_app_id_from_schedule_name = false;
  bool extract_app_id_from_tag_name = false;
  bool extract_xml_content_from_job_description = false;
  bool routing_by_documentation_content = false;
  bool always_create_new_ticket = false;
};

struct TemplateFile {
  std::string address;  // the host of the instance
  TemplateRules rules;
  std::string user;
  config::Secret password;
  int start_location = 0;
  int number_of_chars = 0;
  std::string tag_id_prefix;
  std::string xml_tag;
  std::map<std::string, std::string> urls;  // by name
  std::vector<TagEntry> tags;
  // From monday. Absent: closed.
  std::array<std::optional<WorkingDay>, 7> working_hours;
  std::vector<NamedValue> attributes;
  std::vector<NamedValue> working_hours_attributes;
  std::vector<NamedValue> non_working_hours_attributes;
  DocumentationRouting documentation_routing;
  std::optional<int> incident_reopen_state;
  std::string cmdb_query_field;

  // Where a field stands, by its path such as `rules.includeTagRouting`.
  std::map<std::string, Place> places;

  // All zero if the file does not have it.
  Place PlaceOf(const std::string& path) const {
    const auto found = places.find(path);
    return found == places.end() ? Place{} : found->second;
  }
};

// Never fails: what is wrong is in `remarks`, with an error if the template
// cannot be used.
TemplateFile ParseTemplate(absl::string_view text, Remarks* remarks);

// What EncryptValue of the connector made of a text: hexadecimal digits of its
// base64. nullopt if it is not that.
std::optional<std::string> DecodeValue(absl::string_view encoded);

}  // namespace opcon_snow::incumbent

#endif  // OPCON_SNOW_COMMON_INCUMBENT_TEMPLATE_FILE_H_
