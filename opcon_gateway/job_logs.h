#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_

// The logs of a run. OpCon fetches them from the agent in its own time: a
// request is posted to /api/jobinstanceactions and its result asked for until
// it is there.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/rest_client.h"
#include "opcon_gateway/waiting.h"

namespace opcon_snow::opcon {

struct JobLogOptions {
  PollIntervals polling;
  std::size_t max_log_bytes = std::size_t{64} << 20;
};

struct JobLog {
  ::opcon::v1::JobLogFile file;
  // The whole text, valid UTF-8.
  std::string text;
};

// The agent's path and its last part, whichever system it is from.
::opcon::v1::JobLogFile LogFileOf(absl::string_view path);

class JobLogs {
 public:
  // Both must outlive every call.
  JobLogs(JobLogOptions options, RestClient* rest, DailyJobs* jobs)
      : options_(options), rest_(rest), jobs_(jobs) {}

  // At least one file. NO_JOB_LOG; JOB_LOG_UNAVAILABLE.
  async::Task<absl::StatusOr<std::vector<::opcon::v1::JobLogFile>>> List(
      std::int32_t job_number, const CallScope& scope);

  // The file of this path, or the first one for an empty path. Only a file
  // that OpCon lists for the run is asked for: the path is the caller's, and
  // the agent would look for it on its disk. Besides the errors of List:
  // RECORD_NOT_FOUND for a path that is not listed, TOO_LARGE.
  async::Task<absl::StatusOr<JobLog>> Read(std::int32_t job_number,
                                           std::string path,
                                           const CallScope& scope);

 private:
  // Posts the request and waits for its result: the item for `job_number`.
  // JOB_LOG_UNAVAILABLE if OpCon could not do it.
  async::Task<absl::StatusOr<nlohmann::json>> Run(std::string action,
                                                  std::int32_t job_number,
                                                  std::string path,
                                                  const CallScope& scope);
  RestRequest PostRequest(const std::string& action, std::int32_t job_number,
                          const std::string& path) const;
  RestRequest PollRequest(std::int64_t action_id) const;
  // Bytes of an answer that may hold a log of the largest size.
  std::size_t MaxAnswerBytes() const;
  // NO_JOB_LOG in the place of `failure` if the run was never on a machine.
  async::Task<absl::Status> Explain(absl::Status failure,
                                    std::int32_t job_number,
                                    const CallScope& scope);
  absl::Status NoLog(std::int32_t job_number) const;
  absl::Status Unavailable(std::int32_t job_number,
                           const std::string& message) const;

  const JobLogOptions options_;
  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_
