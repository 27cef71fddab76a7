#include "common/incumbent/template_import.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/config/yaml_loader.h"
#include "common/config/yaml_writer.h"
#include "common/incumbent/directory.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incumbent {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr char kDocumented[] = "common/incumbent/testdata/documented";

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

std::string Documented() {
  return Read(absl::StrCat(kDocumented, "/templates/basic.json"));
}

// "error 12:5 rules.x: message; mend", a line each.
std::string Told(const Remarks& remarks, bool notes = false) {
  std::string told;
  for (const Remark& remark : remarks.all()) {
    if (remark.severity == Severity::kNote && !notes) continue;
    absl::StrAppend(&told,
                    remark.severity == Severity::kError     ? "error "
                    : remark.severity == Severity::kWarning ? "warning "
                                                            : "note ",
                    remark.place.line, ":", remark.place.column, " ",
                    remark.field, ": ", remark.message, "; ", remark.mend,
                    "\n");
  }
  return told;
}

TEST(TemplateImportTest, TheDocumentedTemplateIsTakenWithItsSlip) {
  Remarks remarks;
  const TemplateFile file = ParseTemplate(Documented(), &remarks);
  EXPECT_EQ(Told(remarks),
            "warning 72:3 documentationRouting: the key lacks a quotation "
            "mark: documentationRouting\"; write \"documentationRouting\"\n");
  EXPECT_EQ(file.address, "dev70313.service-now.com");
  EXPECT_EQ(file.user, "admin");
  EXPECT_EQ(file.password.Reveal(), "admin");
  const ::config::v1::Template native =
      NativeTemplate(file, "basic.json", &remarks);
  EXPECT_EQ(config::ToYaml(native), R"yaml(name: "basic.json"
servicenow: "basic"
short_description: "OpCon Task Failure (schedule {{schedule}} job {{job}} server {{machine}} error code {{termination}})"
description: "Technical data of the Opcon batch (schedule ({{schedule}}) job ({{job}}) server ({{machine}}) error code ({{termination}}) date ({{day}}-{{month}}-{{year}} {{hour}}:{{minute}}) JOBID={{#unique_job_id}}{{unique_job_id}}{{/unique_job_id}}{{^unique_job_id}}{{job_id}}{{/unique_job_id}})"
existing_ticket: resolved_only
rules:
  - name: "workingHoursAttributes"
    matchers:
      - working_hours: "workingHours"
    fields:
      "impact": "2"
      "urgency": "1"
  - name: "nonWorkingHoursAttributes"
    matchers:
      - working_hours: "workingHours"
        negate: true
    fields:
      "impact": "3"
      "urgency": "2"
correlation_display: "SMA_OPCON"
reopen_state: new
rule_mode: all
working_hours:
  - name: "workingHours"
    periods:
      - days:
          - monday
        start: "08:00"
        end: "19:00"
      - days:
          - tuesday
        start: "08:00"
        end: "19:00"
      - days:
          - wednesday
        start: "08:00"
        end: "19:00"
      - days:
          - thursday
        start: "08:00"
        end: "19:00"
      - days:
          - friday
        start: "08:00"
        end: "19:00"
)yaml");
}

TEST(TemplateImportTest, WhatBecameOfEachRuleIsSaid) {
  constexpr const char* kRules[] = {"includeJobLogAttachment",
                                    "includeTagRouting",
                                    "includeCorrelationId",
                                    "applicationIdRetrievalFromCmdb",
                                    "allowTicketReopen",
                                    "extractAppIdFromScheduleName",
                                    "extractAppIdFromTagName",
                                    "extractXmlContentFromJobDescription",
                                    "routingByDocumentationContent",
                                    "alwaysCreateNewTicket"};
  for (const char* on : kRules) {
    // Each alone, and with all others.
    for (const bool alone : {true, false}) {
      std::string text = Documented();
      for (const char* rule : kRules) {
        const bool is_on = alone == (std::string(rule) == on);
        for (const char* was : {"true", "false"}) {
          text = absl::StrReplaceAll(
              text,
              {{absl::StrCat("\"", rule, "\": ", was),
                absl::StrCat("\"", rule, "\": ", is_on ? "true" : "false")}});
        }
      }
      Remarks remarks;
      const TemplateFile file = ParseTemplate(text, &remarks);
      NativeTemplate(file, "basic.json", &remarks);
      for (const char* rule : kRules) {
        EXPECT_THAT(Told(remarks, /*notes=*/true),
                    HasSubstr(absl::StrCat(" rules.", rule, ": ")))
            << on << alone;
      }
    }
  }
}

TEST(TemplateImportTest, TheInstanceIsWhereTheFileSays) {
  Remarks remarks;
  const TemplateFile file = ParseTemplate(Documented(), &remarks);
  ConnectorConfig connector;
  connector.use_proxy = true;
  connector.proxy_address = "10.200.180.18";
  connector.proxy_port = 8080;
  const ::config::v1::ServiceNowInstance instance = ServiceNowInstanceFrom(
      file, "basic.json", "/x/basic.json", connector, &remarks);
  EXPECT_EQ(config::ToYaml(instance),
            "name: \"basic\"\n"
            "base_url: \"https://dev70313.service-now.com\"\n"
            "basic:\n"
            "  username: \"admin\"\n"
            "  password_file: \"/x/basic.json\"\n"
            "integration_user: \"admin\"\n"
            "proxy:\n"
            "  url: \"http://10.200.180.18:8080\"\n"
            "paths:\n"
            "  table: \"/api/now/table\"\n"
            "  attachment: \"/api/now/attachment\"\n");
}

TEST(TemplateImportTest, AnIntermediateTableIsKept) {
  Remarks remarks;
  const TemplateFile file = ParseTemplate(
      R"({"address": {"value": "x"}, "credentials": {"user": "61", "password": "61"},
          "rules": {}, "urls": [
          {"name": "incident", "value": "/api/now/import/u_opcon"},
          {"name": "getincident", "value": "api/now/table/u_incident"},
          {"name": "attachment", "value": "api/now/table/incident"}]})",
      &remarks);
  const ::config::v1::ServiceNowInstance instance =
      ServiceNowInstanceFrom(file, "a.json", "/a.json", {}, &remarks);
  EXPECT_EQ(instance.incident_table(), "u_incident");
  EXPECT_EQ(instance.paths().table(), "/api/now/table");
  EXPECT_EQ(instance.paths().create(), "/api/now/import");
  EXPECT_EQ(instance.paths().create_table(), "u_opcon");
  EXPECT_EQ(instance.paths().attachment(), "");
  EXPECT_THAT(Told(remarks), HasSubstr("prints that of the incident table"));
}

TEST(TemplateImportTest, InstancesAreNamedByTheirFiles) {
  EXPECT_EQ(InstanceName("basic.json"), "basic");
  EXPECT_EQ(InstanceName("Prod EU.json"), "prod-eu");
  EXPECT_EQ(InstanceName("2026.json"), "t-2026");
  EXPECT_EQ(InstanceName("ü.json"), "t");
}

TEST(ConnectorConfigTest, TheDocumentedOneIsRead) {
  Remarks remarks;
  const ConnectorConfig config = ParseConnectorConfig(
      Read(absl::StrCat(kDocumented, "/Connector.config")), &remarks);
  EXPECT_EQ(Told(remarks), "");
  const ::config::v1::OpConInstance instance =
      OpConInstanceFrom(config, "/x/Connector.config");
  EXPECT_EQ(instance.base_url(), "https://50.17.60.164:9010");
  EXPECT_EQ(instance.public_address(), "50.17.60.164:9010");
  EXPECT_EQ(config.token.Reveal(), "00000000-0000-4000-8000-000000000001");
  EXPECT_FALSE(config.use_proxy);
}

TEST(ConnectorConfigTest, WindowsHabitsAreTaken) {
  Remarks remarks;
  const ConnectorConfig config = ParseConnectorConfig(
      "\xEF\xBB\xBF; a comment\r\n[opcon api connection]\r\nserver = h \r\n"
      "PORT= 9010 ; why\r\nToken=a;b\r\nuses_tls=TRUE\r\n[General]\r\n"
      "TEMPLATES_DIRECTORY=C:\\Connectors\\ServiceNow\\templates\r\n",
      &remarks);
  EXPECT_EQ(Told(remarks), "");
  EXPECT_EQ(config.server, "h");
  EXPECT_EQ(config.port, 9010);
  EXPECT_EQ(config.token.Reveal(), "a;b");
  EXPECT_EQ(config.templates_directory, "C:/Connectors/ServiceNow/templates");
}

TEST(DirectoryTest, TheDocumentedFolderBecomesInstancesThatEntriesCover) {
  ::config::v1::SnowGatewayConfig config;
  config.set_incumbent_directory(kDocumented);
  auto* entry = config.add_instances();
  entry->set_name("basic");
  entry->set_base_url("https://127.0.0.1:1");
  config.add_instances()->set_name("other");
  config::Faults faults;
  ServiceNowLogins logins;
  const ::config::v1::SnowGatewayConfig complete =
      WithIncumbent(config, &logins, &faults);
  EXPECT_EQ(faults.Format(), "");
  ASSERT_EQ(complete.instances_size(), 2);
  EXPECT_EQ(complete.instances(0).base_url(), "https://127.0.0.1:1");
  EXPECT_EQ(complete.instances(0).basic().username(), "admin");
  EXPECT_EQ(logins.passwords["basic"].Reveal(), "admin");
  EXPECT_EQ(complete.instances(1).name(), "other");

  entry->set_api_key_file("/key");
  logins.passwords.clear();
  EXPECT_EQ(WithIncumbent(config, &logins, &faults).instances(0).api_key_file(),
            "/key");
  EXPECT_THAT(logins.passwords, IsEmpty());
}

TEST(DirectoryTest, TheOpConOfTheFolderIsAnInstance) {
  ::config::v1::OpConGatewayConfig config;
  config.set_incumbent_directory(kDocumented);
  config::Faults faults;
  std::string token_file;
  const auto complete = WithIncumbent(config, &token_file, &faults);
  EXPECT_EQ(faults.Format(), "");
  ASSERT_EQ(complete.instances_size(), 1);
  EXPECT_EQ(complete.instances(0).name(), "opcon");
  EXPECT_EQ(complete.instances(0).token_file(), token_file);
  const auto token = ReadToken(token_file);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->Reveal(), "00000000-0000-4000-8000-000000000001");

  config.add_instances()->set_name("opcon");
  config.mutable_instances(0)->set_token_file("/own");
  token_file.clear();
  EXPECT_EQ(
      WithIncumbent(config, &token_file, &faults).instances(0).token_file(),
      "/own");
  EXPECT_EQ(token_file, "");
}

TEST(DirectoryTest, AFolderThatIsNotThereIsAFault) {
  ::config::v1::SnowGatewayConfig config;
  config.set_incumbent_directory("/nowhere");
  config::Faults faults;
  ServiceNowLogins logins;
  WithIncumbent(config, &logins, &faults);
  EXPECT_THAT(faults.Format(),
              AllOf(HasSubstr("incumbent_directory: "),
                    HasSubstr("/nowhere/Connector.config cannot be read")));
}

TEST(DirectoryTest, APasswordIsReadAgainFromItsTemplate) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/again.json");
  const auto write = [&path](const std::string& password) {
    std::ofstream(path) << absl::StrReplaceAll(
        Documented(), {{"\"password\": \"595752746157343d\"",
                        absl::StrCat("\"password\": \"", password, "\"")}});
  };
  // "secret" as EncryptValue prints it, with blanks around that.
  write(" 6332566a636d5630 ");
  const auto password = ReadPassword(path);
  ASSERT_TRUE(password.ok()) << password.status();
  EXPECT_EQ(password->Reveal(), "secret");
  write("");
  EXPECT_EQ(ReadPassword(path).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadPassword("/nowhere.json").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(DecodeValueTest, OnlyWhatEncryptValueWroteIsDecoded) {
  EXPECT_EQ(DecodeValue("595752746157343d"), "admin");
  EXPECT_EQ(DecodeValue("595752746157343"), std::nullopt);
  EXPECT_EQ(DecodeValue("admin"), std::nullopt);
  EXPECT_EQ(DecodeValue("zz"), std::nullopt);
  EXPECT_EQ(DecodeValue(""), std::nullopt);
}

// What a text of the connector says stays what it is, but for placeholders.
RC_GTEST_PROP(TemplateImportProperty, TextsNeverBreakTheTemplate, ()) {
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
          {{2, rc::gen::inRange<char>(32, 127)},
           {3, rc::gen::element('{', '}', '0', '9', '<', '%', '(', '=')}}));
  TemplateFile file;
  file.attributes = {{"description", text, {}}, {"u_text", text, {}}};
  const auto indicator = [] {
    return *rc::gen::element<std::string>("TAG_START", "TAG_END", "DEFAULT",
                                          "EXIT");
  };
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    file.tags.push_back({indicator(), text, {{"u_tag", text, {}}}, {}, "tags"});
  }
  TemplateRules& rules = file.rules;
  for (bool* rule :
       {&rules.include_job_log_attachment, &rules.include_tag_routing,
        &rules.include_correlation_id,
        &rules.application_id_retrieval_from_cmdb, &rules.allow_ticket_reopen,
        &rules.extract_app_id_from_schedule_name,
        &rules.extract_app_id_from_tag_name,
        &rules.extract_xml_content_from_job_description,
        &rules.routing_by_documentation_content,
        &rules.always_create_new_ticket}) {
    *rule = *rc::gen::arbitrary<bool>();
  }
  file.start_location = *rc::gen::inRange(-1, 600);
  file.number_of_chars = *rc::gen::inRange(-1, 600);
  file.tag_id_prefix = text;
  file.xml_tag = text;
  file.documentation_routing = {"u_route", text, "", text, text};
  file.incident_reopen_state = *rc::gen::inRange(0, 9);
  for (std::optional<WorkingDay>& day : file.working_hours) {
    if (*rc::gen::arbitrary<bool>()) {
      day = WorkingDay{
          *rc::gen::inRange(0, 1440), *rc::gen::inRange(0, 1441), {}};
    }
  }
  file.working_hours_attributes = {{"u_day", text, {}}};
  file.non_working_hours_attributes = {{"u_night", text, {}}};
  Remarks remarks;
  const ::config::v1::Template native =
      NativeTemplate(file, "a.json", &remarks);
  // Through YAML, as `templates import` gives it to people.
  ::config::v1::Template read;
  config::Faults faults;
  (void)config::LoadYamlText(config::ToYaml(native), &read, &faults);
  RC_ASSERT(faults.Format() == "");
  RC_ASSERT(MessageDifferencer::Equals(native, read));
}

// The reader never fails on anything, and says so where it cannot use it.
RC_GTEST_PROP(TemplateImportProperty, AnyDamageIsToldOrHarmless, ()) {
  static const std::string* const kWhole = new std::string(Documented());
  std::string text = *kWhole;
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size());
  const std::size_t length = *rc::gen::inRange<std::size_t>(0, 20);
  const std::string with = *rc::gen::container<std::string>(
      rc::gen::element('"', '{', '}', '[', ']', ',', ':', 'x', '\n', '\\', '&',
                       '*', '!', '#', '\t'));
  text.replace(at, length, with);
  Remarks remarks;
  const TemplateFile file = ParseTemplate(text, &remarks);
  if (!remarks.has_error()) {
    NativeTemplate(file, "a.json", &remarks);
    ServiceNowInstanceFrom(file, "a.json", "/a.json", {}, &remarks);
    RC_ASSERT(!file.address.empty());
  }
  Remarks config_remarks;
  ParseConnectorConfig(text, &config_remarks);
}

}  // namespace
}  // namespace opcon_snow::incumbent
