#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_CONFORMANCE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_CONFORMANCE_H_

// What every implementation of the store must do, as tests. To run them:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformanceTest,
//                            ::testing::Values(StoreMaker{"sqlite", &Make}));
//
// and the same for WatchConformanceTest and SilenceConformanceTest.

#include <memory>
#include <string>
#include <vector>

#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

struct StoreMaker {
  const char* name;
  // A store that holds nothing. `directory` is empty and stays.
  std::unique_ptr<Store> (*make)(const std::string& directory, Clock* clock);
};

class StoreConformanceTest : public ::testing::TestWithParam<StoreMaker> {
 protected:
  StoreConformanceTest();

  static ::incident::v1::Report NewReport(const std::string& request_id,
                                          const std::string& job);
  std::string Create(const std::string& request_id,
                     const std::string& job = "JOB001",
                     std::vector<NextStep> steps = {
                         ::incident::v1::STEP_KIND_RESOLVE});
  std::vector<ClaimedStep> Claim(int limit = 100,
                                 const std::string& worker = "worker");
  // The claim of the only step that is due.
  ClaimedStep ClaimOnly();
  // What is committed to end the claimed step in `state`.
  StepCommit Ending(const ClaimedStep& claimed,
                    ::incident::v1::StepState state);
  absl::Status End(const ClaimedStep& claimed, ::incident::v1::StepState state,
                   std::vector<NextStep> next = {});
  ::incident::v1::Report Get(const std::string& report_id);
  // A failure with this id, of JOB001.
  static ::incident::v1::Failure FailureWithId(const std::string& id);
  // Reports that have ended, each with failure, ticket and link; in order.
  std::vector<std::string> CreateEnded(int count);
  // The audit, oldest first, as `actor action reason`.
  std::vector<std::string> Audit(const AuditFilter& filter = {});

  FakeClock clock_;
  std::unique_ptr<Store> store_;
};

class WatchConformanceTest : public StoreConformanceTest {
 protected:
  // The watch of the test, which must be free or the worker's.
  WatchClaim Claimed(const std::string& worker = "one");
  // Claims it if it can be had.
  bool IsFree(const std::string& worker);
  // JOB001 has a ticket in this state, seen after so many changes; returns the
  // link as it is then.
  ::incident::v1::TicketLink PutLink(const std::string& state,
                                     std::int64_t changes);
  ::incident::v1::TicketLink Link();
  // The ticket of `link`, found in another state, which is to be a report.
  static Store::SeenTicket Seen(const ::incident::v1::TicketLink& link,
                                const std::string& state, std::int64_t changes,
                                const std::string& request_id);

 private:
  int links_ = 0;
};

class SilenceConformanceTest : public StoreConformanceTest {
 protected:
  // About the job of this name, from `start` until `end`, counted from now.
  Store::NewSilence NewSilence(const std::string& name, absl::Duration start,
                               absl::Duration end);
  // Makes it; returns its id.
  std::string Silence(const std::string& name, absl::Duration start,
                      absl::Duration end);
  // The names of those that are in force.
  std::vector<std::string> InForce(absl::Duration later = absl::ZeroDuration());
  std::vector<std::string> Listed(bool include_expired);
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_STORE_CONFORMANCE_H_
