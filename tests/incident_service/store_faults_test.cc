// The incident service as a process whose store is in trouble: full disk,
// damage, other programs, kill -9. What is promised: an error that says what to
// do, and nothing lost that was acknowledged.

#include <sqlite3.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "tests/harness/process.h"

namespace opcon_snow {
namespace {

namespace v1 = ::incident::v1;
using Stub = v1::IncidentService::StubInterface;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StoreFaultsTest : public ::testing::Test {
 protected:
  StoreFaultsTest() {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    EXPECT_OK(harness::WriteFile(
        Path("config.yaml"),
        // Nobody listens at the gateways' ports: reports wait.
        "listener:\n  address: 127.0.0.1:0\n"
        "opcon_gateway:\n  address: 127.0.0.1:1\n"
        "servicenow_gateway:\n  address: 127.0.0.1:1\n"
        "store:\n  sqlite:\n    path: incidents.db\n"
        "deployment: test\ndefault_opcon: production\n"
        "templates:\n  - name: basic.json\n"));
  }

  std::string Path(const std::string& file) const {
    return absl::StrCat(directory_, "/", file);
  }

  absl::StatusOr<std::unique_ptr<harness::Process>> Launch(
      const std::string& port_file, const std::string& log) {
    return harness::Process::Start(
        {.arguments = {absl::StrCat(std::getenv("TEST_SRCDIR"),
                                    "/opcon_snow/incident_service/"
                                    "incident_service"),
                       "--config", Path("config.yaml"), "--port-file",
                       port_file},
         .environment = {},
         .stdout_file = log,
         .stderr_file = log});
  }

  void Start() {
    std::filesystem::remove(Path("ports"));
    auto process = Launch(Path("ports"), Path("log"));
    ASSERT_OK(process.status());
    process_ = *std::move(process);
    const auto ports =
        harness::WaitForPorts(Path("ports"), process_.get(), Path("log"));
    ASSERT_OK(ports.status());
    const auto channel = rpc::CreateChannel(
        {.target = absl::StrCat("127.0.0.1:", ports->at("grpc"))});
    ASSERT_OK(channel.status());
    stub_ = v1::IncidentService::NewStub(*channel);
  }

  // Starts it where it cannot start; returns what it says.
  std::string LogOfRefusal() {
    auto process = Launch(Path("ports2"), Path("log2"));
    EXPECT_OK(process.status());
    const auto exit_code = (*process)->Wait();
    EXPECT_OK(exit_code.status());
    EXPECT_THAT(*exit_code, AnyOf(69, 78));
    return harness::ReadFile(Path("log2"));
  }

  absl::Status Report(const std::string& request_id, bool* known = nullptr) {
    v1::ReportJobEventRequest request;
    request.set_request_id(request_id);
    v1::JobKey* key = request.mutable_event()->mutable_job_key();
    key->mutable_schedule_date()->set_year(2026);
    key->mutable_schedule_date()->set_month(1);
    key->mutable_schedule_date()->set_day(5);
    key->set_schedule_id(16);
    key->set_schedule_instance(1);
    key->set_job_name(request_id);
    request.mutable_event()->set_machine(std::string(200, 'x'));
    const auto reply = rpc::Call(*stub_, &Stub::ReportJobEvent, request);
    if (reply.ok() && known != nullptr) *known = reply->duplicate();
    return reply.status();
  }

  void ExpectAllKnown(const std::set<std::string>& request_ids) {
    for (const std::string& id : request_ids) {
      bool known = false;
      EXPECT_OK(Report(id, &known));
      EXPECT_TRUE(known) << id << " was acknowledged and is lost";
    }
  }

  v1::Hop StoreHealth() {
    const auto health =
        rpc::Call(*stub_, &Stub::GetHealth, v1::GetHealthRequest());
    EXPECT_OK(health.status());
    for (const v1::Hop& hop : health->hops()) {
      if (hop.name() == "store") return hop;
    }
    ADD_FAILURE() << "no store among the hops";
    return {};
  }

  std::string directory_ = ::testing::TempDir() + "/faults-XXXXXX";
  std::unique_ptr<harness::Process> process_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(StoreFaultsTest, AFullDiskIsSaidAndEndsByItself) {
  Start();
  std::set<std::string> acknowledged;
  absl::Status refused;
  // From now on no file grows beyond this.
  rlimit limit{};
  ASSERT_EQ(prlimit(process_->pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = std::uint64_t{3} << 20;
  ASSERT_EQ(prlimit(process_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  for (int i = 0; i < 5000 && refused.ok(); ++i) {
    const std::string id = absl::StrCat("request-", i);
    refused = Report(id);
    if (refused.ok()) acknowledged.insert(id);
  }
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                AllOf(HasSubstr(Path("incidents.db")),
                                      HasSubstr("space"))));
  EXPECT_THAT(refused, HasReason("STORE_UNAVAILABLE"));
  EXPECT_GT(acknowledged.size(), 10U);
  ASSERT_TRUE(process_->Running());
  // Small writes may still find room in between.
  v1::Hop health;
  EXPECT_TRUE(harness::Eventually([&] {
    const std::string id = absl::StrCat("late-", acknowledged.size());
    if (Report(id).ok()) acknowledged.insert(id);
    health = StoreHealth();
    return health.state() == v1::HOP_STATE_FAILED;
  }));
  EXPECT_THAT(health.message(), HasSubstr("space"));
  // What is there can be read.
  EXPECT_OK(
      rpc::Call(*stub_, &Stub::ListReports, v1::ListReportsRequest()).status());

  ASSERT_EQ(prlimit(process_->pid(), RLIMIT_FSIZE, &before, nullptr), 0);
  EXPECT_OK(Report("request-after"));
  EXPECT_EQ(StoreHealth().state(), v1::HOP_STATE_OK);
  process_->Kill();
  Start();
  ExpectAllKnown(acknowledged);
}

TEST_F(StoreFaultsTest, WhatWasAcknowledgedSurvivesBeingKilled) {
  std::set<std::string> acknowledged;
  std::mutex mutex;
  for (int round = 0; round < 3; ++round) {
    Start();
    std::atomic<int> count{0};
    std::vector<std::thread> reporters;
    for (int t = 0; t < 4; ++t) {
      reporters.emplace_back([&, t] {
        for (int i = 0;; ++i) {
          const std::string id =
              absl::StrCat("request-", round, "-", t, "-", i);
          if (!Report(id).ok()) return;
          ++count;
          const std::lock_guard<std::mutex> lock(mutex);
          acknowledged.insert(id);
        }
      });
    }
    EXPECT_TRUE(harness::Eventually([&] { return count > 100 * (round + 1); }));
    process_->Kill();
    for (std::thread& reporter : reporters) reporter.join();
  }
  Start();
  ExpectAllKnown(acknowledged);
}

TEST_F(StoreFaultsTest, ASecondServiceOnTheStoreDoesNotStart) {
  Start();
  EXPECT_THAT(LogOfRefusal(),
              AllOf(HasSubstr("already running"), HasSubstr("incidents.db")));
  EXPECT_OK(Report("request-1"));
}

TEST_F(StoreFaultsTest, ADamagedStoreDoesNotStartAndSaysWhatToDo) {
  Start();
  EXPECT_OK(Report("request-1"));
  EXPECT_OK(process_->Terminate().status());
  {
    std::fstream file(Path("incidents.db"),
                      std::ios::binary | std::ios::in | std::ios::out);
    file << "not a database any more";
  }
  EXPECT_THAT(LogOfRefusal(),
              AllOf(HasSubstr("damaged"), HasSubstr("incidents.db"),
                    HasSubstr("incidentctl admin backup")));
}

TEST_F(StoreFaultsTest, AnotherProgramThatLocksTheStoreIsWaitedForThenNamed) {
  Start();
  EXPECT_OK(Report("request-1"));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(Path("incidents.db").c_str(), &other), SQLITE_OK);
  // The service may be writing what became of the report.
  ASSERT_EQ(sqlite3_busy_timeout(other, 20'000), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const absl::Status refused = Report("request-2");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("another program holds it locked")));
  EXPECT_THAT(refused, HasReason("STORE_UNAVAILABLE"));
  sqlite3_close(other);
  EXPECT_OK(Report("request-2"));
}

}  // namespace
}  // namespace opcon_snow
