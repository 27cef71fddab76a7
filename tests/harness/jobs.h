#ifndef OPCON_SNOW_TESTS_HARNESS_JOBS_H_
#define OPCON_SNOW_TESTS_HARNESS_JOBS_H_

// Jobs in the OpCon sandbox, and what became of their failures, seen through
// the upstreams' own APIs.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tests/harness/suite.h"

namespace opcon_snow::harness {

struct Job {
  std::string date;  // YYYY-MM-DD
  std::string schedule;
  int schedule_id = 1;
  int schedule_instance = 1;
  std::string name;
  std::string machine;
  std::string documentation{};

  // `YYYYMMDD|id|instance|name`.
  std::string id() const;
  // The arguments that report it, as Notification Manager would give them.
  std::vector<std::string> ReportArguments(
      const std::string& termination,
      const std::string& template_name = "basic.json") const;
};

// A job with names made at random, among them blanks, `$0001`, `[Sub]`.
Job RandomJob();
// Lines with a little of everything that a log can hold.
std::string RandomLog();

absl::Status DefineJob(const Suite& suite, const Job& job);
absl::Status FailJob(const Suite& suite, const Job& job,
                     const std::string& termination, const std::string& log);
// The job is started, or restarted, and runs.
absl::Status StartJob(const Suite& suite, const Job& job);
// Its run ends well.
absl::Status FinishJob(const Suite& suite, const Job& job);
// Restarts the job and lets it fail again.
absl::Status FailJobAgain(const Suite& suite, const Job& job,
                          const std::string& termination,
                          const std::string& log);
// The text of the job's documentation; empty if it has none.
absl::StatusOr<std::string> GetDocumentation(const Suite& suite,
                                             const Job& job);
// Takes every ticket off the job, and puts this one there unless it is empty:
// what a person does in Solution Manager.
absl::Status ReplaceTickets(const Suite& suite, const Job& job,
                            const std::string& ticket_id);
// The job as OpCon's API shows it.
absl::StatusOr<nlohmann::json> GetJob(const Suite& suite, const Job& job);
// The job's incident tickets.
absl::StatusOr<nlohmann::json> GetTickets(const Suite& suite, const Job& job);

// All incidents whose correlation_id names the job.
absl::StatusOr<nlohmann::json> FindIncidents(const Suite& suite,
                                             const Job& job);
// An incident by its sys_id.
absl::StatusOr<nlohmann::json> GetIncident(const Suite& suite,
                                           const std::string& sys_id);
// Creates an incident as a person would; returns it.
absl::StatusOr<nlohmann::json> CreateIncident(const Suite& suite);
// Sets its state by the instance's number, with whatever that demands.
absl::Status SetIncidentState(const Suite& suite, const std::string& sys_id,
                              const std::string& state);
// The texts of its work notes.
absl::StatusOr<std::vector<std::string>> FindWorkNotes(
    const Suite& suite, const std::string& incident_sys_id);
absl::StatusOr<nlohmann::json> FindAttachments(
    const Suite& suite, const std::string& incident_sys_id);
absl::StatusOr<std::string> DownloadAttachment(const Suite& suite,
                                               const std::string& sys_id);

// What an upstream was asked after the request with the number `since`, in
// order; see the sandboxes' request log. A whole log takes long to read.
absl::StatusOr<nlohmann::json> Requests(const HttpPeer& upstream,
                                        int since = 0);
// Those of a method whose path begins with `prefix`.
std::vector<nlohmann::json> RequestsTo(const nlohmann::json& requests,
                                       const std::string& method,
                                       const std::string& prefix);
absl::Status AddFault(const HttpPeer& upstream, const nlohmann::json& fault);
absl::Status ClearFaults(const HttpPeer& upstream);

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_JOBS_H_
