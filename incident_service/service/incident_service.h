#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INCIDENT_SERVICE_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INCIDENT_SERVICE_H_

// incident.v1.IncidentService over the intake and the store. No method holds a
// thread of gRPC's: reports are handed to the store, which says when they are
// durable, and all others wait on a pool of workers.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/async/worker_pool.h"
#include "common/clock/clock.h"
#include "common/rpc/reactor.h"
#include "common/rpc/server.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "incident_service/service/change_bell.h"
#include "incident_service/service/health.h"
#include "incident_service/service/intake.h"
#include "incident_service/service/queries.h"
#include "incident_service/service/sync_desk.h"
#include "incident_service/service/template_desk.h"
#include "incident_service/store/store.h"
#include "incident_service/templates/template_set.h"

namespace opcon_snow::incident {

// All pointers must outlive the service.
struct ServiceDependencies {
  Intake* intake = nullptr;
  Store* store = nullptr;
  HealthProbe* health = nullptr;
  std::function<std::shared_ptr<const TemplateSet>()> templates;
  // What a report would do; see Steps::Preview.
  std::function<absl::StatusOr<TicketPreview>(const ::incident::v1::Report&,
                                              const Template&)>
      preview;
  // What a ticket would have its job do; see Steps::PreviewFollow.
  std::function<absl::StatusOr<FollowPreview>(
      const ::incident::v1::TicketLink&)>
      preview_follow;
  std::string default_opcon;
  // A name that no other process has.
  std::string worker = "worker";
  Clock* clock = nullptr;
  int max_concurrent_calls = 200;
  // Streams of WatchReports at once; beyond it they are refused.
  int max_watchers = 100;
  // A stream without changes shows that it lives. The contract says 30 s.
  absl::Duration heartbeat = absl::Seconds(20);
  // How long SyncTicket waits for its report.
  absl::Duration sync_limit = absl::Seconds(30);
};

class IncidentServiceImpl final
    : public ::incident::v1::IncidentService::CallbackService {
 public:
  explicit IncidentServiceImpl(ServiceDependencies dependencies);

  // For the server, which waits for the calls when it stops.
  rpc::ServedService Served() {
    return {.full_name = ::incident::v1::IncidentService::service_full_name(),
            .service = this,
            .bridge = &bridge_};
  }

  grpc::ServerUnaryReactor* ReportJobEvent(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ReportJobEventRequest* request,
      ::incident::v1::ReportJobEventResponse* response) override;
  grpc::ServerUnaryReactor* ListReports(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListReportsRequest* request,
      ::incident::v1::ListReportsResponse* response) override;
  grpc::ServerUnaryReactor* GetReport(
      grpc::CallbackServerContext* context,
      const ::incident::v1::GetReportRequest* request,
      ::incident::v1::GetReportResponse* response) override;
  grpc::ServerUnaryReactor* RetryReport(
      grpc::CallbackServerContext* context,
      const ::incident::v1::RetryReportRequest* request,
      ::incident::v1::RetryReportResponse* response) override;
  grpc::ServerUnaryReactor* DiscardReport(
      grpc::CallbackServerContext* context,
      const ::incident::v1::DiscardReportRequest* request,
      ::incident::v1::DiscardReportResponse* response) override;
  grpc::ServerUnaryReactor* GetTicketLink(
      grpc::CallbackServerContext* context,
      const ::incident::v1::GetTicketLinkRequest* request,
      ::incident::v1::GetTicketLinkResponse* response) override;
  grpc::ServerUnaryReactor* ListFailures(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListFailuresRequest* request,
      ::incident::v1::ListFailuresResponse* response) override;
  grpc::ServerUnaryReactor* ListTicketLinks(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListTicketLinksRequest* request,
      ::incident::v1::ListTicketLinksResponse* response) override;
  grpc::ServerUnaryReactor* ListAuditEntries(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListAuditEntriesRequest* request,
      ::incident::v1::ListAuditEntriesResponse* response) override;
  grpc::ServerUnaryReactor* ListTemplates(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListTemplatesRequest* request,
      ::incident::v1::ListTemplatesResponse* response) override;
  grpc::ServerUnaryReactor* ValidateTemplate(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ValidateTemplateRequest* request,
      ::incident::v1::ValidateTemplateResponse* response) override;
  grpc::ServerUnaryReactor* RenderTemplate(
      grpc::CallbackServerContext* context,
      const ::incident::v1::RenderTemplateRequest* request,
      ::incident::v1::RenderTemplateResponse* response) override;
  grpc::ServerUnaryReactor* ImportTemplate(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ImportTemplateRequest* request,
      ::incident::v1::ImportTemplateResponse* response) override;
  grpc::ServerUnaryReactor* SyncTicket(
      grpc::CallbackServerContext* context,
      const ::incident::v1::SyncTicketRequest* request,
      ::incident::v1::SyncTicketResponse* response) override;
  grpc::ServerUnaryReactor* GetHealth(
      grpc::CallbackServerContext* context,
      const ::incident::v1::GetHealthRequest* request,
      ::incident::v1::GetHealthResponse* response) override;
  grpc::ServerWriteReactor<::incident::v1::WatchReportsResponse>* WatchReports(
      grpc::CallbackServerContext* context,
      const ::incident::v1::WatchReportsRequest* request) override;
  grpc::ServerWriteReactor<::incident::v1::BackUpStoreResponse>* BackUpStore(
      grpc::CallbackServerContext* context,
      const ::incident::v1::BackUpStoreRequest* request) override;
  grpc::ServerUnaryReactor* CreateSilence(
      grpc::CallbackServerContext* context,
      const ::incident::v1::CreateSilenceRequest* request,
      ::incident::v1::CreateSilenceResponse* response) override;
  grpc::ServerUnaryReactor* ListSilences(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ListSilencesRequest* request,
      ::incident::v1::ListSilencesResponse* response) override;
  grpc::ServerUnaryReactor* ExpireSilence(
      grpc::CallbackServerContext* context,
      const ::incident::v1::ExpireSilenceRequest* request,
      ::incident::v1::ExpireSilenceResponse* response) override;

 private:
  // A method that waits for the disk or a gateway, on a pool.
  template <class Work>
  auto Blocking(Work work, async::WorkerPool* pool);
  template <class Work>
  auto Blocking(Work work) {
    return Blocking(std::move(work), &pool_);
  }
  async::Task<absl::StatusOr<::incident::v1::ReportJobEventResponse>> Report(
      rpc::CallContext& call,
      const ::incident::v1::ReportJobEventRequest& request);
  async::Task<absl::StatusOr<::incident::v1::SyncTicketResponse>> Sync(
      rpc::CallContext& call, const ::incident::v1::SyncTicketRequest& request);
  async::Task<absl::Status> StreamChanges(
      rpc::CallContext& call,
      const ::incident::v1::WatchReportsRequest& request,
      rpc::Writer<::incident::v1::WatchReportsResponse>& writer);
  async::Task<absl::Status> StreamBackup(
      rpc::Writer<::incident::v1::BackUpStoreResponse>& writer);

  const ServiceDependencies d_;
  const Queries queries_;
  const TemplateDesk desk_;
  SyncDesk sync_;
  async::WorkerPool pool_;
  // One, so that answers of a batch are finished without waking anybody else.
  async::WorkerPool acknowledgements_;
  async::WorkerPool health_pool_;
  ChangeBell bell_;
  std::atomic<int> watchers_{0};
  rpc::Bridge bridge_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_INCIDENT_SERVICE_H_
