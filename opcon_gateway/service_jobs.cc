// Handlers about one daily job: look it up, its tickets, its documentation,
// actions on it.

#include <utility>

#include "common/status/status_macros.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/request_check.h"
#include "opcon_gateway/service.h"
#include "opcon_gateway/upstream_error.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

absl::Status AboutJob(const absl::Status& status, const Instance& instance,
                      const v1::JobSelector& selector) {
  return WithFacts(status, instance.name(), SelectorText(selector));
}

}  // namespace

OpConGatewayService::Answer<v1::GetDailyJobResponse>
OpConGatewayService::DoGetDailyJob(const rpc::CallContext& context,
                                   const v1::GetDailyJobRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::DailyJob> job =
      co_await call.instance->jobs().Find(request.job(), call.scope);
  if (!job.ok()) {
    co_return AboutJob(job.status(), *call.instance, request.job());
  }
  v1::GetDailyJobResponse reply;
  *reply.mutable_job() = *std::move(job);
  reply.set_instance(call.instance->name());
  co_return reply;
}

OpConGatewayService::Answer<v1::GetIncidentTicketsResponse>
OpConGatewayService::DoGetIncidentTickets(
    const rpc::CallContext& context,
    const v1::GetIncidentTicketsRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<TicketList> list =
      co_await call.instance->tickets().List(request.job(), call.scope);
  if (!list.ok()) {
    co_return AboutJob(list.status(), *call.instance, request.job());
  }
  v1::GetIncidentTicketsResponse reply;
  for (v1::IncidentTicket& row : list->rows) {
    *reply.add_tickets() = std::move(row);
  }
  reply.set_single_field(list->single_field);
  co_return reply;
}

OpConGatewayService::Answer<v1::SetIncidentTicketResponse>
OpConGatewayService::DoSetIncidentTicket(
    const rpc::CallContext& context,
    const v1::SetIncidentTicketRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  TicketWish wish;
  wish.ticket_id = request.ticket_id();
  wish.ticket_url = request.ticket_url();
  wish.replaced_ticket_id = request.replaced_ticket_id();
  absl::StatusOr<TicketWritten> written =
      co_await call.instance->tickets().Set(request.job(), wish, call.scope);
  if (!written.ok()) {
    co_return AboutJob(written.status(), *call.instance, request.job());
  }
  v1::SetIncidentTicketResponse reply;
  *reply.mutable_ticket() = std::move(written->ticket);
  reply.set_changed(written->changed);
  reply.set_single_field(written->single_field);
  co_return reply;
}

OpConGatewayService::Answer<v1::GetDocumentationResponse>
OpConGatewayService::DoGetDocumentation(
    const rpc::CallContext& context,
    const v1::GetDocumentationRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::JobDocumentation> documentation =
      co_await call.instance->documentation().Get(request.job(), call.scope);
  if (!documentation.ok()) {
    co_return AboutJob(documentation.status(), *call.instance, request.job());
  }
  v1::GetDocumentationResponse reply;
  *reply.mutable_documentation() = *std::move(documentation);
  co_return reply;
}

OpConGatewayService::Answer<v1::AppendDocumentationResponse>
OpConGatewayService::DoAppendDocumentation(
    const rpc::CallContext& context,
    const v1::AppendDocumentationRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<DocumentationAppended> appended =
      co_await call.instance->documentation().Append(
          request.job(), request.text(), request.marker(), call.scope);
  if (!appended.ok()) {
    co_return AboutJob(appended.status(), *call.instance, request.job());
  }
  v1::AppendDocumentationResponse reply;
  *reply.mutable_documentation() = std::move(appended->documentation);
  reply.set_changed(appended->changed);
  co_return reply;
}

OpConGatewayService::Answer<v1::SubmitJobActionResponse>
OpConGatewayService::DoSubmitJobAction(
    const rpc::CallContext& context,
    const v1::SubmitJobActionRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::JobAction> action =
      co_await call.instance->actions().Submit(request, call.scope);
  if (!action.ok()) {
    co_return AboutJob(action.status(), *call.instance, request.job());
  }
  v1::SubmitJobActionResponse reply;
  *reply.mutable_action() = *std::move(action);
  co_return reply;
}

OpConGatewayService::Answer<v1::GetJobActionResponse>
OpConGatewayService::DoGetJobAction(const rpc::CallContext& context,
                                    const v1::GetJobActionRequest& request) {
  absl::Status acceptable = Check(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      const Call call,
      co_await Begin(context, request.instance(), std::move(acceptable)));
  absl::StatusOr<v1::JobAction> action =
      co_await call.instance->actions().Get(request.action_id(), call.scope);
  if (!action.ok()) {
    co_return WithFacts(action.status(), call.instance->name(), "");
  }
  v1::GetJobActionResponse reply;
  *reply.mutable_action() = *std::move(action);
  co_return reply;
}

}  // namespace opcon_snow::opcon
