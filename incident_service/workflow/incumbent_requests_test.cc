// What templates of the incumbent connector send to ServiceNow and OpCon: each
// of its rules on and off, inside and outside working hours, every indicator of
// tags, with and without a record in the CMDB. The requests are compared with
// testdata/incumbent_requests.txt word by word.

#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/config/yaml_loader.h"
#include "common/config/yaml_writer.h"
#include "common/incumbent/template_import.h"
#include "gmock/gmock.h"
#include "incident_service/workflow/workflow_fixture.h"

namespace opcon_snow::incident {
namespace {

namespace sn = ::servicenow::v1;
using Changes = std::vector<std::pair<std::string, std::string>>;

constexpr char kExpected[] =
    "incident_service/workflow/testdata/incumbent_requests.txt";

class IncumbentRequestsTest;

struct Case {
  std::string name;
  // In the documented template: what is there, and what takes its place.
  Changes changes = {};
  std::function<void(IncumbentRequestsTest*)> setup = [](auto*) {};
};

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::string& Documented() {
  static const auto* const kText = new std::string(
      Read("common/incumbent/testdata/documented/templates/basic.json"));
  return *kText;
}

// The sections of the file by their names.
const std::map<std::string, std::string>& Expected() {
  static const auto* const kSections = [] {
    auto* sections = new std::map<std::string, std::string>;
    for (absl::string_view section :
         absl::StrSplit(Read(kExpected), "== ", absl::SkipEmpty())) {
      const std::vector<std::string> parts =
          absl::StrSplit(section, absl::MaxSplits('\n', 1));
      (*sections)[parts[0]] = parts.back();
    }
    return sections;
  }();
  return *kSections;
}

class IncumbentRequestsTest : public WorkflowTest,
                              public ::testing::WithParamInterface<Case> {
 public:
  void Tag(const std::string& tag) { Job().job.add_tags(tag); }
  void AtNight() { Job().job.mutable_utc_offset()->set_seconds(8 * 3600); }
  void Document(const std::string& text) {
    Job().job.mutable_documentation()->set_job_text(text);
  }
  void Item(const std::string& id) {
    sn::Record& record = servicenow_.records.emplace_back();
    record.set_sys_id("00000000000000000000000000000c1d");
    record.set_table("cmdb_ci");
    (*record.mutable_fields())["u_trigramme"].set_value(id);
  }
  // The job has a ticket in that state, and fails.
  void Had(sn::IncidentState state) { had_ = state; }

 protected:
  std::string Sent() {
    std::string text = Documented();
    for (const auto& [from, to] : GetParam().changes) {
      EXPECT_NE(text.find(from), std::string::npos) << from;
      text = absl::StrReplaceAll(text, {{from, to}});
    }
    incumbent::Remarks remarks;
    const incumbent::TemplateFile file =
        incumbent::ParseTemplate(text, &remarks);
    EXPECT_FALSE(remarks.has_error());
    // As it is used at run time, and as people get it from `templates import`:
    // the same.
    ::config::v1::Template config;
    config::Faults faults;
    (void)config::LoadYamlText(
        config::ToYaml(incumbent::NativeTemplate(file, "basic.json", &remarks)),
        &config, &faults);
    EXPECT_EQ(faults.Format(), "");
    config.set_servicenow("prod");
    Configure(config);
    if (had_ != sn::INCIDENT_STATE_UNSPECIFIED) {
      Report("request-0");
      Drive();
      SetState(had_);
      FailAgain();
      servicenow_.last_create.Clear();
      servicenow_.last_update.Clear();
    }
    const std::string report = Report("request-1");
    Drive();
    return Told(Get(report));
  }

 private:
  std::string Told(const ::incident::v1::Report& report) {
    std::string told;
    const auto tell = [&](const char* what,
                          const google::protobuf::Message& request) {
      const std::string yaml = config::ToYaml(request);
      if (!yaml.empty()) absl::StrAppend(&told, "-- ", what, "\n", yaml);
    };
    tell("LookupRecords", servicenow_.last_lookup);
    tell("CreateIncident", servicenow_.last_create);
    tell("UpdateIncident", servicenow_.last_update);
    for (const auto& ticket : Tickets()) {
      absl::StrAppend(&told, "-- the job shows ", ticket.ticket_id(), "\n");
    }
    const std::string& documentation = Job().job.documentation().job_text();
    if (!documentation.empty()) {
      absl::StrAppend(&told, "-- its documentation: ",
                      absl::StrReplaceAll(documentation, {{"\n", "\\n"}}),
                      "\n");
    }
    for (const FakeIncident::File& file : servicenow_.files()) {
      absl::StrAppend(&told, "-- attached ", file.name, "\n");
    }
    for (const std::string& warning : report.warnings()) {
      absl::StrAppend(&told, "-- warning: ", warning, "\n");
    }
    if (report.state() != ::incident::v1::REPORT_STATE_SUCCEEDED) {
      absl::StrAppend(&told, "-- ",
                      ::incident::v1::ReportState_Name(report.state()), ": ",
                      report.summary(), "\n");
    }
    return told;
  }

  sn::IncidentState had_ = sn::INCIDENT_STATE_UNSPECIFIED;
};

TEST_P(IncumbentRequestsTest, AreWordByWord) {
  GetParam().setup(this);
  const std::string sent = Sent();
  const auto expected = Expected().find(GetParam().name);
  ASSERT_TRUE(expected != Expected().end() && expected->second == sent)
      << "Was sent, and does not stand so in " << kExpected
      << ":\n<<<<\n== " << GetParam().name << "\n"
      << sent << ">>>>\n";
}

Changes On(const std::string& rule) {
  return {{absl::StrCat("\"", rule, "\": false"),
           absl::StrCat("\"", rule, "\": true")}};
}
Changes Off(const std::string& rule) {
  return {{absl::StrCat("\"", rule, "\": true"),
           absl::StrCat("\"", rule, "\": false")}};
}
Changes operator+(Changes a, const Changes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Changes& XmlTag() {
  static const auto* const kChanges =
      new Changes(On("extractXmlContentFromJobDescription") +
                  Changes{{"\"xmlTag\": \"\"", "\"xmlTag\": \"snow\""}});
  return *kChanges;
}
const Changes& Routing() {
  static const auto* const kChanges = new Changes(
      XmlTag() + On("routingByDocumentationContent") +
      Changes{{"\"routingAttribute\": \"\"",
               "\"routingAttribute\": \"assignment_group\""},
              {"\"workingHoursWithDoc\": \"\"",
               "\"workingHoursWithDoc\": \"Day, documented\""},
              {"\"workingHoursWithoutDoc\": \"\"",
               "\"workingHoursWithoutDoc\": \"Day, not documented\""},
              {"\"nonWorkingHoursWithDoc\": \"\"",
               "\"nonWorkingHoursWithDoc\": \"Night, documented\""},
              {"\"nonWorkingHoursWithoutDoc\": \"\"",
               "\"nonWorkingHoursWithoutDoc\": \"Night, not documented\""}});
  return *kChanges;
}

std::vector<Case> Cases() {
  using T = IncumbentRequestsTest;
  const std::string documented = "See there.\n<snow> Call Anna. </snow>";
  const Changes tags = On("includeTagRouting");
  const Changes cmdb = On("applicationIdRetrievalFromCmdb");
  const Changes by_schedule = cmdb + On("extractAppIdFromScheduleName");
  const Changes by_tag =
      cmdb + On("extractAppIdFromTagName") +
      Changes{{"\"startLocation\": 2", "\"startLocation\": 7"}};
  std::vector<Case> cases = {
      {"documented"},
      {"documented_at_night", {}, [](T* t) { t->AtNight(); }},
      {"no_working_hours_at_all", {{"\"1900\"", "\"0800\""}}},
      {"no_job_log", Off("includeJobLogAttachment")},
      {"no_correlation_id", Off("includeCorrelationId")},
      {"correlation_display_slip", {{"SMA_OPCON", "SMA_OPEN"}}},
      {"state_and_other_attributes",
       {{"{ \"name\": \"correlation_id\", \"value\": \"\" },",
         "{ \"name\": \"state\", \"value\": \"2\" },"
         "{ \"name\": \"assignment_group\", \"value\": \"0a0b\" },"
         "{ \"name\": \"u_job\", \"value\": \"{1} {{x}} {9}\" },"
         "{ \"name\": \"caller_id\", \"value\": \"\" },"
         "{ \"name\": \"work_notes\", \"value\": \"never\" },"}}},
      {"default_texts",
       {{"\"name\": \"short_description\"", "\"name\": \"u_one\""},
        {"\"name\": \"description\"", "\"name\": \"u_two\""}}},
      {"tags_off", {}, [](T* t) { t->Tag("ROUTE2"); }},
      {"tag_end", tags, [](T* t) { t->Tag("A-ROUTE1"); }},
      {"tag_start", tags, [](T* t) { t->Tag("ROUTE2-A"); }},
      {"tag_start_and_end", tags,
       [](T* t) {
         t->Tag("A-ROUTE1");
         t->Tag("ROUTE2-A");
       }},
      {"tag_default", tags, [](T* t) { t->Tag("OTHER"); }},
      {"tag_default_without_tags", tags},
      {"tag_exit",
       tags +
           Changes{{"\"indicator\": \"TAG_END\"", "\"indicator\": \"EXIT\""}},
       [](T* t) { t->Tag("ROUTE1"); }},
      {"tag_exit_of_another",
       tags +
           Changes{{"\"indicator\": \"TAG_END\"", "\"indicator\": \"EXIT\""}},
       [](T* t) { t->Tag("ROUTE11"); }},
      {"tag_with_several_attributes",
       tags + Changes{{"\"attribute\": \"category\", \"value\": \"Software\"",
                       "\"attributes\": [{\"name\": \"category\", \"value\": "
                       "\"Software\"}, {\"attribute\": \"urgency\", \"value\": "
                       "\"3\"}]"}},
       [](T* t) { t->Tag("ROUTE1"); }},
      {"cmdb_by_schedule_hit", by_schedule, [](T* t) { t->Item("yro"); }},
      {"cmdb_by_schedule_miss", by_schedule},
      {"cmdb_by_schedule_twice", by_schedule,
       [](T* t) {
         t->Item("yro");
         t->Item("yro");
       }},
      {"cmdb_by_tag_hit", by_tag,
       [](T* t) {
         t->Tag("OTHER");
         t->Tag("TAG002-ABC");
         t->Item("ABC");
       }},
      {"cmdb_by_tag_without_tag", by_tag, [](T* t) { t->Tag("OTHER"); }},
      {"cmdb_by_nothing", cmdb},
      {"cmdb_by_both", by_schedule + On("extractAppIdFromTagName"),
       [](T* t) { t->Item("yro"); }},
      {"cmdb_names_without_cmdb",
       On("extractAppIdFromScheduleName") + On("extractAppIdFromTagName")},
      {"xml_content", XmlTag(), [=](T* t) { t->Document(documented); }},
      {"xml_content_not_there", XmlTag(), [](T* t) { t->Document("nothing"); }},
      {"xml_content_without_tag_name",
       On("extractXmlContentFromJobDescription"),
       [=](T* t) { t->Document(documented); }},
      {"routing_by_day_with", Routing(),
       [=](T* t) { t->Document(documented); }},
      {"routing_by_day_without", Routing()},
      {"routing_at_night_with", Routing(),
       [=](T* t) {
         t->Document(documented);
         t->AtNight();
       }},
      {"routing_at_night_without", Routing(), [](T* t) { t->AtNight(); }},
      {"routing_without_xml", On("routingByDocumentationContent") +
                                  Changes{{"\"routingAttribute\": \"\"",
                                           "\"routingAttribute\": "
                                           "\"category\""},
                                          {"\"workingHoursWithoutDoc\": \"\"",
                                           "\"workingHoursWithoutDoc\": "
                                           "\"Day\""}}},
      {"always_new", On("alwaysCreateNewTicket"),
       [](T* t) { t->Had(sn::INCIDENT_STATE_IN_PROGRESS); }},
      {"resolved_without_reopen", Off("allowTicketReopen"),
       [](T* t) { t->Had(sn::INCIDENT_STATE_RESOLVED); }},
      {"new_without_reopen", Off("allowTicketReopen"),
       [](T* t) { t->Had(sn::INCIDENT_STATE_NEW); }},
  };
  const std::vector<std::pair<std::string, sn::IncidentState>> states = {
      {"new", sn::INCIDENT_STATE_NEW},
      {"in_progress", sn::INCIDENT_STATE_IN_PROGRESS},
      {"on_hold", sn::INCIDENT_STATE_ON_HOLD},
      {"resolved", sn::INCIDENT_STATE_RESOLVED},
      {"closed", sn::INCIDENT_STATE_CLOSED},
      {"canceled", sn::INCIDENT_STATE_CANCELED}};
  for (const auto& [name, state] : states) {
    const sn::IncidentState had = state;
    cases.push_back({"had_" + name, {}, [had](T* t) { t->Had(had); }});
  }
  for (const char* reopen : {"2", "3", "6"}) {
    cases.push_back({absl::StrCat("resolved_to_", reopen),
                     {{"\"incidentReopenState\": 1",
                       absl::StrCat("\"incidentReopenState\": ", reopen)}},
                     [](T* t) { t->Had(sn::INCIDENT_STATE_RESOLVED); }});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Matrix, IncumbentRequestsTest,
                         ::testing::ValuesIn(Cases()),
                         [](const ::testing::TestParamInfo<Case>& info) {
                           return info.param.name;
                         });

TEST(IncumbentRequestsFileTest, HasNoCaseThatNobodyTries) {
  std::map<std::string, int> names;
  for (const Case& each : Cases()) ++names[each.name];
  for (const auto& [name, text] : Expected()) {
    EXPECT_EQ(names[name], 1) << name;
  }
}

}  // namespace
}  // namespace opcon_snow::incident
