#ifndef OPCON_SNOW_CLI_TESTING_FAKE_INCIDENT_SERVICE_H_
#define OPCON_SNOW_CLI_TESTING_FAKE_INCIDENT_SERVICE_H_

// An incident service that runs in the test and does what the test says.

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "incident/v1/incident_service.grpc.pb.h"

namespace opcon_snow::cli {

// Listens on a free port of the loopback address. Without further orders it
// accepts every report and de-duplicates by request_id, as the real one does.
class FakeIncidentService final
    : private ::incident::v1::IncidentService::Service {
 public:
  using Request = ::incident::v1::ReportJobEventRequest;

  FakeIncidentService();
  explicit FakeIncidentService(
      const std::shared_ptr<grpc::ServerCredentials>& credentials);
  FakeIncidentService(const FakeIncidentService&) = delete;
  FakeIncidentService& operator=(const FakeIncidentService&) = delete;
  ~FakeIncidentService() override;

  // "127.0.0.1:PORT".
  std::string address() const;

  // What ReportJobEvent answers; an error refuses the report.
  void AnswerReports(std::function<absl::Status(const Request&)> decide);
  // ReportJobEvent does not answer until the call is given up.
  void HangReports();
  // The state, ticket and so on of the report, whenever GetReport is asked.
  // `asked` counts from 1.
  void OnGetReport(
      std::function<absl::Status(int asked, ::incident::v1::Report&)> fill);
  // What ListReports and ListTicketLinks go through, one after the other.
  void SetReports(std::vector<::incident::v1::Report> reports);
  void SetLinks(std::vector<::incident::v1::TicketLink> links);
  // What SyncTicket answers.
  void SetSync(::incident::v1::SyncTicketResponse answer);
  void SetHealth(::incident::v1::GetHealthResponse health);
  // What the RPCs about templates answer.
  void SetTemplates(::incident::v1::ValidateTemplateResponse validated,
                    ::incident::v1::RenderTemplateResponse rendered,
                    ::incident::v1::ImportTemplateResponse imported);
  void SetAudit(std::vector<::incident::v1::AuditEntry> entries);
  // The stream of BackUpStore: these messages, then this status.
  void SetBackup(std::vector<::incident::v1::BackUpStoreResponse> messages,
                 absl::Status end);
  // The stream of WatchReports: these messages, then this status.
  void SetWatch(std::vector<::incident::v1::WatchReportsResponse> messages,
                absl::Status end);

  // Reports that were accepted, by request_id.
  std::map<std::string, Request> accepted() const;
  // Every call of ReportJobEvent, in order.
  std::vector<Request> calls() const;
  // Requests of ListReports, in order.
  std::vector<::incident::v1::ListReportsRequest> list_calls() const;
  std::vector<::incident::v1::WatchReportsRequest> watch_calls() const;
  // The last request of DiscardReport, GetTicketLink, SyncTicket and
  // ListAuditEntries.
  ::incident::v1::DiscardReportRequest discard_call() const;
  ::incident::v1::GetTicketLinkRequest link_call() const;
  ::incident::v1::SyncTicketRequest sync_call() const;
  ::incident::v1::ListAuditEntriesRequest audit_call() const;
  // The last request of CreateSilence, whose silence is the only one and has
  // the id S1.
  ::incident::v1::CreateSilenceRequest silence_call() const;
  // The last requests about templates.
  ::incident::v1::ValidateTemplateRequest validate_call() const;
  ::incident::v1::RenderTemplateRequest render_call() const;
  ::incident::v1::ImportTemplateRequest import_call() const;

 private:
  grpc::Status ReportJobEvent(
      grpc::ServerContext* context, const Request* request,
      ::incident::v1::ReportJobEventResponse* reply) override;
  grpc::Status GetReport(grpc::ServerContext* context,
                         const ::incident::v1::GetReportRequest* request,
                         ::incident::v1::GetReportResponse* reply) override;
  grpc::Status ListReports(grpc::ServerContext* context,
                           const ::incident::v1::ListReportsRequest* request,
                           ::incident::v1::ListReportsResponse* reply) override;
  grpc::Status WatchReports(
      grpc::ServerContext* context,
      const ::incident::v1::WatchReportsRequest* request,
      grpc::ServerWriter<::incident::v1::WatchReportsResponse>* writer)
      override;
  grpc::Status RetryReport(grpc::ServerContext* context,
                           const ::incident::v1::RetryReportRequest* request,
                           ::incident::v1::RetryReportResponse* reply) override;
  grpc::Status DiscardReport(
      grpc::ServerContext* context,
      const ::incident::v1::DiscardReportRequest* request,
      ::incident::v1::DiscardReportResponse* reply) override;
  grpc::Status GetTicketLink(
      grpc::ServerContext* context,
      const ::incident::v1::GetTicketLinkRequest* request,
      ::incident::v1::GetTicketLinkResponse* reply) override;
  grpc::Status ListTicketLinks(
      grpc::ServerContext* context,
      const ::incident::v1::ListTicketLinksRequest* request,
      ::incident::v1::ListTicketLinksResponse* reply) override;
  grpc::Status SyncTicket(grpc::ServerContext* context,
                          const ::incident::v1::SyncTicketRequest* request,
                          ::incident::v1::SyncTicketResponse* reply) override;
  grpc::Status ListTemplates(
      grpc::ServerContext* context,
      const ::incident::v1::ListTemplatesRequest* request,
      ::incident::v1::ListTemplatesResponse* reply) override;
  grpc::Status ValidateTemplate(
      grpc::ServerContext* context,
      const ::incident::v1::ValidateTemplateRequest* request,
      ::incident::v1::ValidateTemplateResponse* reply) override;
  grpc::Status RenderTemplate(
      grpc::ServerContext* context,
      const ::incident::v1::RenderTemplateRequest* request,
      ::incident::v1::RenderTemplateResponse* reply) override;
  grpc::Status ImportTemplate(
      grpc::ServerContext* context,
      const ::incident::v1::ImportTemplateRequest* request,
      ::incident::v1::ImportTemplateResponse* reply) override;
  grpc::Status CreateSilence(
      grpc::ServerContext* context,
      const ::incident::v1::CreateSilenceRequest* request,
      ::incident::v1::CreateSilenceResponse* reply) override;
  grpc::Status ListSilences(
      grpc::ServerContext* context,
      const ::incident::v1::ListSilencesRequest* request,
      ::incident::v1::ListSilencesResponse* reply) override;
  grpc::Status ExpireSilence(
      grpc::ServerContext* context,
      const ::incident::v1::ExpireSilenceRequest* request,
      ::incident::v1::ExpireSilenceResponse* reply) override;
  // With the id S1.
  ::incident::v1::Silence Silence() const;
  grpc::Status ListAuditEntries(
      grpc::ServerContext* context,
      const ::incident::v1::ListAuditEntriesRequest* request,
      ::incident::v1::ListAuditEntriesResponse* reply) override;
  grpc::Status BackUpStore(
      grpc::ServerContext* context,
      const ::incident::v1::BackUpStoreRequest* request,
      grpc::ServerWriter<::incident::v1::BackUpStoreResponse>* writer) override;
  grpc::Status GetHealth(grpc::ServerContext* context,
                         const ::incident::v1::GetHealthRequest* request,
                         ::incident::v1::GetHealthResponse* reply) override;

  mutable std::mutex mutex_;
  bool hang_ = false;
  int asked_ = 0;
  std::function<absl::Status(const Request&)> decide_;
  std::function<absl::Status(int, ::incident::v1::Report&)> fill_;
  std::vector<::incident::v1::Report> reports_;
  std::vector<::incident::v1::TicketLink> links_;
  std::vector<::incident::v1::WatchReportsResponse> watch_;
  absl::Status watch_end_;
  ::incident::v1::GetHealthResponse health_;
  std::vector<::incident::v1::AuditEntry> audit_;
  std::vector<::incident::v1::BackUpStoreResponse> backup_;
  absl::Status backup_end_;
  std::map<std::string, Request> accepted_;
  std::vector<Request> calls_;
  std::vector<::incident::v1::ListReportsRequest> list_calls_;
  std::vector<::incident::v1::WatchReportsRequest> watch_calls_;
  ::incident::v1::DiscardReportRequest discard_call_;
  ::incident::v1::GetTicketLinkRequest link_call_;
  ::incident::v1::SyncTicketRequest sync_call_;
  ::incident::v1::SyncTicketResponse synced_;
  ::incident::v1::ListAuditEntriesRequest audit_call_;
  ::incident::v1::CreateSilenceRequest silence_call_;
  ::incident::v1::ValidateTemplateResponse validated_;
  ::incident::v1::RenderTemplateResponse rendered_;
  ::incident::v1::ImportTemplateResponse imported_;
  ::incident::v1::ValidateTemplateRequest validate_call_;
  ::incident::v1::RenderTemplateRequest render_call_;
  ::incident::v1::ImportTemplateRequest import_call_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_TESTING_FAKE_INCIDENT_SERVICE_H_
