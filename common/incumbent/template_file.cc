#include "common/incumbent/template_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/config/fault.h"
#include "common/config/yaml_tree.h"
#include "common/incumbent/json_section.h"
#include "common/status/utf8.h"

namespace opcon_snow::incumbent {
namespace {

constexpr char kBom[] = "\xEF\xBB\xBF";
constexpr std::array kDays = {"monday", "tuesday",  "wednesday", "thursday",
                              "friday", "saturday", "sunday"};
constexpr int kMinutesOfDay = 24 * 60;

// Minutes of `HHMM` or `HH:MM`; nullopt if it is none.
std::optional<int> MinuteOf(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c != ':') digits += c;
  }
  if (digits.size() == 3) digits.insert(0, 1, '0');
  if (digits.size() != 4) return std::nullopt;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
  }
  const int hour = (digits[0] - '0') * 10 + (digits[1] - '0');
  const int minute = (digits[2] - '0') * 10 + (digits[3] - '0');
  const int minutes = hour * 60 + minute;
  if (minute > 59 || minutes > kMinutesOfDay) return std::nullopt;
  return minutes;
}

class Parser {
 public:
  explicit Parser(Remarks* remarks) : remarks_(remarks) {}

  TemplateFile Parse(absl::string_view text) {
    absl::ConsumePrefix(&text, kBom);
    if (ToValidUtf8(text, text.size()) != text) {
      remarks_->Error({}, "", "is not UTF-8",
                      "save it as UTF-8 with the editor");
      return {};
    }
    config::Faults faults;
    const std::optional<JsonNode> root =
        config::internal::ParseYaml(text, {}, &faults);
    for (const config::Fault& fault : faults.Sorted()) {
      remarks_->Error(
          {fault.line, fault.column}, fault.field,
          absl::StrReplaceAll(fault.message, {{"not YAML", "not JSON"}}),
          "see whether a comma, quotation mark or bracket is "
          "missing there or just before");
    }
    if (!root.has_value()) return {};
    JsonSection top(*root, "", remarks_, &file_.places);
    Address(&top);
    Rules(&top);
    Credentials(&top);
    Routing(&top);
    Urls(&top);
    Tags(&top);
    WorkingHours(&top);
    file_.attributes = Attributes(&top, "attributes");
    file_.working_hours_attributes = Attributes(&top, "workingHoursAttributes");
    file_.non_working_hours_attributes =
        Attributes(&top, "nonWorkingHoursAttributes");
    ParseNotations(&top);
    top.ReportUnknown();
    return std::move(file_);
  }

 private:
  void Address(JsonSection* top) {
    std::optional<JsonSection> section = top->Section("address");
    if (!section.has_value()) {
      remarks_->Error({}, "address", "is missing",
                      "write {\"name\": …, \"value\": host of ServiceNow}");
      return;
    }
    section->Text("name");
    std::string address = section->Word("value");
    for (const char* scheme : {"https://", "http://"}) {
      if (!absl::StartsWithIgnoreCase(address, scheme)) continue;
      remarks_->Warn(section->PlaceOf("value"), "address.value",
                     "has a scheme; https is always used",
                     "write the host only");
      address = address.substr(std::string(scheme).size());
    }
    while (absl::EndsWith(address, "/")) address.pop_back();
    if (address.empty()) {
      remarks_->Error(section->PlaceOf("value"), "address.value", "is missing",
                      "write the host of ServiceNow");
    }
    section->ReportUnknown();
    file_.address = std::move(address);
  }

  void Rules(JsonSection* top) {
    std::optional<JsonSection> section = top->Section("rules");
    if (!section.has_value()) {
      remarks_->Warn({}, "rules", "is missing; the defaults are used",
                     "write \"rules\": {} if that is meant");
      return;
    }
    TemplateRules& rules = file_.rules;
    const auto flag = [&](const char* key, bool* value) {
      *value = section->Flag(key, *value);
    };
    flag("includeJobLogAttachment", &rules.include_job_log_attachment);
    flag("includeTagRouting", &rules.include_tag_routing);
    flag("includeCorrelationId", &rules.include_correlation_id);
    flag("applicationIdRetrievalFromCmdb",
         &rules.application_id_retrieval_from_cmdb);
    flag("allowTicketReopen", &rules.allow_ticket_reopen);
    flag("extractAppIdFromScheduleName",
         &rules.extract_app_id_from_schedule_name);
    flag("extractAppIdFromTagName", &rules.extract_app_id_from_tag_name);
    flag("extractXmlContentFromJobDescription",
         &rules.extract_xml_content_from_job_description);
    flag("routingByDocumentationContent",
         &rules.routing_by_documentation_content);
    flag("alwaysCreateNewTicket", &rules.always_create_new_ticket);
    section->ReportUnknown();
  }

  std::string Decoded(JsonSection* section, const std::string& key) {
    std::string written = section->Word(key);
    if (written.empty()) {
      remarks_->Error(section->PlaceOf(key), section->Path(key), "is missing",
                      "write what EncryptValue printed");
      return "";
    }
    std::optional<std::string> decoded = DecodeValue(written);
    if (decoded.has_value()) return *std::move(decoded);
    remarks_->Warn(section->PlaceOf(key), section->Path(key),
                   "is not what EncryptValue prints; it is taken as it is",
                   "encode it, or better, keep it in a file of its own (see "
                   "snow_gateway in the configuration guide)");
    return written;
  }

  void Credentials(JsonSection* top) {
    std::optional<JsonSection> section = top->Section("credentials");
    if (!section.has_value()) {
      remarks_->Error({}, "credentials", "is missing",
                      "write {\"user\": …, \"password\": …} as EncryptValue "
                      "printed them");
      return;
    }
    file_.user = Decoded(&*section, "user");
    file_.password = config::Secret(Decoded(&*section, "password"));
    section->ReportUnknown();
  }

  void Routing(JsonSection* top) {
    if (std::optional<JsonSection> section = top->Section("appIdLocation")) {
      file_.start_location = section->Number("startLocation").value_or(0);
      file_.number_of_chars = section->Number("numberOfChars").value_or(0);
      file_.tag_id_prefix = section->Word("tagIdPrefix");
      section->ReportUnknown();
    }
    if (std::optional<JsonSection> section =
            top->Section("jobDescriptionXmlTag")) {
      file_.xml_tag = section->Word("xmlTag");
      section->ReportUnknown();
    }
    if (std::optional<JsonSection> section =
            top->Section("documentationRouting")) {
      DocumentationRouting& routing = file_.documentation_routing;
      routing.attribute = section->Word("routingAttribute");
      routing.working_hours_with = section->Text("workingHoursWithDoc");
      routing.working_hours_without = section->Text("workingHoursWithoutDoc");
      routing.non_working_hours_with = section->Text("nonWorkingHoursWithDoc");
      routing.non_working_hours_without =
          section->Text("nonWorkingHoursWithoutDoc");
      section->ReportUnknown();
    }
    if (std::optional<JsonSection> section = top->Section("variables")) {
      file_.incident_reopen_state = section->Number("incidentReopenState");
      file_.cmdb_query_field = section->Word("cmdbQueryFieldAttributeName");
      section->ReportUnknown();
    }
  }

  void Urls(JsonSection* top) {
    int index = 0;
    for (const JsonNode& node : top->List("urls")) {
      const std::string path = absl::StrCat("urls[", index++, "]");
      JsonSection entry(node, path, remarks_, &file_.places);
      const std::string name = entry.Word("name");
      file_.urls[name] = entry.Word("value");
      file_.places["urls." + name] = entry.PlaceOf("value");
      entry.ReportUnknown();
      if (name != "incident" && name != "getincident" && name != "attachment" &&
          name != "cmdb") {
        remarks_->Warn(entry.PlaceOf("name"), path + ".name",
                       absl::StrCat("\"", name,
                                    "\" is not known and is left "
                                    "out"),
                       "known are incident, getincident, attachment, cmdb");
      }
    }
  }

  // `key` names the member that holds the attribute's name.
  NamedValue Attribute(JsonSection* entry, const std::string& key,
                       const std::string& path) {
    NamedValue result{entry->Word(key), entry->Text("value"),
                      entry->PlaceOf("value")};
    if (result.name.empty()) {
      remarks_->Error(entry->place(), path + "." + key, "is missing",
                      "write the name of the incident's column");
    }
    return result;
  }

  std::vector<NamedValue> Attributes(JsonSection* top, const std::string& key) {
    std::vector<NamedValue> result;
    int index = 0;
    for (const JsonNode& node : top->List(key)) {
      const std::string path = absl::StrCat(key, "[", index++, "]");
      JsonSection entry(node, path, remarks_, &file_.places);
      NamedValue attribute = Attribute(&entry, "name", path);
      entry.ReportUnknown();
      for (const NamedValue& other : result) {
        if (other.name != attribute.name) continue;
        remarks_->Warn(attribute.place, path,
                       absl::StrCat(attribute.name,
                                    " is there already; the last one is used"),
                       "keep one of them");
      }
      result.push_back(std::move(attribute));
    }
    return result;
  }

  void Tags(JsonSection* top) {
    int index = 0;
    for (const JsonNode& node : top->List("tags")) {
      const std::string path = absl::StrCat("tags[", index++, "]");
      JsonSection entry(node, path, remarks_, &file_.places);
      TagEntry tag;
      tag.field = path;
      tag.place = entry.place();
      tag.indicator = absl::AsciiStrToUpper(entry.Word("indicator"));
      tag.indicator_value = entry.Word("indicatorValue");
      // An EXIT has nothing to set, and may leave it empty.
      const bool sets =
          tag.indicator != "EXIT" || !entry.Word("attribute").empty();
      if (sets && entry.Find("attribute") != nullptr) {
        NamedValue attribute = Attribute(&entry, "attribute", path);
        if (!attribute.name.empty()) tag.attributes.push_back(attribute);
      } else {
        entry.Find("value");
      }
      int number = 0;
      for (const JsonNode& several : entry.List("attributes")) {
        const std::string at =
            absl::StrCat(path, ".attributes[", number++, "]");
        JsonSection attribute(several, at, remarks_, &file_.places);
        const bool named = attribute.Find("name") != nullptr;
        tag.attributes.push_back(
            Attribute(&attribute, named ? "name" : "attribute", at));
        attribute.ReportUnknown();
      }
      entry.ReportUnknown();
      file_.tags.push_back(std::move(tag));
    }
  }

  void WorkingHours(JsonSection* top) {
    std::optional<JsonSection> section = top->Section("workingHours");
    if (!section.has_value()) return;
    for (std::size_t i = 0; i < kDays.size(); ++i) {
      std::optional<JsonSection> day = section->Section(kDays[i]);
      if (!day.has_value()) continue;
      const std::string path = absl::StrCat("workingHours.", kDays[i]);
      const std::optional<int> start = Time(&*day, "start");
      const std::optional<int> stop = Time(&*day, "stop");
      day->ReportUnknown();
      // Both the same, usually 0000: nobody works.
      if (!start.has_value() || !stop.has_value() || *start == *stop) continue;
      file_.working_hours[i] = WorkingDay{*start, *stop, day->place()};
      file_.places[path] = day->place();
    }
    section->ReportUnknown();
  }

  std::optional<int> Time(JsonSection* day, const std::string& key) {
    const std::string text = day->Text(key);
    std::optional<int> minute = MinuteOf(text);
    if (key == "start" && minute == kMinutesOfDay) minute.reset();
    if (!minute.has_value()) {
      remarks_->Error(day->PlaceOf(key), day->Path(key),
                      absl::StrCat("\"", text, "\" is no time of day"),
                      "write HHMM, such as 0800");
    }
    return minute;
  }

  // The gateway reads ServiceNow's answers by itself; a site that needs others
  // has something in between.
  void ParseNotations(JsonSection* top) {
    static const auto* const kUsual = new std::map<std::string, std::string>{
        {"getincidentnumber", "result.[0].number"},
        {"getincidentsysid", "result.[0].sys_id"},
        {"getincidentstate", "result.[0].state"},
        {"incidentnumber", "result.number"},
        {"incidentsysid", "result.sys_id"},
        {"cmdbsysid", "result.sys_id"}};
    int index = 0;
    for (const JsonNode& node : top->List("parseNotations")) {
      const std::string path = absl::StrCat("parseNotations[", index++, "]");
      JsonSection entry(node, path, remarks_, &file_.places);
      const std::string name = entry.Word("name");
      entry.Text("attribute");
      const std::string notation = entry.Word("notation");
      entry.ReportUnknown();
      const auto usual = kUsual->find(name);
      if (usual != kUsual->end() && usual->second == notation) continue;
      remarks_->Warn(entry.PlaceOf("notation"), path,
                     "is not what ServiceNow's Table API answers; the gateway "
                     "reads that API's answers only",
                     "see that what stands before the instance answers as it "
                     "does");
    }
  }

  Remarks* const remarks_;
  TemplateFile file_;
};

}  // namespace

std::optional<std::string> DecodeValue(absl::string_view encoded) {
  if (encoded.empty() || encoded.size() % 2 != 0) return std::nullopt;
  for (const char c : encoded) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
  }
  std::string decoded;
  if (!absl::Base64Unescape(absl::HexStringToBytes(encoded), &decoded) ||
      decoded.empty()) {
    return std::nullopt;
  }
  return decoded;
}

TemplateFile ParseTemplate(absl::string_view text, Remarks* remarks) {
  return Parser(remarks).Parse(text);
}

}  // namespace opcon_snow::incumbent
