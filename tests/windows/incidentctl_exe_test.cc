// The Windows program as people use it: Notification Manager's command line,
// Unicode everywhere, against the real incident service on this machine.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/http/test_certificate.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"
#include "tests/windows/wine.h"

namespace opcon_snow::windows {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kJob[] = "Gehälter für März Ω 給与";
constexpr char kSchedule[] = "Łódź_Płace[Sub]";
// Nothing listens there.
constexpr char kNobody[] = "127.0.0.1:1";

using Arguments = std::vector<std::string>;

// What Notification Manager makes of the documented command line.
Arguments Report(const std::string& job, const Arguments& more = {}) {
  Arguments all = {"report", "-a",  "GENP001",    "-s",  kSchedule,    "-jn",
                   job,      "-e",  "0000000010", "-sd", "2026-01-05", "-si",
                   "16",     "-sn", "1",          "-t",  "basic.json"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// The incident service, whose gateways nobody answers for: it takes reports and
// keeps them.
class Service {
 public:
  Service(harness::Programs programs, std::string directory)
      : programs_(std::move(programs)), directory_(std::move(directory)) {
    fs::create_directories(directory_);
  }

  // On a free port at first, on the same one after that. With TLS if there is a
  // certificate.
  void Start(const http::TestCertificate* certificate = nullptr) {
    if (certificate != nullptr) authority_ = certificate->certificate_file;
    const std::string tls =
        certificate == nullptr
            ? ""
            : absl::StrCat("  tls:\n    certificate_file: ",
                           certificate->certificate_file,
                           "\n    key_file: ", certificate->key_file, "\n");
    const std::string config = directory_ + "/incident_service.yaml";
    ASSERT_OK(harness::WriteFile(
        config, absl::StrCat("listener:\n  address: 127.0.0.1:", port_, "\n",
                             tls, "opcon_gateway:\n  address: ", kNobody,
                             "\nservicenow_gateway:\n  address: ", kNobody,
                             "\nstore:\n  sqlite:\n    path: incidents.db\n"
                             "deployment: windows\n"
                             "default_opcon: production\n"
                             "templates:\n  - name: basic.json\n")));
    const std::string port_file = directory_ + "/port";
    const std::string log = directory_ + "/service.log";
    fs::remove(port_file);
    auto process = harness::Process::Start(
        {.arguments = {programs_.incident_service, "--config", config,
                       "--port-file", port_file},
         .environment = {},
         .stdout_file = log,
         .stderr_file = log});
    ASSERT_OK(process);
    process_ = *std::move(process);
    const auto ports = harness::WaitForPorts(port_file, process_.get(), log);
    ASSERT_OK(ports);
    port_ = ports->begin()->second;
  }

  void Stop() {
    ASSERT_OK(process_->Terminate());
    process_ = nullptr;
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  // The job names of all reports, as incidentctl for Linux shows them.
  std::vector<std::string> JobNames() {
    Arguments arguments = {programs_.incidentctl,
                           "--server",
                           address(),
                           "--output",
                           "json",
                           "reports",
                           "list"};
    if (!authority_.empty()) {
      arguments.insert(arguments.begin() + 1, {"--tls-ca", authority_});
    }
    const auto listed = harness::RunToEnd(arguments, {}, directory_);
    std::vector<std::string> names;
    if (!listed.ok()) return names;
    EXPECT_EQ(listed->exit_code, 0) << listed->err;
    const auto json = nlohmann::json::parse(listed->out, nullptr, false);
    for (const auto& report : json.value("reports", nlohmann::json::array())) {
      const nlohmann::json event = report.value("event", nlohmann::json());
      names.push_back(event.is_object() ? event["jobKey"].value("jobName", "")
                                        : "(rejected)");
    }
    return names;
  }

 private:
  const harness::Programs programs_;
  const std::string directory_;
  std::string authority_;
  int port_ = 0;
  std::unique_ptr<harness::Process> process_;
};

class IncidentctlExeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* program = std::getenv("INCIDENTCTL_EXE");
    ASSERT_NE(program, nullptr) << "run it by ./dev windows";
    program_ = program;
    const std::string directory = ::testing::TempDir() + "/wine";
    fs::create_directories(directory);
    auto wine = Wine::Start(directory);
    ASSERT_OK(wine);
    wine_ = wine->release();
  }
  static void TearDownTestSuite() {
    delete wine_;
    wine_ = nullptr;
  }

  void SetUp() override {
    const auto programs = harness::FindPrograms("");
    ASSERT_OK(programs);
    directory_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(directory_);
    service_ = std::make_unique<Service>(*programs, directory_ + "/service");
    fs::remove_all(wine_->program_data() + "/incidentctl");
  }

  static harness::Finished Run(
      const Arguments& arguments,
      const std::map<std::string, std::string>& environment = {}) {
    Arguments all = {program_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto finished = wine_->Run(all, environment);
    EXPECT_OK(finished);
    return finished.ok() ? *finished : harness::Finished();
  }
  // With this service.
  harness::Finished RunHere(const Arguments& arguments) const {
    return Run(arguments, {{"INCIDENTCTL_SERVER", service_->address()}});
  }

  static std::string spool() {
    return wine_->program_data() + "/incidentctl/spool";
  }
  static std::vector<std::string> SpoolFiles(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".json") names.push_back(entry.path());
    }
    return names;
  }

  static std::string program_;
  static Wine* wine_;
  std::string directory_;
  std::unique_ptr<Service> service_;
};

std::string IncidentctlExeTest::program_;
Wine* IncidentctlExeTest::wine_ = nullptr;

TEST_F(IncidentctlExeTest, SaysItsVersionAndStartsQuickly) {
  const harness::Finished version = Run({"--version"});
  EXPECT_EQ(version.exit_code, 0) << version.err;
  EXPECT_THAT(version.out, ::testing::StartsWith("incidentctl "));

  std::vector<absl::Duration> times;
  for (int i = 0; i < 11; ++i) {
    const absl::Time begin = absl::Now();
    Run({"--version"});
    times.push_back(absl::Now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + 5, times.end());
  // For the record; what it takes depends on the machine.
  const std::string median = absl::FormatDuration(times[5]);
  RecordProperty("start_up_under_wine", median);
  std::printf("Start-up under Wine, median of 11: %s\n", median.c_str());
}

TEST_F(IncidentctlExeTest, AReportWithLettersOfEveryKindIsStored) {
  service_->Start();
  const harness::Finished report = RunHere(Report(kJob));
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(service_->JobNames(), ElementsAre(kJob));
  EXPECT_THAT(SpoolFiles(spool()), IsEmpty());

  // Back on a standard output that is no console, too.
  const harness::Finished list = RunHere({"reports", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr(kJob));
}

TEST_F(IncidentctlExeTest, TlsWithAnAuthorityInAFile) {
  const http::TestCertificate certificate =
      http::MakeTestCertificate("by_file", "localhost", "127.0.0.1");
  service_->Start(&certificate);
  const std::string folder = directory_ + "/Schlüssel und 鍵";
  fs::create_directories(folder);
  fs::copy_file(certificate.certificate_file, folder + "/Stelle Ä.pem");
  const harness::Finished report = RunHere(
      Report("by file", {"--tls-ca", WindowsPath(folder + "/Stelle Ä.pem")}));
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(service_->JobNames(), ElementsAre("by file"));
  EXPECT_THAT(SpoolFiles(spool()), IsEmpty());
}

TEST_F(IncidentctlExeTest, TlsWithTheAuthoritiesOfWindows) {
  const http::TestCertificate certificate =
      http::MakeTestCertificate("by_store", "localhost", "127.0.0.1");
  service_->Start(&certificate);
  // Nobody has said that this one is to be trusted.
  const harness::Finished untrusted =
      RunHere(Report("kept", {"--tls-ca", "system"}));
  EXPECT_EQ(untrusted.exit_code, 0) << untrusted.err;
  EXPECT_THAT(untrusted.err, HasSubstr("cannot be reached"));
  EXPECT_THAT(SpoolFiles(spool()), SizeIs(1));
  EXPECT_THAT(service_->JobNames(), IsEmpty());

  ASSERT_OK(wine_->TrustAuthority(certificate.certificate_file));
  const harness::Finished trusted =
      RunHere(Report("by store", {"--tls-ca", "system"}));
  EXPECT_EQ(trusted.exit_code, 0) << trusted.err;
  EXPECT_THAT(service_->JobNames(), UnorderedElementsAre("by store", "kept"));
  EXPECT_THAT(SpoolFiles(spool()), IsEmpty());
}

TEST_F(IncidentctlExeTest, WhatIsReportedWhileTheServiceIsDownIsDelivered) {
  service_->Start();
  service_->Stop();
  const harness::Finished report = RunHere(Report(kJob));
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(report.err, HasSubstr("warning"));
  const std::vector<std::string> files = SpoolFiles(spool());
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_THAT(harness::ReadFile(files[0]), HasSubstr(kJob));
  const harness::Finished list = RunHere({"spool", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_THAT(list.out, AllOf(HasSubstr("waiting"), HasSubstr(kJob)));

  service_->Start();
  const harness::Finished flush = RunHere({"spool", "flush"});
  EXPECT_EQ(flush.exit_code, 0) << flush.err;
  EXPECT_THAT(flush.out, AllOf(HasSubstr("1 delivered"),
                               HasSubstr("\\ProgramData\\incidentctl\\spool")));
  EXPECT_THAT(service_->JobNames(), ElementsAre(kJob));
  EXPECT_THAT(SpoolFiles(spool()), IsEmpty());
}

TEST_F(IncidentctlExeTest, ManyAtOnceLoseNothing) {
  service_->Start();
  service_->Stop();
  constexpr int kReports = 8;
  std::vector<std::thread> threads;
  for (int i = 0; i < kReports; ++i) {
    threads.emplace_back([this, i] {
      const harness::Finished report = RunHere(Report(absl::StrCat("JOB", i)));
      EXPECT_EQ(report.exit_code, 0) << report.err;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(SpoolFiles(spool()), SizeIs(kReports));
  service_->Start();
  EXPECT_EQ(RunHere({"spool", "flush"}).exit_code, 0);
  EXPECT_THAT(service_->JobNames(), SizeIs(kReports));
}

TEST_F(IncidentctlExeTest, TheConfigurationInProgramDataIsRead) {
  service_->Start();
  const std::string folder = wine_->program_data() + "/incidentctl";
  fs::create_directories(folder);
  ASSERT_OK(harness::WriteFile(
      folder + "/incidentctl.yaml",
      absl::StrCat("server:\n  address: ", service_->address(),
                   "\nspool:\n  directory: Störungen 障害\n")));
  EXPECT_EQ(Run(Report("configured")).exit_code, 0);
  EXPECT_THAT(service_->JobNames(), ElementsAre("configured"));

  service_->Stop();
  const harness::Finished down = Run(Report("kept"));
  EXPECT_EQ(down.exit_code, 0) << down.err;
  EXPECT_THAT(SpoolFiles(folder + "/Störungen 障害"), SizeIs(1));
  EXPECT_THAT(SpoolFiles(spool()), IsEmpty());
}

TEST_F(IncidentctlExeTest, ExitCodesAreThoseOfEverySystem) {
  // What is not understood and what is not acceptable is kept, too.
  EXPECT_EQ(Run(Report("JOB", {"--terminaton", "5"}),
                {{"INCIDENTCTL_SERVER", kNobody}})
                .exit_code,
            64);
  Arguments bad_date = Report("JOB");
  std::replace(bad_date.begin(), bad_date.end(), std::string("2026-01-05"),
               std::string("03/04/2026"));
  const harness::Finished refused =
      Run(bad_date, {{"INCIDENTCTL_SERVER", kNobody}});
  EXPECT_EQ(refused.exit_code, 65);
  EXPECT_THAT(refused.err, HasSubstr("03/04/2026"));
  EXPECT_THAT(SpoolFiles(spool()), SizeIs(2));

  const std::string config = directory_ + "/ohne.yaml";
  ASSERT_OK(harness::WriteFile(config, "spool:\n  disabled: true\n"));
  EXPECT_EQ(
      Run(Report("JOB", {"--config", WindowsPath(config), "--server", kNobody}))
          .exit_code,
      69);
  // The folder of the spool cannot be made: its parent is a file.
  EXPECT_EQ(Run(Report("JOB", {"--server", kNobody, "--spool-dir",
                               WindowsPath(config) + "\\spool"}))
                .exit_code,
            69);
  EXPECT_EQ(
      Run({"--config", "C:\\nowhere\\no.yaml", "spool", "list"}).exit_code, 78);
  service_->Start();
  EXPECT_EQ(RunHere(Report("JOB", {"--wait", "--timeout", "300ms"})).exit_code,
            75);
}

}  // namespace
}  // namespace opcon_snow::windows
