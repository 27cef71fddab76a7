#include "incident_service/templates/template_set.h"

#include <algorithm>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

::incident::v1::Failure SomeFailure() {
  ::incident::v1::Failure failure;
  failure.set_failure_id("0123456789abcdef0123456789abcdef");
  failure.set_kind(::incident::v1::EVENT_KIND_JOB_FAILED);
  failure.set_schedule_name("Payroll");
  failure.set_machine("GENP001");
  failure.set_termination("0000000005");
  failure.set_job_number(49895);
  failure.mutable_run_end_time()->set_seconds(1767603607);  // 09:00:07 UTC
  auto* key = failure.mutable_job_key();
  key->set_job_name("JOB001");
  key->set_schedule_id(16);
  key->set_schedule_instance(1);
  key->mutable_schedule_date()->set_year(2026);
  key->mutable_schedule_date()->set_month(1);
  key->mutable_schedule_date()->set_day(5);
  return failure;
}

::opcon::v1::DailyJob SomeJob() {
  ::opcon::v1::DailyJob job;
  job.mutable_utc_offset()->set_seconds(-6 * 3600);
  job.mutable_status()->set_description("Failed");
  return job;
}

std::shared_ptr<const Template> Compile(const ::config::v1::Template& config,
                                        config::Faults* faults) {
  return Template::Compile(config, "templates[0]", faults);
}

std::shared_ptr<const Template> Compile(::config::v1::Template config) {
  config.set_name("basic.json");
  config::Faults faults;
  auto compiled = Compile(config, &faults);
  EXPECT_TRUE(faults.empty()) << faults.Format();
  return compiled;
}

TEST(TemplateTest, DefaultTextsTellWhatAnOperatorNeeds) {
  const auto chosen = Compile(::config::v1::Template());
  const ::incident::v1::Failure failure = SomeFailure();
  const ::opcon::v1::DailyJob job = SomeJob();
  const RenderedTicket ticket = chosen->Render({failure, job});
  EXPECT_EQ(ticket.short_description,
            "OpCon job JOB001 failed (workflow Payroll, machine GENP001, code "
            "0000000005)");
  EXPECT_THAT(ticket.description,
              AllOf(HasSubstr("Workflow (schedule): Payroll\n"),
                    HasSubstr("Task (job): JOB001\n"),
                    HasSubstr("Agent (machine): GENP001\n"),
                    HasSubstr("Termination code: 0000000005\n"),
                    // On the site's clock.
                    HasSubstr("Date: 2026-01-05\n"),
                    HasSubstr("Time: 03:00:07 -06:00\n"),
                    HasSubstr("OpCon job id: 20260105|16|1|JOB001"),
                    EndsWith("\n[OpCon failure 0123456789abcdef]")));
  EXPECT_EQ(chosen->correlation_display(), "SMA_OPCON");
  EXPECT_THAT(chosen->RenderWorkNote({failure, job}),
              EndsWith("\n[OpCon failure 0123456789abcdef]"));
}

TEST(TemplateTest, AReplacedTicketIsNamed) {
  const auto chosen = Compile(::config::v1::Template());
  const ::incident::v1::Failure failure = SomeFailure();
  const ::opcon::v1::DailyJob job = SomeJob();
  TemplateFacts facts{failure, job};
  facts.previous_ticket = "INC0010001";
  facts.previous_reason = "closed";
  EXPECT_THAT(chosen->Render(facts).description,
              HasSubstr("Previous ticket: INC0010001 (closed)"));
}

TEST(TemplateTest, TextsAreCutByCharactersAndTheMarkerStays) {
  ::config::v1::Template config;
  std::string umlauts;
  for (int i = 0; i < 5000; ++i) umlauts += "ü";
  config.set_short_description(umlauts);
  config.set_description(umlauts);
  const ::incident::v1::Failure failure = SomeFailure();
  const ::opcon::v1::DailyJob job = SomeJob();
  const RenderedTicket ticket = Compile(config)->Render({failure, job});
  EXPECT_THAT(ticket.short_description, SizeIs(2 * 160));
  EXPECT_THAT(ticket.description, EndsWith("[OpCon failure 0123456789abcdef]"));
  EXPECT_EQ(std::count_if(ticket.description.begin(), ticket.description.end(),
                          [](char c) { return (c & 0xC0) != 0x80; }),
            4000);
}

TEST(TemplateTest, LogFileNamesAreThoseThatInstancesAccept) {
  const auto chosen = Compile(::config::v1::Template());
  ::incident::v1::Failure failure = SomeFailure();
  failure.mutable_job_key()->set_job_name("Load GL/ü $0001");
  const ::opcon::v1::DailyJob job = SomeJob();
  EXPECT_EQ(chosen->LogFileName({failure, job}, 0, 1),
            "Load_GL____0001_2026-01-05_030007_49895.txt");
  EXPECT_EQ(chosen->LogFileName({failure, job}, 1, 2),
            "Load_GL____0001_2026-01-05_030007_49895_2.txt");
  failure.mutable_job_key()->set_job_name(std::string(128, 'x'));
  const std::string longest = chosen->LogFileName({failure, job}, 0, 2);
  EXPECT_THAT(longest, AllOf(SizeIs(100), EndsWith("_1.txt")));
}

TEST(TemplateTest, EveryMistakeIsAFaultWithItsField) {
  ::config::v1::Template config;
  config.set_name("a/b");
  config.set_short_description("{{jbo}}");
  config.set_description("{{#tags}}");
  (*config.mutable_fields())["Urgency"] = "1";
  (*config.mutable_fields())["state"] = "1";
  (*config.mutable_references())["assignment_group"] = "{{grp}}";
  config.mutable_log_attachment()->set_max_bytes(-1);
  config::Faults faults;
  EXPECT_EQ(Compile(config, &faults), nullptr);
  const std::string all = faults.Format();
  EXPECT_EQ(faults.size(), 7U) << all;
  for (const char* field :
       {"templates[0].name", "templates[0].short_description",
        "templates[0].description", "templates[0].fields[\"Urgency\"]",
        "templates[0].fields[\"state\"]",
        "templates[0].references[\"assignment_group\"]",
        "templates[0].log_attachment.max_bytes"}) {
    EXPECT_THAT(all, HasSubstr(field));
  }
}

TEST(TemplateSetTest, FindsByNameAndKnowsTheDefault) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  configs.Add()->set_name("basic.json");
  configs.Add()->set_name("night.json");
  config::Faults faults;
  const auto set = TemplateSet::Compile(configs, "night.json", &faults);
  ASSERT_NE(set, nullptr) << faults.Format();
  EXPECT_EQ(set->Find("")->config().name(), "night.json");
  EXPECT_EQ(set->Find("basic.json")->config().name(), "basic.json");
  EXPECT_EQ(set->Find("Basic.json"), nullptr);
  EXPECT_EQ(set->Names(), "basic.json, night.json");
  EXPECT_EQ(TemplateSet::Compile(configs, "", &faults)->default_name(),
            "basic.json");
}

TEST(TemplateSetTest, RefusesNoneTwinsAndAnUnknownDefault) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  config::Faults none;
  EXPECT_EQ(TemplateSet::Compile(configs, "", &none), nullptr);
  EXPECT_THAT(none.Format(), HasSubstr("at least one template"));
  configs.Add()->set_name("a");
  config::Faults unknown;
  EXPECT_EQ(TemplateSet::Compile(configs, "b", &unknown), nullptr);
  EXPECT_THAT(unknown.Format(), HasSubstr("default_template"));
  configs.Add()->set_name("a");
  config::Faults twins;
  EXPECT_EQ(TemplateSet::Compile(configs, "", &twins), nullptr);
  EXPECT_THAT(twins.Format(), HasSubstr("templates[1].name"));
}

TEST(TemplateTest, AResolutionTellsOfTheRunThatEndedWell) {
  ::incident::v1::Failure run = SomeFailure();
  run.set_kind(::incident::v1::EVENT_KIND_RECOVERED);
  const ::opcon::v1::DailyJob job = SomeJob();
  RenderedResolution resolution =
      Compile(::config::v1::Template())->RenderResolution({run, job});
  EXPECT_EQ(resolution.close_code, "");
  EXPECT_EQ(
      resolution.close_notes,
      "OpCon job JOB001 finished OK on 2026-01-05 at 03:00:07 -06:00 (run "
      "49895) after it had failed; resolved by OpCon.");
  ::config::v1::Template config;
  ::config::v1::Recovery& recovery = *config.mutable_recovery();
  recovery.set_action(::config::v1::RECOVERY_ACTION_RESOLVE);
  recovery.set_close_code("{{event}}{{#tags}}!{{/tags}}");
  recovery.set_close_notes("{{job}} {{event}}: " + std::string(5000, 'x'));
  resolution = Compile(config)->RenderResolution({run, job});
  EXPECT_EQ(resolution.close_code, "recovered");
  EXPECT_THAT(resolution.close_notes, SizeIs(4000));
  EXPECT_EQ(resolution.close_notes.substr(0, 18), "JOB001 recovered: ");
  // Values are data.
  run.mutable_job_key()->set_job_name("{{job}}^state=1");
  recovery.set_close_code("{{job}} " + std::string(60, 'x'));
  resolution = Compile(config)->RenderResolution({run, job});
  EXPECT_EQ(resolution.close_code, "{{job}}^state=1 xxxxxxxxxxxxxxxxxxxxxxxx");
}

TEST(TemplateSetTest, RecoveryIsInheritedPartByPartAndTakenBack) {
  google::protobuf::RepeatedPtrField<::config::v1::Template> configs;
  ::config::v1::Template& base = *configs.Add();
  base.set_name("base");
  base.mutable_recovery()->set_action(::config::v1::RECOVERY_ACTION_RESOLVE);
  base.mutable_recovery()->set_close_code("Solved");
  base.mutable_recovery()->mutable_grace_period()->set_seconds(60);
  base.mutable_state_sync()->set_mode(::config::v1::STATE_SYNC_MODE_WATCH);
  base.mutable_state_sync()->set_on_failure_in_progress(
      ::config::v1::JOB_FOLLOW_ACTION_MARK_UNDER_REVIEW);
  ::config::v1::Template& longer = *configs.Add();
  longer.set_name("longer");
  longer.set_inherit("base");
  longer.mutable_recovery()->mutable_grace_period()->set_seconds(600);
  ::config::v1::Template& off = *configs.Add();
  off.set_name("off");
  off.set_inherit("base");
  off.mutable_recovery()->set_action(::config::v1::RECOVERY_ACTION_OFF);
  off.mutable_state_sync()->set_on_failure_in_progress(
      ::config::v1::JOB_FOLLOW_ACTION_NONE);
  config::Faults faults;
  const auto set = TemplateSet::Compile(configs, "", &faults);
  ASSERT_NE(set, nullptr) << faults.Format();
  const ::config::v1::Template& inherited = set->Find("longer")->config();
  EXPECT_EQ(inherited.recovery().action(),
            ::config::v1::RECOVERY_ACTION_RESOLVE);
  EXPECT_EQ(inherited.recovery().close_code(), "Solved");
  EXPECT_EQ(inherited.recovery().grace_period().seconds(), 600);
  const ::config::v1::Template& taken_back = set->Find("off")->config();
  EXPECT_EQ(taken_back.recovery().action(), ::config::v1::RECOVERY_ACTION_OFF);
  EXPECT_EQ(taken_back.state_sync().on_failure_in_progress(),
            ::config::v1::JOB_FOLLOW_ACTION_NONE);
}

RC_GTEST_PROP(TemplateProperties, RenderingSurvivesAnyJob,
              (std::string job_name, std::string text)) {
  ::config::v1::Template config;
  config.set_name("t");
  config::Faults faults;
  const auto chosen = Template::Compile(config, "t", &faults);
  ::incident::v1::Failure failure = SomeFailure();
  failure.mutable_job_key()->set_job_name(job_name);
  failure.set_termination(text);
  ::opcon::v1::DailyJob job = SomeJob();
  job.mutable_documentation()->set_job_text(text);
  const RenderedTicket ticket = chosen->Render({failure, job});
  RC_ASSERT(ticket.description.size() >= 32U);
  const std::string name = chosen->LogFileName({failure, job}, 0, 1);
  RC_ASSERT(name.size() <= 100U);
  RC_ASSERT(name.find_first_of("/\\ \n") == std::string::npos);
}

}  // namespace
}  // namespace opcon_snow::incident
