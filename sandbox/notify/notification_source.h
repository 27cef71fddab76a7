#ifndef OPCON_SNOW_SANDBOX_NOTIFY_NOTIFICATION_SOURCE_H_
#define OPCON_SNOW_SANDBOX_NOTIFY_NOTIFICATION_SOURCE_H_

// Where the notifications come from: the OpCon sandbox's table NOTIFY.

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/transport.h"

namespace opcon_snow::sandbox::notify {

struct Notification {
  std::int64_t n = 0;
  std::string notify_id;
  std::string trigger;
  std::map<std::string, std::string> properties;
};

// Up to which row everything has been read. The epoch belongs to the number:
// an OpCon that was reset counts from 1 again in another epoch.
struct Cursor {
  std::int64_t since = 0;
  std::optional<std::int64_t> epoch;
};

struct NotificationPage {
  std::int64_t epoch = 0;
  std::vector<Notification> rows;  // ascending
};

class NotificationSource {
 public:
  virtual ~NotificationSource() = default;

  // The rows after `cursor`; waits up to `wait` for one. UNAVAILABLE if OpCon
  // cannot be reached, CANCELLED soon after `stop` was requested, INTERNAL if
  // it answered something else than expected.
  virtual absl::StatusOr<NotificationPage> Read(const Cursor& cursor,
                                                absl::Duration wait,
                                                std::stop_token stop) = 0;
};

// GET <base>/_sandbox/notifications.
class HttpNotificationSource : public NotificationSource {
 public:
  // `base_url` without a slash at the end. `transport` is not owned, must
  // outlive this, and its loop must run.
  HttpNotificationSource(http::Transport* transport, std::string base_url);

  absl::StatusOr<NotificationPage> Read(const Cursor& cursor,
                                        absl::Duration wait,
                                        std::stop_token stop) override;

 private:
  http::Transport* const transport_;
  const std::string base_url_;
};

// The JSON text of a page. INTERNAL if it is not one.
absl::StatusOr<NotificationPage> ParsePage(absl::string_view text);

}  // namespace opcon_snow::sandbox::notify

#endif  // OPCON_SNOW_SANDBOX_NOTIFY_NOTIFICATION_SOURCE_H_
