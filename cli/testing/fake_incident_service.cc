#include "cli/testing/fake_incident_service.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::Report;

grpc::Status Convert(const absl::Status& status) {
  return rpc::ToGrpcStatus(status, "incident-service");
}

// The page of `items` that the request asks for; the token is an index.
template <class Item, class Request, class Reply>
void Page(const std::vector<Item>& items, const Request& request, Reply& reply,
          google::protobuf::RepeatedPtrField<Item>& out) {
  std::size_t begin = 0;
  if (!absl::SimpleAtoi(request.page_token(), &begin)) begin = 0;
  const std::size_t wanted =
      request.page_size() == 0 ? 50
                               : static_cast<std::size_t>(request.page_size());
  const std::size_t end = std::min(items.size(), begin + wanted);
  for (std::size_t i = begin; i < end; ++i) *out.Add() = items[i];
  if (end < items.size()) reply.set_next_page_token(absl::StrCat(end));
}

}  // namespace

FakeIncidentService::FakeIncidentService()
    : FakeIncidentService(grpc::InsecureServerCredentials()) {}

FakeIncidentService::FakeIncidentService(
    const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) std::abort();
}

FakeIncidentService::~FakeIncidentService() {
  server_->Shutdown(std::chrono::system_clock::now());
}

std::string FakeIncidentService::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void FakeIncidentService::AnswerReports(
    std::function<absl::Status(const Request&)> decide) {
  const std::lock_guard lock(mutex_);
  decide_ = std::move(decide);
}

void FakeIncidentService::HangReports() {
  const std::lock_guard lock(mutex_);
  hang_ = true;
}

void FakeIncidentService::OnGetReport(
    std::function<absl::Status(int, Report&)> fill) {
  const std::lock_guard lock(mutex_);
  fill_ = std::move(fill);
}

void FakeIncidentService::SetReports(std::vector<Report> reports) {
  const std::lock_guard lock(mutex_);
  reports_ = std::move(reports);
}

void FakeIncidentService::SetLinks(
    std::vector<::incident::v1::TicketLink> links) {
  const std::lock_guard lock(mutex_);
  links_ = std::move(links);
}

void FakeIncidentService::SetSync(::incident::v1::SyncTicketResponse answer) {
  const std::lock_guard lock(mutex_);
  synced_ = std::move(answer);
}

void FakeIncidentService::SetHealth(::incident::v1::GetHealthResponse health) {
  const std::lock_guard lock(mutex_);
  health_ = std::move(health);
}

void FakeIncidentService::SetAudit(
    std::vector<::incident::v1::AuditEntry> entries) {
  const std::lock_guard lock(mutex_);
  audit_ = std::move(entries);
}

void FakeIncidentService::SetBackup(
    std::vector<::incident::v1::BackUpStoreResponse> messages,
    absl::Status end) {
  const std::lock_guard lock(mutex_);
  backup_ = std::move(messages);
  backup_end_ = std::move(end);
}

void FakeIncidentService::SetWatch(
    std::vector<::incident::v1::WatchReportsResponse> messages,
    absl::Status end) {
  const std::lock_guard lock(mutex_);
  watch_ = std::move(messages);
  watch_end_ = std::move(end);
}

std::map<std::string, FakeIncidentService::Request>
FakeIncidentService::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<FakeIncidentService::Request> FakeIncidentService::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<::incident::v1::ListReportsRequest>
FakeIncidentService::list_calls() const {
  const std::lock_guard lock(mutex_);
  return list_calls_;
}

std::vector<::incident::v1::WatchReportsRequest>
FakeIncidentService::watch_calls() const {
  const std::lock_guard lock(mutex_);
  return watch_calls_;
}

::incident::v1::DiscardReportRequest FakeIncidentService::discard_call() const {
  const std::lock_guard lock(mutex_);
  return discard_call_;
}

::incident::v1::GetTicketLinkRequest FakeIncidentService::link_call() const {
  const std::lock_guard lock(mutex_);
  return link_call_;
}

::incident::v1::SyncTicketRequest FakeIncidentService::sync_call() const {
  const std::lock_guard lock(mutex_);
  return sync_call_;
}

::incident::v1::ListAuditEntriesRequest FakeIncidentService::audit_call()
    const {
  const std::lock_guard lock(mutex_);
  return audit_call_;
}

::incident::v1::CreateSilenceRequest FakeIncidentService::silence_call() const {
  const std::lock_guard lock(mutex_);
  return silence_call_;
}

::incident::v1::Silence FakeIncidentService::Silence() const {
  ::incident::v1::Silence silence = silence_call_.silence();
  silence.set_silence_id("S1");
  return silence;
}

grpc::Status FakeIncidentService::CreateSilence(
    grpc::ServerContext*, const ::incident::v1::CreateSilenceRequest* request,
    ::incident::v1::CreateSilenceResponse* reply) {
  const std::lock_guard lock(mutex_);
  silence_call_ = *request;
  *reply->mutable_silence() = Silence();
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ListSilences(
    grpc::ServerContext*, const ::incident::v1::ListSilencesRequest*,
    ::incident::v1::ListSilencesResponse* reply) {
  const std::lock_guard lock(mutex_);
  if (silence_call_.has_silence()) *reply->add_silences() = Silence();
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ExpireSilence(
    grpc::ServerContext*, const ::incident::v1::ExpireSilenceRequest* request,
    ::incident::v1::ExpireSilenceResponse* reply) {
  const std::lock_guard lock(mutex_);
  if (request->silence_id() != "S1") {
    return Convert(absl::NotFoundError("there is no such silence"));
  }
  *reply->mutable_silence() = Silence();
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ListAuditEntries(
    grpc::ServerContext*,
    const ::incident::v1::ListAuditEntriesRequest* request,
    ::incident::v1::ListAuditEntriesResponse* reply) {
  const std::lock_guard lock(mutex_);
  audit_call_ = *request;
  Page(audit_, *request, *reply, *reply->mutable_entries());
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::BackUpStore(
    grpc::ServerContext*, const ::incident::v1::BackUpStoreRequest*,
    grpc::ServerWriter<::incident::v1::BackUpStoreResponse>* writer) {
  const std::lock_guard lock(mutex_);
  for (const auto& message : backup_) writer->Write(message);
  return Convert(backup_end_);
}

grpc::Status FakeIncidentService::ReportJobEvent(
    grpc::ServerContext* context, const Request* request,
    ::incident::v1::ReportJobEventResponse* reply) {
  std::unique_lock lock(mutex_);
  calls_.push_back(*request);
  if (hang_) {
    lock.unlock();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }
  const absl::Status status = decide_ ? decide_(*request) : absl::OkStatus();
  if (!status.ok()) return Convert(status);
  if (request->validate_only()) {
    reply->add_warnings("checked only");
    return grpc::Status::OK;
  }
  const auto [known, added] =
      accepted_.emplace(request->request_id(), *request);
  if (!added && known->second.event().SerializeAsString() !=
                    request->event().SerializeAsString()) {
    return Convert(absl::InvalidArgumentError("the id was used already"));
  }
  reply->set_duplicate(!added);
  reply->mutable_report()->set_report_id(
      absl::StrCat("R-", request->request_id()));
  reply->mutable_report()->set_request_id(request->request_id());
  reply->mutable_report()->set_state(::incident::v1::REPORT_STATE_ACCEPTED);
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::GetReport(
    grpc::ServerContext*, const ::incident::v1::GetReportRequest* request,
    ::incident::v1::GetReportResponse* reply) {
  const std::lock_guard lock(mutex_);
  Report& report = *reply->mutable_report();
  report.set_report_id(request->report_id());
  report.set_state(::incident::v1::REPORT_STATE_RUNNING);
  return fill_ ? Convert(fill_(++asked_, report)) : grpc::Status::OK;
}

grpc::Status FakeIncidentService::ListReports(
    grpc::ServerContext*, const ::incident::v1::ListReportsRequest* request,
    ::incident::v1::ListReportsResponse* reply) {
  const std::lock_guard lock(mutex_);
  list_calls_.push_back(*request);
  Page(reports_, *request, *reply, *reply->mutable_reports());
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::WatchReports(
    grpc::ServerContext*, const ::incident::v1::WatchReportsRequest* request,
    grpc::ServerWriter<::incident::v1::WatchReportsResponse>* writer) {
  const std::lock_guard lock(mutex_);
  watch_calls_.push_back(*request);
  // After a break the stream goes on behind the token.
  auto from = std::find_if(watch_.begin(), watch_.end(), [&](const auto& m) {
    return m.resume_token() == request->resume_token();
  });
  from = from == watch_.end() ? watch_.begin() : from + 1;
  for (; from != watch_.end(); ++from) {
    writer->Write(*from);
    if (!from->resume_token().empty() && watch_calls_.size() == 1) {
      return Convert(watch_end_);
    }
  }
  return Convert(watch_end_);
}

grpc::Status FakeIncidentService::RetryReport(
    grpc::ServerContext*, const ::incident::v1::RetryReportRequest* request,
    ::incident::v1::RetryReportResponse* reply) {
  reply->mutable_report()->set_report_id(request->report_id());
  reply->mutable_report()->set_state(::incident::v1::REPORT_STATE_RUNNING);
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::DiscardReport(
    grpc::ServerContext*, const ::incident::v1::DiscardReportRequest* request,
    ::incident::v1::DiscardReportResponse* reply) {
  const std::lock_guard lock(mutex_);
  discard_call_ = *request;
  reply->mutable_report()->set_report_id(request->report_id());
  reply->mutable_report()->set_state(::incident::v1::REPORT_STATE_DISCARDED);
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::GetTicketLink(
    grpc::ServerContext*, const ::incident::v1::GetTicketLinkRequest* request,
    ::incident::v1::GetTicketLinkResponse* reply) {
  const std::lock_guard lock(mutex_);
  link_call_ = *request;
  if (links_.empty()) {
    return Convert(absl::NotFoundError("there is no link for this job"));
  }
  *reply->mutable_link() = links_.front();
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ListTicketLinks(
    grpc::ServerContext*, const ::incident::v1::ListTicketLinksRequest* request,
    ::incident::v1::ListTicketLinksResponse* reply) {
  const std::lock_guard lock(mutex_);
  Page(links_, *request, *reply, *reply->mutable_links());
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::SyncTicket(
    grpc::ServerContext*, const ::incident::v1::SyncTicketRequest* request,
    ::incident::v1::SyncTicketResponse* reply) {
  const std::lock_guard lock(mutex_);
  sync_call_ = *request;
  *reply = synced_;
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ListTemplates(
    grpc::ServerContext*, const ::incident::v1::ListTemplatesRequest*,
    ::incident::v1::ListTemplatesResponse* reply) {
  ::incident::v1::Template& loaded = *reply->add_templates();
  loaded.set_name("basic.json");
  loaded.set_format(::incident::v1::TEMPLATE_FORMAT_INCUMBENT);
  loaded.set_servicenow("production");
  loaded.set_is_default(true);
  ::incident::v1::Diagnostic& remark = *loaded.add_diagnostics();
  remark.set_severity(::incident::v1::DIAGNOSTIC_SEVERITY_WARNING);
  remark.set_line(3);
  remark.set_message("has no effect");
  remark.set_mend("leave it out");
  return grpc::Status::OK;
}

void FakeIncidentService::SetTemplates(
    ::incident::v1::ValidateTemplateResponse validated,
    ::incident::v1::RenderTemplateResponse rendered,
    ::incident::v1::ImportTemplateResponse imported) {
  const std::lock_guard lock(mutex_);
  validated_ = std::move(validated);
  rendered_ = std::move(rendered);
  imported_ = std::move(imported);
}

::incident::v1::ValidateTemplateRequest FakeIncidentService::validate_call()
    const {
  const std::lock_guard lock(mutex_);
  return validate_call_;
}

::incident::v1::RenderTemplateRequest FakeIncidentService::render_call() const {
  const std::lock_guard lock(mutex_);
  return render_call_;
}

::incident::v1::ImportTemplateRequest FakeIncidentService::import_call() const {
  const std::lock_guard lock(mutex_);
  return import_call_;
}

grpc::Status FakeIncidentService::ValidateTemplate(
    grpc::ServerContext*,
    const ::incident::v1::ValidateTemplateRequest* request,
    ::incident::v1::ValidateTemplateResponse* reply) {
  const std::lock_guard lock(mutex_);
  validate_call_ = *request;
  *reply = validated_;
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::RenderTemplate(
    grpc::ServerContext*, const ::incident::v1::RenderTemplateRequest* request,
    ::incident::v1::RenderTemplateResponse* reply) {
  const std::lock_guard lock(mutex_);
  render_call_ = *request;
  *reply = rendered_;
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::ImportTemplate(
    grpc::ServerContext*, const ::incident::v1::ImportTemplateRequest* request,
    ::incident::v1::ImportTemplateResponse* reply) {
  const std::lock_guard lock(mutex_);
  import_call_ = *request;
  *reply = imported_;
  return grpc::Status::OK;
}

grpc::Status FakeIncidentService::GetHealth(
    grpc::ServerContext*, const ::incident::v1::GetHealthRequest*,
    ::incident::v1::GetHealthResponse* reply) {
  const std::lock_guard lock(mutex_);
  *reply = health_;
  return grpc::Status::OK;
}

}  // namespace opcon_snow::cli
