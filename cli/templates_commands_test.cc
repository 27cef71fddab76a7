// templates check, import, render; report --dry-run; config show.

#include <filesystem>
#include <fstream>
#include <string>

#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::cli {
namespace {

namespace v1 = ::incident::v1;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TemplatesTest : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    UseServer(service_.address());
    v1::ValidateTemplateResponse validated;
    Remark(validated.add_diagnostics(), v1::DIAGNOSTIC_SEVERITY_WARNING);
    v1::RenderTemplateResponse rendered;
    rendered.set_template_("payroll");
    v1::RenderedIncident& incident = *rendered.add_incidents();
    incident.set_creates(true);
    incident.set_servicenow("prod");
    (*incident.mutable_fields())["description"] = "one\ntwo\x1b[31m";
    (*incident.mutable_references())["assignment_group"] = "Payroll";
    incident.add_attachment_names("log.txt");
    incident.add_decisions("a new incident: the job has no ticket");
    v1::ImportTemplateResponse imported;
    imported.set_native_text("name: \"basic.json\"\n");
    Remark(imported.add_diagnostics(), v1::DIAGNOSTIC_SEVERITY_WARNING);
    service_.SetTemplates(validated, rendered, imported);
  }

  static void Remark(v1::Diagnostic* remark, v1::DiagnosticSeverity severity) {
    remark->set_severity(severity);
    remark->set_line(3);
    remark->set_column(5);
    remark->set_field("fields");
    remark->set_message("is odd");
    remark->set_mend("mend it");
  }

  FakeIncidentService service_;
};

TEST_F(TemplatesTest, ChecksFiles) {
  const std::string file = WriteFile("payroll.yaml", "fields: {}");
  ProcessResult result = Run({"templates", "check", file});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.out, file + ":3:5: warning: fields: is odd; mend it\n" +
                            file + ": no errors\n");
  EXPECT_EQ(service_.validate_call().name(), "payroll.yaml");
  EXPECT_EQ(service_.validate_call().text(), "fields: {}");

  v1::ValidateTemplateResponse wrong;
  Remark(wrong.add_diagnostics(), v1::DIAGNOSTIC_SEVERITY_ERROR);
  service_.SetTemplates(wrong, {}, {});
  result = Run({"templates", "check", file, "/nowhere.yaml"});
  EXPECT_EQ(result.exit_code, kExitData);
  EXPECT_THAT(result.out, Not(HasSubstr("no errors")));
  EXPECT_THAT(result.error, HasSubstr("/nowhere.yaml cannot be read"));
  EXPECT_EQ(Run({"templates", "check"}).exit_code, kExitUsage);
}

TEST_F(TemplatesTest, ConvertsFiles) {
  const std::string file = WriteFile("basic.json", "{}");
  ProcessResult result = Run({"templates", "import", file});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.out, "name: \"basic.json\"\n");
  EXPECT_THAT(result.error, HasSubstr("basic.json:3:5: warning: fields: is "
                                      "odd; mend it"));
  EXPECT_THAT(service_.import_call().connector_config(), IsEmpty());

  const std::string connector = WriteFile("Connector.config", "[GENERAL]");
  result = Run({"templates", "import", file, "--into", home_,
                "--connector-config", connector});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(service_.import_call().connector_config(), "[GENERAL]");
  std::string line;
  std::getline(std::ifstream(home_ + "/basic.json.yaml") >> std::ws, line);
  EXPECT_EQ(line, "name: \"basic.json\"");
  // What is there is not overwritten.
  EXPECT_EQ(Run({"templates", "import", file, "--into", home_}).exit_code,
            kExitData);
}

TEST_F(TemplatesTest, RendersForARealJob) {
  ProcessResult result = Run({"templates", "render", "payroll", "-a", "GENP001",
                              "-s", "Payroll", "-jn", "JOB", "001", "-e", "5",
                              "-sd", "2026-01-05", "-si", "16", "-sn", "1"});
  EXPECT_EQ(result.exit_code, kExitOk) << result.error;
  EXPECT_EQ(service_.render_call().name(), "payroll");
  EXPECT_EQ(service_.render_call().event().job_key().job_name(), "JOB 001");
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("template: payroll\n"),
            HasSubstr("would create an incident in prod:\n"),
            HasSubstr("  description:\n  | one\n  | two"),
            HasSubstr("  assignment_group (looked up): Payroll\n"),
            HasSubstr("  attached: log.txt\n"), Not(HasSubstr("\x1b"))));

  const std::string file = WriteFile("basic.json", "{}");
  result =
      Run({"templates", "render", file, "-a", "GENP001", "-s", "Payroll", "-jn",
           "JOB", "-e", "5", "-sd", "2026-01-05", "-si", "16", "-sn", "1"});
  EXPECT_EQ(result.exit_code, kExitOk) << result.error;
  EXPECT_EQ(service_.render_call().text(), "{}");
  EXPECT_EQ(service_.render_call().text_name(), "basic.json");
  EXPECT_NE(Run({"templates", "render", "payroll", "-a", "x"}).exit_code,
            kExitOk);
  result = Run({"templates", "render", "payroll", "-jn", "JOB", "-sd",
                "2026-01-05", "-si", "16", "-sn", "1", "--output", "json"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.error, HasSubstr("go before the word \"templates\""));
}

TEST_F(TemplatesTest, ADryRunShowsWhatWouldBeSent) {
  ProcessResult result = Run(FailureReport({"--dry-run", "-t", "payroll"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(service_.render_call().name(), "payroll");
  EXPECT_THAT(result.out, HasSubstr("would create an incident in prod"));
  EXPECT_THAT(service_.accepted(), IsEmpty());
  result = Run(FailureReport({"--dry-run", "--output", "json"}));
  EXPECT_EQ(nlohmann::json::parse(result.out)["template"], "payroll");
}

TEST_F(TemplatesTest, ShowsItsSettings) {
  ProcessResult result = Run({"config", "show"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(HasSubstr(service_.address()),
                                HasSubstr("(from INCIDENTCTL_SERVER)")));
  result = Run({"config", "show", "--output", "json"});
  EXPECT_EQ(nlohmann::json::parse(result.out)["server"]["address"],
            service_.address());
  // Named, not read.
  EXPECT_THAT(Run({"config", "show", "--token-file", "/none"}).out,
              HasSubstr("/none"));
}

}  // namespace
}  // namespace opcon_snow::cli
