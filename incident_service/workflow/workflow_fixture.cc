#include "incident_service/workflow/workflow_fixture.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/error_record.h"
#include "incident_service/workflow/retry_policy.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;

// The names of parameterized tests contain a slash.
WorkflowTest::WorkflowTest()
    : path_(absl::StrCat(
          ::testing::TempDir(), "/",
          absl::StrReplaceAll(
              ::testing::UnitTest::GetInstance()->current_test_info()->name(),
              {{"/", "-"}}),
          ".db")) {
  opcon_.Define(kJob);
  opcon_.Fail(kJob, clock_.Now());
  Configure(::config::v1::Template());
  OpenStore();
}

void WorkflowTest::OpenStore() {
  steps_.reset();
  store_.reset();
  auto opened = SqliteStore::Open(path_, &clock_);
  ASSERT_OK(opened.status());
  store_ = *std::move(opened);
  steps_ = std::make_unique<Steps>(
      StepDependencies{.store = store_.get(),
                       .opcon = &opcon_,
                       .servicenow = &servicenow_,
                       .templates = [this] { return templates_; },
                       .deployment = "test",
                       .clock = &clock_,
                       .settles = settles_,
                       .provisional_ticket_after = provisional_ticket_after_});
}

void WorkflowTest::Configure(::config::v1::Template config) {
  config.set_name("basic.json");
  Configure(std::vector<::config::v1::Template>{config});
}

void WorkflowTest::Configure(
    const std::vector<::config::v1::Template>& configs) {
  config::Faults faults;
  templates_ =
      TemplateSet::Compile({configs.begin(), configs.end()}, "", &faults);
  ASSERT_NE(templates_, nullptr) << faults.Format();
}

v1::Report WorkflowTest::MakeReport(const std::string& request_id) const {
  v1::Report report;
  report.set_request_id(request_id);
  report.mutable_event()->set_kind(v1::EVENT_KIND_JOB_FAILED);
  v1::JobKey* key = report.mutable_event()->mutable_job_key();
  key->set_opcon("production");
  key->mutable_schedule_date()->set_year(2026);
  key->mutable_schedule_date()->set_month(1);
  key->mutable_schedule_date()->set_day(5);
  key->set_schedule_id(16);
  key->set_schedule_instance(1);
  key->set_job_name("JOB001");
  return report;
}

std::string WorkflowTest::Store(const v1::Report& report) {
  const auto created = store_->CreateReport(report, report.request_id(),
                                            {v1::STEP_KIND_RESOLVE}, 1000);
  EXPECT_OK(created.status());
  return created->report.report_id();
}

std::string WorkflowTest::Report(const std::string& request_id,
                                 v1::EventKind kind,
                                 const std::string& template_name) {
  v1::Report report = MakeReport(request_id);
  report.set_requested_template(template_name);
  report.mutable_event()->set_kind(kind);
  return Store(report);
}

int WorkflowTest::Drive(int limit) {
  for (int attempts = 0; attempts < limit;) {
    auto claimed = store_->ClaimSteps({.limit = 1});
    EXPECT_OK(claimed.status());
    if (claimed->empty()) {
      const auto next = store_->TimeToNextStep();
      EXPECT_OK(next.status());
      if (*next == absl::InfiniteDuration()) return attempts;
      clock_.Advance(*next);
      continue;
    }
    ++attempts;
    DoStep(claimed->front());
  }
  return limit;
}

void WorkflowTest::DoStep(const ClaimedStep& claimed) {
  absl::StatusOr<StepCommit> result = steps_->Run(claimed);
  if (!result.ok()) {
    StepCommit failed;
    failed.claim = claimed.claim;
    failed.step = claimed.step;
    const bool again = MayRepeat(result.status());
    SetError(result.status(), claimed.step.attempts(), !again,
             failed.step.mutable_error());
    failed.step.set_state(again ? v1::STEP_STATE_WAITING
                                : v1::STEP_STATE_FAILED);
    if (again) {
      SetTime(clock_.Now() + absl::Minutes(1),
              failed.step.mutable_next_attempt_time());
    }
    result = failed;
  }
  result->audit = *claimed.audit;
  EXPECT_OK(store_->Commit(*result));
}

v1::Report WorkflowTest::Get(const std::string& report_id) {
  auto stored = store_->GetReport(report_id);
  EXPECT_OK(stored.status());
  return stored->report;
}

v1::Step WorkflowTest::GetStep(const std::string& report_id,
                               v1::StepKind kind) {
  v1::Report report = Get(report_id);
  const v1::Step* const step = FindStep(&report, kind);
  return step == nullptr ? v1::Step() : *step;
}

FakeIncident& WorkflowTest::Incident() {
  EXPECT_EQ(servicenow_.incidents.size(), 1U);
  return servicenow_.incidents.begin()->second;
}

void WorkflowTest::FailAgain(const std::string& log) {
  clock_.Advance(absl::Minutes(10));
  opcon_.Fail(kJob, clock_.Now(), log);
}

void WorkflowTest::SetState(::servicenow::v1::IncidentState state) {
  for (auto& [sys_id, incident] : servicenow_.incidents) {
    servicenow_.SetState(&incident, state);
  }
}

}  // namespace opcon_snow::incident
