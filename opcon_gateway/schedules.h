#ifndef OPCON_SNOW_OPCON_GATEWAY_SCHEDULES_H_
#define OPCON_SNOW_OPCON_GATEWAY_SCHEDULES_H_

// Daily schedules: looked up, built from the master tables, and given further
// jobs. Builds and additions are sent at most once and waited for as long as
// the call may last.

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/rest_client.h"
#include "opcon_gateway/run_parser.h"
#include "opcon_gateway/waiting.h"

namespace opcon_snow::opcon {

// For messages and metadata: "daily schedule 20260105|16|1", or by name.
std::string ScheduleText(const ::opcon::v1::GetDailyScheduleRequest& request);

class Schedules {
 public:
  // `rest` must outlive every call. The requests have been found acceptable.
  Schedules(PollIntervals polling, RestClient* rest)
      : polling_(polling), rest_(rest) {}

  // RECORD_NOT_FOUND; AMBIGUOUS_JOB with the candidates in its metadata.
  async::Task<absl::StatusOr<::opcon::v1::DailySchedule>> Get(
      const ::opcon::v1::GetDailyScheduleRequest& request,
      const CallScope& scope);

  // A build that OpCon has accepted and not finished in time comes back as
  // SUBMITTED.
  async::Task<absl::StatusOr<::opcon::v1::ScheduleBuild>> Build(
      const ::opcon::v1::BuildScheduleRequest& request, const CallScope& scope);

  // One entry a job, in the order of the request. RECORD_NOT_FOUND.
  async::Task<absl::StatusOr<::opcon::v1::AddJobsToDailyScheduleResponse>>
  AddJobs(const ::opcon::v1::AddJobsToDailyScheduleRequest& request,
          const CallScope& scope);

 private:
  using Schedule = absl::StatusOr<::opcon::v1::DailySchedule>;

  async::Task<Schedule> FindById(std::string id, const CallScope& scope);
  async::Task<Schedule> FindByName(const ::opcon::v1::ScheduleName& name,
                                   const CallScope& scope);
  async::Task<absl::Status> AddProperties(::opcon::v1::DailySchedule* schedule,
                                          const CallScope& scope);
  absl::Status NotFound(const std::string& what) const;
  absl::Status Ambiguous(const std::string& what, int count,
                         const std::string& candidates) const;

  // Asks for what became of an accepted request until `is_done` says so of the
  // answer, or the time is up. What cannot be asked for stays as it was.
  async::Task<void> Await(std::string path, std::int64_t id,
                          std::function<bool(const nlohmann::json&)> is_done,
                          const CallScope& scope);

  const PollIntervals polling_;
  RestClient* const rest_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SCHEDULES_H_
