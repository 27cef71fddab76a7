// A template of the incumbent connector and the native one that it is imported
// as say the same of every failure.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/config/yaml_writer.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "incident_service/templates/random_facts.h"
#include "incident_service/templates/template_library.h"
#include "nlohmann/json.hpp"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using nlohmann::json;

const json& Documented() {
  static const auto* const kTemplate = [] {
    std::ifstream file(
        "common/incumbent/testdata/documented/templates/basic.json");
    std::stringstream text;
    text << file.rdbuf();
    return new json(json::parse(absl::StrReplaceAll(
        text.str(), {{"documentationRouting\"", "\"documentationRouting\""}})));
  }();
  return *kTemplate;
}

bool Flag() { return *rc::gen::arbitrary<bool>(); }

std::string Clock() {
  return absl::StrFormat("%02d%02d", *rc::gen::inRange(0, 24),
                         *rc::gen::inRange(0, 60));
}

json Attribute(const std::string& name) {
  return {{"name", name},
          {"value", absl::StrCat(RandomText(), "{1} {3} {5}", RandomText())}};
}

// With every rule on or off and every text at random. `tags`: what its entries
// look for.
json RandomTemplate(const std::vector<std::string>& tags) {
  json drawn = Documented();
  for (auto& [rule, value] : drawn["rules"].items()) value = Flag();
  drawn["appIdLocation"] = {{"startLocation", *rc::gen::inRange(0, 5)},
                            {"numberOfChars", *rc::gen::inRange(0, 5)},
                            {"tagIdPrefix", Flag() ? "" : tags.front()}};
  drawn["jobDescriptionXmlTag"]["xmlTag"] = Flag() ? "snow" : RandomText();
  for (auto& [day, hours] : drawn["workingHours"].items()) {
    hours = {{"start", Clock()}, {"stop", Clock()}};
  }
  drawn["tags"] = json::array();
  for (const std::string& tag : tags) {
    drawn["tags"].push_back(
        {{"indicator", *rc::gen::element<std::string>("TAG_START", "TAG_END",
                                                      "DEFAULT", "EXIT")},
         {"indicatorValue", tag},
         {"attribute", Flag() ? "category" : "u_tag"},
         {"value", RandomText()}});
  }
  drawn["attributes"].push_back(Attribute("u_text"));
  if (Flag()) drawn["attributes"].push_back(Attribute("short_description"));
  drawn["workingHoursAttributes"].push_back(Attribute("u_day"));
  drawn["nonWorkingHoursAttributes"].push_back(Attribute("description"));
  drawn["documentationRouting"] = {{"routingAttribute", "u_route"},
                                   {"workingHoursWithDoc", RandomText()},
                                   {"workingHoursWithoutDoc", RandomText()},
                                   {"nonWorkingHoursWithDoc", RandomText()},
                                   {"nonWorkingHoursWithoutDoc", RandomText()}};
  return drawn;
}

std::string Listed(const std::map<std::string, std::string>& columns) {
  std::string text;
  for (const auto& [name, value] : columns) {
    absl::StrAppend(&text, name, "=", value, ";\n");
  }
  return text;
}

// All that a template has to say of a failure.
std::string Said(const Template& chosen, const TemplateFacts& facts) {
  std::vector<std::string> decisions;
  std::string said = chosen.SuppressedBy(facts, &decisions).value_or("wanted");
  for (const WantedRecord& record : chosen.WantedRecords(facts)) {
    absl::StrAppend(&said, "\n", record.name, " ", record.table, " ",
                    record.column, " ", Listed(record.where));
  }
  const RenderedTicket ticket = chosen.Render(facts);
  absl::StrAppend(&said, "\n", ticket.short_description, "\n",
                  ticket.description, "\n", Listed(ticket.fields),
                  Listed(ticket.references), chosen.RenderWorkNote(facts), "\n",
                  chosen.LogFileName(facts, 0, 1), "\n",
                  chosen.correlation_display());
  for (const std::string& decision : ticket.decisions) {
    absl::StrAppend(&said, "\n", decision);
  }
  return said;
}

RC_GTEST_PROP(ImportProperty, TheNativeTemplateSaysTheSameOfEveryFailure, ()) {
  static const std::shared_ptr<const TemplateSet> loaded = [] {
    google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
    configs.Add()->set_name("other");
    config::Faults faults;
    return TemplateSet::Compile(configs, "", &faults);
  }();
  const std::vector<std::string> tags = {"ROUTE1", "A {{#x}} \"q\"", "P2"};
  const CheckedTemplate incumbent =
      CheckTemplate(RandomTemplate(tags).dump(), v1::TEMPLATE_FORMAT_INCUMBENT,
                    "basic.json", *loaded);
  for (const v1::Diagnostic& diagnostic : incumbent.diagnostics) {
    if (diagnostic.severity() == v1::DIAGNOSTIC_SEVERITY_ERROR) {
      RC_LOG() << diagnostic.ShortDebugString() << "\n";
    }
  }
  RC_ASSERT(incumbent.compiled != nullptr);
  const std::string yaml = config::ToYaml(incumbent.config);
  RC_LOG() << yaml;
  const CheckedTemplate native =
      CheckTemplate(yaml, v1::TEMPLATE_FORMAT_NATIVE, "basic.yaml", *loaded);
  RC_ASSERT(native.diagnostics.empty());
  RC_ASSERT(native.compiled != nullptr);
  for (int i = 0; i < 2; ++i) {
    const RandomFacts drawn = DrawFacts(tags);
    RC_ASSERT(Said(*incumbent.compiled, drawn.facts()) ==
              Said(*native.compiled, drawn.facts()));
  }
  // What the templates do beside their texts.
  RC_ASSERT(google::protobuf::util::MessageDifferencer::Equals(
      incumbent.compiled->config(), native.compiled->config()));
}

}  // namespace
}  // namespace opcon_snow::incident
