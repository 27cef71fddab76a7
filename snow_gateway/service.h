#ifndef OPCON_SNOW_SNOW_GATEWAY_SERVICE_H_
#define OPCON_SNOW_SNOW_GATEWAY_SERVICE_H_

// The gRPC service: each method finds its instance and its time, and runs the
// coroutine that does the work on the loop's thread.

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "snow_gateway/instance.h"
#include "snow_gateway/target.h"

namespace opcon_snow::snow {

class Service final
    : public ::servicenow::v1::ServiceNowGateway::CallbackService {
 public:
  // `loop` must outlive every call.
  Service(async::EventLoop* loop, std::shared_ptr<InstanceRegistry> registry,
          int max_concurrent_calls);

  // For new calls; those under way keep what they began with. Any thread.
  // CANCELLED if the loop has stopped.
  absl::Status Replace(std::shared_ptr<InstanceRegistry> registry);

  // For the server.
  rpc::ServedService served();

  grpc::ServerUnaryReactor* ListInstances(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::ListInstancesRequest* request,
      ::servicenow::v1::ListInstancesResponse* response) override;
  grpc::ServerUnaryReactor* CreateIncident(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::CreateIncidentRequest* request,
      ::servicenow::v1::CreateIncidentResponse* response) override;
  grpc::ServerUnaryReactor* GetIncident(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::GetIncidentRequest* request,
      ::servicenow::v1::GetIncidentResponse* response) override;
  grpc::ServerUnaryReactor* ListIncidents(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::ListIncidentsRequest* request,
      ::servicenow::v1::ListIncidentsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateIncident(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::UpdateIncidentRequest* request,
      ::servicenow::v1::UpdateIncidentResponse* response) override;
  grpc::ServerUnaryReactor* ListJournalEntries(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::ListJournalEntriesRequest* request,
      ::servicenow::v1::ListJournalEntriesResponse* response) override;
  grpc::ServerReadReactor<::servicenow::v1::AttachFileRequest>* AttachFile(
      grpc::CallbackServerContext* context,
      ::servicenow::v1::AttachFileResponse* response) override;
  grpc::ServerUnaryReactor* ListAttachments(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::ListAttachmentsRequest* request,
      ::servicenow::v1::ListAttachmentsResponse* response) override;
  grpc::ServerWriteReactor<::servicenow::v1::ReadAttachmentResponse>*
  ReadAttachment(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::ReadAttachmentRequest* request) override;
  grpc::ServerUnaryReactor* LookupRecords(
      grpc::CallbackServerContext* context,
      const ::servicenow::v1::LookupRecordsRequest* request,
      ::servicenow::v1::LookupRecordsResponse* response) override;

 private:
  // Begins a unary call: `method` is the coroutine that does the work.
  template <class Request, class Reply>
  grpc::ServerUnaryReactor* Unary(
      grpc::CallbackServerContext* context, const Request* request,
      Reply* reply, http::Priority priority,
      async::Task<absl::StatusOr<Reply>> (*method)(std::shared_ptr<Instance>,
                                                   Request, CallScope));

  template <class Request, class Reply>
  async::Task<absl::StatusOr<Reply>> Run(
      const rpc::CallContext& call, const Request& request,
      http::Priority priority,
      async::Task<absl::StatusOr<Reply>> (*method)(std::shared_ptr<Instance>,
                                                   Request, CallScope));

  // On the loop's thread.
  absl::StatusOr<Target> FindTargetOf(const rpc::CallContext& call,
                                      const std::string& instance,
                                      http::Priority priority) const;

  async::EventLoop* const loop_;
  // Belongs to the loop's thread.
  std::shared_ptr<InstanceRegistry> registry_;
  rpc::Bridge bridge_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_SERVICE_H_
