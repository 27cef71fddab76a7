#include "incident_service/workflow/silence_policy.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::HasSubstr;

v1::Matcher Equals(v1::MatcherField field, const std::string& text) {
  v1::Matcher matcher;
  matcher.set_field(field);
  matcher.set_equals(text);
  return matcher;
}

v1::Matcher Regex(v1::MatcherField field, const std::string& regex) {
  v1::Matcher matcher;
  matcher.set_field(field);
  matcher.set_regex(regex);
  return matcher;
}

v1::Matcher Kind(v1::EventKind kind) {
  v1::Matcher matcher;
  matcher.set_field(v1::MATCHER_FIELD_EVENT_KIND);
  matcher.set_event_kind(kind);
  return matcher;
}

class SilencePolicyTest : public ::testing::Test {
 protected:
  SilencePolicyTest() {
    v1::JobEvent* event = report_.mutable_event();
    event->set_kind(v1::EVENT_KIND_JOB_FAILED);
    event->mutable_job_key()->set_opcon("production");
    event->mutable_job_key()->set_job_name("PAY001");
    event->set_machine("what was said");
    event->set_termination("what was said");
    memo_.mutable_job()->mutable_schedule()->set_name("Payroll_A[Sub]");
    memo_.mutable_job()->add_tags("finance");
    memo_.mutable_job()->add_tags("month end");
    memo_.mutable_failure()->set_machine("UNIX7");
    memo_.mutable_failure()->set_termination("0000000005");
  }
  bool FitsAll(const std::vector<v1::Matcher>& matchers) const {
    v1::Silence silence;
    for (const v1::Matcher& matcher : matchers) {
      *silence.add_matchers() = matcher;
    }
    return Fits(silence, report_, memo_);
  }

  v1::Report report_;
  ::incident_store::v1::Memo memo_;
};

TEST_F(SilencePolicyTest, LooksAtEachField) {
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_OPCON, "production")}));
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_SCHEDULE, "Payroll_A[Sub]")}));
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_JOB, "PAY001")}));
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_MACHINE, "UNIX7")}));
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_TAG, "month end")}));
  EXPECT_TRUE(FitsAll({Equals(v1::MATCHER_FIELD_TERMINATION, "0000000005")}));
  EXPECT_TRUE(FitsAll({Kind(v1::EVENT_KIND_JOB_FAILED)}));
  EXPECT_FALSE(FitsAll({Equals(v1::MATCHER_FIELD_OPCON, "test")}));
  EXPECT_FALSE(FitsAll({Equals(v1::MATCHER_FIELD_SCHEDULE, "Payroll_A")}));
  EXPECT_FALSE(FitsAll({Equals(v1::MATCHER_FIELD_JOB, "pay001")}));
  EXPECT_FALSE(FitsAll({Equals(v1::MATCHER_FIELD_MACHINE, "what was said")}));
  EXPECT_FALSE(FitsAll({Equals(v1::MATCHER_FIELD_TAG, "month")}));
  EXPECT_FALSE(FitsAll({Kind(v1::EVENT_KIND_LATE_TO_START)}));
}

TEST_F(SilencePolicyTest, AllMustFit) {
  const v1::Matcher job = Equals(v1::MATCHER_FIELD_JOB, "PAY001");
  EXPECT_TRUE(FitsAll({job, Equals(v1::MATCHER_FIELD_TAG, "finance"),
                       Equals(v1::MATCHER_FIELD_TAG, "month end")}));
  EXPECT_FALSE(FitsAll({job, Equals(v1::MATCHER_FIELD_TAG, "none")}));
}

TEST_F(SilencePolicyTest, AnExpressionFitsTheWholeText) {
  EXPECT_TRUE(FitsAll({Regex(v1::MATCHER_FIELD_JOB, "PAY\\d+")}));
  EXPECT_FALSE(FitsAll({Regex(v1::MATCHER_FIELD_JOB, "PAY")}));
  EXPECT_TRUE(FitsAll({Regex(v1::MATCHER_FIELD_TAG, "(month|year) end")}));
  EXPECT_FALSE(FitsAll({Regex(v1::MATCHER_FIELD_TAG, "end")}));
}

TEST_F(SilencePolicyTest, WhatOpConDoesNotTellIsAsItWasReported) {
  memo_.Clear();
  report_.mutable_event()->set_schedule_name("Payroll");
  EXPECT_TRUE(
      FitsAll({Equals(v1::MATCHER_FIELD_SCHEDULE, "Payroll"),
               Equals(v1::MATCHER_FIELD_MACHINE, "what was said"),
               Equals(v1::MATCHER_FIELD_TERMINATION, "what was said")}));
  EXPECT_FALSE(FitsAll({Regex(v1::MATCHER_FIELD_TAG, ".*")}));
}

TEST_F(SilencePolicyTest, SaysWhatIsWrong) {
  const auto problem = [](const v1::Matcher& matcher) {
    return MatcherProblem(matcher);
  };
  EXPECT_EQ(problem(Equals(v1::MATCHER_FIELD_JOB, "X")), "");
  EXPECT_EQ(problem(Regex(v1::MATCHER_FIELD_TAG, "X.*")), "");
  EXPECT_EQ(problem(Kind(v1::EVENT_KIND_JOB_FAILED)), "");
  EXPECT_THAT(problem({}), HasSubstr("field must say"));
  EXPECT_THAT(problem(Equals(static_cast<v1::MatcherField>(99), "X")),
              HasSubstr("field must say"));
  v1::Matcher none;
  none.set_field(v1::MATCHER_FIELD_JOB);
  EXPECT_THAT(problem(none), HasSubstr("must be given"));
  EXPECT_THAT(problem(Equals(v1::MATCHER_FIELD_JOB, "")),
              HasSubstr("1 to 255"));
  EXPECT_THAT(problem(Equals(v1::MATCHER_FIELD_JOB, std::string(256, 'x'))),
              HasSubstr("1 to 255"));
  EXPECT_THAT(problem(Regex(v1::MATCHER_FIELD_JOB, "")),
              HasSubstr("1 to 1000"));
  EXPECT_THAT(problem(Regex(v1::MATCHER_FIELD_JOB, std::string(1001, 'x'))),
              HasSubstr("1 to 1000"));
  EXPECT_THAT(problem(Regex(v1::MATCHER_FIELD_JOB, "(")),
              HasSubstr("no regular expression"));
  // Small, and large when it is compiled.
  EXPECT_THAT(problem(Regex(v1::MATCHER_FIELD_JOB, "((a{100}){100}){100}")),
              HasSubstr("no regular expression"));
  EXPECT_THAT(problem(Equals(v1::MATCHER_FIELD_EVENT_KIND, "job_failed")),
              HasSubstr("compared with event_kind"));
  EXPECT_THAT(problem(Regex(v1::MATCHER_FIELD_EVENT_KIND, ".*")),
              HasSubstr("compared with event_kind"));
  EXPECT_THAT(problem(Kind(v1::EVENT_KIND_UNSPECIFIED)), HasSubstr("is none"));
  EXPECT_THAT(problem(Kind(v1::EVENT_KIND_RECOVERED)),
              HasSubstr("never silenced"));
  v1::Matcher wrong = Kind(v1::EVENT_KIND_JOB_FAILED);
  wrong.set_field(v1::MATCHER_FIELD_JOB);
  EXPECT_THAT(problem(wrong), HasSubstr("only for the field EVENT_KIND"));
}

}  // namespace
}  // namespace opcon_snow::incident
