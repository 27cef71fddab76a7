#include "snow_gateway/journal.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/incident_codec.h"
#include "snow_gateway/page.h"
#include "snow_gateway/page_query.h"
#include "snow_gateway/query.h"
#include "snow_gateway/row.h"
#include "snow_gateway/violations.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;

constexpr char kJournalTable[] = "sys_journal_field";
constexpr int kMarkerPageSize = 100;
// Only an instance that ignores LIKE fills more than one page; then the whole
// journal is read, up to here.
constexpr int kMaxMarkerPages = 20;

std::vector<std::string> JournalColumns() {
  return {"sys_id", "element",        "element_id",
          "value",  "sys_created_on", "sys_created_by"};
}

// The names of the columns that are meant.
std::vector<std::string> ElementsOf(v1::JournalColumn column) {
  if (column == v1::JOURNAL_COLUMN_UNSPECIFIED) {
    return {"work_notes", "comments"};
  }
  return {std::string(JournalColumnName(column))};
}

PageQuery JournalPage(const std::string& incident_sys_id,
                      v1::JournalColumn column) {
  PageQuery page;
  page.table = kJournalTable;
  page.filters = Query(JournalQueryColumns());
  page.filters.Equals("element_id", incident_sys_id)
      .In("element", ElementsOf(column));
  page.columns = JournalColumns();
  page.fits = [incident_sys_id, column](const nlohmann::json& row) {
    const v1::JournalColumn found = JournalColumnOf(ValueOf(row, "element"));
    return ValueOf(row, "element_id") == incident_sys_id &&
           found != v1::JOURNAL_COLUMN_UNSPECIFIED &&
           (column == v1::JOURNAL_COLUMN_UNSPECIFIED || column == found);
  };
  return page;
}

absl::Status Check(const v1::ListJournalEntriesRequest& request) {
  Violations violations;
  CheckSysId("incident_sys_id", request.incident_sys_id(), &violations);
  if (!v1::JournalColumn_IsValid(request.column())) {
    violations.Add("column", "is not one that this version knows");
  }
  CheckPageSize(request.page_size(), &violations);
  return violations.ToStatus();
}

}  // namespace

async::Task<absl::StatusOr<bool>> JournalHasMarker(Instance* instance,
                                                   std::string incident_sys_id,
                                                   v1::JournalColumn column,
                                                   std::string marker,
                                                   CallScope scope) {
  std::optional<Position> after;
  for (int pages = 0; pages < kMaxMarkerPages; ++pages) {
    PageQuery query = JournalPage(incident_sys_id, column);
    query.filters.Contains("value", marker);
    query.page_size = kMarkerPageSize;
    query.after = after;
    async::Task<absl::StatusOr<PageRows>> fetching =
        FetchPage(instance, std::move(query), scope);
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(const PageRows page,
                                   co_await std::move(fetching));
    for (const nlohmann::json& row : page.rows) {
      if (absl::StrContains(ValueOf(row, "value"), marker)) co_return true;
    }
    if (page.next_page_token.empty()) co_return false;
    OPCON_SNOW_CO_ASSIGN_OR_RETURN(
        after, DecodePageToken(page.next_page_token, "", /*with_time=*/false));
  }
  ErrorDetails details;
  details.metadata["instance"] = instance->settings().name;
  details.metadata["sys_id"] = incident_sys_id;
  co_return GatewayError(
      v1::ERROR_REASON_TOO_LARGE,
      absl::StrCat("the journal of incident ", incident_sys_id,
                   " is too long to be searched for the entry's marker"),
      std::move(details));
}

async::Task<absl::StatusOr<v1::ListJournalEntriesResponse>> ListJournalEntries(
    std::shared_ptr<Instance> instance, v1::ListJournalEntriesRequest request,
    CallScope scope) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(Check(request));
  PageQuery query = JournalPage(request.incident_sys_id(), request.column());
  query.time_column = "sys_created_on";
  query.page_size = EffectivePageSize(request.page_size());
  query.fingerprint = FilterFingerprint(request);
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(
      query.after, TakePageToken(request.page_token(), query.fingerprint,
                                 /*with_time=*/true));
  async::Task<absl::StatusOr<PageRows>> fetching =
      FetchPage(instance.get(), std::move(query), std::move(scope));
  OPCON_SNOW_CO_ASSIGN_OR_RETURN(PageRows page, co_await std::move(fetching));
  v1::ListJournalEntriesResponse response;
  for (const nlohmann::json& row : page.rows) {
    *response.add_entries() = JournalEntryFromRow(row);
  }
  response.set_next_page_token(std::move(page.next_page_token));
  co_return response;
}

}  // namespace opcon_snow::snow
