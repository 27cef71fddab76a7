#include "incident_service/service/watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status_macros.h"
#include "incident_service/service/request_check.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

// Changes read at once; with it the memory of a watcher is bounded.
constexpr int kBatch = 100;

}  // namespace

std::string WatchToken(const std::string& store_id, const WatchPosition& at) {
  return absl::StrCat(store_id, ".", at.sequence, ".", at.opening_until);
}

absl::StatusOr<WatchPosition> ParseWatchToken(const std::string& store_id,
                                              const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  WatchPosition at;
  RequestCheck check;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &at.sequence) ||
      !absl::SimpleAtoi(parts[2], &at.opening_until) || at.sequence < 0 ||
      at.opening_until < 0) {
    check.Add("resume_token", "is not one that this call gave");
  } else if (parts[0] != store_id) {
    check.Add("resume_token",
              "is of another store than this service has now: begin without "
              "one");
  }
  OPCON_SNOW_RETURN_IF_ERROR(check.Result());
  return at;
}

absl::StatusOr<Watch> Watch::Begin(Store* store,
                                   const v1::WatchReportsRequest& request) {
  Watch watch(store, request);
  if (!request.resume_token().empty()) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        watch.at_, ParseWatchToken(watch.store_id_, request.resume_token()));
    // Of an older copy of the store, it may be in the future.
    OPCON_SNOW_RETURN_IF_ERROR(
        store->ListChanges(watch.at_.sequence, 1).status());
    return watch;
  }
  if (!request.report_id().empty()) {
    OPCON_SNOW_RETURN_IF_ERROR(watch.BeginWithOne());
    return watch;
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(watch.at_.opening_until, store->LastChange());
  return watch;
}

// The state that the report has after all changes up to at_.sequence.
absl::Status Watch::BeginWithOne() {
  OPCON_SNOW_ASSIGN_OR_RETURN(at_.sequence, store_->LastChange());
  OPCON_SNOW_ASSIGN_OR_RETURN(StoredReport stored,
                              store_->GetReport(request_.report_id()));
  first_ = std::move(stored.report);
  // It may have changed between the two.
  while (true) {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::vector<ReportChange> changes,
                                store_->ListChanges(at_.sequence, kBatch));
    for (const ReportChange& change : changes) {
      at_.sequence = change.sequence;
      if (change.report.report_id() == request_.report_id()) {
        first_ = change.report;
      }
    }
    if (changes.size() < kBatch) return absl::OkStatus();
  }
}

bool Watch::Fits(const v1::Report& report) const {
  return (request_.report_id().empty() ||
          request_.report_id() == report.report_id()) &&
         (request_.states().empty() ||
          std::find(request_.states().begin(), request_.states().end(),
                    report.state()) != request_.states().end());
}

v1::WatchReportsResponse Watch::Message(v1::Report report) const {
  v1::WatchReportsResponse message = Heartbeat();
  *message.mutable_report() = std::move(report);
  return message;
}

v1::WatchReportsResponse Watch::Heartbeat() const {
  v1::WatchReportsResponse message;
  message.set_resume_token(WatchToken(store_id_, at_));
  return message;
}

absl::StatusOr<std::vector<v1::WatchReportsResponse>> Watch::Next() {
  std::vector<v1::WatchReportsResponse> messages;
  if (first_.has_value()) {
    if (Fits(*first_)) messages.push_back(Message(*std::move(first_)));
    first_.reset();
    return messages;
  }
  std::vector<ReportChange> changes;
  if (at_.opening_until > 0) {
    OPCON_SNOW_ASSIGN_OR_RETURN(
        changes, store_->ListOpen(at_.sequence, at_.opening_until, kBatch));
    if (changes.empty()) {
      at_.sequence = at_.opening_until;
      at_.opening_until = 0;
      return messages;
    }
  } else {
    OPCON_SNOW_ASSIGN_OR_RETURN(changes,
                                store_->ListChanges(at_.sequence, kBatch));
  }
  for (ReportChange& change : changes) {
    at_.sequence = change.sequence;
    if (Fits(change.report)) {
      messages.push_back(Message(std::move(change.report)));
    }
  }
  more_ = at_.opening_until > 0 || changes.size() == kBatch;
  return messages;
}

}  // namespace opcon_snow::incident
