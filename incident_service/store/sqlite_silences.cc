// Silences of SqliteStore.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/silence_changes.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// The row of a statement that gives `silence, suppressed`.
absl::StatusOr<v1::Silence> ReadSilence(const Statement& row) {
  v1::Silence silence;
  if (!silence.ParseFromString(row.Text(0))) return CorruptRecord("a silence");
  silence.set_suppressed_count(row.Int(1));
  return silence;
}

absl::StatusOr<std::vector<v1::Silence>> ReadSilences(Statement* rows) {
  std::vector<v1::Silence> silences;
  OPCON_SNOW_ASSIGN_OR_RETURN(bool row, rows->Step());
  while (row) {
    OPCON_SNOW_ASSIGN_OR_RETURN(v1::Silence silence, ReadSilence(*rows));
    silences.push_back(std::move(silence));
    OPCON_SNOW_ASSIGN_OR_RETURN(row, rows->Step());
  }
  return silences;
}

}  // namespace

absl::StatusOr<v1::Silence> SqliteStore::CreateSilence(
    const NewSilence& fresh) {
  v1::Silence silence;
  OPCON_SNOW_RETURN_IF_ERROR(queue_->Run([&]() -> absl::Status {
    OPCON_SNOW_ASSIGN_OR_RETURN(silence, CreateSilenceNow(fresh));
    return absl::OkStatus();
  }));
  return silence;
}

absl::StatusOr<v1::Silence> SqliteStore::CreateSilenceNow(
    const NewSilence& fresh) {
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement known,
        db_->Prepare("SELECT silence, suppressed, digest FROM silences WHERE "
                     "request_id = ?"));
    known.Bind(fresh.request_id);
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, known.Step());
    if (found) {
      OPCON_SNOW_ASSIGN_OR_RETURN(v1::Silence silence, ReadSilence(known));
      if (known.Text(2) == fresh.digest) return silence;
      return SilenceRequestIdReused(fresh.request_id, silence.silence_id());
    }
  }
  const absl::Time now = clock_->Now();
  OPCON_SNOW_ASSIGN_OR_RETURN(const v1::Silence silence,
                              BeginSilence(fresh, NewReportId(now), now));
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement open,
        db_->Prepare("SELECT count(*) FROM silences WHERE expire_us > ?"));
    open.Bind(absl::ToUnixMicros(now));
    OPCON_SNOW_RETURN_IF_ERROR(open.Step().status());
    if (open.Int(0) >= kMaxSilences) return TooManySilences();
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement insert,
      db_->Prepare("INSERT INTO silences VALUES (?, ?, ?, ?, ?, 0, ?)"));
  OPCON_SNOW_RETURN_IF_ERROR(
      insert.Bind(silence.silence_id())
          .Bind(fresh.request_id)
          .Bind(fresh.digest)
          .Bind(absl::ToUnixMicros(ToTime(silence.start_time())))
          .Bind(absl::ToUnixMicros(ToTime(silence.expire_time())))
          .BindBlob(silence.SerializeAsString())
          .Run());
  OPCON_SNOW_RETURN_IF_ERROR(InsertAudit(
      "", SilenceEntry(
              "CreateSilence", silence.silence_id(),
              {.actor = silence.created_by(), .reason = silence.reason()})));
  return silence;
}

absl::StatusOr<std::vector<v1::Silence>> SqliteStore::SilencesAt(
    absl::Time time) {
  const std::lock_guard<std::mutex> lock(reader_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement rows,
      reader_->Prepare("SELECT silence, suppressed FROM silences WHERE "
                       "expire_us > ?1 AND start_us <= ?1 ORDER BY "
                       "silence_id"));
  rows.Bind(absl::ToUnixMicros(time));
  return ReadSilences(&rows);
}

absl::StatusOr<Page<v1::Silence>> SqliteStore::ListSilences(
    bool include_expired, absl::string_view after, int limit) {
  // The end and the id of the last one of the page before.
  const std::pair<std::string, std::string> last =
      absl::StrSplit(after, absl::MaxSplits('/', 1));
  std::int64_t before = 0;
  if (!absl::SimpleAtoi(last.first, &before)) before = INT64_MAX;
  const std::lock_guard<std::mutex> lock(lists_mutex_);
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement rows,
      lists_->Prepare("SELECT silence, suppressed FROM silences WHERE "
                      "expire_us > ?1 AND (expire_us < ?2 OR (expire_us = ?2 "
                      "AND silence_id < ?3)) ORDER BY expire_us DESC, "
                      "silence_id DESC LIMIT ?4"));
  rows.Bind(include_expired ? INT64_MIN : absl::ToUnixMicros(clock_->Now()))
      .Bind(before)
      .Bind(last.second)
      .Bind(std::int64_t{limit} + 1);
  Page<v1::Silence> page;
  OPCON_SNOW_ASSIGN_OR_RETURN(page.records, ReadSilences(&rows));
  if (page.records.size() <= static_cast<std::size_t>(limit)) return page;
  page.records.pop_back();
  const v1::Silence& end = page.records.back();
  page.next = absl::StrCat(absl::ToUnixMicros(ToTime(end.expire_time())), "/",
                           end.silence_id());
  return page;
}

absl::StatusOr<v1::Silence> SqliteStore::ExpireSilence(
    absl::string_view silence_id, const Decision& decision) {
  v1::Silence silence;
  OPCON_SNOW_RETURN_IF_ERROR(queue_->Run([&]() -> absl::Status {
    OPCON_SNOW_ASSIGN_OR_RETURN(silence,
                                ExpireSilenceNow(silence_id, decision));
    return absl::OkStatus();
  }));
  return silence;
}

absl::StatusOr<v1::Silence> SqliteStore::ExpireSilenceNow(
    absl::string_view silence_id, const Decision& decision) {
  v1::Silence silence;
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement row, db_->Prepare("SELECT silence, suppressed FROM silences "
                                    "WHERE silence_id = ?"));
    row.Bind(silence_id);
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return NoSuchSilence(silence_id);
    OPCON_SNOW_ASSIGN_OR_RETURN(silence, ReadSilence(row));
  }
  if (!EndSilence(clock_->Now(), &silence)) return silence;
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement update,
      db_->Prepare("UPDATE silences SET start_us = ?, expire_us = ?, silence "
                   "= ? WHERE silence_id = ?"));
  OPCON_SNOW_RETURN_IF_ERROR(
      update.Bind(absl::ToUnixMicros(ToTime(silence.start_time())))
          .Bind(absl::ToUnixMicros(ToTime(silence.expire_time())))
          .BindBlob(silence.SerializeAsString())
          .Bind(silence_id)
          .Run());
  OPCON_SNOW_RETURN_IF_ERROR(
      InsertAudit("", SilenceEntry("ExpireSilence", silence_id, decision)));
  return silence;
}

}  // namespace opcon_snow::incident
