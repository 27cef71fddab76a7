// The conformance suite on every implementation.

#include <memory>
#include <string>

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/store_conformance.h"

namespace opcon_snow::incident {
namespace {

std::unique_ptr<Store> MakeSqlite(const std::string& directory, Clock* clock) {
  auto store = SqliteStore::Open(directory + "/incidents.db", clock);
  EXPECT_OK(store.status());
  return store.ok() ? *std::move(store) : nullptr;
}

std::unique_ptr<Store> MakeMemory(const std::string&, Clock* clock) {
  return std::make_unique<MemoryStore>(clock);
}

INSTANTIATE_TEST_SUITE_P(Store, StoreConformanceTest,
                         ::testing::Values(StoreMaker{"Sqlite", &MakeSqlite},
                                           StoreMaker{"Memory", &MakeMemory}),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Store, WatchConformanceTest,
                         ::testing::Values(StoreMaker{"Sqlite", &MakeSqlite},
                                           StoreMaker{"Memory", &MakeMemory}),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Store, SilenceConformanceTest,
                         ::testing::Values(StoreMaker{"Sqlite", &MakeSqlite},
                                           StoreMaker{"Memory", &MakeMemory}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace opcon_snow::incident
