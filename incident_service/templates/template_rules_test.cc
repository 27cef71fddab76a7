// Rules, values, look-ups and inheritance of native templates, written as
// people write them.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/config/yaml_loader.h"
#include "common/config/yaml_writer.h"
#include "common/status/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/templates/random_facts.h"
#include "incident_service/templates/template_set.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::incident {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// Of several templates, separated by lines of `---`.
std::shared_ptr<const TemplateSet> Load(const std::vector<std::string>& texts,
                                        config::Faults* faults) {
  std::vector<TemplateSource> sources;
  for (const std::string& text : texts) {
    TemplateSource source;
    (void)config::LoadYamlText(text, &source.config, faults);
    source.faults = faults;
    sources.push_back(std::move(source));
  }
  return TemplateSet::CompileSources(sources, "", faults);
}

class RulesTest : public ::testing::Test {
 protected:
  RulesTest() {
    failure_.set_failure_id("0123456789abcdef0123456789abcdef");
    failure_.set_kind(::incident::v1::EVENT_KIND_JOB_FAILED);
    failure_.set_schedule_name("Payroll Night");
    failure_.set_machine("GENP001");
    failure_.set_termination("+000000005:0000:N");
    failure_.set_job_number(49895);
    // Monday, 2026-01-05 09:00:07 UTC, 03:00:07 at the site.
    failure_.mutable_run_end_time()->set_seconds(1767603607);
    failure_.mutable_job_key()->set_job_name("JOB001");
    job_.mutable_utc_offset()->set_seconds(-6 * 3600);
    job_.add_tags("ROUTE1-EU");
    job_.add_tags("NIGHT");
    job_.mutable_documentation()->set_job_text(
        "Call the team.\n<team>Payroll</team>");
  }

  void Use(const std::string& text,
           const std::vector<std::string>& bases = {}) {
    std::vector<std::string> texts = bases;
    texts.insert(texts.begin(), text);
    config::Faults faults;
    const auto set = Load(texts, &faults);
    ASSERT_NE(set, nullptr) << faults.Format();
    chosen_ = set->all().front();
  }

  TemplateFacts Facts() const { return {failure_, job_}; }
  RenderedTicket Render() const { return chosen_->Render(Facts()); }
  std::string Urgency() const {
    const auto fields = Render().fields;
    const auto found = fields.find("urgency");
    return found == fields.end() ? "" : found->second;
  }
  // Whether a rule with this matcher fits.
  bool Fits(const std::string& matcher, const std::string& more = "") {
    Use("name: t\n" + more + "rules: [{matchers: [" + matcher +
        "], fields: {urgency: '1'}}]");
    return Urgency() == "1";
  }

  ::incident::v1::Failure failure_;
  ::opcon::v1::DailyJob job_;
  std::shared_ptr<const Template> chosen_;
};

TEST_F(RulesTest, EachMatcherFitsWhatItSays) {
  EXPECT_TRUE(Fits("{schedule: Payroll Night}"));
  EXPECT_FALSE(Fits("{schedule: Payroll}"));
  EXPECT_FALSE(Fits("{schedule: payroll night}"));
  EXPECT_TRUE(Fits("{schedule: payroll night, ignore_case: true}"));
  EXPECT_TRUE(Fits("{schedule_regex: 'Payroll.*'}"));
  EXPECT_FALSE(Fits("{schedule_regex: 'Payroll'}"));
  EXPECT_TRUE(Fits("{job_regex: 'JOB\\d+'}"));
  EXPECT_TRUE(Fits("{machine_regex: 'GENP.*'}"));
  EXPECT_FALSE(Fits("{machine_regex: 'genp.*'}"));
  EXPECT_TRUE(Fits("{machine_regex: 'genp.*', ignore_case: true}"));
  EXPECT_TRUE(Fits("{tag: NIGHT}"));
  EXPECT_FALSE(Fits("{tag: ROUTE1}"));
  EXPECT_TRUE(Fits("{tag_prefix: ROUTE1}"));
  EXPECT_TRUE(Fits("{tag_suffix: EU}"));
  EXPECT_FALSE(Fits("{tag_suffix: ROUTE1}"));
  EXPECT_TRUE(Fits("{tag_regex: 'N.GHT'}"));
  EXPECT_TRUE(Fits("{termination_regex: '.*:0000:N'}"));
  EXPECT_TRUE(Fits("{events: [cancelled, job_failed]}"));
  EXPECT_FALSE(Fits("{events: [cancelled]}"));
  EXPECT_TRUE(Fits("{documentation_regex: '(?s).*team.*'}"));
  EXPECT_FALSE(Fits("{documentation_regex: '.*team.*'}"));
  EXPECT_TRUE(Fits("{exit_code: {least: 1, most: 5}}"));
  EXPECT_FALSE(Fits("{exit_code: {least: 6, most: 9}}"));
  EXPECT_TRUE(Fits("{value: {name: weekday, regex: monday}}"));
  EXPECT_FALSE(Fits("{value: {name: department}}"));
}

TEST_F(RulesTest, MatchersAreJoined) {
  EXPECT_TRUE(Fits("{tag: NIGHT, job_regex: JOB001}"));
  EXPECT_FALSE(Fits("{tag: NIGHT, job_regex: JOB002}"));
  EXPECT_TRUE(Fits("{tag: NIGHT, job_regex: JOB002, negate: true}"));
  EXPECT_FALSE(Fits("{tag: NIGHT}, {tag: DAY}"));
  EXPECT_TRUE(Fits("{tag: NIGHT}, {tag: DAY, negate: true}"));
  EXPECT_TRUE(Fits("{any_of: [{tag: DAY}, {tag: NIGHT}]}"));
  EXPECT_FALSE(Fits("{any_of: [{tag: DAY}, {tag: EVENING}]}"));
  EXPECT_FALSE(Fits("{any_of: [{tag: NIGHT}], negate: true}"));
}

TEST_F(RulesTest, ExitCodesAreRead) {
  for (const auto& [termination, code] :
       std::vector<std::pair<std::string, std::string>>{
           {"0000000005", "5"},
           {"+000000010:0000:N", "10"},
           {"-000000001:0000:N", "-1"},
           {"31001", "31001"},
           {"NETCOM Error", ""},
           {"5 of 7", ""},
           {"", ""},
           {"99999999999999999999", ""}}) {
    EXPECT_EQ(ExitCode(termination), code) << termination;
  }
}

TEST_F(RulesTest, WorkingHoursAreTheSites) {
  const std::string hours =
      "working_hours: [{name: office, periods: [{days: [monday], start: "
      "'02:00', end: '04:00'}]}]\n";
  EXPECT_TRUE(Fits("{working_hours: office}", hours));
  EXPECT_FALSE(Fits("{working_hours: office, negate: true}", hours));
  EXPECT_FALSE(Fits("{working_hours: office}", hours + "time_zone: UTC\n"));
}

TEST_F(RulesTest, TheFirstThatFitsAppliesUnlessItSaysToGoOn) {
  const std::string rules =
      "rules:\n"
      "  - {name: a, matchers: [{tag: NIGHT}], fields: {urgency: '1'}}\n"
      "  - {name: b, fields: {urgency: '2', impact: '2'}}\n";
  Use("name: t\n" + rules);
  EXPECT_THAT(Render().fields, ElementsAre(Pair("urgency", "1")));
  EXPECT_THAT(Render().decisions,
              ElementsAre("rule \"a\" applies: sets urgency"));
  Use("name: t\nrule_mode: all\n" + rules);
  EXPECT_THAT(Render().fields,
              ElementsAre(Pair("impact", "2"), Pair("urgency", "2")));
  Use("name: t\nrules:\n"
      "  - {matchers: [{tag: NIGHT}], fields: {urgency: '1'}, go_on: true}\n"
      "  - {fields: {impact: '2'}}\n"
      "  - {fields: {impact: '3'}}\n");
  EXPECT_THAT(Render().fields,
              ElementsAre(Pair("impact", "2"), Pair("urgency", "1")));
}

TEST_F(RulesTest, ARuleWinsOverTheTemplate) {
  Use("name: t\n"
      "fields: {urgency: '3', assignment_group: 0a0b}\n"
      "description: Text.\n"
      "rules:\n"
      "  - fields: {urgency: '{{exit_code}}'}\n"
      "    references: {assignment_group: Payroll}\n"
      "    short_description: '{{job}} at night'\n"
      "    add_to_description: \"\\nCall {{machine}}.\"\n");
  const RenderedTicket ticket = Render();
  EXPECT_THAT(ticket.fields, ElementsAre(Pair("urgency", "5")));
  EXPECT_THAT(ticket.references,
              ElementsAre(Pair("assignment_group", "Payroll")));
  EXPECT_EQ(ticket.short_description, "JOB001 at night");
  EXPECT_THAT(ticket.description, StartsWith("Text.\nCall GENP001.\n[OpCon"));
}

TEST_F(RulesTest, ARuleMayWantNoTicket) {
  Use("name: t\nrules:\n"
      "  - {name: known, matchers: [{tag: NIGHT}], suppress: true}\n"
      "  - {fields: {urgency: '1'}}\n");
  std::vector<std::string> decisions;
  EXPECT_EQ(chosen_->SuppressedBy(Facts(), &decisions), "known");
  EXPECT_THAT(decisions, ElementsAre("rule \"known\" applies: no ticket"));
  job_.clear_tags();
  EXPECT_EQ(chosen_->SuppressedBy(Facts()), std::nullopt);
}

TEST_F(RulesTest, ValuesAreCutOutOfOthers) {
  Use("name: t\n"
      "values:\n"
      "  - {name: team, text: '{{documentation}}', pattern: '(?s)<team>(.*?)"
      "</team>'}\n"
      "  - {name: shift, text: '{{#tags}}{{.}};{{/tags}}', pattern: 'DAY', "
      "otherwise: 'not by day, {{team}}'}\n"
      "fields: {u_team: '{{team}}', u_shift: '{{shift}}', u_none: "
      "'{{department}}'}\n");
  EXPECT_THAT(Render().fields,
              UnorderedElementsAre(Pair("u_team", "Payroll"),
                                   Pair("u_shift", "not by day, Payroll")));
}

TEST_F(RulesTest, LookUpsTellWhatTheyWantAndTakeWhatIsFound) {
  Use("name: t\n"
      "values: [{name: application, text: '{{schedule}}', pattern: "
      "'^(...)'}]\n"
      "lookups:\n"
      "  - name: item\n"
      "    where: {u_trigramme: ' {{application}} '}\n"
      "    otherwise: unknown {{application}}\n"
      "  - {name: owner, table: sys_user, column: email, where: {user_name: "
      "'{{department}}'}}\n"
      "fields: {cmdb_ci: '{{item}}'}\n");
  const std::vector<WantedRecord> wanted = chosen_->WantedRecords(Facts());
  // The department is not known: nothing to look up.
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].table, "cmdb_ci");
  EXPECT_EQ(wanted[0].column, "sys_id");
  EXPECT_THAT(wanted[0].where, ElementsAre(Pair("u_trigramme", "Pay")));
  EXPECT_THAT(Render().fields, ElementsAre(Pair("cmdb_ci", "unknown Pay")));
  TemplateFacts facts = Facts();
  (*facts.context.mutable_lookups())["item"] = "0a0b";
  EXPECT_THAT(chosen_->Render(facts).fields,
              ElementsAre(Pair("cmdb_ci", "0a0b")));
}

TEST_F(RulesTest, WhatCostsACallIsFetchedOnlyIfItIsUsed) {
  Use("name: t\ndescription: '{{job}}'\n");
  EXPECT_FALSE(chosen_->uses_last_runs());
  EXPECT_FALSE(chosen_->uses_log_tail());
  Use("name: t\nvalues: [{name: end, text: '{{log_tail}}'}]\n"
      "rules: [{matchers: [{value: {name: end}}], add_to_description: "
      "'{{#last_runs}}{{.}}{{/last_runs}}'}]\n");
  EXPECT_TRUE(chosen_->uses_last_runs());
  EXPECT_TRUE(chosen_->uses_log_tail());
}

TEST_F(RulesTest, TemplatesInheritWhatTheyDoNotSay) {
  const std::string base =
      "name: base\n"
      "servicenow: prod\n"
      "short_description: '{{job}}'\n"
      "fields: {urgency: '2', impact: '2', caller_id: 0a}\n"
      "references: {assignment_group: Operations}\n"
      "values: [{name: team, text: Base}, {name: who, text: '{{team}}'}]\n"
      "working_hours: [{name: office, periods: [{days: [monday], start: "
      "'00:00', end: '24:00'}]}]\n"
      "rules: [{name: of base, matchers: [{working_hours: office}], fields: "
      "{u_rule: base}}]\n"
      "log_attachment: {max_bytes: 1000, redact: ['a+']}\n"
      "reuse_within: 2d\n";
  Use("name: t\ninherit: base\n"
      "fields: {urgency: '1', assignment_group: 0b}\n"
      "references: {caller_id: OpCon}\n"
      "values: [{name: mine, text: 'me and {{who}}'}]\n"
      "rules: [{name: own, matchers: [{tag: DAY}], fields: {u_rule: own}}]\n"
      "log_attachment: {redact: ['b+']}\n",
      {base});
  EXPECT_EQ(chosen_->config().servicenow(), "prod");
  EXPECT_EQ(chosen_->config().log_attachment().max_bytes(), 1000);
  EXPECT_EQ(chosen_->config().reuse_within().seconds(), 2 * 24 * 3600);
  EXPECT_EQ(chosen_->Redacted("xaaybb"), "x[redacted]y[redacted]");
  RenderedTicket ticket = Render();
  EXPECT_EQ(ticket.short_description, "JOB001");
  EXPECT_THAT(ticket.fields,
              UnorderedElementsAre(Pair("urgency", "1"), Pair("impact", "2"),
                                   Pair("assignment_group", "0b"),
                                   Pair("u_rule", "base")));
  EXPECT_THAT(ticket.references, ElementsAre(Pair("caller_id", "OpCon")));
  job_.add_tags("DAY");
  EXPECT_EQ(Render().fields["u_rule"], "own");
}

TEST_F(RulesTest, WhatABaseSwitchesOnIsTakenBackBySayingSo) {
  const std::string base =
      "name: base\n"
      "always_create_new_ticket: true\n"
      "log_attachment: {disabled: true}\n"
      "state_sync: {mode: watch, restart_on_resolve: true}\n";
  Use("name: t\ninherit: base\n", {base});
  EXPECT_TRUE(chosen_->config().always_create_new_ticket());
  EXPECT_TRUE(chosen_->config().log_attachment().disabled());
  EXPECT_TRUE(chosen_->config().state_sync().restart_on_resolve());
  const std::string back =
      "name: t\ninherit: base\n"
      "always_create_new_ticket: false\n"
      "log_attachment: {disabled: false}\n"
      "state_sync: {restart_on_resolve: false}\n";
  Use(back, {base});
  EXPECT_FALSE(chosen_->config().always_create_new_ticket());
  EXPECT_FALSE(chosen_->config().log_attachment().disabled());
  EXPECT_FALSE(chosen_->config().state_sync().restart_on_resolve());
  EXPECT_EQ(chosen_->config().state_sync().mode(),
            ::config::v1::STATE_SYNC_MODE_WATCH);
  // Over a level that says nothing, and as it is printed for people.
  Use("name: t\ninherit: middle\n",
      {"name: middle\ninherit: off\n",
       "name: off\ninherit: base\nalways_create_new_ticket: false\n", base});
  EXPECT_FALSE(chosen_->config().always_create_new_ticket());
  EXPECT_TRUE(chosen_->config().log_attachment().disabled());
  EXPECT_THAT(config::ToYaml(chosen_->config()),
              HasSubstr("always_create_new_ticket: false\n"));
}

TEST_F(RulesTest, ReuseOfABaseGivesWayToANewTicketForEachFailure) {
  const std::string base = "name: base\nreuse_within: 2d\n";
  config::Faults faults;
  EXPECT_EQ(
      Load({"name: t\ninherit: base\nalways_create_new_ticket: true\n", base},
           &faults),
      nullptr);
  EXPECT_THAT(faults.Format(), HasSubstr("contradicts"));
  Use("name: t\ninherit: base\nalways_create_new_ticket: true\n"
      "reuse_within: 0s\n",
      {base});
  EXPECT_EQ(chosen_->config().reuse_within().seconds(), 0);
}

TEST_F(RulesTest, ADurationIsInheritedAsAWhole) {
  Use("name: t\ninherit: base\nlog_attachment: {give_up_after: 2s}\n",
      {"name: base\nlog_attachment: {give_up_after: 1500ms}\n"});
  const auto& duration = chosen_->config().log_attachment().give_up_after();
  EXPECT_EQ(duration.seconds(), 2);
  EXPECT_EQ(duration.nanos(), 0);
}

TEST_F(RulesTest, NoNumberOfATicketIsTooLong) {
  Use("name: t\n");
  TemplateFacts facts = Facts();
  facts.previous_ticket = std::string(5000, '9');
  EXPECT_LE(chosen_->Render(facts).description.size(), 4000u);
}

// A flag without presence could be inherited and never be taken back.
void ExpectFlagsHavePresence(const google::protobuf::Descriptor& type) {
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) continue;
    if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL) {
      EXPECT_TRUE(field.has_presence()) << field.full_name();
    } else if (field.message_type() != nullptr) {
      ExpectFlagsHavePresence(*field.message_type());
    }
  }
}

TEST(InheritanceTest, EveryFlagThatIsInheritedHasPresence) {
  ExpectFlagsHavePresence(*::config::v1::Template::descriptor());
}

TEST_F(RulesTest, AFaultOfABaseIsToldOnce) {
  config::Faults faults;
  EXPECT_EQ(Load({"name: a\ninherit: base\nfields: {x: '{{bad}}'}\n",
                  "name: b\ninherit: base\n",
                  "name: base\nrules: [{matchers: [{job_regex: '('}]}]\n"},
                 &faults),
            nullptr);
  EXPECT_EQ(faults.size(), 2u) << faults.Format();
}

TEST_F(RulesTest, InheritanceThatGoesRoundIsAFault) {
  config::Faults faults;
  EXPECT_EQ(Load({"name: a\ninherit: b\n", "name: b\ninherit: a\n"}, &faults),
            nullptr);
  EXPECT_THAT(faults.Format(), HasSubstr("goes round in a circle"));
}

// Whatever OpCon says: rendering ends, stays within its lengths and within
// whole characters, and nothing of it is syntax.
RC_GTEST_PROP(TemplateProperty, RenderingNeverFails, ()) {
  static const std::shared_ptr<const TemplateSet> set = [] {
    config::Faults faults;
    return Load(
        {"name: t\n"
         "short_description: '{{job}} {{schedule}} {{machine}}'\n"
         "description: '{{#tags}}{{.}}{{/tags}}{{documentation}}{{log_tail}}"
         "{{#properties}}{{.}}{{/properties}}{{start_time}}{{duration}}"
         "{{#last_runs}}{{.}}{{/last_runs}}{{date}}{{time}}{{weekday}}'\n"
         "time_zone: Europe/Vienna\n"
         "values: [{name: v, text: '{{documentation}}', pattern: "
         "'(?s)<snow>(.*?)</snow>', otherwise: '{{job}}'}]\n"
         "lookups: [{name: l, where: {name: '{{v}}'}, otherwise: '{{v}}'}]\n"
         "working_hours: [{name: office, periods: [{days: [friday, sunday], "
         "start: '22:00', end: '06:00'}]}]\n"
         "rule_mode: all\n"
         "rules:\n"
         "  - {matchers: [{tag_prefix: A}, {value: {name: v, regex: '(?s).*'}}"
         "], fields: {u_v: '{{v}}{{l}}'}}\n"
         "  - {matchers: [{working_hours: office}], add_to_description: "
         "'{{job_id_in_url}}'}\n"
         "  - {matchers: [{exit_code: {least: 3, most: 7}}], suppress: true}\n",
         // The texts of a template that says none.
         "name: plain\n"},
        &faults);
  }();
  const RandomFacts drawn = DrawFacts({"A1", "B"});
  const TemplateFacts facts = drawn.facts();
  const auto characters = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (c & 0xC0) != 0x80; });
  };
  for (const auto& chosen : set->all()) {
    const RenderedTicket ticket = chosen->Render(facts);
    RC_ASSERT(characters(ticket.short_description) <= 160);
    RC_ASSERT(characters(ticket.description) <= 4000);
    RC_ASSERT(ToValidUtf8(ticket.short_description) ==
              ticket.short_description);
    RC_ASSERT(ToValidUtf8(ticket.description) == ticket.description);
    // The marker is there to the last, whatever was cut.
    RC_ASSERT(absl::EndsWith(ticket.description,
                             "\n[OpCon failure 0123456789abcdef]"));
    RC_ASSERT(!chosen->RenderWorkNote(facts).empty());
    const std::string name = chosen->LogFileName(facts, 0, 2);
    RC_ASSERT(name.size() <= 100u);
    RC_ASSERT(name.find_first_of("/\\ \n\"{") == std::string::npos);
    chosen->SuppressedBy(facts);
    chosen->WantedRecords(facts);
  }
  // Values are put in as they are.
  const std::string& job = drawn.failure.job_key().job_name();
  const bool plain = std::all_of(job.begin(), job.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c)) && c != ' ';
  });
  if (plain && job.size() <= 160) {
    RC_ASSERT(absl::StartsWith(
        set->all().front()->Render(facts).short_description, job));
  }
}

}  // namespace
}  // namespace opcon_snow::incident
