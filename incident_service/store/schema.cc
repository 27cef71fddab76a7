#include "incident_service/store/schema.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace opcon_snow::incident {
namespace {

// One entry a version, in order; an entry that was released is never changed.
// Times are microseconds since 1970 UTC. Messages are kept whole as blobs, and
// what is looked up stands in columns beside them.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {
    R"sql(
CREATE TABLE reports (
  report_id     TEXT PRIMARY KEY,
  request_id    TEXT NOT NULL,
  job_key       TEXT NOT NULL,
  opcon         TEXT NOT NULL,
  schedule_date TEXT NOT NULL,
  schedule_name TEXT NOT NULL,
  job_name      TEXT NOT NULL,
  state         INTEGER NOT NULL,
  -- Whether later reports of the job have to wait for this one.
  holds_job     INTEGER NOT NULL,
  create_us     INTEGER NOT NULL,
  update_us     INTEGER NOT NULL,
  end_us        INTEGER,
  report        BLOB NOT NULL,
  memo          BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX reports_by_job ON reports (job_key, holds_job, report_id);
CREATE INDEX reports_by_state ON reports (state, report_id);

-- Outlives the reports, so that a reporter that comes back late does not make
-- a second ticket.
CREATE TABLE request_ids (
  request_id TEXT PRIMARY KEY,
  report_id  TEXT NOT NULL,
  digest     TEXT NOT NULL,
  create_us  INTEGER NOT NULL
) WITHOUT ROWID;

-- When and by whom steps are taken up; what they are stands in the report.
CREATE TABLE steps (
  report_id TEXT NOT NULL REFERENCES reports ON DELETE CASCADE,
  kind      INTEGER NOT NULL,
  state     INTEGER NOT NULL,
  -- When a pending or waiting step may begin.
  due_us    INTEGER NOT NULL,
  epoch     INTEGER NOT NULL,
  job_key   TEXT NOT NULL,
  PRIMARY KEY (report_id, kind)
) WITHOUT ROWID;
CREATE INDEX steps_by_due ON steps (state, due_us);
CREATE INDEX steps_by_job ON steps (job_key, state);

CREATE TABLE failures (
  failure_id TEXT PRIMARY KEY,
  job_key    TEXT NOT NULL,
  create_us  INTEGER NOT NULL,
  failure    BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX failures_by_job ON failures (job_key, create_us);

-- Which report applies a failure at a destination: one, for ever.
CREATE TABLE failure_owners (
  failure_id TEXT NOT NULL REFERENCES failures ON DELETE CASCADE,
  servicenow TEXT NOT NULL,
  report_id  TEXT NOT NULL,
  PRIMARY KEY (failure_id, servicenow)
) WITHOUT ROWID;

CREATE TABLE ticket_links (
  job_key    TEXT NOT NULL,
  servicenow TEXT NOT NULL,
  number     TEXT NOT NULL,
  update_us  INTEGER NOT NULL,
  link       BLOB NOT NULL,
  PRIMARY KEY (job_key, servicenow)
) WITHOUT ROWID;
CREATE INDEX ticket_links_by_number ON ticket_links (number);
)sql",
};

absl::StatusOr<int> ReadVersion(Database* db) {
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement query,
                              db->Prepare("PRAGMA user_version"));
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? static_cast<int>(query.Int(0)) : 0;
}

}  // namespace

absl::Status MigrateSchema(Database* db) {
  OPCON_SNOW_ASSIGN_OR_RETURN(int version, ReadVersion(db));
  if (version > kSchemaVersion) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("the store has schema version ", version,
                     ", this program knows up to ", kSchemaVersion,
                     ": it was written by a newer version; run that one, or "
                     "restore a backup made before the upgrade"),
        {.reason = "STORE_UNAVAILABLE", .domain = "incident-service"});
  }
  for (; version < kSchemaVersion; ++version) {
    OPCON_SNOW_ASSIGN_OR_RETURN(Transaction transaction,
                                Transaction::Begin(db));
    OPCON_SNOW_RETURN_IF_ERROR(
        db->Execute(kMigrations[static_cast<std::size_t>(version)]));
    const std::string mark =
        absl::StrCat("PRAGMA user_version = ", version + 1);
    OPCON_SNOW_RETURN_IF_ERROR(db->Execute(mark.c_str()));
    OPCON_SNOW_RETURN_IF_ERROR(transaction.Commit());
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::incident
