// The rows of SqliteStore: reading and writing what the methods decided.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// How many changes above the bound gather before they are deleted in one go.
constexpr std::int64_t kChangesSlack = 1000;

bool IsOpen(v1::ReportState state) {
  return state == v1::REPORT_STATE_ACCEPTED ||
         state == v1::REPORT_STATE_RUNNING || state == v1::REPORT_STATE_WAITING;
}

}  // namespace

absl::StatusOr<SqliteStore::Row> SqliteStore::Load(
    Database* db, absl::string_view report_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query, db->Prepare("SELECT report, memo, job_key, holds_job "
                                   "FROM reports WHERE report_id = ?"));
  query.Bind(report_id);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) return NoSuchReport(report_id);
  Row row;
  if (!row.stored.report.ParseFromString(query.Text(0)) ||
      !row.stored.memo.ParseFromString(query.Text(1))) {
    return CorruptRecord("a report");
  }
  row.job_key = query.Text(2);
  row.hold = query.Int(3);
  row.old_state = row.stored.report.state();
  return row;
}

absl::Status SqliteStore::Save(Row* row, bool fresh) {
  const v1::Report& report = row->stored.report;
  const std::int64_t held_before = row->hold;
  if (!HoldsJob(report)) {
    row->hold = kHoldNo;
  } else if (row->hold == kHoldNo) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool held, JobIsHeld(row->job_key));
    row->hold = held ? kHoldWaits : kHoldHas;
  }
  counters_.open += (IsOpen(report.state()) ? 1 : 0) -
                    (!fresh && IsOpen(row->old_state) ? 1 : 0);
  counters_.reports.Move(fresh ? v1::REPORT_STATE_UNSPECIFIED : row->old_state,
                         report.state());
  row->old_state = report.state();
  if (!fresh) OPCON_SNOW_RETURN_IF_ERROR(KeepChange(report.report_id()));
  ++counters_.last_change;
  counters_.signal.changes = true;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement write,
      db_->Prepare(
          fresh ? "INSERT INTO reports (state, holds_job, change_seq, "
                  "update_us, end_us, report, memo, report_id, request_id, "
                  "job_key, opcon, schedule_date, schedule_name, job_name, "
                  "create_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                  "?, ?)"
                : "UPDATE reports SET state = ?, holds_job = ?, "
                  "change_seq = ?, update_us = ?, end_us = ?, report = ?, "
                  "memo = ? WHERE report_id = ?"));
  write.Bind(report.state())
      .Bind(row->hold)
      .Bind(counters_.last_change)
      .Bind(absl::ToUnixMicros(ToTime(report.update_time())));
  if (report.has_end_time()) {
    write.Bind(absl::ToUnixMicros(ToTime(report.end_time())));
  } else {
    write.BindNull();
  }
  write.BindBlob(report.SerializeAsString())
      .BindBlob(row->stored.memo.SerializeAsString())
      .Bind(report.report_id());
  if (fresh) {
    const v1::JobKey& key = JobKeyOf(report);
    write.Bind(report.request_id())
        .Bind(row->job_key)
        .Bind(key.opcon())
        .Bind(report.has_rejected() ? "" : CompactDate(key.schedule_date()))
        .Bind(report.event().schedule_name())
        .Bind(key.job_name())
        .Bind(absl::ToUnixMicros(ToTime(report.create_time())));
  }
  OPCON_SNOW_RETURN_IF_ERROR(write.Run());
  if (held_before == kHoldHas && row->hold == kHoldNo) {
    return PassOnJob(row->job_key);
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::KeepChange(absl::string_view report_id) {
  const std::int64_t keep = counters_.last_change - kChangesKept + 1;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement log,
      db_->Prepare("INSERT INTO changes (seq, report) SELECT change_seq, "
                   "report FROM reports WHERE report_id = ? AND "
                   "change_seq >= ?"));
  // A report that version 1 of the schema left has no number yet.
  OPCON_SNOW_RETURN_IF_ERROR(
      log.Bind(report_id).Bind(std::max<std::int64_t>(keep, 1)).Run());
  if (counters_.oldest_change > keep - kChangesSlack) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement trim, db_->Prepare("DELETE FROM changes WHERE seq < ?"));
  counters_.oldest_change = keep;
  return trim.Bind(keep).Run();
}

absl::StatusOr<bool> SqliteStore::JobIsHeld(absl::string_view job_key) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query, db_->Prepare("SELECT 1 FROM reports WHERE job_key = ? "
                                    "AND holds_job = 2 LIMIT 1"));
  return query.Bind(job_key).Step();
}

absl::Status SqliteStore::PassOnJob(absl::string_view job_key) {
  std::string next;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT report_id FROM reports WHERE job_key = ? AND "
                     "holds_job = 1 ORDER BY report_id LIMIT 1"));
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Bind(job_key).Step());
    if (!found) return absl::OkStatus();
    next = query.Text(0);
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement report,
      db_->Prepare("UPDATE reports SET holds_job = 2 WHERE report_id = ?"));
  OPCON_SNOW_RETURN_IF_ERROR(report.Bind(next).Run());
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement steps,
                              db_->Prepare("UPDATE steps SET queue = 2 WHERE "
                                           "report_id = ? AND queue = 3"));
  counters_.signal.work = true;
  return steps.Bind(next).Run();
}

SqliteStore::Queue SqliteStore::Place(const Row& row, v1::StepKind kind,
                                      v1::StepState state, absl::Time due,
                                      absl::Time now) const {
  if (state == v1::STEP_STATE_RUNNING) return kQueueClaimed;
  if (IsEnded(state)) return kQueueNone;
  if (NeedsJob(kind) && row.hold != kHoldHas) return kQueueBlocked;
  return due <= now ? kQueueReady : kQueueTimed;
}

absl::Status SqliteStore::InsertStep(const Row& row, const NextStep& next,
                                     absl::Time now) {
  const absl::Time due = now + next.delay;
  counters_.signal.work = true;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO steps (report_id, kind, state, due_us, epoch, "
                   "job_key, queue, priority) VALUES (?, ?, ?, ?, 0, ?, ?, "
                   "?)"));
  const v1::StepState state = next.delay > absl::ZeroDuration()
                                  ? v1::STEP_STATE_WAITING
                                  : v1::STEP_STATE_PENDING;
  return insert.Bind(row.stored.report.report_id())
      .Bind(next.kind)
      .Bind(state)
      .Bind(absl::ToUnixMicros(due))
      .Bind(row.job_key)
      .Bind(Place(row, next.kind, state, due, now))
      .Bind(static_cast<std::int64_t>(next.priority))
      .Run();
}

absl::Status SqliteStore::SetStepRow(const Row& row, const v1::Step& step,
                                     absl::Time due, absl::Time now) {
  const Queue queue = Place(row, step.kind(), step.state(), due, now);
  if (queue == kQueueReady || queue == kQueueTimed) {
    counters_.signal.work = true;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE steps SET state = ?, due_us = ?, queue = ? "
                   "WHERE report_id = ? AND kind = ?"));
  return update.Bind(step.state())
      .Bind(absl::ToUnixMicros(due))
      .Bind(queue)
      .Bind(row.stored.report.report_id())
      .Bind(step.kind())
      .Run();
}

absl::Status SqliteStore::CheckEpoch(const StepClaim& claim) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT 1 FROM steps WHERE report_id = ? AND kind = ? "
                   "AND epoch = ? AND queue = 4"));
  query.Bind(claim.report_id).Bind(claim.kind).Bind(claim.epoch);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool held, query.Step());
  return held ? absl::OkStatus() : ClaimLost(claim);
}

absl::Status SqliteStore::AddFailureTicket(absl::string_view failure_id,
                                           const v1::TicketRef& ticket) {
  v1::Failure failure;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement query,
        db_->Prepare("SELECT failure FROM failures WHERE failure_id = ?"));
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool found,
                                query.Bind(failure_id).Step());
    if (!found) return CorruptRecord("a report without its failure");
    if (!failure.ParseFromString(query.Text(0))) {
      return CorruptRecord("a failure");
    }
  }
  if (!AddTicket(ticket, &failure)) return absl::OkStatus();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE failures SET failure = ? WHERE failure_id = ?"));
  return update.BindBlob(failure.SerializeAsString()).Bind(failure_id).Run();
}

absl::Status SqliteStore::PutLink(const v1::TicketLink& link) {
  const absl::Time now = clock_->Now();
  v1::TicketLink stamped = link;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      const std::optional<v1::TicketLink> stored,
      LoadLink(db_.get(), link.job_key(), link.ticket().servicenow()));
  if (stored.has_value()) KeepSeen(*stored, &stamped);
  SetTime(now, stamped.mutable_update_time());
  if (!stamped.has_create_time()) SetTime(now, stamped.mutable_create_time());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement put,
      db_->Prepare(
          "INSERT OR REPLACE INTO ticket_links (job_key, servicenow, number, "
          "update_us, link, opcon, schedule_date, stamp) VALUES (?, ?, ?, ?, "
          "?, ?, ?, (SELECT coalesce(max(stamp), 0) + 1 FROM ticket_links))"));
  return put.Bind(JobKeyText(link.job_key()))
      .Bind(link.ticket().servicenow())
      .Bind(link.ticket().number())
      .Bind(absl::ToUnixMicros(now))
      .BindBlob(stamped.SerializeAsString())
      .Bind(link.job_key().opcon())
      .Bind(CompactDate(link.job_key().schedule_date()))
      .Run();
}

absl::Status SqliteStore::InsertAudit(const std::string& report_id,
                                      v1::AuditEntry entry) {
  if (entry.report_id().empty()) entry.set_report_id(report_id);
  if (!entry.has_create_time()) {
    SetTime(clock_->Now(), entry.mutable_create_time());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert, db_->Prepare("INSERT INTO audit (create_us, report_id, "
                                     "target, entry) VALUES (?, ?, ?, ?)"));
  return insert.Bind(absl::ToUnixMicros(ToTime(entry.create_time())))
      .Bind(entry.report_id())
      .Bind(entry.target())
      .BindBlob(entry.SerializeAsString())
      .Run();
}

std::string SqliteStore::NewReportId(absl::Time now) {
  const std::int64_t millis = absl::ToUnixMillis(now);
  if (millis > last_id_millis_) {
    last_id_millis_ = millis;
    id_counter_ = 0;
  } else {
    // Same millisecond, or the clock went back: ids keep growing.
    ++id_counter_;
  }
  return MakeReportId(absl::FromUnixMillis(last_id_millis_), id_counter_,
                      random_());
}

}  // namespace opcon_snow::incident
