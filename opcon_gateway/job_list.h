#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_LIST_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_LIST_H_

// Lists of daily jobs, and of the runs of one.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

// Whether the job is one of those that the request asks for; pages aside.
bool Fits(const ::opcon::v1::ListDailyJobsRequest& request,
          const ::opcon::v1::DailyJob& job);

// What a page token of the request is good for: all of it but the page.
std::string FiltersOf(::opcon::v1::ListDailyJobsRequest request);
std::string FiltersOf(::opcon::v1::ListJobHistoryRequest request);

class JobList {
 public:
  // Both must outlive every call.
  JobList(RestClient* rest, DailyJobs* jobs) : rest_(rest), jobs_(jobs) {}

  // One page, by id. The request has been found acceptable.
  async::Task<absl::StatusOr<::opcon::v1::ListDailyJobsResponse>> List(
      const ::opcon::v1::ListDailyJobsRequest& request, const CallScope& scope);

  // One page, newest run first. UPSTREAM_VERSION where OpCon has no history.
  async::Task<absl::StatusOr<::opcon::v1::ListJobHistoryResponse>> History(
      const ::opcon::v1::ListJobHistoryRequest& request,
      const CallScope& scope);

 private:
  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_LIST_H_
