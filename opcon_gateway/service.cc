// How calls reach the handlers. The handlers themselves are in service_*.cc.

#include "opcon_gateway/service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/log/log.h"
#include "common/rpc/loop_executor.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

// Kept back from the caller's deadline, so that an error or a half result with
// its details still reaches the caller, who would else only see that the time
// is up.
constexpr absl::Duration kLargestReserve = absl::Milliseconds(250);
constexpr double kReservePart = 0.1;

rpc::BridgeOptions MakeBridgeOptions(async::EventLoop* loop,
                                     int max_active_calls) {
  rpc::BridgeOptions options;
  options.domain = kErrorDomain;
  options.service = v1::OpConGateway::service_full_name();
  options.executor = rpc::LoopExecutor(loop);
  options.max_active_calls = max_active_calls;
  options.on_finished = [](const rpc::FinishedCall& finished) {
    if (!log::IsEnabled(log::Level::kDebug)) return;
    log::Debug("rpc.finished",
               {{"method", finished.call->method()},
                {"code", absl::StatusCodeToString(finished.status.code())},
                {"reason", GetErrorReason(finished.status)},
                {"elapsed_seconds", finished.elapsed}});
  };
  return options;
}

absl::Status ShuttingDown() {
  return OpConError(absl::StatusCode::kCancelled, v1::ERROR_REASON_CANCELLED,
                    "the gateway shuts down");
}

}  // namespace

OpConGatewayService::OpConGatewayService(
    async::EventLoop* loop, std::shared_ptr<const InstanceSet> instances,
    int max_active_calls)
    : loop_(loop),
      instances_(std::move(instances)),
      bridge_(MakeBridgeOptions(loop, max_active_calls)) {}

void OpConGatewayService::Replace(
    std::shared_ptr<const InstanceSet> instances) {
  loop_->Post([this, instances = std::move(instances)]() mutable {
    instances_ = std::move(instances);
  });
}

rpc::ServedService OpConGatewayService::served() {
  rpc::ServedService served;
  served.full_name = v1::OpConGateway::service_full_name();
  served.service = this;
  served.bridge = &bridge_;
  return served;
}

CallScope OpConGatewayService::ScopeOf(const rpc::CallContext& context,
                                       absl::Duration default_deadline) const {
  CallScope scope;
  scope.stop = context.stop_token();
  scope.trace = context.trace();
  absl::Duration left = default_deadline;
  if (context.steady_deadline() != rpc::SteadyTime::max()) {
    left = absl::FromChrono(context.steady_deadline() -
                            std::chrono::steady_clock::now());
    left -= std::min(kLargestReserve, left * kReservePart);
  }
  scope.deadline = loop_->MonotonicNow() + left;
  return scope;
}

OpConGatewayService::Answer<OpConGatewayService::Call>
OpConGatewayService::Begin(const rpc::CallContext& context,
                           const std::string& instance,
                           absl::Status acceptable) {
  const absl::Status on_loop = co_await async::Hop(*loop_);
  if (!on_loop.ok()) co_return ShuttingDown();
  if (!acceptable.ok()) co_return WithFacts(acceptable, instance, "");
  Call call;
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(call.instance, instances_->Find(instance));
  call.scope = ScopeOf(context, call.instance->default_deadline());
  co_return call;
}

template <class Request, class Reply>
grpc::ServerUnaryReactor* OpConGatewayService::Unary(
    grpc::CallbackServerContext* context, const Request* request, Reply* reply,
    Handler<Request, Reply> handler) {
  return bridge_.Unary(
      context, request, reply,
      [this, handler](rpc::CallContext& call, const Request& asked) {
        return (this->*handler)(call, asked);
      });
}

grpc::ServerUnaryReactor* OpConGatewayService::GetApiVersion(
    grpc::CallbackServerContext* context,
    const v1::GetApiVersionRequest* request, v1::GetApiVersionResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoGetApiVersion);
}

grpc::ServerUnaryReactor* OpConGatewayService::ListInstances(
    grpc::CallbackServerContext* context,
    const v1::ListInstancesRequest* request, v1::ListInstancesResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoListInstances);
}

grpc::ServerUnaryReactor* OpConGatewayService::GetDailyJob(
    grpc::CallbackServerContext* context, const v1::GetDailyJobRequest* request,
    v1::GetDailyJobResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoGetDailyJob);
}

grpc::ServerUnaryReactor* OpConGatewayService::GetIncidentTickets(
    grpc::CallbackServerContext* context,
    const v1::GetIncidentTicketsRequest* request,
    v1::GetIncidentTicketsResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoGetIncidentTickets);
}

grpc::ServerUnaryReactor* OpConGatewayService::SetIncidentTicket(
    grpc::CallbackServerContext* context,
    const v1::SetIncidentTicketRequest* request,
    v1::SetIncidentTicketResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoSetIncidentTicket);
}

grpc::ServerUnaryReactor* OpConGatewayService::GetDocumentation(
    grpc::CallbackServerContext* context,
    const v1::GetDocumentationRequest* request,
    v1::GetDocumentationResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoGetDocumentation);
}

grpc::ServerUnaryReactor* OpConGatewayService::AppendDocumentation(
    grpc::CallbackServerContext* context,
    const v1::AppendDocumentationRequest* request,
    v1::AppendDocumentationResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoAppendDocumentation);
}

grpc::ServerUnaryReactor* OpConGatewayService::ListJobLogs(
    grpc::CallbackServerContext* context, const v1::ListJobLogsRequest* request,
    v1::ListJobLogsResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoListJobLogs);
}

grpc::ServerUnaryReactor* OpConGatewayService::SubmitJobAction(
    grpc::CallbackServerContext* context,
    const v1::SubmitJobActionRequest* request,
    v1::SubmitJobActionResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoSubmitJobAction);
}

grpc::ServerUnaryReactor* OpConGatewayService::GetJobAction(
    grpc::CallbackServerContext* context,
    const v1::GetJobActionRequest* request, v1::GetJobActionResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoGetJobAction);
}

grpc::ServerWriteReactor<v1::ReadJobLogResponse>*
OpConGatewayService::ReadJobLog(grpc::CallbackServerContext* context,
                                const v1::ReadJobLogRequest* request) {
  return bridge_.ServerStream<v1::ReadJobLogResponse>(
      context, request,
      [this](rpc::CallContext& call, const v1::ReadJobLogRequest& asked,
             rpc::Writer<v1::ReadJobLogResponse>& writer) {
        return DoReadJobLog(call, asked, writer);
      });
}

grpc::ServerUnaryReactor* OpConGatewayService::ListDailyJobs(
    grpc::CallbackServerContext* context,
    const v1::ListDailyJobsRequest* request, v1::ListDailyJobsResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoListDailyJobs);
}

grpc::ServerUnaryReactor* OpConGatewayService::ListJobHistory(
    grpc::CallbackServerContext* context,
    const v1::ListJobHistoryRequest* request,
    v1::ListJobHistoryResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoListJobHistory);
}

grpc::ServerUnaryReactor* OpConGatewayService::BuildSchedule(
    grpc::CallbackServerContext* context,
    const v1::BuildScheduleRequest* request, v1::BuildScheduleResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoBuildSchedule);
}

grpc::ServerUnaryReactor* OpConGatewayService::GetDailySchedule(
    grpc::CallbackServerContext* context,
    const v1::GetDailyScheduleRequest* request,
    v1::GetDailyScheduleResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoGetDailySchedule);
}

grpc::ServerUnaryReactor* OpConGatewayService::AddJobsToDailySchedule(
    grpc::CallbackServerContext* context,
    const v1::AddJobsToDailyScheduleRequest* request,
    v1::AddJobsToDailyScheduleResponse* reply) {
  return Unary(context, request, reply,
               &OpConGatewayService::DoAddJobsToDailySchedule);
}

grpc::ServerUnaryReactor* OpConGatewayService::ListMachines(
    grpc::CallbackServerContext* context,
    const v1::ListMachinesRequest* request, v1::ListMachinesResponse* reply) {
  return Unary(context, request, reply, &OpConGatewayService::DoListMachines);
}

}  // namespace opcon_snow::opcon
