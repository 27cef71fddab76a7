#ifndef OPCON_SNOW_SANDBOX_OPCON_NOTIFY_TABLE_H_
#define OPCON_SNOW_SANDBOX_OPCON_NOTIFY_TABLE_H_

// The rows of OpCon's table NOTIFY: what the SMA Notify Handler would read and
// turn into e-mails, events and commands.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace opcon_snow::sandbox::opcon {

struct Notification {
  std::int64_t n = 0;  // 1, 2, … without gaps
  std::string notify_id;
  std::string trigger;  // "Job Failed", …
  std::map<std::string, std::string> properties;
};

// Thread-safe: readers wait here without holding the sandbox's lock.
class NotifyTable {
 public:
  // `clock` is not owned and must outlive this.
  explicit NotifyTable(Clock* clock);

  // Adds a row, gives it its number and its $NOTIFYID, wakes the readers.
  // Returns the number.
  std::int64_t Add(absl::string_view trigger,
                   std::map<std::string, std::string> properties);

  struct Page {
    // Changes when the numbers start at 1 again, so that a reader whose `since`
    // is of an earlier count notices.
    std::int64_t epoch = 0;
    std::int64_t last = 0;
    std::vector<Notification> rows;  // ascending, at most `limit`
  };

  // Where a reader stands. Of another epoch than the present one: at the start.
  struct Position {
    std::int64_t since = 0;
    std::optional<std::int64_t> epoch;  // none: the present one
  };

  // The rows after `position`. If there are none, waits for one, for a Clear or
  // a Wake, but not longer than `wait`.
  Page Read(Position position, absl::Duration wait,
            std::size_t limit = 500) const;

  // Forgets all rows; numbers start at 1 again in a new epoch.
  void Clear();

  // Ends every wait now and from now on: the process is going down.
  void Wake();

  // All rows and the epoch, and putting them back: for a kept state.
  Page ReadAll() const;
  void Restore(Page page);

 private:
  Page PageLocked(std::int64_t since, std::size_t limit) const;

  Clock* const clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::int64_t epoch_;
  std::vector<Notification> rows_;
  bool waking_ = false;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_NOTIFY_TABLE_H_
