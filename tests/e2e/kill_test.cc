// incident_service killed at every place where a crash could lose or double
// something, and started again.

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/e2e_test_base.h"

namespace opcon_snow::e2e {
namespace {

std::string ProgramWithFailpoints() {
  return absl::StrCat(std::getenv("TEST_SRCDIR"),
                      "/opcon_snow/tests/e2e/incident_service_with_failpoints");
}

class KillTest : public E2eTest,
                 public ::testing::WithParamInterface<const char*> {};

TEST_P(KillTest, TheReportIsFinishedOnce) {
  harness::SuiteOptions options = Options();
  options.programs.incident_service = ProgramWithFailpoints();
  options.incident_service_environment = {
      {"INCIDENT_SERVICE_FAILPOINT", GetParam()}};
  StartSuite(options);
  const std::string log = harness::RandomLog();
  const harness::Job job = FailedJob(log);
  Report(job);
  const auto died = suite().incident_service()->Wait();
  ASSERT_OK(died.status()) << "nothing passes the failpoint " << GetParam();
  ASSERT_EQ(*died, 128 + 9);
  ASSERT_OK(suite().RestartIncidentService({}));
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, log);
}

INSTANTIATE_TEST_SUITE_P(
    EveryFailpoint, KillTest,
    ::testing::Values("commit.RESOLVE.before", "commit.RESOLVE.after",
                      "commit.PLAN.before", "commit.PLAN.after",
                      "effect.CreateIncident.before",
                      "effect.CreateIncident.after", "commit.TICKET.before",
                      "commit.TICKET.after", "effect.SetIncidentTicket.before",
                      "effect.SetIncidentTicket.after",
                      "commit.WRITE_BACK.before", "commit.WRITE_BACK.after",
                      "effect.AttachFile.before", "effect.AttachFile.after",
                      "commit.ATTACH_LOG.before", "commit.ATTACH_LOG.after"));

// An instance that ignores the ids that clients choose leaves only the text
// to find the incident by.
TEST_F(E2eTest, AlsoWhereTheInstanceIgnoresChosenIds) {
  harness::SuiteOptions options = Options();
  options.programs.incident_service = ProgramWithFailpoints();
  options.snow_sandbox_flags = {"--client-sys-id", "ignore"};
  options.incident_service_environment = {
      {"INCIDENT_SERVICE_FAILPOINT", "effect.CreateIncident.after"}};
  StartSuite(options);
  const harness::Job job = FailedJob("log\n");
  Report(job);
  ASSERT_THAT(suite().incident_service()->Wait(), IsOkAndHolds(128 + 9));
  ASSERT_OK(suite().RestartIncidentService({}));
  AwaitNewest("REPORT_STATE_SUCCEEDED");
  ExpectAppliedOnce(job, "log\n");
}

}  // namespace
}  // namespace opcon_snow::e2e
