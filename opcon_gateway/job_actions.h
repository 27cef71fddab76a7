#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_ACTIONS_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_ACTIONS_H_

// Actions on daily jobs: checked against the job's present state, sent at most
// once, and waited for as long as the call may last.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/rest_client.h"
#include "opcon_gateway/waiting.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {

// "markUnderReview": exactly as on the wire; "" for UNSPECIFIED.
absl::string_view ActionName(::opcon::v1::JobActionKind kind);
::opcon::v1::JobActionKind ParseActionKind(absl::string_view name);

// An action from OpCon's JSON; empty where that is something else.
::opcon::v1::JobAction ParseJobAction(const nlohmann::json& value,
                                      const SiteZone& site);

// Whether OpCon takes the action on a job of this category, by the table of the
// vendor's own clients. A category that is not known is left to OpCon.
bool IsAllowedFrom(::opcon::v1::JobActionKind kind,
                   ::opcon::v1::JobCategory category);

// OK, or why the action is not to be sent: JOB_RUN_CHANGED,
// JOB_PROCESSING_EVENTS, JOB_STATE, in this order.
absl::Status CheckAction(const ::opcon::v1::SubmitJobActionRequest& request,
                         const ::opcon::v1::DailyJob& job);

class JobActions {
 public:
  // Both must outlive every call.
  JobActions(PollIntervals polling, RestClient* rest, DailyJobs* jobs)
      : polling_(polling), rest_(rest), jobs_(jobs) {}

  // At most once. An action that OpCon has accepted and not finished in time
  // comes back as SUBMITTED; a failed one as FAILED with OpCon's message.
  async::Task<absl::StatusOr<::opcon::v1::JobAction>> Submit(
      const ::opcon::v1::SubmitJobActionRequest& request,
      const CallScope& scope);

  // RECORD_NOT_FOUND once OpCon has forgotten it.
  async::Task<absl::StatusOr<::opcon::v1::JobAction>> Get(
      std::int64_t action_id, const CallScope& scope);

 private:
  async::Task<::opcon::v1::JobAction> Await(::opcon::v1::JobAction submitted,
                                            const CallScope& scope);

  const PollIntervals polling_;
  RestClient* const rest_;
  DailyJobs* const jobs_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_ACTIONS_H_
