#include "incident_service/store/schema.h"

#include <array>
#include <cstdint>
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
    R"sql(
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
-- Tells this store from any other.
INSERT INTO meta VALUES ('store_id', lower(hex(randomblob(8))));

-- The last changes of all reports, each with the report as it was after it.
CREATE TABLE changes (
  seq    INTEGER PRIMARY KEY,
  report BLOB NOT NULL
);

CREATE TABLE audit (
  audit_id  INTEGER PRIMARY KEY AUTOINCREMENT,
  create_us INTEGER NOT NULL,
  report_id TEXT NOT NULL,
  target    TEXT NOT NULL,
  entry     BLOB NOT NULL
);
CREATE INDEX audit_by_report ON audit (report_id, audit_id);
CREATE INDEX audit_by_target ON audit (target, audit_id);
CREATE INDEX audit_by_time ON audit (create_us);

-- The number of the report's last change.
ALTER TABLE reports ADD COLUMN change_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX reports_by_change ON reports (change_seq, state);
CREATE INDEX reports_by_end ON reports (end_us) WHERE end_us IS NOT NULL;
CREATE INDEX reports_by_request ON reports (request_id);

-- The state that a report had when it was deleted; 0 while it is there.
ALTER TABLE request_ids ADD COLUMN last_state INTEGER NOT NULL DEFAULT 0;
CREATE INDEX request_ids_by_time ON request_ids (create_us)
  WHERE last_state <> 0;

-- Where the step stands: 0 ended, 1 may be claimed, 2 may be at due_us, 3 waits
-- for another report of its job, 4 claimed by `worker` until lease_us.
ALTER TABLE steps ADD COLUMN queue INTEGER NOT NULL DEFAULT 0;
ALTER TABLE steps ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE steps ADD COLUMN lease_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE steps ADD COLUMN worker TEXT NOT NULL DEFAULT '';
DROP INDEX steps_by_due;
DROP INDEX steps_by_job;
-- holds_job is now 0 no, 1 waits for the job, 2 has it.
UPDATE reports SET holds_job = 2 WHERE holds_job = 1 AND report_id =
  (SELECT min(o.report_id) FROM reports o
   WHERE o.job_key = reports.job_key AND o.holds_job <> 0);
UPDATE steps SET
  priority = CASE kind WHEN 1 THEN 2 WHEN 4 THEN 4 ELSE 1 END,
  queue = CASE
    WHEN state = 2 THEN 4
    WHEN state NOT IN (1, 3) THEN 0
    WHEN kind = 4 OR (SELECT holds_job FROM reports r
                      WHERE r.report_id = steps.report_id) = 2 THEN 2
    ELSE 3 END;
CREATE INDEX steps_ready ON steps (priority, report_id, kind) WHERE queue = 1;
CREATE INDEX steps_timed ON steps (due_us) WHERE queue = 2;
CREATE INDEX steps_claimed ON steps (lease_us, kind) WHERE queue = 4;

-- Newest first, also among records of one moment.
ALTER TABLE failures ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
UPDATE failures SET stamp = numbered.n FROM (
  SELECT failure_id AS id, row_number() OVER (ORDER BY create_us, failure_id)
  AS n FROM failures) AS numbered WHERE numbered.id = failures.failure_id;
CREATE UNIQUE INDEX failures_by_stamp ON failures (stamp);
DROP INDEX failures_by_job;
CREATE INDEX failures_by_job ON failures (job_key, stamp);

ALTER TABLE ticket_links ADD COLUMN opcon TEXT NOT NULL DEFAULT '';
ALTER TABLE ticket_links ADD COLUMN schedule_date TEXT NOT NULL DEFAULT '';
ALTER TABLE ticket_links ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
UPDATE ticket_links SET
  opcon = substr(job_key, 1, instr(job_key, '/') - 1),
  schedule_date = substr(job_key, instr(job_key, '/') + 1, 8);
UPDATE ticket_links SET stamp = numbered.n FROM (
  SELECT job_key AS k, servicenow AS s,
  row_number() OVER (ORDER BY update_us, job_key, servicenow) AS n
  FROM ticket_links) AS numbered
  WHERE numbered.k = ticket_links.job_key
  AND numbered.s = ticket_links.servicenow;
CREATE UNIQUE INDEX ticket_links_by_stamp ON ticket_links (stamp);
)sql",
    R"sql(
-- The last change of a report is the report itself; `changes` holds those
-- before it, and the last ones of reports that are deleted.
DELETE FROM changes WHERE seq IN (SELECT change_seq FROM reports);
-- request_ids finds them.
DROP INDEX reports_by_request;
)sql",
    R"sql(
-- What one process at a time looks at, who does until when, and how far it got.
CREATE TABLE watches (
  name     TEXT PRIMARY KEY,
  worker   TEXT NOT NULL,
  lease_us INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  state    BLOB NOT NULL
) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE silences (
  silence_id TEXT PRIMARY KEY,
  request_id TEXT NOT NULL UNIQUE,
  digest     TEXT NOT NULL,
  start_us   INTEGER NOT NULL,
  expire_us  INTEGER NOT NULL,
  -- Reports so far; not in the blob.
  suppressed INTEGER NOT NULL,
  silence    BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX silences_by_end ON silences (expire_us, silence_id);
)sql",
};

}  // namespace

absl::Status MigrateSchema(Database* db) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::int64_t version,
                              db->QueryInt("PRAGMA user_version"));
  if (version > kSchemaVersion) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("the store ", db->path(), " has schema version ", version,
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
