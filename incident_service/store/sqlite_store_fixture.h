#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_FIXTURE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_FIXTURE_H_

// A store in a file of its own, on a fake clock.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"
#include "incident_service/store/sqlite_store.h"

namespace opcon_snow::incident {

inline constexpr std::int64_t kNoLimit = 1000000;

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    options_.path = directory_ + "/incidents.db";
  }

  // As after a crash: nothing is closed in an orderly way but the file.
  void Open() {
    store_.reset();
    auto opened = SqliteStore::Open(options_, &clock_);
    ASSERT_OK(opened.status());
    store_ = *std::move(opened);
  }

  // The file that this version of the schema left, a year later.
  void OpenVersion(int version) {
    {
      auto db = Database::Open(options_.path);
      ASSERT_OK(db.status());
      const std::string text = ReadAll(
          absl::StrCat(std::getenv("TEST_SRCDIR"),
                       "/opcon_snow/incident_service/store/testdata/schema_v",
                       version, ".sql"));
      ASSERT_THAT(
          text, ::testing::HasSubstr(absl::StrCat("user_version = ", version)));
      ASSERT_OK((*db)->Execute(text.c_str()));
    }
    clock_.Advance(absl::Hours(24 * 365));
    Open();
  }

  absl::StatusOr<CreatedReport> TryCreate(const std::string& request_id,
                                          const std::string& job = "JOB001") {
    ::incident::v1::Report report;
    report.set_request_id(request_id);
    ::incident::v1::JobKey* key = report.mutable_event()->mutable_job_key();
    key->set_opcon("production");
    key->set_job_name(job);
    return store_->CreateReport(report, "digest",
                                {::incident::v1::STEP_KIND_RESOLVE}, kNoLimit);
  }
  std::string Create(const std::string& request_id,
                     const std::string& job = "JOB001") {
    const auto created = TryCreate(request_id, job);
    EXPECT_OK(created.status());
    return created.ok() ? created->report.report_id() : "";
  }

  std::vector<ClaimedStep> Claim(int limit = 100) {
    auto claimed = store_->ClaimSteps({.limit = limit});
    EXPECT_OK(claimed.status());
    return claimed.ok() ? *std::move(claimed) : std::vector<ClaimedStep>();
  }

  absl::Status End(const ClaimedStep& claimed,
                   ::incident::v1::StepState state) {
    StepCommit commit;
    commit.claim = claimed.claim;
    commit.step = claimed.step;
    commit.step.set_state(state);
    return store_->Commit(commit);
  }

  // Creates reports until one is refused; returns how many were acknowledged.
  int CreateUntilRefused(absl::Status* refused) {
    for (int i = 0; i < 10000; ++i) {
      const auto created =
          TryCreate(absl::StrCat("request-", i), absl::StrCat("J", i));
      if (created.ok()) continue;
      *refused = created.status();
      return i;
    }
    return -1;
  }

  std::string directory_ = ::testing::TempDir() + "/sqlite-XXXXXX";
  SqliteStoreOptions options_;
  FakeClock clock_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SQLITE_STORE_FIXTURE_H_
