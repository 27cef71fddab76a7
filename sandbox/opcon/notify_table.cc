#include "sandbox/opcon/notify_table.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// So that a notification id is never mistaken for a row's number.
constexpr std::int64_t kFirstNotifyId = 70'001;

}  // namespace

NotifyTable::NotifyTable(Clock* clock)
    : clock_(clock), epoch_(absl::ToUnixMicros(clock->Now())) {}

std::int64_t NotifyTable::Add(absl::string_view trigger,
                              std::map<std::string, std::string> properties) {
  std::lock_guard<std::mutex> lock(mutex_);
  Notification row;
  row.n = static_cast<std::int64_t>(rows_.size()) + 1;
  row.notify_id = absl::StrCat(kFirstNotifyId + row.n - 1);
  row.trigger = std::string(trigger);
  row.properties = std::move(properties);
  row.properties["$NOTIFYID"] = row.notify_id;
  rows_.push_back(std::move(row));
  changed_.notify_all();
  return rows_.back().n;
}

NotifyTable::Page NotifyTable::PageLocked(std::int64_t since,
                                          std::size_t limit) const {
  Page page;
  page.epoch = epoch_;
  page.last = static_cast<std::int64_t>(rows_.size());
  const auto first =
      static_cast<std::size_t>(std::clamp<std::int64_t>(since, 0, page.last));
  const std::size_t count = std::min(limit, rows_.size() - first);
  page.rows.assign(rows_.begin() + static_cast<std::ptrdiff_t>(first),
                   rows_.begin() + static_cast<std::ptrdiff_t>(first + count));
  return page;
}

NotifyTable::Page NotifyTable::Read(Position position, absl::Duration wait,
                                    std::size_t limit) const {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::int64_t epoch = position.epoch.value_or(epoch_);
  const auto has_news = [&] {
    return waking_ || epoch_ != epoch ||
           static_cast<std::int64_t>(rows_.size()) > position.since;
  };
  clock_->WaitUntil(lock, changed_, SteadyAfter(clock_->SteadyNow(), wait),
                    has_news);
  return PageLocked(epoch_ == epoch ? position.since : 0, limit);
}

void NotifyTable::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  rows_.clear();
  // Also new if the clock stands still.
  epoch_ = std::max(epoch_ + 1, absl::ToUnixMicros(clock_->Now()));
  changed_.notify_all();
}

void NotifyTable::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  waking_ = true;
  changed_.notify_all();
}

NotifyTable::Page NotifyTable::ReadAll() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return PageLocked(0, std::numeric_limits<std::size_t>::max());
}

void NotifyTable::Restore(Page page) {
  std::lock_guard<std::mutex> lock(mutex_);
  epoch_ = page.epoch;
  rows_ = std::move(page.rows);
  changed_.notify_all();
}

}  // namespace opcon_snow::sandbox::opcon
