#ifndef OPCON_SNOW_TESTS_HARNESS_REPORTER_H_
#define OPCON_SNOW_TESTS_HARNESS_REPORTER_H_

// Reports failures by gRPC, as programs other than incidentctl do, and looks
// what became of them: for tests with many reports.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "tests/harness/jobs.h"

namespace opcon_snow::harness {

// That the job failed; `occurred` is when it was noticed.
::incident::v1::JobEvent EventOf(const Job& job, const std::string& termination,
                                 absl::Time occurred);

class Reporter {
 public:
  // `server` is host:port of the incident service.
  explicit Reporter(const std::string& server);

  // Reports that the job failed; once: UNAVAILABLE if no answer came.
  // `occurred` is when it was noticed.
  absl::Status Report(const Job& job, const std::string& termination,
                      const std::string& request_id,
                      const std::string& template_name = "basic.json",
                      absl::Time occurred = absl::Now());
  // All reports, newest first.
  absl::StatusOr<std::vector<::incident::v1::Report>> Reports();
  // Waits until `count` reports are there and nothing happens to any of them
  // any more by itself, and returns them; DEADLINE_EXCEEDED names one that is
  // still at work.
  absl::StatusOr<std::vector<::incident::v1::Report>> AwaitSettled(
      std::size_t count, absl::Duration limit = kPatience);

 private:
  absl::StatusOr<bool> AnyAtWork();

  const std::unique_ptr<::incident::v1::IncidentService::StubInterface> stub_;
};

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_REPORTER_H_
