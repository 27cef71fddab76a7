// Watches of SqliteStore: who looks at what, and what was found.

#include <optional>
#include <string>
#include <utility>

#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/report_changes.h"
#include "incident_service/store/sqlite_store.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;

absl::StatusOr<std::optional<ClaimedWatch>> SqliteStore::ClaimWatch(
    absl::string_view name, absl::string_view worker, absl::Duration lease) {
  std::optional<ClaimedWatch> claimed;
  const absl::Status stored = queue_->Run(
      [&]() -> absl::Status {
        OPCON_SNOW_ASSIGN_OR_RETURN(claimed,
                                    ClaimWatchNow(name, worker, lease));
        return absl::OkStatus();
      },
      /*durable=*/false);
  if (!stored.ok()) return stored;
  return claimed;
}

absl::StatusOr<std::optional<ClaimedWatch>> SqliteStore::ClaimWatchNow(
    absl::string_view name, absl::string_view worker, absl::Duration lease) {
  const absl::Time now = clock_->Now();
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement make,
        db_->Prepare("INSERT OR IGNORE INTO watches VALUES (?, '', 0, 0, '')"));
    OPCON_SNOW_RETURN_IF_ERROR(make.Bind(name).Run());
  }
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement take,
        db_->Prepare("UPDATE watches SET epoch = epoch + (worker <> ?1), "
                     "worker = ?1, lease_us = ?2 WHERE name = ?3 AND "
                     "(worker = ?1 OR lease_us <= ?4)"));
    OPCON_SNOW_RETURN_IF_ERROR(take.Bind(worker)
                                   .Bind(absl::ToUnixMicros(now + lease))
                                   .Bind(name)
                                   .Bind(absl::ToUnixMicros(now))
                                   .Run());
    if (db_->changes() == 0) return std::nullopt;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(
      Statement query,
      db_->Prepare("SELECT epoch, state FROM watches WHERE name = ?"));
  query.Bind(name);
  OPCON_SNOW_RETURN_IF_ERROR(query.Step().status());
  ClaimedWatch claimed;
  claimed.claim = {std::string(name), query.Int(0)};
  if (!claimed.state.ParseFromString(query.Text(1))) {
    return CorruptRecord("the state of a watch");
  }
  return claimed;
}

absl::StatusOr<int> SqliteStore::CommitWatch(const WatchCommit& commit) {
  int added = 0;
  const absl::Status stored = queue_->Run(
      [&]() -> absl::Status {
        OPCON_SNOW_ASSIGN_OR_RETURN(added, CommitWatchNow(commit));
        return absl::OkStatus();
      },
      // That nothing was found need not outlive a power cut.
      commit.durable || !commit.tickets.empty() || !commit.reports.empty());
  if (!stored.ok()) return stored;
  return added;
}

absl::StatusOr<int> SqliteStore::CommitWatchNow(const WatchCommit& commit) {
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        Statement update, db_->Prepare("UPDATE watches SET state = ? WHERE "
                                       "name = ? AND epoch = ?"));
    OPCON_SNOW_RETURN_IF_ERROR(update.BindBlob(commit.state.SerializeAsString())
                                   .Bind(commit.claim.name)
                                   .Bind(commit.claim.epoch)
                                   .Run());
    if (db_->changes() == 0) return WatchLost(commit.claim);
  }
  int added = 0;
  for (const SeenTicket& seen : commit.tickets) {
    OPCON_SNOW_ASSIGN_OR_RETURN(std::optional<v1::TicketLink> link,
                                LoadLink(db_.get(), seen.found.job_key(),
                                         seen.found.ticket().servicenow()));
    if (!link.has_value() || !MayBeSeen(*link, seen)) continue;
    ApplySeen(seen, &*link);
    OPCON_SNOW_RETURN_IF_ERROR(PutLink(*link));
    if (!seen.report.has_value()) continue;
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool fresh, AddUnlessKnown(*seen.report));
    added += fresh ? 1 : 0;
  }
  for (const NewReport& report : commit.reports) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool fresh, AddUnlessKnown(report));
    added += fresh ? 1 : 0;
  }
  return added;
}

absl::StatusOr<bool> SqliteStore::AddUnlessKnown(const NewReport& fresh) {
  {
    OPCON_SNOW_ASSIGN_OR_RETURN(Statement known,
                                db_->Prepare("SELECT 1 FROM request_ids WHERE "
                                             "request_id = ?"));
    OPCON_SNOW_ASSIGN_OR_RETURN(const bool found,
                                known.Bind(fresh.report.request_id()).Step());
    if (found) return false;
  }
  OPCON_SNOW_RETURN_IF_ERROR(Add(fresh).status());
  return true;
}

}  // namespace opcon_snow::incident
