#ifndef OPCON_SNOW_OPCON_GATEWAY_SERVICE_H_
#define OPCON_SNOW_OPCON_GATEWAY_SERVICE_H_

// The gRPC service: from protobuf to the clients of an instance and back.
//
// Handlers are coroutines that start on the event loop's thread and never
// block. What they share (the set of instances) belongs to that thread, so
// nothing is locked.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/instance.h"

namespace opcon_snow::opcon {

class OpConGatewayService final
    : public ::opcon::v1::OpConGateway::CallbackService {
 public:
  // `loop` must outlive every call: stop the server first, then the loop.
  OpConGatewayService(async::EventLoop* loop,
                      std::shared_ptr<const InstanceSet> instances,
                      int max_active_calls);

  // Calls that begin from now on use these. Any thread.
  void Replace(std::shared_ptr<const InstanceSet> instances);

  // For rpc::Server.
  rpc::ServedService served();

  grpc::ServerUnaryReactor* GetApiVersion(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetApiVersionRequest* request,
      ::opcon::v1::GetApiVersionResponse* reply) override;
  grpc::ServerUnaryReactor* ListInstances(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ListInstancesRequest* request,
      ::opcon::v1::ListInstancesResponse* reply) override;
  grpc::ServerUnaryReactor* GetDailyJob(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetDailyJobRequest* request,
      ::opcon::v1::GetDailyJobResponse* reply) override;
  grpc::ServerUnaryReactor* ListDailyJobs(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ListDailyJobsRequest* request,
      ::opcon::v1::ListDailyJobsResponse* reply) override;
  grpc::ServerUnaryReactor* ListJobHistory(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ListJobHistoryRequest* request,
      ::opcon::v1::ListJobHistoryResponse* reply) override;
  grpc::ServerUnaryReactor* GetIncidentTickets(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetIncidentTicketsRequest* request,
      ::opcon::v1::GetIncidentTicketsResponse* reply) override;
  grpc::ServerUnaryReactor* SetIncidentTicket(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::SetIncidentTicketRequest* request,
      ::opcon::v1::SetIncidentTicketResponse* reply) override;
  grpc::ServerUnaryReactor* GetDocumentation(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetDocumentationRequest* request,
      ::opcon::v1::GetDocumentationResponse* reply) override;
  grpc::ServerUnaryReactor* AppendDocumentation(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::AppendDocumentationRequest* request,
      ::opcon::v1::AppendDocumentationResponse* reply) override;
  grpc::ServerUnaryReactor* ListJobLogs(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ListJobLogsRequest* request,
      ::opcon::v1::ListJobLogsResponse* reply) override;
  grpc::ServerWriteReactor<::opcon::v1::ReadJobLogResponse>* ReadJobLog(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ReadJobLogRequest* request) override;
  grpc::ServerUnaryReactor* SubmitJobAction(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::SubmitJobActionRequest* request,
      ::opcon::v1::SubmitJobActionResponse* reply) override;
  grpc::ServerUnaryReactor* GetJobAction(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetJobActionRequest* request,
      ::opcon::v1::GetJobActionResponse* reply) override;
  grpc::ServerUnaryReactor* BuildSchedule(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::BuildScheduleRequest* request,
      ::opcon::v1::BuildScheduleResponse* reply) override;
  grpc::ServerUnaryReactor* GetDailySchedule(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::GetDailyScheduleRequest* request,
      ::opcon::v1::GetDailyScheduleResponse* reply) override;
  grpc::ServerUnaryReactor* AddJobsToDailySchedule(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::AddJobsToDailyScheduleRequest* request,
      ::opcon::v1::AddJobsToDailyScheduleResponse* reply) override;
  grpc::ServerUnaryReactor* ListMachines(
      grpc::CallbackServerContext* context,
      const ::opcon::v1::ListMachinesRequest* request,
      ::opcon::v1::ListMachinesResponse* reply) override;

 private:
  template <class T>
  using Answer = async::Task<absl::StatusOr<T>>;

  template <class Request, class Reply>
  using Handler = Answer<Reply> (OpConGatewayService::*)(
      const rpc::CallContext&, const Request&);

  template <class Request, class Reply>
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const Request* request, Reply* reply,
                                  Handler<Request, Reply> handler);
  // What every handler begins with.
  struct Call {
    std::shared_ptr<Instance> instance;
    CallScope scope;
  };

  // Goes to the loop's thread and finds the instance; `acceptable` is what the
  // check of the request said.
  Answer<Call> Begin(const rpc::CallContext& context,
                     const std::string& instance, absl::Status acceptable);
  CallScope ScopeOf(const rpc::CallContext& context,
                    absl::Duration default_deadline) const;

  // service_instances.cc
  Answer<::opcon::v1::GetApiVersionResponse> DoGetApiVersion(
      const rpc::CallContext& context,
      const ::opcon::v1::GetApiVersionRequest& request);
  Answer<::opcon::v1::ListInstancesResponse> DoListInstances(
      const rpc::CallContext& context,
      const ::opcon::v1::ListInstancesRequest& request);
  async::Task<void> Probe(std::shared_ptr<Instance> instance,
                          const CallScope& scope);

  // service_jobs.cc
  Answer<::opcon::v1::GetDailyJobResponse> DoGetDailyJob(
      const rpc::CallContext& context,
      const ::opcon::v1::GetDailyJobRequest& request);
  Answer<::opcon::v1::GetIncidentTicketsResponse> DoGetIncidentTickets(
      const rpc::CallContext& context,
      const ::opcon::v1::GetIncidentTicketsRequest& request);
  Answer<::opcon::v1::SetIncidentTicketResponse> DoSetIncidentTicket(
      const rpc::CallContext& context,
      const ::opcon::v1::SetIncidentTicketRequest& request);
  Answer<::opcon::v1::GetDocumentationResponse> DoGetDocumentation(
      const rpc::CallContext& context,
      const ::opcon::v1::GetDocumentationRequest& request);
  Answer<::opcon::v1::AppendDocumentationResponse> DoAppendDocumentation(
      const rpc::CallContext& context,
      const ::opcon::v1::AppendDocumentationRequest& request);
  Answer<::opcon::v1::SubmitJobActionResponse> DoSubmitJobAction(
      const rpc::CallContext& context,
      const ::opcon::v1::SubmitJobActionRequest& request);
  Answer<::opcon::v1::GetJobActionResponse> DoGetJobAction(
      const rpc::CallContext& context,
      const ::opcon::v1::GetJobActionRequest& request);

  // service_lists.cc
  Answer<::opcon::v1::ListDailyJobsResponse> DoListDailyJobs(
      const rpc::CallContext& context,
      const ::opcon::v1::ListDailyJobsRequest& request);
  Answer<::opcon::v1::ListJobHistoryResponse> DoListJobHistory(
      const rpc::CallContext& context,
      const ::opcon::v1::ListJobHistoryRequest& request);
  Answer<::opcon::v1::ListMachinesResponse> DoListMachines(
      const rpc::CallContext& context,
      const ::opcon::v1::ListMachinesRequest& request);

  // service_schedules.cc
  Answer<::opcon::v1::GetDailyScheduleResponse> DoGetDailySchedule(
      const rpc::CallContext& context,
      const ::opcon::v1::GetDailyScheduleRequest& request);
  Answer<::opcon::v1::BuildScheduleResponse> DoBuildSchedule(
      const rpc::CallContext& context,
      const ::opcon::v1::BuildScheduleRequest& request);
  Answer<::opcon::v1::AddJobsToDailyScheduleResponse> DoAddJobsToDailySchedule(
      const rpc::CallContext& context,
      const ::opcon::v1::AddJobsToDailyScheduleRequest& request);

  // service_logs.cc
  Answer<::opcon::v1::ListJobLogsResponse> DoListJobLogs(
      const rpc::CallContext& context,
      const ::opcon::v1::ListJobLogsRequest& request);
  async::Task<absl::Status> DoReadJobLog(
      const rpc::CallContext& context,
      const ::opcon::v1::ReadJobLogRequest& request,
      rpc::Writer<::opcon::v1::ReadJobLogResponse>& writer);

  async::EventLoop* const loop_;
  // Belongs to the loop's thread.
  std::shared_ptr<const InstanceSet> instances_;
  rpc::Bridge bridge_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SERVICE_H_
