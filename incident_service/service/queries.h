#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_QUERIES_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_QUERIES_H_

// The calls that only read the store: requests checked, pages made. Each waits
// for the disk. Errors: INVALID_ARGUMENT with a violation for each field, what
// the store says, and what the contract says of the call.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/auth/caller.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// Thread-safe. The store must outlive it.
class Queries {
 public:
  Queries(Store* store, std::string default_opcon);

  absl::StatusOr<::incident::v1::ListReportsResponse> ListReports(
      const ::incident::v1::ListReportsRequest& request) const;
  absl::StatusOr<::incident::v1::GetReportResponse> GetReport(
      const ::incident::v1::GetReportRequest& request,
      const auth::Caller& caller) const;
  // For a caller that may see only its own: OK if it has reported this one,
  // NOT_FOUND as if it were not there if somebody else has, PERMISSION_DENIED
  // if none is named. OK for everybody else.
  absl::Status CheckOwn(const std::string& report_id,
                        const auth::Caller& caller) const;
  absl::StatusOr<::incident::v1::ListFailuresResponse> ListFailures(
      const ::incident::v1::ListFailuresRequest& request) const;
  absl::StatusOr<::incident::v1::GetTicketLinkResponse> GetTicketLink(
      const ::incident::v1::GetTicketLinkRequest& request) const;
  absl::StatusOr<::incident::v1::ListTicketLinksResponse> ListTicketLinks(
      const ::incident::v1::ListTicketLinksRequest& request) const;
  absl::StatusOr<::incident::v1::ListSilencesResponse> ListSilences(
      const ::incident::v1::ListSilencesRequest& request) const;
  absl::StatusOr<::incident::v1::ListAuditEntriesResponse> ListAuditEntries(
      const ::incident::v1::ListAuditEntriesRequest& request) const;

 private:
  // What says that a token is of this store, this call and these filters.
  template <class Request>
  std::string TokenPrefix(Request request) const;
  // The position in the store that the request's token stands for.
  template <class Request>
  absl::StatusOr<std::string> Position(const Request& request) const;
  template <class Request>
  std::string Token(const Request& request, const std::string& position) const;
  // With the default instance, if it names none.
  ::incident::v1::JobKey Complete(::incident::v1::JobKey key) const;

  Store* const store_;
  const std::string default_opcon_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_QUERIES_H_
