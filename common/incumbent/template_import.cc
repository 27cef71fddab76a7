#include "common/incumbent/template_import.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/incumbent/placeholder_text.h"
#include "common/incumbent/rule_import.h"

namespace opcon_snow::incumbent {
namespace {

using ::config::v1::Template;
using ::config::v1::TemplateRule;

constexpr char kShortDescription[] =
    "OpCon Task Failure (schedule {0} job {1} server {2} error code {3})";
constexpr char kDescription[] =
    "Technical data of the Opcon batch (schedule ({0}) job ({1}) server ({2}) "
    "error code ({3}) date ({4}) JOBID={5})";
constexpr char kHours[] = "workingHours";
constexpr char kXmlContent[] = "xml_content";
constexpr char kApplication[] = "application_id";
constexpr char kApplicationItem[] = "application_item";
constexpr char kApplicationColumn[] = "cmdb_ci";
constexpr char kDefaultCmdbField[] = "u_trigramme";
// For business rules that must not act, because the connector wrote no
// correlation_id.
constexpr char kQuietDisplay[] = "OPCON";
// A pattern has at most 1000 characters, and holds a name twice at most, each
// character of it behind a backslash.
constexpr std::size_t kMaxQuoted = 200;
constexpr int kLastMinute = 23 * 60 + 59;

// A literal text as a regular expression.
std::string Quoted(absl::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' &&
        (static_cast<unsigned char>(c) & 0x80) == 0) {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted;
}

std::string Clock(int minutes) {
  return absl::StrFormat("%02d:%02d", minutes / 60, minutes % 60);
}

// What attributes become, for the template itself and for its rules.
class Importer {
 public:
  Importer(const TemplateFile& file, const std::string& file_name,
           Remarks* remarks)
      : file_(file), rules_(file.rules), remarks_(remarks) {
    template_.set_name(file_name);
    template_.set_servicenow(InstanceName(file_name));
    template_.set_rule_mode(::config::v1::RULE_MODE_ALL);
  }

  Template Import() {
    Hours();
    template_.set_short_description(Text(kShortDescription, {}, ""));
    template_.set_description(Text(kDescription, {}, ""));
    for (const NamedValue& attribute : file_.attributes) Attribute(attribute);
    Correlation();
    HoursAttributes();
    XmlContent();
    DocumentationRouting();
    Application();
    ImportTags(file_, remarks_, &template_);
    Tickets();
    if (!rules_.include_job_log_attachment) {
      template_.mutable_log_attachment()->set_disabled(true);
      Became("includeJobLogAttachment", "log_attachment.disabled");
    } else {
      Became("includeJobLogAttachment",
             "logs are attached, under names that tell runs apart");
    }
    return std::move(template_);
  }

 private:
  void Became(const char* rule, const std::string& what) {
    const std::string field = absl::StrCat("rules.", rule);
    remarks_->Note(file_.PlaceOf(field), field, what);
  }
  void Warn(const std::string& field, std::string message, std::string mend) {
    remarks_->Warn(file_.PlaceOf(field), field, std::move(message),
                   std::move(mend));
  }
  std::string Text(const std::string& text, Place place,
                   const std::string& field) {
    return MustacheFrom(text, place, field, remarks_);
  }

  // The state that incidents begin with, in the instance's numbers.
  void InitialState(const NamedValue& attribute) {
    if (attribute.value.empty() || attribute.value == "1") return;
    if (attribute.value == "2") {
      template_.set_initial_state(::config::v1::REOPEN_STATE_IN_PROGRESS);
    } else if (attribute.value == "3") {
      template_.set_initial_state(::config::v1::REOPEN_STATE_ON_HOLD);
    } else {
      remarks_->Warn(attribute.place, "attributes.state",
                     absl::StrCat("\"", attribute.value,
                                  "\" is not carried over: incidents begin as "
                                  "New"),
                     "take it out, or write 1, 2 or 3");
    }
  }

  void Attribute(const NamedValue& attribute) {
    if (attribute.name == "correlation_id") {
      if (!attribute.value.empty()) {
        remarks_->Warn(attribute.place, attribute.name,
                       "is left out: the job is always named there",
                       "leave its value empty");
      }
    } else if (attribute.name == "correlation_display") {
      display_ = attribute;
    } else if (attribute.name == "state") {
      InitialState(attribute);
    } else if (attribute.name == "initial-state") {
      // So named by the connector's release notes since 25.0.
      remarks_->Warn(attribute.place, "attributes.initial-state",
                     "is taken for state, which incidents begin with; "
                     "ServiceNow has no such column",
                     "write state");
      InitialState(attribute);
    } else if (attribute.name == "short_description" ||
               attribute.name == "description") {
      if (attribute.value.empty()) return;
      const std::string text =
          Text(attribute.value, attribute.place, attribute.name);
      if (attribute.name == "description") {
        template_.set_description(text);
      } else {
        template_.set_short_description(text);
      }
    } else if (!IsOwnColumn(attribute, remarks_) && !attribute.value.empty()) {
      (*template_.mutable_fields())[attribute.name] =
          Text(attribute.value, attribute.place, attribute.name);
    }
  }

  void Correlation() {
    std::string display = display_.value;
    if (absl::EqualsIgnoreCase(display, "SMA_OPEN")) {
      remarks_->Warn(display_.place, "correlation_display",
                     "SMA_OPEN is a slip of the documentation; SMA_OPCON is "
                     "written, which the business rules ask for",
                     "write SMA_OPCON");
      display = "SMA_OPCON";
    }
    if (rules_.include_correlation_id && !display.empty()) {
      template_.set_correlation_display(display);
      Became("includeCorrelationId",
             absl::StrCat("correlation_id names the job and "
                          "correlation_display is ",
                          display));
      return;
    }
    template_.set_correlation_display(kQuietDisplay);
    Became("includeCorrelationId",
           absl::StrCat("correlation_id names the job all the same, which this "
                        "suite finds incidents by; correlation_display is ",
                        kQuietDisplay,
                        ", so that business rules still do not act"));
  }

  void Hours() {
    ::config::v1::WorkingHours hours;
    hours.set_name(kHours);
    for (std::size_t i = 0; i < file_.working_hours.size(); ++i) {
      const std::optional<WorkingDay>& day = file_.working_hours[i];
      if (!day.has_value()) continue;
      ::config::v1::WorkingPeriod* period = hours.add_periods();
      period->add_days(static_cast<::config::v1::Weekday>(
          ::config::v1::WEEKDAY_MONDAY + static_cast<int>(i)));
      period->set_start(Clock(day->start));
      int stop = day->stop;
      if (stop == kLastMinute)
        stop = kLastMinute + 1;  // Meant as the whole day.
      if (stop == 0) stop = kLastMinute + 1;
      period->set_end(Clock(stop));
    }
    if (hours.periods().empty()) return;
    has_hours_ = true;
    *template_.add_working_hours() = std::move(hours);
    remarks_->Note(file_.PlaceOf("workingHours"), "workingHours",
                   "working_hours, by the site's clock at the time of the "
                   "failure (the connector: by the clock of its machine)");
  }

  // A rule for the working hours, or for all other times. Without working hours
  // there are only other times.
  TemplateRule* HoursRule(bool inside, const std::string& name) {
    if (inside && !has_hours_) return nullptr;
    TemplateRule* rule = template_.add_rules();
    rule->set_name(name);
    if (has_hours_) {
      ::config::v1::RuleMatcher* matcher = rule->add_matchers();
      matcher->set_working_hours(kHours);
      matcher->set_negate(!inside);
    }
    return rule;
  }

  void HoursAttributes() {
    const auto add = [this](const std::vector<NamedValue>& attributes,
                            bool inside, const char* name) {
      TemplateRule* rule =
          attributes.empty() ? nullptr : HoursRule(inside, name);
      if (rule == nullptr) return;
      bool any = false;
      for (const NamedValue& attribute : attributes) {
        any = SetAttribute(attribute, remarks_, rule) || any;
      }
      if (!any) template_.mutable_rules()->RemoveLast();
    };
    add(file_.working_hours_attributes, true, "workingHoursAttributes");
    add(file_.non_working_hours_attributes, false, "nonWorkingHoursAttributes");
  }

  void XmlContent() {
    if (!rules_.extract_xml_content_from_job_description) {
      Became("extractXmlContentFromJobDescription",
             "off: nothing is taken out of the documentation");
      return;
    }
    if (file_.xml_tag.empty()) {
      Warn("rules.extractXmlContentFromJobDescription",
           "is on, and jobDescriptionXmlTag.xmlTag is empty: nothing is taken "
           "out of the documentation",
           "name the tag");
      return;
    }
    if (file_.xml_tag.size() > kMaxQuoted) {
      Warn("jobDescriptionXmlTag.xmlTag",
           "is longer than 200 bytes: nothing is taken out of the "
           "documentation",
           "name a shorter tag");
      return;
    }
    const std::string tag = Quoted(file_.xml_tag);
    ::config::v1::TemplateValue* value = template_.add_values();
    value->set_name(kXmlContent);
    value->set_text("{{documentation}}");
    value->set_pattern(
        absl::StrCat("(?s)<", tag, ">\\s*(.*?)\\s*</", tag, ">"));
    has_xml_ = true;
    TemplateRule* rule = template_.add_rules();
    rule->set_name("extractXmlContentFromJobDescription");
    rule->add_matchers()->mutable_value()->set_name(kXmlContent);
    rule->set_add_to_description(absl::StrCat("\n{{", kXmlContent, "}}"));
    Became("extractXmlContentFromJobDescription",
           absl::StrCat("the value ", kXmlContent,
                        " and a rule that adds it to the description"));
  }

  void DocumentationRouting() {
    if (!rules_.routing_by_documentation_content) {
      Became("routingByDocumentationContent", "off: no rule on it");
      return;
    }
    const auto& routing = file_.documentation_routing;
    if (routing.attribute.empty()) {
      Warn("rules.routingByDocumentationContent",
           "is on, and documentationRouting.routingAttribute is empty: nothing "
           "is routed by it",
           "name the attribute");
      return;
    }
    if (!has_xml_) {
      Warn("rules.routingByDocumentationContent",
           "needs extractXmlContentFromJobDescription and its tag: without "
           "them every job counts as one without documentation",
           "switch that rule on, or this one off");
    }
    Route(true, true, "workingHoursWithDoc", routing.working_hours_with);
    Route(true, false, "workingHoursWithoutDoc", routing.working_hours_without);
    Route(false, true, "nonWorkingHoursWithDoc",
          routing.non_working_hours_with);
    Route(false, false, "nonWorkingHoursWithoutDoc",
          routing.non_working_hours_without);
    Became("routingByDocumentationContent",
           absl::StrCat("rules that set ", routing.attribute));
  }

  void Route(bool inside, bool documented, const char* name,
             const std::string& value) {
    if (value.empty() || (documented && !has_xml_)) return;
    TemplateRule* rule = HoursRule(inside, name);
    if (rule == nullptr) return;
    if (has_xml_) {
      ::config::v1::RuleMatcher* matcher = rule->add_matchers();
      matcher->mutable_value()->set_name(kXmlContent);
      matcher->set_negate(!documented);
    }
    const std::string path = absl::StrCat("documentationRouting.", name);
    if (!SetAttribute(
            {file_.documentation_routing.attribute, value, file_.PlaceOf(path)},
            remarks_, rule)) {
      template_.mutable_rules()->RemoveLast();
    }
  }

  // Where the application's id is cut out of; empty if nowhere.
  std::string ApplicationSource() {
    const bool by_schedule = rules_.extract_app_id_from_schedule_name;
    const bool by_tag = rules_.extract_app_id_from_tag_name;
    Became("extractAppIdFromScheduleName",
           by_schedule ? absl::StrCat("the value ", kApplication,
                                      ", cut out of the schedule's name")
                       : "off: the schedule's name is not looked at");
    if (!by_tag || !by_schedule) {
      Became("extractAppIdFromTagName",
             by_tag ? absl::StrCat("the value ", kApplication,
                                   ", cut out of the first tag that fits")
                    : "off: tags are not looked at for it");
    }
    if (by_schedule && by_tag) {
      Warn("rules.extractAppIdFromTagName",
           "excludes extractAppIdFromScheduleName, which is used",
           "switch one of them off");
    }
    if (by_schedule) return "{{schedule}}";
    if (by_tag) return "{{#tags}}{{.}}\n{{/tags}}";
    return "";
  }

  void Application() {
    if (!rules_.application_id_retrieval_from_cmdb) {
      Became("applicationIdRetrievalFromCmdb",
             "off: nothing is looked up in the CMDB");
      for (const char* rule :
           {"extractAppIdFromScheduleName", "extractAppIdFromTagName"}) {
        const std::string field = absl::StrCat("rules.", rule);
        const bool on = absl::string_view(rule) == "extractAppIdFromTagName"
                            ? rules_.extract_app_id_from_tag_name
                            : rules_.extract_app_id_from_schedule_name;
        if (on) {
          Warn(field, "has no effect without applicationIdRetrievalFromCmdb",
               "switch that on, or this off");
        } else {
          Became(rule, "off");
        }
      }
      return;
    }
    const std::string source = ApplicationSource();
    if (source.empty() || file_.number_of_chars <= 0 ||
        file_.start_location < 0 || file_.start_location > 500 ||
        file_.number_of_chars > 500 ||
        file_.tag_id_prefix.size() > kMaxQuoted) {
      Warn("rules.applicationIdRetrievalFromCmdb",
           "has nothing to look up: neither extractAppIdFromScheduleName nor "
           "extractAppIdFromTagName is on, or appIdLocation says no place",
           "switch one of them on and give startLocation and numberOfChars, "
           "each up to 500, and a tagIdPrefix of at most 200 bytes");
      return;
    }
    AddLookup(source);
  }

  void AddLookup(const std::string& source) {
    const bool by_tag = !rules_.extract_app_id_from_schedule_name;
    // A line of `source` is the schedule, or a tag. RE2 repeats 1000 times at
    // most.
    std::string line = "(?m)^";
    if (by_tag && !file_.tag_id_prefix.empty()) {
      // The prefix is part of the tag that characters are counted in.
      const int prefix = Characters(file_.tag_id_prefix);
      if (file_.start_location >= prefix) {
        absl::StrAppend(&line, Quoted(file_.tag_id_prefix), ".{",
                        file_.start_location - prefix, "}");
      } else {
        Warn("appIdLocation.startLocation",
             "lies within tagIdPrefix: the id is taken from right behind the "
             "prefix",
             "count from the beginning of the tag, the first character being "
             "0");
        absl::StrAppend(&line, Quoted(file_.tag_id_prefix));
      }
    } else {
      absl::StrAppend(&line, ".{", file_.start_location, "}");
    }
    absl::StrAppend(&line, "(.{", file_.number_of_chars, "})");
    ::config::v1::TemplateValue* value = template_.add_values();
    value->set_name(kApplication);
    value->set_text(source);
    value->set_pattern(line);

    ::config::v1::RecordLookup* lookup = template_.add_lookups();
    lookup->set_name(kApplicationItem);
    lookup->set_table(CmdbTable());
    std::string field = file_.cmdb_query_field;
    if (!IsColumnName(field)) {
      Warn("variables.cmdbQueryFieldAttributeName",
           absl::StrCat("is missing or no column; ", kDefaultCmdbField,
                        " is used, as the connector did before it had the "
                        "variable"),
           "name the column that holds the application's id");
      field = kDefaultCmdbField;
    }
    (*lookup->mutable_where())[field] = absl::StrCat("{{", kApplication, "}}");
    // What the file sets itself stands where nothing is found.
    const auto own = template_.fields().find(kApplicationColumn);
    if (own != template_.fields().end()) lookup->set_otherwise(own->second);
    (*template_.mutable_fields())[kApplicationColumn] =
        absl::StrCat("{{", kApplicationItem, "}}");
    Became("applicationIdRetrievalFromCmdb",
           absl::StrCat("a look-up in ", lookup->table(), " by ", field,
                        "; what it finds is written to ", kApplicationColumn,
                        ". Characters are counted from 0: see whether that is "
                        "what your connector did, and mend the pattern of ",
                        kApplication, " in the native template if not"));
  }

  static int Characters(absl::string_view text) {
    return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
  }

  // `api/now/table/cmdb_ci_appl` and `api/now/cmdb/instance/cmdb_ci_appl` name
  // a table; `api/now/cmdb`, as documented, does not.
  std::string CmdbTable() {
    const auto found = file_.urls.find("cmdb");
    if (found == file_.urls.end()) return "cmdb_ci";
    const std::string last =
        found->second.substr(found->second.find_last_of('/') + 1);
    return absl::StartsWith(last, "cmdb_") && IsColumnName(last) ? last
                                                                 : "cmdb_ci";
  }

  void Tickets() {
    template_.set_existing_ticket(
        ::config::v1::EXISTING_TICKET_POLICY_RESOLVED_ONLY);
    if (rules_.always_create_new_ticket) {
      template_.set_always_create_new_ticket(true);
      Became("alwaysCreateNewTicket", "always_create_new_ticket");
    } else {
      Became("alwaysCreateNewTicket",
             "off: a job that has a ticket may keep it");
    }
    if (!rules_.allow_ticket_reopen) {
      ::config::v1::ReopenEntry* entry = template_.add_reopen();
      entry->set_ticket_state(::config::v1::TICKET_STATE_RESOLVED);
      entry->set_action(::config::v1::REOPEN_ACTION_REPLACE);
      Became("allowTicketReopen",
             "a resolved ticket is replaced by a new one; others are updated");
      return;
    }
    Became("allowTicketReopen",
           "existing_ticket: resolved_only, as the connector since 21.4");
    switch (file_.incident_reopen_state.value_or(2)) {
      case 1:
        template_.set_reopen_state(::config::v1::REOPEN_STATE_NEW);
        break;
      case 2:
        break;  // What the policy sets.
      case 3:
        template_.set_reopen_state(::config::v1::REOPEN_STATE_ON_HOLD);
        break;
      default:
        Warn("variables.incidentReopenState",
             "is no state that a ticket can be reopened to; 2 (In Progress) is "
             "used",
             "write 1, 2 or 3");
    }
  }

  const TemplateFile& file_;
  const TemplateRules& rules_;
  Remarks* const remarks_;
  Template template_;
  NamedValue display_;
  bool has_hours_ = false;
  bool has_xml_ = false;
};

}  // namespace

Template NativeTemplate(const TemplateFile& file, const std::string& file_name,
                        Remarks* remarks) {
  return Importer(file, file_name, remarks).Import();
}

}  // namespace opcon_snow::incumbent
