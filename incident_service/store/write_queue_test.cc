#include "incident_service/store/write_queue.h"

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "incident_service/store/sqlite.h"

namespace opcon_snow::incident {
namespace {

using ::testing::ElementsAre;

// Counts writes in memory, as a store does, and hears how transactions end.
class Observer final : public WriteObserver {
 public:
  explicit Observer(Database* db) : db_(db) {}

  void Mark() override { mark_ = rows; }
  void BackToMark() override { rows = mark_; }
  void BeginBatch() override { batch_ = rows; }
  void RestartBatch() override { rows = batch_; }
  void EndBatch(const BatchEnd& end) override {
    if (!end.committed) rows = batch_;
    if (end.durable && end.committed) durable.set_value(rows);
  }
  absl::Status Settle() override {
    return db_->Execute("INSERT INTO rows VALUES ('settled')");
  }

  // Of the queue's thread.
  int rows = 0;
  // Set by the only durable transaction of a test.
  std::promise<int> durable;

 private:
  Database* const db_;
  int mark_ = 0;
  int batch_ = 0;
};

class WriteQueueTest : public ::testing::Test {
 protected:
  WriteQueueTest() {
    path_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/write-queue-XXXXXX");
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
    auto db = Database::Open(path_ + "/rows.db");
    EXPECT_OK(db.status());
    db_ = *std::move(db);
    EXPECT_OK(db_->Execute("CREATE TABLE rows (name TEXT)"));
    observer_ = std::make_unique<Observer>(db_.get());
  }

  std::function<absl::Status()> Insert(const char* sql,
                                       absl::Status result = {}) {
    return [this, sql, result] {
      ++observer_->rows;
      const absl::Status written = db_->Execute(sql);
      return written.ok() ? result : written;
    };
  }

  std::vector<std::string> Rows() {
    std::vector<std::string> names;
    auto query = db_->Prepare("SELECT name FROM rows ORDER BY rowid");
    EXPECT_OK(query.status());
    while (query->Step().value()) names.push_back(query->Text(0));
    return names;
  }

  std::string path_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Observer> observer_;
};

TEST_F(WriteQueueTest, AWriteThatFailsHalfDoneIsTakenBackAlone) {
  std::vector<absl::Status> results(3);
  {
    WriteQueue queue(db_.get(), observer_.get());
    // Holds the thread until all three wait for it.
    std::promise<void> submitted;
    const std::shared_future<void> all(submitted.get_future());
    queue.Submit({[all] {
                    all.wait();
                    return absl::OkStatus();
                  },
                  [](const absl::Status&) {}, /*durable=*/false});
    const auto submit = [&](std::size_t i,
                            std::function<absl::Status()> write) {
      queue.Submit({std::move(write),
                    [&results, i](const absl::Status& s) { results[i] = s; }});
    };
    submit(0, Insert("INSERT INTO rows VALUES ('a')"));
    submit(1, Insert("INSERT INTO rows VALUES ('b')",
                     absl::InvalidArgumentError("no")));
    submit(2, Insert("INSERT INTO rows VALUES ('c')"));
    submitted.set_value();
  }
  EXPECT_THAT(Rows(), ElementsAre("a", "c"));
  EXPECT_EQ(observer_->rows, 2);
  EXPECT_OK(results[0]);
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(results[2]);
}

TEST_F(WriteQueueTest, WhatIsNotDurableBecomesSoWithoutAnotherWrite) {
  WriteQueue queue(db_.get(), observer_.get());
  EXPECT_OK(queue.Run(Insert("INSERT INTO rows VALUES ('a')"),
                      /*durable=*/false));
  EXPECT_EQ(observer_->durable.get_future().get(), 1);
}

TEST_F(WriteQueueTest, WhatIsNotDurableBecomesSoBeforeTheEnd) {
  {
    WriteQueue queue(db_.get(), observer_.get());
    EXPECT_OK(queue.Run(Insert("INSERT INTO rows VALUES ('a')"),
                        /*durable=*/false));
  }
  EXPECT_THAT(Rows(), ElementsAre("a", "settled"));
}

}  // namespace
}  // namespace opcon_snow::incident
