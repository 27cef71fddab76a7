#ifndef OPCON_SNOW_TESTS_E2E_E2E_TEST_BASE_H_
#define OPCON_SNOW_TESTS_E2E_E2E_TEST_BASE_H_

// What end-to-end tests have in common: a suite of real processes, and
// questions to it that wait for the answer to come.

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/harness/jobs.h"
#include "tests/harness/suite.h"

namespace opcon_snow::e2e {

class E2eTest : public ::testing::Test {
 protected:
  // A new directory for each test, with the programs of the runfiles.
  static harness::SuiteOptions Options();
  void StartSuite(harness::SuiteOptions options = Options());

  // Defines a job with random names and lets it fail.
  harness::Job FailedJob(const std::string& log = "the log\n");
  // Runs `incidentctl report` for it; the exit code must be `expected`.
  harness::Finished Report(const harness::Job& job, int expected = 0,
                           const std::string& template_name = "basic.json");

  // All reports as `incidentctl reports list --output json` shows them, newest
  // first.
  std::vector<nlohmann::json> Reports();
  // The newest report, once it is in this state; null if it never is.
  nlohmann::json AwaitNewest(const std::string& state);

  // What every finished report of one failure leaves behind: one incident,
  // one ticket on the job, one attachment with this content.
  void ExpectAppliedOnce(const harness::Job& job, const std::string& log);

  harness::Suite& suite() { return *suite_; }

 private:
  std::unique_ptr<harness::Suite> suite_;
};

}  // namespace opcon_snow::e2e

#endif  // OPCON_SNOW_TESTS_E2E_E2E_TEST_BASE_H_
