// Handlers that list: jobs, runs of a job, machines.

#include <utility>

#include "common/status/status_macros.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/request_check.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {

namespace v1 = ::opcon::v1;

OpConGatewayService::Answer<v1::ListDailyJobsResponse>
OpConGatewayService::DoListDailyJobs(const rpc::CallContext& context,
                                     const v1::ListDailyJobsRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::ListDailyJobsResponse> reply =
      co_await call.instance->job_list().List(request, call.scope);
  if (!reply.ok()) {
    co_return WithFacts(reply.status(), call.instance->name(), "");
  }
  co_return reply;
}

OpConGatewayService::Answer<v1::ListJobHistoryResponse>
OpConGatewayService::DoListJobHistory(
    const rpc::CallContext& context, const v1::ListJobHistoryRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::ListJobHistoryResponse> reply =
      co_await call.instance->job_list().History(request, call.scope);
  if (!reply.ok()) {
    co_return WithFacts(reply.status(), call.instance->name(),
                        SelectorText(request.job()));
  }
  co_return reply;
}

OpConGatewayService::Answer<v1::ListMachinesResponse>
OpConGatewayService::DoListMachines(const rpc::CallContext& context,
                                    const v1::ListMachinesRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::ListMachinesResponse> reply =
      co_await call.instance->machines().List(request, call.scope);
  if (!reply.ok()) {
    co_return WithFacts(reply.status(), call.instance->name(), "");
  }
  co_return reply;
}

}  // namespace opcon_snow::opcon
