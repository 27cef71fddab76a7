#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_

// The logs of a run. OpCon fetches them from the agent in its own time: a
// request is posted to /api/jobinstanceactions and its result asked for until
// it is there.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "common/http/body_pipe.h"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/log_answer.h"
#include "opcon_gateway/rest_client.h"
#include "opcon_gateway/waiting.h"

namespace opcon_snow::opcon {

struct JobLogOptions {
  PollIntervals polling;
  std::size_t max_log_bytes = std::size_t{64} << 20;
};

// Where a log goes, piece by piece. What it answers, if not OK, ends the
// reading and becomes its result.
class JobLogReceiver {
 public:
  virtual ~JobLogReceiver() = default;

  // Comes once, before the first piece: OpCon has the file.
  virtual async::Task<absl::Status> Begin(
      const ::opcon::v1::JobLogFile& file) = 0;
  // 1 byte to 64 KiB of UTF-8, cut anywhere. The next one comes when this has
  // answered: a slow receiver slows OpCon.
  virtual async::Task<absl::Status> Take(std::string piece) = 0;
};

class JobLogs {
 public:
  // Both must outlive every call.
  JobLogs(JobLogOptions options, RestClient* rest, DailyJobs* jobs)
      : options_(options), rest_(rest), jobs_(jobs) {}

  // At least one file. NO_JOB_LOG; JOB_LOG_UNAVAILABLE.
  async::Task<absl::StatusOr<std::vector<::opcon::v1::JobLogFile>>> List(
      std::int32_t job_number, const CallScope& scope);

  // Reads the file of this path, or the first one for an empty path, without
  // ever holding the whole of it. Only a file that OpCon lists for the run is
  // asked for: the path is the caller's, and the agent would look for it on its
  // disk. Besides the errors of List and of `receiver`: RECORD_NOT_FOUND for a
  // path that is not listed, TOO_LARGE. After an error the receiver may have
  // got a part of the log.
  async::Task<absl::Status> Read(std::int32_t job_number, std::string path,
                                 JobLogReceiver* receiver,
                                 const CallScope& scope);

 private:
  // A file that is being read.
  struct Reading;
  // One request of an action, and what came of it.
  using Exchange = std::function<async::Task<absl::StatusOr<RestAnswer>>(
      RestRequest, const CallScope&)>;

  // Posts the request and waits until it has succeeded.
  // JOB_LOG_UNAVAILABLE if OpCon could not do it.
  async::Task<absl::StatusOr<LogAction>> Run(RestRequest post,
                                             std::int32_t job_number,
                                             const Exchange& exchange,
                                             const CallScope& scope);
  // As RestClient::Send, but the text of a log goes to the receiver.
  async::Task<absl::StatusOr<RestAnswer>> SendReading(RestRequest request,
                                                      Reading* reading,
                                                      const CallScope& scope);
  // Moves what arrives in `sink` on, until its end or an error of ours.
  async::Task<absl::Status> Pump(http::PipeSink* sink, Reading* reading) const;
  async::Task<absl::Status> Deliver(Reading* reading, std::size_t least) const;
  async::Task<absl::Status> ReadFile(std::int32_t job_number,
                                     const ::opcon::v1::JobLogFile& file,
                                     JobLogReceiver* receiver,
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
  absl::Status TooLarge(std::int32_t job_number) const;
  absl::Status Unavailable(std::int32_t job_number,
                           const std::string& message) const;

  const JobLogOptions options_;
  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_LOGS_H_
