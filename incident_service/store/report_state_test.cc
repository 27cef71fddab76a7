#include "incident_service/store/report_state.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
using ::testing::HasSubstr;

v1::Report With(
    const std::vector<std::pair<v1::StepKind, v1::StepState>>& steps) {
  v1::Report report;
  for (const auto& [kind, state] : steps) {
    v1::Step* step = report.add_steps();
    step->set_kind(kind);
    step->set_state(state);
    if (state == v1::STEP_STATE_FAILED || state == v1::STEP_STATE_WAITING) {
      step->mutable_error()->set_message("the reason");
    }
  }
  DeriveState(&report);
  return report;
}

TEST(ReportStateTest, FollowsFromTheSteps) {
  using S = std::pair<v1::StepKind, v1::StepState>;
  const S resolved = {v1::STEP_KIND_RESOLVE, v1::STEP_STATE_SUCCEEDED};
  const S ticket = {v1::STEP_KIND_TICKET, v1::STEP_STATE_SUCCEEDED};
  const S written = {v1::STEP_KIND_WRITE_BACK, v1::STEP_STATE_SUCCEEDED};
  const struct {
    const char* name;
    std::vector<S> steps;
    v1::ReportState state;
    bool holds_job;
  } kCases[] = {
      {"stored",
       {{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_PENDING}},
       v1::REPORT_STATE_ACCEPTED,
       true},
      {"first attempt",
       {{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_RUNNING}},
       v1::REPORT_STATE_RUNNING,
       true},
      {"first attempt failed",
       {{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_WAITING}},
       v1::REPORT_STATE_WAITING,
       true},
      {"refused",
       {{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_FAILED}},
       v1::REPORT_STATE_DEAD_LETTER,
       false},
      {"follows its ticket later",
       {{v1::STEP_KIND_FOLLOW_TICKET, v1::STEP_STATE_WAITING}},
       v1::REPORT_STATE_WAITING,
       false},
      {"cannot follow its ticket",
       {{v1::STEP_KIND_FOLLOW_TICKET, v1::STEP_STATE_FAILED}},
       v1::REPORT_STATE_DEAD_LETTER,
       false},
      {"between two steps",
       {resolved, {v1::STEP_KIND_TICKET, v1::STEP_STATE_PENDING}},
       v1::REPORT_STATE_RUNNING,
       true},
      {"only the log is missing",
       {resolved,
        ticket,
        written,
        {v1::STEP_KIND_ATTACH_LOG, v1::STEP_STATE_WAITING}},
       v1::REPORT_STATE_WAITING,
       false},
      {"the log was given up",
       {resolved,
        ticket,
        written,
        {v1::STEP_KIND_ATTACH_LOG, v1::STEP_STATE_FAILED}},
       v1::REPORT_STATE_SUCCEEDED,
       false},
      {"there was no log",
       {resolved,
        ticket,
        written,
        {v1::STEP_KIND_ATTACH_LOG, v1::STEP_STATE_SKIPPED}},
       v1::REPORT_STATE_SUCCEEDED,
       false},
      {"the job cannot be written to",
       {resolved,
        ticket,
        {v1::STEP_KIND_WRITE_BACK, v1::STEP_STATE_FAILED},
        {v1::STEP_KIND_ATTACH_LOG, v1::STEP_STATE_RUNNING}},
       v1::REPORT_STATE_DEAD_LETTER,
       false},
  };
  for (const auto& c : kCases) {
    const v1::Report report = With(c.steps);
    EXPECT_EQ(report.state(), c.state) << c.name;
    EXPECT_EQ(HoldsJob(report), c.holds_job) << c.name;
    EXPECT_FALSE(report.summary().empty()) << c.name;
  }
}

TEST(ReportStateTest, TroubleIsToldWithItsReason) {
  EXPECT_THAT(With({{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_FAILED}}).summary(),
              HasSubstr("the reason"));
  const v1::Report lost_log =
      With({{v1::STEP_KIND_RESOLVE, v1::STEP_STATE_SUCCEEDED},
            {v1::STEP_KIND_ATTACH_LOG, v1::STEP_STATE_FAILED}});
  EXPECT_THAT(lost_log.summary(), HasSubstr("attaching the job log"));
  // The failure of a best-effort step is not the report's error.
  EXPECT_FALSE(lost_log.has_error());
}

}  // namespace
}  // namespace opcon_snow::incident
