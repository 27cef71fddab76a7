// The Windows program as people use it, against the real incident service on
// this machine: reports, TLS, the spool, Unicode everywhere, exit codes.

#include <algorithm>
#include <cstdio>
#include <filesystem>
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
#include "tests/harness/process.h"
#include "tests/windows/exe_test_base.h"
#include "tests/windows/wine.h"

namespace opcon_snow::windows {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kJob[] = "Gehälter für März Ω 給与";

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
  // %ProgramData% is open to everybody, what we make in it is not.
  EXPECT_EQ(fs::status(wine_->program_data() + "/incidentctl").permissions() &
                fs::perms::others_all,
            fs::perms::none);
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

TEST_F(IncidentctlExeTest, SpoolRunDeliversOnceTheServiceIsBack) {
  service_->Start();
  service_->Stop();
  EXPECT_EQ(RunHere(Report(kJob)).exit_code, 0);
  const auto runner =
      wine_->Start({program(), "spool", "run", "--interval", "100ms"},
                   {{"INCIDENTCTL_SERVER", service_->address()}},
                   directory_ + "/spool_run.log");
  ASSERT_OK(runner);
  ASSERT_TRUE(harness::Eventually([&] {
    return absl::StrContains(harness::ReadFile(directory_ + "/spool_run.log"),
                             "cannot be reached");
  }));
  EXPECT_THAT(SpoolFiles(spool()), SizeIs(1));

  service_->Start();
  EXPECT_TRUE(harness::Eventually([&] { return SpoolFiles(spool()).empty(); }));
  EXPECT_THAT(service_->JobNames(), ElementsAre(kJob));
  // As the task scheduler ends it; nothing of it is in the way afterwards.
  (*runner)->Kill();
  service_->Stop();
  EXPECT_EQ(RunHere(Report("later")).exit_code, 0);
  service_->Start();
  EXPECT_EQ(RunHere({"spool", "flush"}).exit_code, 0);
  EXPECT_THAT(service_->JobNames(), UnorderedElementsAre(kJob, "later"));
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

TEST_F(IncidentctlExeTest, AnAddressByNameIsResolved) {
  service_->Start();
  const harness::Finished report = Run(
      Report("by name"),
      {{"INCIDENTCTL_SERVER", absl::StrCat("localhost:", service_->port())}});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_THAT(service_->JobNames(), ElementsAre("by name"));
}

TEST_F(IncidentctlExeTest, FilesMayHaveLettersOfEveryKind) {
  service_->Start();
  const std::string copy = directory_ + "/Sicherung Ä 控え.db";
  const harness::Finished backup =
      RunHere({"admin", "backup", WindowsPath(copy)});
  EXPECT_EQ(backup.exit_code, 0) << backup.err;
  EXPECT_TRUE(fs::exists(copy));
}

TEST_F(IncidentctlExeTest, DoctorTellsWhetherOthersCanUseTheKey) {
  const http::TestCertificate certificate =
      http::MakeTestCertificate("doctor", "localhost", "127.0.0.1");
  const Arguments doctor = {
      "--server",   "127.0.0.1:1",
      "--tls-ca",   WindowsPath(certificate.certificate_file),
      "--tls-cert", WindowsPath(certificate.certificate_file),
      "--tls-key",  WindowsPath(certificate.key_file),
      "doctor"};
  fs::permissions(certificate.key_file, fs::perms::owner_read);
  const harness::Finished closed = Run(doctor);
  EXPECT_THAT(closed.out, AllOf(HasSubstr("client certificate"),
                                HasSubstr("\\ProgramData\\incidentctl")));
  EXPECT_THAT(closed.out, Not(HasSubstr("open to other users")));
  fs::permissions(certificate.key_file,
                  fs::perms::owner_read | fs::perms::others_read);
  EXPECT_THAT(Run(doctor).out, HasSubstr("open to other users"));
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
