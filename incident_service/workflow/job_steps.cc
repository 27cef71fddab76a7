// WRITE_BACK and DOCUMENT: what the job in OpCon is told about its ticket.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

std::string TicketIdText(const v1::TicketRef& ticket,
                         ::config::v1::TicketIdFormat format) {
  if (format == ::config::v1::TICKET_ID_FORMAT_NUMBER) return ticket.number();
  return absl::StrCat(ticket.number(), "/", ticket.sys_id());
}

}  // namespace

absl::StatusOr<StepCommit> Steps::WriteBack(const ClaimedStep& claimed) {
  const StoredReport& stored = claimed.stored;
  const v1::JobKey& key = stored.report.event().job_key();
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(stored.memo.template_()));
  ::opcon::v1::SetIncidentTicketRequest request;
  request.set_instance(key.opcon());
  // By id, not by uid: a rebuild of the schedule changes the uid.
  request.mutable_job()->set_id(JobId(key));
  request.set_ticket_id(TicketIdText(stored.report.ticket(),
                                     chosen->config().ticket_id_format()));
  request.set_ticket_url(stored.report.ticket().url());
  request.set_replaced_ticket_id(stored.memo.replaced_ticket_id());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(d_.store, claimed.claim, "SetIncidentTicket",
             [&] { return d_.opcon->SetIncidentTicket(request); }));

  StepCommit commit = Succeeded(
      claimed, absl::StrCat(reply.changed() ? "wrote " : "already carries ",
                            request.ticket_id()));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::optional<v1::TicketLink> link,
      d_.store->FindLink(key, stored.memo.servicenow()));
  if (link.has_value()) {
    link->set_written_ticket_id(request.ticket_id());
    commit.link = *std::move(link);
  }
  return commit;
}

absl::StatusOr<StepCommit> Steps::Document(const ClaimedStep& claimed) {
  const StoredReport& stored = claimed.stored;
  const v1::JobKey& key = stored.report.event().job_key();
  const ::incident_store::v1::TicketPlan& plan = stored.memo.plan();
  ::opcon::v1::AppendDocumentationRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  request.set_marker(FailureMarker(stored.report.failure_id()));
  request.set_text(absl::StrCat("Previous ticket: ", plan.previous_number(),
                                " (", plan.previous_reason(), "), followed by ",
                                stored.report.ticket().number(), ". ",
                                request.marker()));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(d_.store, claimed.claim, "AppendDocumentation",
             [&] { return d_.opcon->AppendDocumentation(request); }));
  return Succeeded(claimed, reply.changed()
                                ? absl::StrCat("noted ", plan.previous_number())
                                : "was noted already");
}

}  // namespace opcon_snow::incident
