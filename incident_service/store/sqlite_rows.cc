// The rows of SqliteStore: reading and writing what the methods decided.

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_state.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;

absl::Status CorruptRecord(absl::string_view what) {
  return MakeError(
      absl::StatusCode::kDataLoss,
      absl::StrCat("the store holds ", what,
                   " that cannot be read: restore a backup, or report the bug"),
      {.reason = "STORE_UNAVAILABLE", .domain = "incident-service"});
}

absl::StatusOr<StoredReport> SqliteStore::Load(absl::string_view report_id) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT report, memo FROM reports WHERE report_id = ?"));
  query.Bind(report_id);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) {
    return MakeError(
        absl::StatusCode::kNotFound,
        absl::StrCat("there is no report ", report_id,
                     ", or it is past its retention; `incidentctl reports "
                     "list` shows what there is"),
        {.reason = "RECORD_NOT_FOUND",
         .domain = "incident-service",
         .metadata = {{"report_id", std::string(report_id)}}});
  }
  StoredReport stored;
  if (!stored.report.ParseFromString(query.Text(0)) ||
      !stored.memo.ParseFromString(query.Text(1))) {
    return CorruptRecord("a report");
  }
  return stored;
}

absl::Status SqliteStore::Save(StoredReport* stored,
                               v1::ReportState final_state) {
  v1::Report& report = stored->report;
  const absl::Time now = clock_->Now();
  if (final_state == v1::REPORT_STATE_UNSPECIFIED) {
    DeriveState(&report);
  } else {
    report.set_state(final_state);
    report.clear_next_attempt_time();
  }
  SetTime(now, report.mutable_update_time());
  const bool ended = IsSettled(report.state()) &&
                     report.state() != v1::REPORT_STATE_DEAD_LETTER;
  if (!ended) {
    report.clear_end_time();
  } else if (!report.has_end_time()) {
    SetTime(now, report.mutable_end_time());
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE reports SET state = ?, holds_job = ?, "
                   "update_us = ?, end_us = ?, report = ?, memo = ? "
                   "WHERE report_id = ?"));
  update.Bind(report.state())
      .Bind(HoldsJob(report) ? 1 : 0)
      .Bind(absl::ToUnixMicros(now));
  if (ended) {
    update.Bind(absl::ToUnixMicros(ToTime(report.end_time())));
  } else {
    update.BindNull();
  }
  return update.BindBlob(report.SerializeAsString())
      .BindBlob(stored->memo.SerializeAsString())
      .Bind(report.report_id())
      .Run();
}

absl::Status SqliteStore::InsertReport(const StoredReport& stored) {
  const v1::Report& report = stored.report;
  const v1::JobKey& key = report.event().job_key();
  const std::int64_t create_us =
      absl::ToUnixMicros(ToTime(report.create_time()));
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO reports VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, NULL, x'', x'')"));
  return insert.Bind(report.report_id())
      .Bind(report.request_id())
      .Bind(report.has_event() ? JobKeyText(key) : "")
      .Bind(key.opcon())
      .Bind(report.has_event() ? CompactDate(key.schedule_date()) : "")
      .Bind(report.event().schedule_name())
      .Bind(key.job_name())
      .Bind(create_us)
      .Bind(create_us)
      .Run();
}

absl::Status SqliteStore::InsertStep(const v1::Report& report,
                                     v1::StepKind kind, absl::Time due) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO steps VALUES (?, ?, ?, ?, 0, ?)"));
  return insert.Bind(report.report_id())
      .Bind(kind)
      .Bind(v1::STEP_STATE_PENDING)
      .Bind(absl::ToUnixMicros(due))
      .Bind(JobKeyText(report.event().job_key()))
      .Run();
}

absl::Status SqliteStore::SetStepRow(absl::string_view report_id,
                                     const v1::Step& step, absl::Time due) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update, db_->Prepare("UPDATE steps SET state = ?, due_us = ? "
                                     "WHERE report_id = ? AND kind = ?"));
  return update.Bind(step.state())
      .Bind(absl::ToUnixMicros(due))
      .Bind(report_id)
      .Bind(step.kind())
      .Run();
}

absl::Status SqliteStore::AddFailureTicket(absl::string_view failure_id,
                                           const v1::TicketRef& ticket) {
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT failure FROM failures WHERE failure_id = ?"));
  query.Bind(failure_id);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) return CorruptRecord("a report without its failure");
  v1::Failure failure;
  if (!failure.ParseFromString(query.Text(0)))
    return CorruptRecord("a failure");
  for (const v1::TicketRef& known : failure.tickets()) {
    if (known.servicenow() == ticket.servicenow() &&
        known.sys_id() == ticket.sys_id()) {
      return absl::OkStatus();
    }
  }
  *failure.add_tickets() = ticket;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE failures SET failure = ? WHERE failure_id = ?"));
  return update.BindBlob(failure.SerializeAsString()).Bind(failure_id).Run();
}

absl::Status SqliteStore::PutLink(const v1::TicketLink& link) {
  const absl::Time now = clock_->Now();
  v1::TicketLink stamped = link;
  SetTime(now, stamped.mutable_update_time());
  if (!stamped.has_create_time()) SetTime(now, stamped.mutable_create_time());
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement put, db_->Prepare("INSERT OR REPLACE INTO ticket_links VALUES "
                                  "(?, ?, ?, ?, ?)"));
  return put.Bind(JobKeyText(link.job_key()))
      .Bind(link.ticket().servicenow())
      .Bind(link.ticket().number())
      .Bind(absl::ToUnixMicros(now))
      .BindBlob(stamped.SerializeAsString())
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
