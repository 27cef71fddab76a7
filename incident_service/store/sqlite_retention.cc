// What SqliteStore forgets, in small batches.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "incident_service/store/sqlite_store.h"

namespace opcon_snow::incident {
namespace {

constexpr char kExpiredReports[] =
    "SELECT report_id, request_id, state FROM reports WHERE end_us < ? "
    "ORDER BY end_us LIMIT ?";

// Entries outlive their report, not the retention.
constexpr char kDeleteAudit[] =
    "DELETE FROM audit WHERE audit_id IN (SELECT audit_id FROM audit a WHERE "
    "create_us < ?1 AND NOT EXISTS (SELECT 1 FROM reports r WHERE "
    "r.report_id = a.report_id) ORDER BY audit_id LIMIT ?2)";

// The keys that de-duplicate, once nothing that is kept needs them.
constexpr const char* kDeleteKeys[] = {
    "DELETE FROM request_ids WHERE request_id IN (SELECT request_id FROM "
    "request_ids WHERE create_us < ?1 AND last_state <> 0 LIMIT ?2)",
    "DELETE FROM ticket_links WHERE stamp IN (SELECT stamp FROM ticket_links "
    "l WHERE update_us < ?1 AND NOT EXISTS (SELECT 1 FROM reports r WHERE "
    "r.job_key = l.job_key) ORDER BY stamp LIMIT ?2)",
    // Owners go with their failure.
    "DELETE FROM failures WHERE failure_id IN (SELECT failure_id FROM "
    "failures f WHERE create_us < ?1 AND NOT EXISTS (SELECT 1 FROM "
    "failure_owners o JOIN reports r ON r.report_id = o.report_id WHERE "
    "o.failure_id = f.failure_id) ORDER BY stamp LIMIT ?2)",
    "DELETE FROM silences WHERE silence_id IN (SELECT silence_id FROM silences "
    "WHERE expire_us < ?1 ORDER BY expire_us LIMIT ?2)",
};

}  // namespace

absl::StatusOr<int> SqliteStore::DeleteNow(const Expiry& expiry) {
  OPCON_SNOW_ASSIGN_OR_RETURN(int deleted, DeleteReports(expiry));
  const auto run = [&](const char* sql, absl::Time before) -> absl::Status {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement statement, db_->Prepare(sql));
    OPCON_SNOW_RETURN_IF_ERROR(
        statement.Bind(absl::ToUnixMicros(before)).Bind(expiry.limit).Run());
    deleted += static_cast<int>(db_->changes());
    return absl::OkStatus();
  };
  OPCON_SNOW_RETURN_IF_ERROR(run(kDeleteAudit, expiry.reports_before));
  for (const char* sql : kDeleteKeys) {
    OPCON_SNOW_RETURN_IF_ERROR(run(sql, expiry.keys_before));
  }
  return deleted;
}

absl::StatusOr<int> SqliteStore::DeleteReports(const Expiry& expiry) {
  struct Expired {
    std::string report_id;
    std::string request_id;
    std::int64_t state;
  };
  std::vector<Expired> reports;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement query, db_->Prepare(kExpiredReports));
    query.Bind(absl::ToUnixMicros(expiry.reports_before)).Bind(expiry.limit);
    OPCON_SNOW_ASSIGN_OR_RETURN(bool row, query.Step());
    while (row) {
      reports.push_back({query.Text(0), query.Text(1), query.Int(2)});
      OPCON_SNOW_ASSIGN_OR_RETURN(row, query.Step());
    }
  }
  for (const Expired& report : reports) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement keep, db_->Prepare("UPDATE request_ids SET last_state = ? "
                                     "WHERE request_id = ?"));
    OPCON_SNOW_RETURN_IF_ERROR(
        keep.Bind(report.state).Bind(report.request_id).Run());
    OPCON_SNOW_RETURN_IF_ERROR(KeepChange(report.report_id));
    // Its steps go with it.
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement remove,
        db_->Prepare("DELETE FROM reports WHERE report_id = ?"));
    OPCON_SNOW_RETURN_IF_ERROR(remove.Bind(report.report_id).Run());
    counters_.reports.Move(
        static_cast<::incident::v1::ReportState>(report.state),
        ::incident::v1::REPORT_STATE_UNSPECIFIED);
  }
  return static_cast<int>(reports.size());
}

}  // namespace opcon_snow::incident
