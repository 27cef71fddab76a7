// WRITE_BACK and DOCUMENT: what the job in OpCon is told about its ticket.

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/effect.h"
#include "incident_service/workflow/existing_ticket_step.h"
#include "incident_service/workflow/steps.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;

constexpr int kManyLinks = 100;

std::string Told(const ::opcon::v1::SetIncidentTicketResponse& reply) {
  return absl::StrCat(reply.changed() ? "wrote " : "already carries ",
                      reply.ticket().ticket_id());
}

// What the only field there is holds, if that is why it was not written.
std::string PresentTicket(const absl::Status& refused) {
  if (refused.code() != absl::StatusCode::kAlreadyExists) return "";
  ErrorDetails details = GetErrorDetails(refused).value_or(ErrorDetails{});
  return details.metadata["present_ticket_id"];
}

}  // namespace

absl::StatusOr<StepCommit> Steps::WriteBack(const ClaimedStep& claimed) {
  const StoredReport& stored = claimed.stored;
  const v1::JobKey& key = stored.report.event().job_key();
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> chosen,
                              FindTemplate(stored.memo.template_()));
  Memo memo = stored.memo;
  if (memo.opcon_not_asked()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(memo, AskOpConLate(claimed));
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<v1::TicketLink> latest,
                              d_.store->FindLink(key, memo.servicenow()));
  if (latest.has_value() &&
      latest->ticket().sys_id() != stored.report.ticket().sys_id()) {
    StepCommit commit = Succeeded(
        claimed, absl::StrCat("the job has ", latest->ticket().number(),
                              " by now, and shows that"));
    commit.step.set_state(v1::STEP_STATE_SKIPPED);
    OPCON_SNOW_RETURN_IF_ERROR(FinishLate(claimed, memo, *chosen, &commit));
    return commit;
  }
  const auto reply = ShowTicket(claimed, memo, *chosen);
  if (reply.status().code() == absl::StatusCode::kAlreadyExists) {
    return FieldTaken(claimed, reply.status());
  }
  OPCON_SNOW_RETURN_IF_ERROR(reply.status());
  StepCommit commit = Succeeded(claimed, Told(*reply));
  if (latest.has_value()) {
    commit.link = latest;
    commit.link->set_written_ticket_id(reply->ticket().ticket_id());
  }
  OPCON_SNOW_RETURN_IF_ERROR(FinishLate(claimed, memo, *chosen, &commit));
  return commit;
}

// Writes the report's ticket to the job's field, and nothing else there.
absl::StatusOr<::opcon::v1::SetIncidentTicketResponse> Steps::ShowTicket(
    const ClaimedStep& claimed, const Memo& memo, const Template& chosen) {
  const v1::TicketRef& ticket = claimed.stored.report.ticket();
  const v1::JobKey& key = claimed.stored.report.event().job_key();
  ::opcon::v1::SetIncidentTicketRequest request;
  request.set_instance(key.opcon());
  // By id, not by uid: a rebuild of the schedule changes the uid.
  request.mutable_job()->set_id(JobId(key));
  request.set_ticket_id(
      TicketIdText(ticket, chosen.config().ticket_id_format()));
  request.set_ticket_url(ticket.url());
  request.set_replaced_ticket_id(memo.replaced_ticket_id());
  const auto write = [&] {
    const std::string& replaced = request.replaced_ticket_id();
    return Effect(
        d_.store, d_.clock, claimed,
        {.action = "opcon.SetIncidentTicket",
         .instance = key.opcon(),
         .target = JobId(key),
         .reason = replaced.empty() || replaced == request.ticket_id()
                       ? "the job shows its ticket"
                       : absl::StrCat("takes the place of ", replaced)},
        request, [&] { return d_.opcon->SetIncidentTicket(request); }, Told);
  };
  auto reply = write();
  // A person has shortened what the only field there is said of our ticket.
  const std::string present = PresentTicket(reply.status());
  if (Means(ParseTicketId(present), ticket)) {
    request.set_replaced_ticket_id(present);
    reply = write();
  }
  if (reply.ok() && reply->ticket().ticket_id() != request.ticket_id()) {
    return MakeError(
        absl::StatusCode::kInternal,
        absl::StrCat("OpCon was to show ticket ", request.ticket_id(),
                     " on job ", JobId(key), ", and shows \"",
                     reply->ticket().ticket_id(),
                     "\": ask the OpCon administrator what keeps it from "
                     "being written"),
        {.reason = "UPSTREAM_FAILURE", .domain = "incident-service"});
  }
  return reply;
}

// What else is due if the ticket was opened without OpCon.
absl::Status Steps::FinishLate(const ClaimedStep& claimed, const Memo& memo,
                               const Template& chosen, StepCommit* commit) {
  if (!memo.opcon_asked_late()) return absl::OkStatus();
  OPCON_SNOW_RETURN_IF_ERROR(NameJobLate(claimed, memo));
  const v1::Report& report = claimed.stored.report;
  commit->report = report;
  commit->report->set_failure_id(memo.failure().failure_id());
  commit->failure_ticket = report.ticket();
  if (!chosen.config().log_attachment().disabled()) {
    commit->next_steps.emplace_back(v1::STEP_KIND_ATTACH_LOG);
  }
  return absl::OkStatus();
}

// The incident of a job with a long name could not be told its uid before OpCon
// was asked.
absl::Status Steps::NameJobLate(const ClaimedStep& claimed, const Memo& memo) {
  const v1::Report& report = claimed.stored.report;
  sn::UpdateIncidentRequest request;
  request.mutable_incident()->set_correlation_id(
      CorrelationId(memo.public_address(), memo.job()));
  if (request.incident().correlation_id() ==
      CorrelationId(memo.public_address(), JobFromReport(report))) {
    return absl::OkStatus();
  }
  request.set_instance(memo.servicenow());
  request.mutable_incident()->set_sys_id(report.ticket().sys_id());
  request.mutable_update_mask()->add_paths("correlation_id");
  return Effect(
             d_.store, d_.clock, claimed,
             {.action = "servicenow.UpdateIncident",
              .instance = memo.servicenow(),
              .target = report.ticket().number(),
              .reason = "names the job, now that OpCon could be asked"},
             request, [&] { return d_.servicenow->UpdateIncident(request); },
             [](const sn::UpdateIncidentResponse& reply) {
               return reply.incident().correlation_id();
             })
      .status();
}

// OpCon keeps one ticket for the job, and it is another one. If it is the
// job's at another destination, nothing is wrong.
absl::StatusOr<StepCommit> Steps::FieldTaken(const ClaimedStep& claimed,
                                             const absl::Status& refused) {
  const std::string present = PresentTicket(refused);
  const v1::Report& report = claimed.stored.report;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::TicketLink> links,
      d_.store->ListLinks({.job_key = report.event().job_key()}, "",
                          kManyLinks));
  for (const v1::TicketLink& link : links.records) {
    if (link.ticket().servicenow() == claimed.stored.memo.servicenow() ||
        link.written_ticket_id() != present) {
      continue;
    }
    StepCommit commit = Succeeded(
        claimed, absl::StrCat("the job shows ", present, " of ",
                              link.ticket().servicenow(),
                              ", and this OpCon keeps one ticket only"));
    commit.step.set_state(v1::STEP_STATE_SKIPPED);
    commit.report = report;
    commit.report->add_warnings(commit.step.outcome());
    return commit;
  }
  return refused;
}

absl::StatusOr<StepCommit> Steps::Document(const ClaimedStep& claimed) {
  const StoredReport& stored = claimed.stored;
  const v1::JobKey& key = stored.report.event().job_key();
  const ::incident_store::v1::TicketPlan& plan = stored.memo.plan();
  ::opcon::v1::AppendDocumentationRequest request;
  request.set_instance(key.opcon());
  request.mutable_job()->set_id(JobId(key));
  request.set_marker(plan.marker().empty()
                         ? FailureMarker(stored.report.failure_id())
                         : plan.marker());
  request.set_text(DocumentationText(plan, stored.report.ticket().number(),
                                     request.marker()));
  const auto told = [&](const ::opcon::v1::AppendDocumentationResponse& reply) {
    return reply.changed() ? absl::StrCat("noted ", plan.previous_number())
                           : std::string("was noted already");
  };
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const auto reply,
      Effect(
          d_.store, d_.clock, claimed,
          {.action = "opcon.AppendDocumentation",
           .instance = key.opcon(),
           .target = JobId(key),
           .reason = absl::StrCat(plan.previous_number(), " has a successor")},
          request, [&] { return d_.opcon->AppendDocumentation(request); },
          told));
  return Succeeded(claimed, told(reply));
}

}  // namespace opcon_snow::incident
