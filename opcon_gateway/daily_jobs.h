#ifndef OPCON_SNOW_OPCON_GATEWAY_DAILY_JOBS_H_
#define OPCON_SNOW_OPCON_GATEWAY_DAILY_JOBS_H_

// Looks up jobs in the daily tables, and asks for the API's version.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

class DailyJobs {
 public:
  // `rest` must outlive every call.
  explicit DailyJobs(RestClient* rest) : rest_(rest) {}

  // The one job that `selector` names. OpCon's filters match more than they are
  // asked for, so what comes is compared again. JOB_NOT_FOUND; AMBIGUOUS_JOB
  // with the candidates in its metadata.
  async::Task<absl::StatusOr<::opcon::v1::DailyJob>> Find(
      const ::opcon::v1::JobSelector& selector, const CallScope& scope);

  // The job as OpCon sends it, to be sent back changed.
  async::Task<absl::StatusOr<nlohmann::json>> GetRaw(std::string id,
                                                     const CallScope& scope);

  // The API's version. Shows no credentials.
  async::Task<absl::StatusOr<std::string>> GetVersion(const CallScope& scope);

  // Asks for next to nothing: whether the credentials are good for reading
  // daily jobs.
  async::Task<absl::Status> CheckAccess(const CallScope& scope);

 private:
  using Jobs = std::vector<::opcon::v1::DailyJob>;

  async::Task<absl::StatusOr<::opcon::v1::DailyJob>> FindById(
      std::string id, const CallScope& scope);
  // Every job of the lists that the filters give which `selector` fits.
  async::Task<absl::StatusOr<Jobs>> FindByFilter(
      const ::opcon::v1::JobSelector& selector, const CallScope& scope);

  RestClient* const rest_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_DAILY_JOBS_H_
