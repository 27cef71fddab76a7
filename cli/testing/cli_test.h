#ifndef OPCON_SNOW_CLI_TESTING_CLI_TEST_H_
#define OPCON_SNOW_CLI_TESTING_CLI_TEST_H_

// Runs the real program in a folder of its own.

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/platform.h"
#include "cli/spool.h"
#include "cli/testing/process.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {

class CliTest : public ::testing::Test {
 protected:
  // Nothing listens there.
  static constexpr char kNobody[] = "127.0.0.1:1";

  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    home_ = absl::StrCat(::testing::TempDir(), "/", test->test_suite_name(),
                         ".", test->name());
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_);
    options_.environment = {{"HOME", home_},
                            {"INCIDENTCTL_SPOOL_DIR", home_ + "/spool"},
                            {"INCIDENTCTL_SERVER", kNobody}};
  }

  void UseServer(const std::string& address) {
    options_.environment["INCIDENTCTL_SERVER"] = address;
  }

  ProcessResult Run(const std::vector<std::string>& arguments) const {
    return RunProcess(RunfilePath("cli/incidentctl"), arguments, options_);
  }

  // "report" with what identifies the job, and more.
  static std::vector<std::string> FailureReport(
      std::vector<std::string> more = {}) {
    std::vector<std::string> all = {"report", "-jn",        "JOB 001",
                                    "-sd",    "2026-01-05", "-si",
                                    "16",     "-sn",        "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Spool OpenSpool() const {
    return Spool({home_ + "/spool", 1000}, platform::RealFiles());
  }
  // What waits in the spool.
  std::vector<Spool::Request> Waiting() const {
    Spool spool = OpenSpool();
    const std::vector<std::string> names = spool.Waiting().value();
    std::vector<Spool::Request> requests;
    requests.reserve(names.size());
    for (const std::string& name : names) {
      requests.push_back(spool.Read(name).value());
    }
    return requests;
  }
  // The reasons of what was refused.
  std::vector<std::string> Refused() const {
    Spool spool = OpenSpool();
    std::vector<std::string> reasons;
    const std::vector<std::string> names = spool.Refused().value();
    for (const std::string& name : names) {
      EXPECT_TRUE(spool.ReadRefused(name).ok());
      reasons.push_back(spool.ReadReason(name));
    }
    return reasons;
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    std::string path = absl::StrCat(home_, "/", name);
    std::ofstream(path) << text;
    return path;
  }

  std::string home_;
  ProcessOptions options_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TESTING_CLI_TEST_H_
