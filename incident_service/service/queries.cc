#include "incident_service/service/queries.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/service/request_check.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr char kDomain[] = "incident-service";
constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 1000;
// Longer than any position of any store.
constexpr int kMaxToken = 200;

template <class Request>
int PageSize(const Request& request) {
  return request.page_size() == 0 ? kDefaultPageSize
                                  : std::min(request.page_size(), kMaxPageSize);
}

template <class Request>
void CheckPage(const Request& request, RequestCheck* check) {
  if (request.page_size() < 0) check->Add("page_size", "must not be negative");
  check->Text("page_token", request.page_token(), 0, kMaxToken);
}

ReportFilter FilterOf(const v1::ListReportsRequest& request) {
  ReportFilter filter;
  for (const int state : request.states()) {
    filter.states.push_back(static_cast<v1::ReportState>(state));
  }
  filter.opcon = request.opcon();
  filter.job_name = request.job_name();
  filter.schedule_name = request.schedule_name();
  filter.request_id = request.request_id();
  if (request.has_schedule_date()) {
    filter.schedule_date = CompactDate(request.schedule_date());
  }
  if (request.has_created_since_time()) {
    filter.created_since = ToTime(request.created_since_time());
  }
  return filter;
}

absl::Status NoLink(const v1::JobKey& key, const std::string& servicenow) {
  return MakeError(
      absl::StatusCode::kNotFound,
      absl::StrCat("job ", JobKeyText(key), " has no ticket",
                   servicenow.empty() ? "" : " in ", servicenow, " here"),
      {.reason = "RECORD_NOT_FOUND", .domain = kDomain});
}

bool MaySee(const StoredReport& stored, const auth::Caller& caller) {
  return !caller.own_only || stored.memo.reported_by() == caller.name;
}

}  // namespace

Queries::Queries(Store* store, std::string default_opcon)
    : store_(store), default_opcon_(std::move(default_opcon)) {}

template <class Request>
std::string Queries::TokenPrefix(Request request) const {
  request.clear_page_size();
  request.clear_page_token();
  return Fingerprint({store_->Info().id, Request::descriptor()->name(),
                      request.SerializeAsString()})
             .substr(0, 8) +
         ".";
}

template <class Request>
absl::StatusOr<std::string> Queries::Position(const Request& request) const {
  absl::string_view token = request.page_token();
  if (token.empty()) return std::string();
  if (!absl::ConsumePrefix(&token, TokenPrefix(request)) || token.empty()) {
    RequestCheck check;
    check.Add("page_token",
              "is not one that this call gave for these filters and this "
              "store; begin without one");
    return check.Result();
  }
  return std::string(token);
}

template <class Request>
std::string Queries::Token(const Request& request,
                           const std::string& position) const {
  return position.empty() ? "" : TokenPrefix(request) + position;
}

v1::JobKey Queries::Complete(v1::JobKey key) const {
  if (key.opcon().empty()) key.set_opcon(default_opcon_);
  return key;
}

absl::StatusOr<v1::ListReportsResponse> Queries::ListReports(
    const v1::ListReportsRequest& request) const {
  RequestCheck check;
  CheckPage(request, &check);
  if (request.has_schedule_date()) {
    check.Date("schedule_date", request.schedule_date());
  }
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string before, Position(request));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      ReportPage page,
      store_->ListReports(FilterOf(request), before, PageSize(request)));
  v1::ListReportsResponse answer;
  for (v1::Report& report : page.reports) {
    *answer.add_reports() = std::move(report);
  }
  answer.set_next_page_token(Token(request, page.next));
  return answer;
}

absl::StatusOr<v1::GetReportResponse> Queries::GetReport(
    const v1::GetReportRequest& request, const auth::Caller& caller) const {
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored,
                              store_->GetReport(request.report_id()));
  if (!MaySee(stored, caller)) return NoSuchReport(request.report_id());
  v1::GetReportResponse answer;
  *answer.mutable_report() = std::move(stored.report);
  return answer;
}

absl::Status Queries::CheckOwn(const std::string& report_id,
                               const auth::Caller& caller) const {
  if (!caller.own_only) return absl::OkStatus();
  if (report_id.empty()) {
    return MakeError(
        absl::StatusCode::kPermissionDenied,
        absl::StrCat(caller.name,
                     " may see only what it has reported itself: name the "
                     "report with report_id"),
        {.reason = "ROLE_REQUIRED",
         .domain = kDomain,
         .metadata = {{"principal", caller.name}}});
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(const StoredReport stored,
                              store_->GetReport(report_id));
  return MaySee(stored, caller) ? absl::OkStatus() : NoSuchReport(report_id);
}

absl::StatusOr<v1::ListFailuresResponse> Queries::ListFailures(
    const v1::ListFailuresRequest& request) const {
  RequestCheck check;
  CheckPage(request, &check);
  if (request.has_job_key()) check.JobKey("job_key", request.job_key());
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string after, Position(request));
  std::optional<v1::JobKey> key;
  if (request.has_job_key()) key = Complete(request.job_key());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Page<v1::Failure> page,
      store_->ListFailures(key, after, PageSize(request)));
  v1::ListFailuresResponse answer;
  for (v1::Failure& failure : page.records) {
    *answer.add_failures() = std::move(failure);
  }
  answer.set_next_page_token(Token(request, page.next));
  return answer;
}

absl::StatusOr<v1::GetTicketLinkResponse> Queries::GetTicketLink(
    const v1::GetTicketLinkRequest& request) const {
  RequestCheck check;
  check.JobKey("job_key", request.job_key());
  check.Text("servicenow", request.servicenow(), 0, 63);
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  const v1::JobKey key = Complete(request.job_key());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Page<v1::TicketLink> links,
      store_->ListLinks({.job_key = key, .servicenow = request.servicenow()},
                        "", kMaxPageSize));
  if (links.records.empty()) return NoLink(key, request.servicenow());
  if (links.records.size() > 1) {
    check.Add(
        "servicenow",
        absl::StrCat(
            "is required: the job has tickets in ",
            absl::StrJoin(links.records, ", ",
                          [](std::string* out, const v1::TicketLink& link) {
                            out->append(link.ticket().servicenow());
                          })));
    return check.Result();
  }
  v1::GetTicketLinkResponse answer;
  *answer.mutable_link() = std::move(links.records[0]);
  return answer;
}

absl::StatusOr<v1::ListTicketLinksResponse> Queries::ListTicketLinks(
    const v1::ListTicketLinksRequest& request) const {
  RequestCheck check;
  CheckPage(request, &check);
  if (request.has_schedule_date()) {
    check.Date("schedule_date", request.schedule_date());
  }
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string after, Position(request));
  LinkFilter filter{.opcon = request.opcon(),
                    .servicenow = request.servicenow(),
                    .ticket_number = request.ticket_number()};
  if (request.has_schedule_date()) {
    filter.schedule_date = CompactDate(request.schedule_date());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Page<v1::TicketLink> page,
      store_->ListLinks(filter, after, PageSize(request)));
  v1::ListTicketLinksResponse answer;
  for (v1::TicketLink& link : page.records) {
    *answer.add_links() = std::move(link);
  }
  answer.set_next_page_token(Token(request, page.next));
  return answer;
}

absl::StatusOr<v1::ListSilencesResponse> Queries::ListSilences(
    const v1::ListSilencesRequest& request) const {
  RequestCheck check;
  CheckPage(request, &check);
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string after, Position(request));
  OPCON_SNOW_ASSIGN_OR_RETURN(Page<v1::Silence> page,
                              store_->ListSilences(request.include_expired(),
                                                   after, PageSize(request)));
  v1::ListSilencesResponse answer;
  for (v1::Silence& silence : page.records) {
    *answer.add_silences() = std::move(silence);
  }
  answer.set_next_page_token(Token(request, page.next));
  return answer;
}

absl::StatusOr<v1::ListAuditEntriesResponse> Queries::ListAuditEntries(
    const v1::ListAuditEntriesRequest& request) const {
  RequestCheck check;
  CheckPage(request, &check);
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  OPCON_SNOW_ASSIGN_OR_RETURN(const std::string after, Position(request));
  AuditFilter filter{.report_id = request.report_id(),
                     .target = request.target()};
  if (request.has_created_since_time()) {
    filter.created_since = ToTime(request.created_since_time());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Page<v1::AuditEntry> page,
      store_->ListAudit(filter, after, PageSize(request)));
  v1::ListAuditEntriesResponse answer;
  for (v1::AuditEntry& entry : page.records) {
    *answer.add_entries() = std::move(entry);
  }
  answer.set_next_page_token(Token(request, page.next));
  return answer;
}

}  // namespace opcon_snow::incident
