#include "tests/windows/exe_test_base.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"

namespace opcon_snow::windows {

namespace fs = std::filesystem;

Service::Service(harness::Programs programs, std::string directory)
    : programs_(std::move(programs)), directory_(std::move(directory)) {
  fs::create_directories(directory_);
}

void Service::Start(const http::TestCertificate* certificate) {
  if (certificate != nullptr) authority_ = certificate->certificate_file;
  const std::string tls =
      certificate == nullptr
          ? ""
          : absl::StrCat(
                "  tls:\n    certificate_file: ", certificate->certificate_file,
                "\n    key_file: ", certificate->key_file, "\n");
  const std::string config = directory_ + "/incident_service.yaml";
  ASSERT_OK(harness::WriteFile(
      config, absl::StrCat("listener:\n  address: 127.0.0.1:", port_, "\n", tls,
                           "opcon_gateway:\n  address: ", kNobody,
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

void Service::Stop() {
  ASSERT_OK(process_->Terminate());
  process_ = nullptr;
}

std::string Service::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

std::vector<nlohmann::json> Service::Reports() const {
  Arguments arguments = {programs_.incidentctl};
  if (!authority_.empty()) {
    arguments.insert(arguments.end(), {"--tls-ca", authority_});
  }
  arguments.insert(arguments.end(), {"--server", address(), "--output", "json",
                                     "reports", "list", "--limit", "0"});
  const auto listed = harness::RunToEnd(arguments, {}, directory_);
  std::vector<nlohmann::json> reports;
  if (!listed.ok()) return reports;
  EXPECT_EQ(listed->exit_code, 0) << listed->err;
  const auto json = nlohmann::json::parse(listed->out, nullptr, false);
  for (const auto& report : json.value("reports", nlohmann::json::array())) {
    reports.push_back(report);
  }
  return reports;
}

std::vector<std::string> Service::JobNames() const {
  std::vector<std::string> names;
  for (const nlohmann::json& report : Reports()) {
    const nlohmann::json event = report.value("event", nlohmann::json());
    names.push_back(event.is_object() ? event["jobKey"].value("jobName", "")
                                      : "(rejected)");
  }
  return names;
}

std::string IncidentctlExeTest::programs_;
Wine* IncidentctlExeTest::wine_ = nullptr;

void IncidentctlExeTest::SetUpTestSuite() {
  const char* programs = std::getenv("WINDOWS_PROGRAMS");
  ASSERT_NE(programs, nullptr) << "run it by ./dev windows";
  programs_ = programs;
  const std::string directory = ::testing::TempDir() + "/wine";
  fs::create_directories(directory);
  auto wine = Wine::Start(directory);
  ASSERT_OK(wine);
  wine_ = wine->release();
}

void IncidentctlExeTest::TearDownTestSuite() {
  delete wine_;
  wine_ = nullptr;
}

void IncidentctlExeTest::SetUp() {
  const auto programs = harness::FindPrograms("");
  ASSERT_OK(programs);
  directory_ = absl::StrCat(
      ::testing::TempDir(), "/",
      ::testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::create_directories(directory_);
  service_ = std::make_unique<Service>(*programs, directory_ + "/service");
  fs::remove_all(wine_->program_data() + "/incidentctl");
}

Arguments IncidentctlExeTest::Report(const std::string& job,
                                     const Arguments& more) {
  Arguments all = {
      "report", "-a",  "GENP001",    "-s",  "Łódź_Płace[Sub]", "-jn",
      job,      "-e",  "0000000010", "-sd", "2026-01-05",      "-si",
      "16",     "-sn", "1",          "-t",  "basic.json"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

harness::Finished IncidentctlExeTest::RunProgram(
    const Arguments& arguments,
    const std::map<std::string, std::string>& environment) {
  const auto finished = wine_->Run(arguments, environment);
  EXPECT_OK(finished);
  return finished.ok() ? *finished : harness::Finished();
}

harness::Finished IncidentctlExeTest::Run(
    const Arguments& arguments,
    const std::map<std::string, std::string>& environment) {
  Arguments all = {program()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunProgram(all, environment);
}

harness::Finished IncidentctlExeTest::RunHere(
    const Arguments& arguments) const {
  return Run(arguments, {{"INCIDENTCTL_SERVER", service_->address()}});
}

std::string IncidentctlExeTest::spool() {
  return wine_->program_data() + "/incidentctl/spool";
}

std::vector<std::string> IncidentctlExeTest::SpoolFiles(
    const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path());
  }
  return names;
}

}  // namespace opcon_snow::windows
