#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WATCH_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WATCH_H_

// WatchReports, apart from the stream: what comes next for one watcher.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "incident/v1/incident_service.pb.h"
#include "incident_service/store/store.h"

namespace opcon_snow::incident {

// A position in the changes of a store, and the text that stands for it.
struct WatchPosition {
  // Everything up to this change has been told.
  std::int64_t sequence = 0;
  // While the reports that were open at the begin are told: the last change
  // that counts as theirs; 0 afterwards.
  std::int64_t opening_until = 0;
};
std::string WatchToken(const std::string& store_id, const WatchPosition& at);
// INVALID_ARGUMENT with reason INVALID_REQUEST for a text that is no token, or
// one of another store.
absl::StatusOr<WatchPosition> ParseWatchToken(const std::string& store_id,
                                              const std::string& token);

// Not thread-safe. The store must outlive it. Waits for the disk.
class Watch {
 public:
  // Checks the request and finds where to begin.
  static absl::StatusOr<Watch> Begin(
      Store* store, const ::incident::v1::WatchReportsRequest& request);

  // What comes next, a bounded number of messages; none if nothing has changed,
  // or nothing that fits. Goes on from where it was, however long ago that is:
  // who reads slowly gets what the store still knows.
  absl::StatusOr<std::vector<::incident::v1::WatchReportsResponse>> Next();
  // A message without a report.
  ::incident::v1::WatchReportsResponse Heartbeat() const;
  // True if Next() may have more at once.
  bool more() const { return more_; }
  // The number after which changes are waited for.
  std::int64_t sequence() const { return at_.sequence; }

 private:
  Watch(Store* store, ::incident::v1::WatchReportsRequest request)
      : store_(store),
        request_(std::move(request)),
        store_id_(store->Info().id) {}

  absl::Status BeginWithOne();
  bool Fits(const ::incident::v1::Report& report) const;
  ::incident::v1::WatchReportsResponse Message(
      ::incident::v1::Report report) const;

  Store* store_;
  ::incident::v1::WatchReportsRequest request_;
  std::string store_id_;
  WatchPosition at_;
  bool more_ = true;
  // Of a watch of one report: its state at the begin.
  std::optional<::incident::v1::Report> first_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_WATCH_H_
