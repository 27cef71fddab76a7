#include "tests/incumbent/template_matrix.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::incumbent {
namespace {

using nlohmann::json;

// A rule the other way round.
struct Flip {
  const char* name;
  const char* rule;
  bool value;
};

constexpr Flip kFlips[] = {
    {"no-job-log", "includeJobLogAttachment", false},
    {"no-tag-routing", "includeTagRouting", false},
    {"no-correlation-id", "includeCorrelationId", false},
    {"no-cmdb", "applicationIdRetrievalFromCmdb", false},
    {"no-reopen", "allowTicketReopen", false},
    {"no-schedule-name", "extractAppIdFromScheduleName", false},
    {"tag-name", "extractAppIdFromTagName", true},
    {"no-xml-content", "extractXmlContentFromJobDescription", false},
    {"no-documentation-routing", "routingByDocumentationContent", false},
    {"always-new", "alwaysCreateNewTicket", true},
};

// The example's JSON, with its slip mended.
json Parsed(const std::string& documented) {
  return json::parse(absl::StrReplaceAll(
      documented, {{"documentationRouting\"", "\"documentationRouting\""}}));
}

json Everything(json all) {
  for (auto& [rule, value] : all["rules"].items()) {
    value =
        rule != "extractAppIdFromTagName" && rule != "alwaysCreateNewTicket";
  }
  // PAQX0017ROLL and TAG002-QX0017.
  all["appIdLocation"]["numberOfChars"] = 6;
  all["jobDescriptionXmlTag"]["xmlTag"] = "snow";
  all["tags"].push_back({{"indicator", "EXIT"},
                         {"indicatorValue", "NOTICKET"},
                         {"attribute", ""},
                         {"value", ""}});
  all["documentationRouting"] = {
      {"routingAttribute", "u_route"},
      {"workingHoursWithDoc", "Day, documented"},
      {"workingHoursWithoutDoc", "Day, not documented"},
      {"nonWorkingHoursWithDoc", "Night, documented"},
      {"nonWorkingHoursWithoutDoc", "Night, not documented"}};
  return all;
}

json Attributes(json all) {
  const auto add = [&all](const char* list, const char* name,
                          const char* value) {
    all[list].push_back({{"name", name}, {"value", value}});
  };
  add("attributes", "u_placeholders", "{0}|{1}|{2}|{3}|{4}|{5}|{6}|{ 0}");
  add("attributes", "u_syntax", "  \"{1}\" \\ {{1}} {{job}} <&>'' ^ü€ ");
  add("attributes", "u_empty", "");
  add("attributes", "caller_id", "OpCon");
  add("attributes", "state", "2");
  add("workingHoursAttributes", "short_description", "By day: {1}");
  add("nonWorkingHoursAttributes", "description", "At night: {0} {4}");
  all["tags"][0].erase("attribute");
  all["tags"][0].erase("value");
  all["tags"][0]["attributes"] = {{{"name", "category"}, {"value", "Software"}},
                                  {{"name", "urgency"}, {"value", "3"}}};
  all["variables"] = {{"incidentReopenState", "2"},
                      {"cmdbQueryFieldAttributeName", "u_code"}};
  all["urls"][3]["value"] = "api/now/table/cmdb_ci_appl";
  return all;
}

struct Tags {
  const char* name;
  std::vector<std::string> tags;
};

const std::vector<Tags>& AllTags() {
  static const auto* const kTags =
      new std::vector<Tags>{{"TAG_START", {"ROUTE2-A"}},
                            {"TAG_END", {"A-ROUTE1"}},
                            {"TAG_START and TAG_END", {"A-ROUTE1", "ROUTE2-A"}},
                            {"DEFAULT", {"OTHER"}},
                            {"EXIT", {"NOTICKET", "ROUTE2-A"}}};
  return *kTags;
}

std::vector<std::string> TemplateNames() {
  std::vector<std::string> names = {"basic", "all", "attributes"};
  for (const Flip& flip : kFlips) names.emplace_back(flip.name);
  return names;
}

const char* StateName(const std::string& state) {
  return state == "1"   ? "New"
         : state == "2" ? "In Progress"
         : state == "3" ? "On Hold"
         : state == "6" ? "Resolved"
         : state == "7" ? "Closed"
                        : "Canceled";
}

}  // namespace

std::map<std::string, std::string> MatrixTemplates(
    const std::string& documented) {
  std::map<std::string, std::string> templates;
  templates["basic"] = documented;
  const json all = Everything(Parsed(documented));
  templates["all"] = all.dump(2);
  templates["attributes"] = Attributes(all).dump(2);
  for (const Flip& flip : kFlips) {
    json flipped = all;
    flipped["rules"][flip.rule] = flip.value;
    if (std::string(flip.name) == "tag-name") {
      // They exclude each other.
      flipped["rules"]["extractAppIdFromScheduleName"] = false;
      flipped["appIdLocation"]["startLocation"] = 7;
    }
    templates[flip.name] = flipped.dump(2);
  }
  return templates;
}

std::string MatrixCase::Name() const {
  return absl::StrCat(
      by_day ? "day, " : "night, ", tagged,
      in_cmdb ? ", in CMDB" : ", not in CMDB",
      is_documented ? "" : ", not documented",
      had_state.empty() ? ""
                        : absl::StrCat(", ticket was ", StateName(had_state)));
}

std::vector<MatrixCase> MatrixCases() {
  std::vector<MatrixCase> cases;
  for (const std::string& name : TemplateNames()) {
    MatrixCase one;
    one.template_name = name;
    for (const Tags& tags : AllTags()) {
      one.tagged = tags.name;
      one.tags = tags.tags;
      for (const bool by_day : {true, false}) {
        one.by_day = by_day;
        for (const bool in_cmdb : {true, false}) {
          one.in_cmdb = in_cmdb;
          cases.push_back(one);
        }
      }
    }
    one.tagged = AllTags()[0].name;
    one.tags = AllTags()[0].tags;
    one.in_cmdb = true;
    one.is_documented = false;
    for (const bool by_day : {true, false}) {
      one.by_day = by_day;
      cases.push_back(one);
    }
    one.by_day = true;
    one.is_documented = true;
    // Only some rules have to do with an earlier ticket.
    const bool every_state = name == "basic" || name == "all" ||
                             name == "no-reopen" || name == "always-new";
    for (const char* state : {"1", "2", "3", "6", "7", "8"}) {
      if (!every_state && std::string(state) != "6") continue;
      one.had_state = state;
      cases.push_back(one);
    }
  }
  return cases;
}

std::string ApplicationId(int job) { return absl::StrFormat("QX%04d", job); }

}  // namespace opcon_snow::incumbent
