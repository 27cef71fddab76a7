// TICKET, first half: which incident the job has, and what is to be done.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/times.h"
#include "incident_service/workflow/existing_ticket_step.h"
#include "incident_service/workflow/ticket_policy.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;
namespace sn = ::servicenow::v1;
using ::incident_store::v1::Memo;
using ::incident_store::v1::TicketPlan;

constexpr int kManyLinks = 100;
constexpr int kManyFailures = 100;
constexpr int kJournalPage = 1000;
constexpr char kGone[] = "no longer exists";

absl::StatusOr<std::optional<sn::Incident>> LookUp(ServiceNow* servicenow,
                                                   const std::string& instance,
                                                   const TicketId& id) {
  sn::GetIncidentRequest request;
  request.set_instance(instance);
  if (!id.sys_id.empty()) {
    request.set_sys_id(id.sys_id);
  } else {
    request.set_number(id.number);
  }
  absl::StatusOr<sn::GetIncidentResponse> reply =
      servicenow->GetIncident(request);
  if (reply.ok()) return std::move(*reply->mutable_incident());
  if (IsGone(reply.status())) return std::nullopt;
  return std::move(reply).status();
}

// `https://host` of an address.
absl::string_view Origin(absl::string_view address) {
  const std::size_t host = address.find("://");
  if (host == absl::string_view::npos) return "";
  return address.substr(0, address.find('/', host + 3));
}

// The description that an update will take the place of, unless a work note
// tells it already: notes are written by updates, not by creates.
std::string Overwritten(const sn::Incident& incident,
                        const std::optional<v1::TicketLink>& link,
                        const std::string& marker) {
  const std::string& text = incident.description();
  if (absl::StrContains(text, marker)) return "";
  const bool noted =
      link.has_value() && link->failure_count() > 1 &&
      link->ticket().sys_id() == incident.sys_id() &&
      absl::StrContains(text, FailureMarker(link->last_failure_id()));
  if (noted) return "";
  return std::string(absl::StripTrailingAsciiWhitespace(WithoutMarkers(text)));
}

}  // namespace

bool Means(const TicketId& id, const v1::TicketRef& ticket) {
  return id.sys_id.empty() ? !id.number.empty() && id.number == ticket.number()
                           : id.sys_id == ticket.sys_id();
}

bool IsOlder(const v1::Failure& failure,
             const std::optional<v1::TicketLink>& link,
             const std::string& sys_id) {
  return link.has_value() && link->ticket().sys_id() == sys_id &&
         link->has_last_run_end_time() && failure.has_run_end_time() &&
         ToTime(failure.run_end_time()) < ToTime(link->last_run_end_time());
}

bool IsGone(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound &&
         GetErrorReason(status) == "RECORD_NOT_FOUND";
}

void Steps::ExistingTicket::Consider(std::optional<sn::Incident> found,
                                     const std::string& called,
                                     const std::string& text,
                                     const Template& chosen) {
  if (field_text.empty()) field_text = text;
  if (found.has_value() &&
      !DecideOnTicket(chosen.config(), found->state()).replace) {
    incident = std::move(found);
    field_text = text;
    return;
  }
  // One that was closed says more than one that is not there.
  if (found.has_value() && (previous_number.empty() || previous_is_gone)) {
    previous_number = found->number();
    previous_reason = StateWords(found->state());
    previous_is_gone = false;
  } else if (!found.has_value() && previous_number.empty()) {
    previous_number = called;
    previous_reason = kGone;
    previous_is_gone = true;
  }
}

// Whether a row of the job's tickets is none of this destination's: its address
// says so, and nothing but a number, which other instances have too, says
// otherwise.
absl::StatusOr<bool> Steps::BelongsElsewhere(
    const Memo& memo, const ::opcon::v1::IncidentTicket& row,
    const std::optional<sn::Incident>& found) {
  const absl::string_view origin = Origin(row.ticket_url());
  if (origin.empty()) return false;
  if (found.has_value()) {
    return ParseTicketId(row.ticket_id()).sys_id.empty() &&
           origin != Origin(found->url());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string address,
                              directory_.ServiceNowAddress(memo.servicenow()));
  return !address.empty() && origin != Origin(absl::StrCat(address, "/"));
}

absl::StatusOr<std::vector<::opcon::v1::IncidentTicket>> Steps::Rows(
    const v1::JobKey& key, std::int64_t uid) {
  ::opcon::v1::GetIncidentTicketsRequest request;
  request.set_instance(key.opcon());
  if (uid != 0) {
    request.mutable_job()->set_uid(uid);
  } else {
    request.mutable_job()->set_id(JobId(key));
  }
  auto reply = d_.opcon->GetIncidentTickets(request);
  // A rebuild of the schedule changes the uid, and not the id.
  if (uid != 0 && absl::IsNotFound(reply.status())) return Rows(key);
  OPCON_SNOW_RETURN_IF_ERROR(reply.status());
  return std::vector<::opcon::v1::IncidentTicket>(reply->tickets().begin(),
                                                  reply->tickets().end());
}

// The job's field wins over our memory: people edit it. Of several rows the one
// that we wrote is the one, as long as it leads to an incident that can take
// the failure.
absl::Status Steps::LookAtField(const ClaimedStep& claimed,
                                const Template& chosen,
                                const std::vector<v1::TicketLink>& links,
                                ExistingTicket* existing) {
  const Memo& memo = claimed.stored.memo;
  const v1::JobKey& key = claimed.stored.report.event().job_key();
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto tickets, Rows(key, memo.job().uid()));
  std::vector<::opcon::v1::IncidentTicket> rows;
  for (const ::opcon::v1::IncidentTicket& row : tickets) {
    const TicketId id = ParseTicketId(row.ticket_id());
    if (id.number.empty() && id.sys_id.empty()) continue;
    const bool other_destination = std::any_of(
        links.begin(), links.end(), [&](const v1::TicketLink& link) {
          return link.ticket().servicenow() != memo.servicenow() &&
                 Means(id, link.ticket()) &&
                 (row.ticket_url().empty() ||
                  row.ticket_url() == link.ticket().url());
        });
    if (other_destination) continue;
    const bool ours =
        existing->link.has_value() && Means(id, existing->link->ticket());
    rows.insert(ours ? rows.begin() : rows.end(), row);
  }
  for (const ::opcon::v1::IncidentTicket& row : rows) {
    const TicketId id = ParseTicketId(row.ticket_id());
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<sn::Incident> found,
                                LookUp(d_.servicenow, memo.servicenow(), id));
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool elsewhere,
                                BelongsElsewhere(memo, row, found));
    if (elsewhere) continue;
    existing->field_had_link =
        existing->field_had_link ||
        (existing->link.has_value() && Means(id, existing->link->ticket()));
    existing->Consider(std::move(found),
                       id.number.empty() ? id.sys_id : id.number,
                       row.ticket_id(), chosen);
    if (existing->incident.has_value()) break;
  }
  return absl::OkStatus();
}

// People may have shortened what we wrote; it gives way all the same.
absl::Status Steps::FindOurRow(const v1::JobKey& key,
                               ExistingTicket* existing) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const auto tickets, Rows(key));
  for (const ::opcon::v1::IncidentTicket& row : tickets) {
    if (Means(ParseTicketId(row.ticket_id()), existing->link->ticket())) {
      existing->field_text = row.ticket_id();
    }
  }
  return absl::OkStatus();
}

absl::Status Steps::LookAtLink(const Memo& memo, const Template& chosen,
                               ExistingTicket* existing) {
  const v1::TicketRef& known = existing->link->ticket();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      std::optional<sn::Incident> found,
      LookUp(d_.servicenow, memo.servicenow(),
             {.number = known.number(), .sys_id = known.sys_id()}));
  const std::string text = existing->field_text.empty()
                               ? existing->link->written_ticket_id()
                               : existing->field_text;
  existing->Consider(std::move(found), known.number(), text, chosen);
  return absl::OkStatus();
}

// A report that is a dead letter by now may have created an incident whose
// answer was lost: it is the job's all the same, though no link tells of it.
absl::Status Steps::LookAtUnfinished(const ClaimedStep& claimed,
                                     const Template& chosen,
                                     ExistingTicket* existing) {
  const v1::Report& report = claimed.stored.report;
  const Memo& memo = claimed.stored.memo;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::Failure> known,
      d_.store->ListFailures(report.event().job_key(), "", kManyFailures));
  for (const v1::Failure& failure : known.records) {
    if (failure.first_report_id() == report.report_id()) continue;
    const absl::StatusOr<StoredReport> other =
        d_.store->GetReport(failure.first_report_id());
    if (IsGone(other.status())) continue;  // Past its retention.
    OPCON_SNOW_RETURN_IF_ERROR(other.status());
    if (other->report.has_ticket() ||
        other->memo.servicenow() != memo.servicenow() ||
        other->memo.plan().kind() !=
            ::incident_store::v1::TICKET_PLAN_KIND_CREATE) {
      continue;
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(
        std::optional<sn::Incident> found,
        LookUp(d_.servicenow, memo.servicenow(),
               {.sys_id = other->memo.plan().sys_id()}));
    if (!found.has_value()) continue;
    const std::string number = found->number();
    existing->Consider(std::move(found), number, "", chosen);
    if (existing->incident.has_value()) break;
  }
  return absl::OkStatus();
}

absl::Status Steps::LookAtEarlierDays(const ClaimedStep& claimed,
                                      const Template& chosen,
                                      ExistingTicket* existing) {
  const Memo& memo = claimed.stored.memo;
  const std::int64_t days =
      chosen.config().reuse_within().seconds() / (24 * 3600);
  v1::JobKey key = claimed.stored.report.event().job_key();
  const google::type::Date& date = key.schedule_date();
  const absl::CivilDay today(date.year(), date.month(), date.day());
  for (int back = 1; back <= days && !existing->incident.has_value(); ++back) {
    const absl::CivilDay day = today - back;
    key.mutable_schedule_date()->set_year(static_cast<int>(day.year()));
    key.mutable_schedule_date()->set_month(day.month());
    key.mutable_schedule_date()->set_day(day.day());
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::optional<v1::TicketLink> link,
                                d_.store->FindLink(key, memo.servicenow()));
    if (!link.has_value()) continue;
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<sn::Incident> found,
                                LookUp(d_.servicenow, memo.servicenow(),
                                       {.number = link->ticket().number(),
                                        .sys_id = link->ticket().sys_id()}));
    if (!found.has_value() ||
        DecideOnTicket(chosen.config(), found->state()).replace) {
      continue;
    }
    existing->incident = std::move(found);
    existing->of_earlier_day = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<Steps::ExistingTicket> Steps::FindExisting(
    const ClaimedStep& claimed, const Template& chosen) {
  const Memo& memo = claimed.stored.memo;
  const v1::Report& report = claimed.stored.report;
  ExistingTicket existing;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const Page<v1::TicketLink> links,
      d_.store->ListLinks({.job_key = report.event().job_key()}, "",
                          kManyLinks));
  for (const v1::TicketLink& link : links.records) {
    if (link.ticket().servicenow() == memo.servicenow()) existing.link = link;
  }
  if (chosen.config().always_create_new_ticket() &&
      report.event().kind() != v1::EVENT_KIND_RECOVERED) {
    // The job shows the latest; those before it are left to themselves.
    if (!existing.link.has_value()) return existing;
    existing.field_text = existing.link->written_ticket_id();
    if (!memo.opcon_not_asked()) {
      OPCON_SNOW_RETURN_IF_ERROR(
          FindOurRow(report.event().job_key(), &existing));
    }
    return existing;
  }
  if (!memo.opcon_not_asked()) {
    OPCON_SNOW_RETURN_IF_ERROR(
        LookAtField(claimed, chosen, links.records, &existing));
  }
  if (existing.incident.has_value()) return existing;
  if (existing.link.has_value() && !existing.field_had_link) {
    OPCON_SNOW_RETURN_IF_ERROR(LookAtLink(memo, chosen, &existing));
  }
  const auto has_none = [&] {
    return !existing.incident.has_value() && existing.previous_number.empty();
  };
  if (has_none()) {
    OPCON_SNOW_RETURN_IF_ERROR(LookAtUnfinished(claimed, chosen, &existing));
  }
  if (has_none() && chosen.config().has_reuse_within()) {
    OPCON_SNOW_RETURN_IF_ERROR(LookAtEarlierDays(claimed, chosen, &existing));
  }
  return existing;
}

// The incident takes the failure.
void Steps::PlanUpdate(const ClaimedStep& claimed, const Template& chosen,
                       const ExistingTicket& existing, Memo* memo) {
  const sn::Incident& incident = *existing.incident;
  const bool recovered =
      claimed.stored.report.event().kind() == v1::EVENT_KIND_RECOVERED;
  TicketPlan* plan = memo->mutable_plan();
  plan->set_sys_id(incident.sys_id());
  plan->set_number(incident.number());
  plan->set_url(incident.url());
  const bool known = existing.link.has_value() &&
                     existing.link->ticket().sys_id() == incident.sys_id();
  plan->set_generation(existing.generation() + (known ? 0 : 1));
  if (recovered || memo->well_again() ||
      IsOlder(FailureOf(claimed.stored), existing.link, incident.sys_id())) {
    plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_NOTE);
    plan->set_reason(recovered            ? "the job recovered"
                     : memo->well_again() ? "the job failed and is well again"
                                          : "an earlier run failed too");
    return;
  }
  plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_UPDATE);
  plan->set_seen_state(incident.state());
  plan->set_new_state(
      DecideOnTicket(chosen.config(), incident.state()).new_state);
  for (const sn::IncidentState state :
       StatesDecidedLike(chosen.config(), incident.state())) {
    plan->add_allowed_states(state);
  }
  plan->set_overwritten_description(
      Overwritten(incident, existing.link, plan->marker()));
  plan->set_changes_job(existing.of_earlier_day);
  plan->set_reason(
      absl::StrCat("the job failed again; ", incident.number(), " is ",
                   StateWords(incident.state()),
                   existing.of_earlier_day ? " and of an earlier day" : ""));
}

// A new incident does.
void Steps::PlanCreate(const ClaimedStep& claimed, const Template& chosen,
                       const ExistingTicket& existing, Memo* memo) const {
  TicketPlan* plan = memo->mutable_plan();
  plan->set_kind(::incident_store::v1::TICKET_PLAN_KIND_CREATE);
  plan->set_generation(existing.generation() + 1);
  plan->set_previous_number(existing.previous_number);
  plan->set_previous_reason(existing.previous_reason);
  plan->set_sys_id(ChooseSysId(d_.deployment,
                               FailureOf(claimed.stored).failure_id(),
                               memo->servicenow(), plan->generation()));
  plan->set_reason(!plan->previous_number().empty()
                       ? absl::StrCat(plan->previous_number(),
                                      existing.previous_is_gone ? " " : " is ",
                                      plan->previous_reason())
                   : chosen.config().always_create_new_ticket()
                       ? "each failure gets a ticket of its own"
                       : "the job has no ticket");
}

absl::StatusOr<Memo> Steps::MakePlan(const ClaimedStep& claimed,
                                     const Template& chosen) {
  OPCON_SNOW_ASSIGN_OR_RETURN(const ExistingTicket existing,
                              FindExisting(claimed, chosen));
  Memo memo = claimed.stored.memo;
  memo.set_replaced_ticket_id(existing.field_text);
  memo.mutable_plan()->Clear();
  memo.mutable_plan()->set_marker(
      FailureMarker(FailureOf(claimed.stored).failure_id()));
  const bool recovered =
      claimed.stored.report.event().kind() == v1::EVENT_KIND_RECOVERED;
  if (existing.incident.has_value()) {
    PlanUpdate(claimed, chosen, existing, &memo);
  } else if (!recovered && !memo.well_again()) {
    PlanCreate(claimed, chosen, existing, &memo);
  }
  // Else there is nobody to tell: no plan.
  return memo;
}

// Whether other reports have done what the plan did not reckon with, while this
// one was a dead letter: given the job a ticket that was to be created, or told
// the ticket of a later run.
absl::StatusOr<bool> Steps::IsOutdated(const ClaimedStep& claimed,
                                       const Memo& memo) const {
  const TicketPlan& plan = memo.plan();
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_NOTE) return false;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<v1::TicketLink> link,
      d_.store->FindLink(claimed.stored.report.event().job_key(),
                         memo.servicenow()));
  if (plan.kind() == ::incident_store::v1::TICKET_PLAN_KIND_UPDATE) {
    return IsOlder(FailureOf(claimed.stored), link, plan.sys_id());
  }
  if (!link.has_value() || link->generation() < plan.generation()) {
    return false;
  }
  // What an earlier attempt created is there and carries the failure.
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<sn::Incident> made,
      LookUp(d_.servicenow, memo.servicenow(), {.sys_id = plan.sys_id()}));
  return !made.has_value();
}

// The incident, if an earlier attempt has added the failure to it and its
// answer was lost: its work note came with the update. What a person has done
// to the incident since then stands.
absl::StatusOr<std::optional<sn::Incident>> Steps::UpdatedBefore(
    const Memo& memo) {
  if (memo.plan().kind() != ::incident_store::v1::TICKET_PLAN_KIND_UPDATE) {
    return std::nullopt;
  }
  sn::ListJournalEntriesRequest request;
  request.set_instance(memo.servicenow());
  request.set_incident_sys_id(memo.plan().sys_id());
  request.set_column(sn::JOURNAL_COLUMN_WORK_NOTES);
  request.set_page_size(kJournalPage);
  do {
    OPCON_SNOW_ASSIGN_OR_RETURN(const auto page,
                                d_.servicenow->ListJournalEntries(request));
    for (const sn::JournalEntry& entry : page.entries()) {
      if (absl::StrContains(entry.text(), memo.plan().marker())) {
        return LookUp(d_.servicenow, memo.servicenow(),
                      {.sys_id = memo.plan().sys_id()});
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return std::nullopt;
}

}  // namespace opcon_snow::incident
