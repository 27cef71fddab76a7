// What SqliteStore is asked for by people: lists, changes.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// A query that grows by conditions. Values are bound, never written into it.
class Query {
 public:
  explicit Query(absl::string_view select) : sql_(select) {}

  // Unless the value is empty.
  void Where(absl::string_view condition, absl::string_view value) {
    if (value.empty()) return;
    absl::StrAppend(&sql_, " AND ", condition);
    texts_.emplace_back(value);
  }
  void Where(absl::string_view condition, std::int64_t value) {
    absl::StrAppend(&sql_, " AND ", condition, " ", value);
  }
  void WhereIn(absl::string_view column,
               const std::vector<v1::ReportState>& values) {
    if (values.empty()) return;
    std::string list;
    for (const v1::ReportState value : values) {
      absl::StrAppend(&list, list.empty() ? "" : ",", static_cast<int>(value));
    }
    absl::StrAppend(&sql_, " AND ", column, " IN (", list, ")");
  }
  void Then(absl::string_view order, int limit) {
    absl::StrAppend(&sql_, " ", order, " LIMIT ", limit);
  }

  absl::StatusOr<Statement> Prepare(Database* db) const {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement statement, db->Prepare(sql_));
    for (const std::string& text : texts_) statement.Bind(text);
    return statement;
  }

 private:
  std::string sql_;
  std::vector<std::string> texts_;
};

// A page of records that `query` gives as stamp and blob, newest first.
// `number` puts the stamp into a record that is known by it.
template <class Record>
absl::StatusOr<Page<Record>> ReadPage(
    Database* db, Query query, absl::string_view stamp, absl::string_view after,
    int limit, void (*number)(std::int64_t, Record*) = nullptr) {
  std::int64_t before = 0;
  if (absl::SimpleAtoi(after, &before)) {
    query.Where(absl::StrCat(stamp, " <"), before);
  }
  query.Then(absl::StrCat("ORDER BY ", stamp, " DESC"), limit + 1);
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement rows, query.Prepare(db));
  Page<Record> page;
  std::size_t bytes = 0;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, rows.Step());
  while (row) {
    if (page.records.size() == static_cast<std::size_t>(limit) ||
        bytes >= Store::kPageBytes) {
      return page;
    }
    page.next = absl::StrCat(rows.Int(0));
    const std::string blob = rows.Text(1);
    bytes += blob.size();
    Record& record = page.records.emplace_back();
    if (!record.ParseFromString(blob)) {
      return CorruptRecord("a record of a list");
    }
    if (number != nullptr) number(rows.Int(0), &record);
    OPCON_SNOW_ASSIGN_OR_RETURN(row, rows.Step());
  }
  page.next.clear();
  return page;
}

absl::StatusOr<std::vector<ReportChange>> ReadChanges(Statement* rows) {
  std::vector<ReportChange> changes;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, rows->Step());
  while (row) {
    ReportChange& change = changes.emplace_back();
    change.sequence = rows->Int(0);
    if (!change.report.ParseFromString(rows->Text(1))) {
      return CorruptRecord("a change");
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(row, rows->Step());
  }
  return changes;
}

}  // namespace

absl::StatusOr<StoredReport> SqliteStore::GetReport(
    absl::string_view report_id) {
  const std::lock_guard<std::mutex> lock(reader_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(Row row, Load(reader_.get(), report_id));
  return std::move(row.stored);
}

absl::StatusOr<ReportPage> SqliteStore::ListReports(const ReportFilter& filter,
                                                    absl::string_view before,
                                                    int limit) {
  Query query("SELECT report_id, report FROM reports WHERE 1");
  query.Where("report_id < ?", before);
  if (filter.job_key.has_value()) {
    query.Where("job_key = ?", JobKeyText(*filter.job_key));
  }
  query.Where("opcon = ?", filter.opcon);
  query.Where("job_name = ?", filter.job_name);
  query.Where("schedule_name = ?", filter.schedule_name);
  query.Where("schedule_date = ?", filter.schedule_date);
  query.Where(
      "report_id = (SELECT report_id FROM request_ids WHERE request_id = ?)",
      filter.request_id);
  if (filter.created_since.has_value()) {
    query.Where("create_us >=", absl::ToUnixMicros(*filter.created_since));
  }
  query.WhereIn("state", filter.states);
  query.Then("ORDER BY report_id DESC", limit + 1);

  const Reading reading = ForList(filter.job_key.has_value());
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement rows, query.Prepare(reading.db));
  ReportPage page;
  std::size_t bytes = 0;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, rows.Step());
  while (row) {
    if (page.reports.size() == static_cast<std::size_t>(limit) ||
        bytes >= kPageBytes) {
      page.next = page.reports.back().report_id();
      break;
    }
    const std::string blob = rows.Text(1);
    bytes += blob.size();
    if (!page.reports.emplace_back().ParseFromString(blob)) {
      return CorruptRecord("a report");
    }
    OPCON_SNOW_ASSIGN_OR_RETURN(row, rows.Step());
  }
  return page;
}

// The workflow looks at one job; people's lists may take long.
SqliteStore::Reading SqliteStore::ForList(bool of_one_job) {
  return of_one_job ? Reading{std::unique_lock<std::mutex>(reader_mutex_),
                              reader_.get()}
                    : Reading{std::unique_lock<std::mutex>(lists_mutex_),
                              lists_.get()};
}

absl::StatusOr<std::optional<v1::TicketLink>> SqliteStore::FindLink(
    const v1::JobKey& job_key, absl::string_view servicenow) {
  const std::lock_guard<std::mutex> lock(reader_mutex_);
  return LoadLink(reader_.get(), job_key, servicenow);
}

absl::StatusOr<std::optional<v1::TicketLink>> SqliteStore::LoadLink(
    Database* db, const v1::JobKey& job_key, absl::string_view servicenow) {
  OPCON_SNOW_ASSIGN_OR_RETURN(Statement query,
                              db->Prepare("SELECT link FROM ticket_links WHERE "
                                          "job_key = ? AND servicenow = ?"));
  query.Bind(JobKeyText(job_key)).Bind(servicenow);
  OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, query.Step());
  if (!found) return std::nullopt;
  v1::TicketLink link;
  if (!link.ParseFromString(query.Text(0))) {
    return CorruptRecord("a ticket link");
  }
  return link;
}

absl::StatusOr<Page<v1::TicketLink>> SqliteStore::ListLinks(
    const LinkFilter& filter, absl::string_view after, int limit) {
  Query query("SELECT stamp, link FROM ticket_links WHERE 1");
  if (filter.job_key.has_value()) {
    query.Where("job_key = ?", JobKeyText(*filter.job_key));
  }
  query.Where("opcon = ?", filter.opcon);
  query.Where("servicenow = ?", filter.servicenow);
  query.Where("number = ?", filter.ticket_number);
  query.Where("schedule_date = ?", filter.schedule_date);
  const Reading reading = ForList(filter.job_key.has_value());
  return ReadPage<v1::TicketLink>(reading.db, std::move(query), "stamp", after,
                                  limit);
}

absl::StatusOr<Page<v1::Failure>> SqliteStore::ListFailures(
    const std::optional<v1::JobKey>& job_key, absl::string_view after,
    int limit) {
  Query query("SELECT stamp, failure FROM failures WHERE 1");
  if (job_key.has_value()) query.Where("job_key = ?", JobKeyText(*job_key));
  const Reading reading = ForList(job_key.has_value());
  return ReadPage<v1::Failure>(reading.db, std::move(query), "stamp", after,
                               limit);
}

absl::StatusOr<Page<v1::AuditEntry>> SqliteStore::ListAudit(
    const AuditFilter& filter, absl::string_view after, int limit) {
  Query query("SELECT audit_id, entry FROM audit WHERE 1");
  query.Where("report_id = ?", filter.report_id);
  query.Where("target = ?", filter.target);
  if (filter.created_since.has_value()) {
    query.Where("create_us >=", absl::ToUnixMicros(*filter.created_since));
  }
  const std::lock_guard<std::mutex> lock(lists_mutex_);
  // The id is given by the table, so it is not in the blob.
  return ReadPage<v1::AuditEntry>(
      lists_.get(), std::move(query), "audit_id", after, limit,
      [](std::int64_t id, v1::AuditEntry* entry) { entry->set_audit_id(id); });
}

absl::StatusOr<std::int64_t> SqliteStore::LastChange() {
  return last_change_.load();
}

absl::StatusOr<std::vector<ReportChange>> SqliteStore::ListChanges(
    std::int64_t after, int limit) {
  const std::int64_t last = last_change_.load();
  if (after < 0 || after > last) return NoSuchChange(after, last);
  const std::lock_guard<std::mutex> lock(lists_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement rows,
      lists_->Prepare(
          "SELECT * FROM (SELECT change_seq AS seq, report FROM reports WHERE "
          "change_seq > ?1 AND change_seq <= ?2 ORDER BY change_seq LIMIT ?3) "
          "UNION ALL "
          "SELECT * FROM (SELECT seq, report FROM changes WHERE seq > ?1 AND "
          "seq <= ?2 ORDER BY seq LIMIT ?3) ORDER BY 1 LIMIT ?3"));
  rows.Bind(after).Bind(last).Bind(limit);
  return ReadChanges(&rows);
}

absl::StatusOr<std::vector<ReportChange>> SqliteStore::ListOpen(
    std::int64_t after, std::int64_t upto, int limit) {
  const std::lock_guard<std::mutex> lock(lists_mutex_);
  // The inner query is answered by the index alone: most reports have ended.
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement rows,
      lists_->Prepare(
          "SELECT r.change_seq, r.report FROM (SELECT report_id FROM reports "
          "WHERE change_seq > ? AND change_seq <= ? AND state IN (1, 2, 3, 7) "
          "ORDER BY change_seq LIMIT ?) o JOIN reports r "
          "ON r.report_id = o.report_id ORDER BY r.change_seq"));
  static_assert(v1::REPORT_STATE_DEAD_LETTER == 7);
  rows.Bind(after).Bind(upto).Bind(limit);
  return ReadChanges(&rows);
}

}  // namespace opcon_snow::incident
