#ifndef OPCON_SNOW_TESTS_WINDOWS_EXE_TEST_BASE_H_
#define OPCON_SNOW_TESTS_WINDOWS_EXE_TEST_BASE_H_

// What the tests of incidentctl.exe have in common: a Windows, and the real
// incident service on this machine.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/http/test_certificate.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"
#include "tests/windows/wine.h"

namespace opcon_snow::windows {

using Arguments = std::vector<std::string>;

// Nothing listens there.
inline constexpr char kNobody[] = "127.0.0.1:1";

// The incident service, whose gateways nobody answers for: it takes reports and
// keeps them.
class Service {
 public:
  Service(harness::Programs programs, std::string directory);

  // On a free port at first, on the same one after that. With TLS if there is a
  // certificate.
  void Start(const http::TestCertificate* certificate = nullptr);
  void Stop();

  std::string address() const;
  int port() const { return port_; }

  // All reports, as incidentctl for Linux shows them.
  std::vector<nlohmann::json> Reports() const;
  // The job names of all reports; "(rejected)" for what was not understood.
  std::vector<std::string> JobNames() const;

 private:
  const harness::Programs programs_;
  const std::string directory_;
  std::string authority_;
  int port_ = 0;
  std::unique_ptr<harness::Process> process_;
};

class IncidentctlExeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  // What Notification Manager makes of the documented command line.
  static Arguments Report(const std::string& job, const Arguments& more = {});

  // Runs a program of Windows.
  static harness::Finished RunProgram(
      const Arguments& arguments,
      const std::map<std::string, std::string>& environment = {});
  // Runs incidentctl.exe.
  static harness::Finished Run(
      const Arguments& arguments,
      const std::map<std::string, std::string>& environment = {});
  // With this service.
  harness::Finished RunHere(const Arguments& arguments) const;

  static std::string program() { return programs_ + "/incidentctl.exe"; }
  static std::string spool();
  static std::vector<std::string> SpoolFiles(const std::string& folder);

  // Where ./dev windows has put the programs.
  static std::string programs_;
  static Wine* wine_;
  // For files of the test.
  std::string directory_;
  std::unique_ptr<Service> service_;
};

}  // namespace opcon_snow::windows

#endif  // OPCON_SNOW_TESTS_WINDOWS_EXE_TEST_BASE_H_
