#include "sandbox/notify/notification_source.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/async/sync_wait.h"
#include "common/http/json.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace opcon_snow::sandbox::notify {
namespace {

using nlohmann::json;

// How much longer than the wait an answer may take.
constexpr absl::Duration kAnswerTime = absl::Seconds(10);

constexpr std::size_t kMaxPageBytes = std::size_t{64} * 1024 * 1024;

absl::Status NotAPage(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("the list of notifications has ", what));
}

absl::StatusOr<Notification> ParseRow(const json& value) {
  Notification row;
  const auto n = http::FindInt64(value, "n");
  const auto notify_id = http::FindString(value, "notify_id");
  const auto trigger = http::FindString(value, "trigger");
  const json* properties = http::FindMember(value, "properties");
  if (!n || !notify_id || !trigger || properties == nullptr ||
      !properties->is_object()) {
    return NotAPage("a row without n, notify_id, trigger or properties");
  }
  row.n = *n;
  row.notify_id = *notify_id;
  row.trigger = *trigger;
  for (const auto& item : properties->items()) {
    if (!item.value().is_string())
      return NotAPage("a property that is no text");
    row.properties[item.key()] = item.value().get<std::string>();
  }
  return row;
}

}  // namespace

absl::StatusOr<NotificationPage> ParsePage(absl::string_view text) {
  const absl::StatusOr<json> value = http::ParseJson(text);
  if (!value.ok()) return NotAPage("no JSON");
  const auto epoch = http::FindInt64(*value, "epoch");
  const json* rows = http::FindMember(*value, "notifications");
  if (!epoch || rows == nullptr || !rows->is_array()) {
    return NotAPage("no epoch or no rows");
  }
  NotificationPage page;
  page.epoch = *epoch;
  for (const json& element : *rows) {
    OPCON_SNOW_ASSIGN_OR_RETURN(Notification row, ParseRow(element));
    page.rows.push_back(std::move(row));
  }
  return page;
}

HttpNotificationSource::HttpNotificationSource(http::Transport* transport,
                                               std::string base_url)
    : transport_(transport), base_url_(std::move(base_url)) {}

absl::StatusOr<NotificationPage> HttpNotificationSource::Read(
    const Cursor& cursor, absl::Duration wait, std::stop_token stop) {
  http::Request request;
  request.url =
      absl::StrCat(base_url_, "/_sandbox/notifications?since=", cursor.since,
                   "&wait_ms=", absl::ToInt64Milliseconds(wait),
                   cursor.epoch ? absl::StrCat("&epoch=", *cursor.epoch) : "");
  request.timeout = wait + kAnswerTime;
  request.max_response_bytes = kMaxPageBytes;
  request.stop = std::move(stop);
  const http::Result result =
      async::SyncWait(transport_->Send(std::move(request)));
  if (!result.ok()) {
    return result.error().kind == http::TransportError::Kind::kCancelled
               ? absl::CancelledError(result.error().message)
               : absl::UnavailableError(result.error().message);
  }
  const http::Response& response = result.response();
  if (response.status != 200) {
    return absl::InternalError(absl::StrCat("OpCon answered ", response.status,
                                            "; is it an opcon_sandbox?"));
  }
  return ParsePage(response.body);
}

}  // namespace opcon_snow::sandbox::notify
