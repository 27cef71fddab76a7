// Handlers about daily schedules: look one up, build one, add jobs to one.

#include <string>
#include <utility>

#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/request_check.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

absl::Status AboutSchedule(const absl::Status& status, const Instance& instance,
                           const std::string& schedule) {
  ErrorDetails details = GetErrorDetails(status).value_or(ErrorDetails());
  details.metadata.emplace("schedule", schedule);
  return WithFacts(WithDetails(status, details), instance.name(), "");
}

}  // namespace

OpConGatewayService::Answer<v1::GetDailyScheduleResponse>
OpConGatewayService::DoGetDailySchedule(
    const rpc::CallContext& context,
    const v1::GetDailyScheduleRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::DailySchedule> schedule =
      co_await call.instance->schedules().Get(request, call.scope);
  if (!schedule.ok()) {
    co_return AboutSchedule(schedule.status(), *call.instance,
                            ScheduleText(request));
  }
  v1::GetDailyScheduleResponse reply;
  *reply.mutable_schedule() = *std::move(schedule);
  co_return reply;
}

OpConGatewayService::Answer<v1::BuildScheduleResponse>
OpConGatewayService::DoBuildSchedule(const rpc::CallContext& context,
                                     const v1::BuildScheduleRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::ScheduleBuild> build =
      co_await call.instance->schedules().Build(request, call.scope);
  if (!build.ok()) {
    co_return AboutSchedule(build.status(), *call.instance,
                            request.schedule_name());
  }
  v1::BuildScheduleResponse reply;
  *reply.mutable_build() = *std::move(build);
  co_return reply;
}

OpConGatewayService::Answer<v1::AddJobsToDailyScheduleResponse>
OpConGatewayService::DoAddJobsToDailySchedule(
    const rpc::CallContext& context,
    const v1::AddJobsToDailyScheduleRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::AddJobsToDailyScheduleResponse> reply =
      co_await call.instance->schedules().AddJobs(request, call.scope);
  if (!reply.ok()) {
    co_return AboutSchedule(reply.status(), *call.instance,
                            request.schedule_id());
  }
  co_return reply;
}

}  // namespace opcon_snow::opcon
