#include "incident_service/service/sync_desk.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/scope.h"
#include "common/trace/trace_parent.h"
#include "google/rpc/error_details.pb.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/workflow/failpoint.h"
#include "incident_service/workflow/follow_report.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";
// Nobody else writes under this name: the claim is there because what was seen
// is written under one.
constexpr absl::Duration kLease = absl::Seconds(1);
// Others may write the link while it is looked at.
constexpr int kAttempts = 3;

bool Acts(v1::SyncAction action) {
  return action != v1::SYNC_ACTION_NONE &&
         action != v1::SYNC_ACTION_NOT_APPLICABLE;
}

absl::Status Busy(const v1::TicketLink& link) {
  return MakeError(
      absl::StatusCode::kResourceExhausted,
      absl::StrCat("the ticket of job ", JobKeyText(link.job_key()),
                   " is being worked on just now: try again"),
      {.reason = "OVERLOADED",
       .domain = kDomain,
       .retry_after = absl::Seconds(1)});
}

// The error that the report's step ended with.
absl::Status ErrorOf(const v1::Report& report, const v1::Step& step) {
  std::string reason;
  for (const google::protobuf::Any& detail : step.error().details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) reason = info.reason();
  }
  return MakeError(static_cast<absl::StatusCode>(step.error().code()),
                   absl::StrCat(step.error().message(), " (report ",
                                report.report_id(), ")"),
                   {.reason = reason,
                    .domain = kDomain,
                    .metadata = {{"report_id", report.report_id()}}});
}

}  // namespace

SyncDesk::SyncDesk(SyncDeskOptions options) : options_(std::move(options)) {}

std::string SyncDesk::NewRequestId() {
  return absl::StrCat(
      "sync-",
      Fingerprint({options_.worker,
                   absl::StrCat(absl::ToUnixMicros(options_.clock->Now())),
                   absl::StrCat(++last_request_)}));
}

absl::StatusOr<v1::SyncTicketResponse> SyncDesk::Begin(
    const v1::SyncTicketRequest& request, const std::string& actor) {
  v1::GetTicketLinkRequest which;
  *which.mutable_job_key() = request.job_key();
  which.set_servicenow(request.servicenow());
  v1::SyncTicketResponse answer;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    OPCON_SNOW_ASSIGN_OR_RETURN(v1::GetTicketLinkResponse found,
                                options_.queries->GetTicketLink(which));
    *answer.mutable_link() = std::move(*found.mutable_link());
    OPCON_SNOW_ASSIGN_OR_RETURN(const FollowPreview preview,
                                options_.preview(answer.link()));
    answer.set_action(preview.action);
    answer.set_message(preview.message);
    if (request.validate_only()) return answer;
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool recorded,
                                Record(preview, actor, &answer));
    if (recorded) return answer;
  }
  return Busy(answer.link());
}

absl::StatusOr<bool> SyncDesk::Record(const FollowPreview& preview,
                                      const std::string& actor,
                                      v1::SyncTicketResponse* answer) {
  const v1::TicketLink link = answer->link();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<ClaimedWatch> watch,
      options_.store->ClaimWatch(
          absl::StrCat("sync/", link.ticket().servicenow()), options_.worker,
          kLease));
  // Another process is at it.
  if (!watch.has_value()) return Busy(link);
  Store::WatchCommit commit{.claim = watch->claim, .state = watch->state};
  const absl::Time now = options_.clock->Now();
  commit.tickets = {preview.incident.has_value()
                        ? SeenAs(link, *preview.incident, now)
                        : SeenGone(link, now)};
  std::string request_id;
  if (Acts(preview.action)) {
    request_id = NewRequestId();
    commit.tickets[0].report =
        FollowReport(link, ChangeOf(link, *preview.incident), request_id,
                     "SyncTicket", absl::ZeroDuration());
    commit.tickets[0].report->trace_parent =
        trace::FormatTraceParent(trace::Current());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const int added,
                              BetweenFailpoints("commit.WATCH", [&] {
                                return options_.store->CommitWatch(commit);
                              }));
  if (request_id.empty()) {
    *answer->mutable_link() = commit.tickets[0].found;
    return true;
  }
  if (added == 0) return false;
  *answer->mutable_link() = commit.tickets[0].found;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const ReportPage page,
      options_.store->ListReports({.request_id = request_id}, "", 1));
  if (page.reports.empty()) return NoSuchReport(request_id);
  answer->set_report_id(page.reports[0].report_id());
  answer->set_action(v1::SYNC_ACTION_PENDING);
  OPCON_SNOW_RETURN_IF_ERROR(options_.store->AppendAudit(
      {DecisionEntry("SyncTicket", answer->report_id(),
                     {.actor = actor, .reason = preview.message})}));
  return true;
}

absl::StatusOr<bool> SyncDesk::Look(v1::SyncTicketResponse* answer) const {
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored,
                              options_.store->GetReport(answer->report_id()));
  const v1::Step* const step =
      FindStep(&stored.report, v1::STEP_KIND_FOLLOW_TICKET);
  if (step == nullptr) return CorruptRecord("a report without its step");
  switch (step->state()) {
    case v1::STEP_STATE_SUCCEEDED:
    case v1::STEP_STATE_SKIPPED:
      answer->set_action(stored.report.state() == v1::REPORT_STATE_DISCARDED
                             ? v1::SYNC_ACTION_NOT_APPLICABLE
                             : stored.memo.follow().result());
      answer->set_message(step->outcome().empty() ? stored.report.summary()
                                                  : step->outcome());
      return true;
    case v1::STEP_STATE_FAILED:
      return ErrorOf(stored.report, *step);
    case v1::STEP_STATE_WAITING:
      // Without an error OpCon has not carried it out yet; with one the next
      // attempt may be far.
      if (!step->has_error()) return false;
      answer->set_message(step->error().message());
      return true;
    default:
      return false;
  }
}

}  // namespace opcon_snow::incident
