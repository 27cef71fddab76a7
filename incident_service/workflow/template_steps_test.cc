// What templates make of a failure on its way: rules that want no ticket,
// look-ups, texts with logs and runs, the reopen table, redaction, previews.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/yaml_loader.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/workflow/line_filter.h"
#include "incident_service/workflow/workflow_fixture.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class TemplateStepsTest : public WorkflowTest {
 protected:
  void Use(const std::string& yaml) {
    ::config::v1::Template config;
    config::Faults faults;
    (void)config::LoadYamlText(yaml, &config, &faults);
    ASSERT_TRUE(faults.empty()) << faults.Format();
    Configure(config);
  }
  TicketPreview Preview(v1::EventKind kind = v1::EVENT_KIND_JOB_FAILED) {
    v1::Report report = MakeReport("request-preview");
    report.mutable_event()->set_kind(kind);
    auto preview = steps_->Preview(report, *templates_->Find(""));
    EXPECT_OK(preview.status());
    return *std::move(preview);
  }
};

TEST_F(TemplateStepsTest, ARuleThatWantsNoTicketEndsTheReport) {
  Use("rules: [{name: known, matchers: [{tag: EXIT}], suppress: true}]");
  Job().job.add_tags("EXIT");
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUPPRESSED);
  EXPECT_EQ(Get(id).summary(),
            "No ticket: rule \"known\" of template basic.json wants no "
            "ticket.");
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
  EXPECT_THAT(Tickets(), IsEmpty());
  EXPECT_EQ(servicenow_.failures.calls("UpdateIncident"), 0);
}

TEST_F(TemplateStepsTest, WhatAppliedIsSaidInTheOutcome) {
  Use("rules: [{name: night, fields: {urgency: '1'}}]");
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(GetStep(id, v1::STEP_KIND_TICKET).outcome(),
            "created INC0000001; rule \"night\" applies: sets urgency");
  EXPECT_THAT(Incident().incident.fields(), SizeIs(1));
}

constexpr char kLookup[] =
    "lookups: [{name: item, where: {name: '{{machine}}'}}]\n"
    "fields: {cmdb_ci: '{{item}}'}\n"
    "rules: [{matchers: [{value: {name: item}, negate: true}], fields: "
    "{urgency: '3'}}]";

TEST_F(TemplateStepsTest, ALookUpWaitsForServiceNow) {
  Use(kLookup);
  sn::Record& record = servicenow_.records.emplace_back();
  record.set_table("cmdb_ci");
  record.set_sys_id("0a0b");
  (*record.mutable_fields())["name"].set_value("GENP001");
  servicenow_.failures.FailBefore("LookupRecords",
                                  absl::UnavailableError("no connection"), 3);
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Incident().incident.fields().at("cmdb_ci").value(), "0a0b");
  EXPECT_EQ(Incident().incident.fields().count("urgency"), 0U);
  EXPECT_THAT(Get(id).warnings(), IsEmpty());
}

TEST_F(TemplateStepsTest, ATableThatMayNotBeReadKeepsNoTicketBack) {
  Use(kLookup);
  servicenow_.failures.FailBefore(
      "LookupRecords",
      MakeError(absl::StatusCode::kPermissionDenied, "no right to cmdb_ci",
                {.reason = "UPSTREAM_PERMISSION", .domain = "fake"}));
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_EQ(Incident().incident.fields().count("cmdb_ci"), 0U);
  EXPECT_EQ(Incident().incident.fields().at("urgency").value(), "3");
  EXPECT_THAT(Get(id).warnings(),
              ElementsAre(AllOf(HasSubstr("look-up \"item\" (cmdb_ci with "
                                          "name = GENP001) failed"),
                                HasSubstr("no right to cmdb_ci"))));
}

TEST_F(TemplateStepsTest, TextsTellTheEndOfTheLogAndTheLastRuns) {
  Use("description: \"{{log_tail}}\\n{{#last_runs}}{{.}}\\n{{/last_runs}}\"\n"
      "log_attachment: {redact: ['pass\\w+=\\S+']}");
  FailAgain("line 1\npassword=secret1\n" + std::string(3000, 'x') +
            "\npassword=secret2 end");
  servicenow_.failures.LoseAnswer("CreateIncident");
  Report("request-1");
  Drive();
  const std::string& text = Incident().incident.description();
  EXPECT_THAT(text, AllOf(HasSubstr("[redacted] end\n2026-01-05 12:10:00 "
                                    "+00:00: Failed 0000000005 (run 49896)\n"
                                    "2026-01-05 12:00:00 +00:00: Failed "
                                    "0000000005 (run 49895)\n"),
                          Not(HasSubstr("secret")), Not(HasSubstr("line 1"))));
  // Once for the text, though the ticket was tried twice; once to attach it.
  EXPECT_EQ(opcon_.failures.calls("ReadJobLog"), 2);
}

TEST_F(TemplateStepsTest, NoTicketWaitsForTextsOfOpCon) {
  Use("description: '{{log_tail}}{{#last_runs}}{{.}}{{/last_runs}}end'");
  opcon_.failures.FailBefore("ListJobHistory",
                             absl::UnavailableError("history is down"));
  opcon_.failures.FailBefore("ListJobLogs",
                             absl::UnavailableError("agent is down"));
  const std::string id = Report("request-1");
  Drive();
  EXPECT_EQ(Get(id).state(), v1::REPORT_STATE_SUCCEEDED);
  EXPECT_THAT(Incident().incident.description(),
              ::testing::StartsWith("end\n[OpCon failure"));
  EXPECT_THAT(Get(id).warnings(),
              ElementsAre(HasSubstr("without the last runs: history is down"),
                          HasSubstr("the end of the log: agent is down")));
}

TEST_F(TemplateStepsTest, LogsAreRedactedAndThenCut) {
  Use("log_attachment: {head_bytes: 20, tail_bytes: 10, redact: ['k=\\w+']}");
  FailAgain("a k=12345678901234567890\nb" + std::string(100, 'x') + "the end");
  Report("request-1");
  Drive();
  ASSERT_THAT(servicenow_.files(), SizeIs(1));
  EXPECT_EQ(servicenow_.files()[0].content,
            "a [redacted]\nbxxxxxx\n[... 91 bytes left out ...]\nxxxthe end");
}

TEST_F(TemplateStepsTest, TheReopenTableWinsOverThePolicy) {
  Use("existing_ticket: reopen\n"
      "reopen:\n"
      "  - {ticket_state: resolved, action: replace}\n"
      "  - {ticket_state: on_hold, action: update}\n"
      "  - {ticket_state: closed, action: update, set_state: in_progress}\n"
      "initial_state: in_progress");
  Report("request-1");
  Drive();
  EXPECT_EQ(servicenow_.last_create.incident().state(),
            sn::INCIDENT_STATE_IN_PROGRESS);
  for (const auto& [had, becomes] :
       std::vector<std::pair<sn::IncidentState, sn::IncidentState>>{
           {sn::INCIDENT_STATE_ON_HOLD, sn::INCIDENT_STATE_ON_HOLD},
           {sn::INCIDENT_STATE_CLOSED, sn::INCIDENT_STATE_IN_PROGRESS},
           {sn::INCIDENT_STATE_IN_PROGRESS, sn::INCIDENT_STATE_NEW}}) {
    SetState(had);
    FailAgain();
    Report(absl::StrCat("request-", had, "-again"));
    Drive();
    EXPECT_EQ(Incident().incident.state(), becomes) << had;
  }
  SetState(sn::INCIDENT_STATE_RESOLVED);
  FailAgain();
  Report("request-last");
  Drive();
  EXPECT_THAT(servicenow_.incidents, SizeIs(2));
}

TEST_F(TemplateStepsTest, APreviewIsWhatIsThenSent) {
  Use("fields: {urgency: '2'}\n"
      "references: {assignment_group: Payroll}\n"
      "rules: [{name: all, add_to_description: \"\\nCall.\"}]");
  const std::int64_t before = store_->LastChange().value_or(-1);
  const TicketPreview preview = Preview();
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
  EXPECT_THAT(Tickets(), IsEmpty());
  EXPECT_EQ(store_->LastChange().value_or(-2), before);
  ASSERT_TRUE(preview.incident.has_value());
  EXPECT_TRUE(preview.incident->creates());
  EXPECT_EQ(preview.incident->ticket_id_text(), "<number>/<sys_id>");
  EXPECT_THAT(preview.incident->decisions(),
              ElementsAre("rule \"all\" applies: adds to the description",
                          "a new incident: the job has no ticket"));

  Report("request-1");
  Drive();
  const sn::Incident& sent = servicenow_.last_create.incident();
  EXPECT_EQ(preview.incident->fields().at("short_description"),
            sent.short_description());
  EXPECT_EQ(preview.incident->fields().at("description"), sent.description());
  EXPECT_EQ(preview.incident->fields().at("correlation_id"),
            sent.correlation_id());
  EXPECT_EQ(preview.incident->fields().at("urgency"), "2");
  EXPECT_EQ(preview.incident->references().at("assignment_group"), "Payroll");
  ASSERT_THAT(servicenow_.files(), SizeIs(1));
  EXPECT_THAT(preview.incident->attachment_names(),
              ElementsAre(servicenow_.files()[0].name));
}

TEST_F(TemplateStepsTest, APreviewOfAnUpdateIsWhatIsThenSent) {
  Report("request-1");
  Drive();
  FailAgain();
  const TicketPreview preview = Preview();
  ASSERT_TRUE(preview.incident.has_value());
  EXPECT_FALSE(preview.incident->creates());
  EXPECT_EQ(preview.incident->ticket_number(), "INC0000001");
  EXPECT_EQ(preview.incident->fields().at("state"), "1");
  EXPECT_EQ(servicenow_.failures.calls("UpdateIncident"), 0);
  Report("request-2");
  Drive();
  EXPECT_EQ(preview.incident->work_note(),
            servicenow_.last_update.journal_entry().text());
  EXPECT_EQ(preview.incident->fields().at("description"),
            servicenow_.last_update.incident().description());
}

TEST_F(TemplateStepsTest, APreviewSaysWhyThereIsNothing) {
  Use("rules: [{name: never, suppress: true}]");
  TicketPreview preview = Preview();
  EXPECT_FALSE(preview.incident.has_value());
  EXPECT_THAT(preview.decisions,
              ElementsAre("rule \"never\" applies: no ticket"));
  Use("name: x");
  opcon_.Finish(kJob, clock_.Now());
  preview = Preview(v1::EVENT_KIND_RECOVERED);
  EXPECT_FALSE(preview.incident.has_value());
  EXPECT_THAT(preview.decisions, ElementsAre(HasSubstr("the job is well")));
}

TEST_F(TemplateStepsTest, APreviewTellsWhatWouldBecomeOfTheTicket) {
  EXPECT_THAT(Preview().incident->decisions(),
              ElementsAre(HasSubstr("a new incident")));
  Use("recovery: {action: work_note, grace_period: 90s}");
  EXPECT_EQ(Preview().incident->decisions(1),
            "once the job has been well for 1m30s: a work note");
  Use("recovery: {action: resolve, close_notes: '{{job}} {{event}}, "
      "{{status}}'}");
  EXPECT_EQ(Preview().incident->decisions(1),
            "once the job has been well for 10m: resolved with the gateway's "
            "close_code and close_notes \"JOB001 recovered, Finished OK\"");
  Use("recovery: {action: resolve, close_code: 'Solved {{schedule}}'}");
  EXPECT_THAT(Preview().incident->decisions(1),
              HasSubstr("close_code \"Solved Payroll\" and close_notes"));
  // It changes nothing.
  EXPECT_EQ(servicenow_.failures.calls("UpdateIncident"), 0);
  EXPECT_THAT(servicenow_.incidents, IsEmpty());
}

// However a log comes in pieces, its lines are seen whole.
RC_GTEST_PROP(LineFilterProperty, PiecesDoNotMatter, ()) {
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::element('a', 'b', '\n', '\r'));
  std::string out;
  LineFilter filter(
      [](std::string line) {
        return line.find("ab") == std::string::npos ? line : "[" + line + "]";
      },
      [&](absl::string_view piece) { out.append(piece.data(), piece.size()); });
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = *rc::gen::inRange<std::size_t>(1, 5);
    filter.Append(absl::string_view(text).substr(i, length));
    i += length;
  }
  filter.Finish();
  std::string expected;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find('\n', begin);
    const bool breaks = end != std::string::npos;
    if (!breaks) end = text.size();
    const std::string line = text.substr(begin, end - begin);
    expected += line.find("ab") == std::string::npos ? line : "[" + line + "]";
    if (breaks) expected += '\n';
    begin = end + 1;
  }
  RC_ASSERT(out == expected);
}

}  // namespace
}  // namespace opcon_snow::incident
