#ifndef OPCON_SNOW_SNOW_GATEWAY_ATTEMPTS_H_
#define OPCON_SNOW_SNOW_GATEWAY_ATTEMPTS_H_

// Creates whose outcome is open, while the instance may still be at them. On an
// instance that does not keep to chosen sys_ids, a second insert in that time
// could make a second incident: the first one may come after the look that did
// not find it. Confined to one thread.

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace opcon_snow::snow {

class Attempts {
 public:
  // ServiceNow ends a transaction after 60 s; this is a little more.
  static constexpr absl::Duration kLongest = absl::Seconds(65);
  static constexpr std::size_t kMaxEntries = 10'000;

  // `sent` by a steady clock, the same for all calls.
  void MayStillRun(const std::string& sys_id, absl::Duration sent) {
    if (until_.size() >= kMaxEntries) Forget(sent);
    until_[sys_id] = sent + kLongest;
  }

  void Settled(const std::string& sys_id) { until_.erase(sys_id); }

  // How long an earlier attempt may still run; nothing if none does.
  std::optional<absl::Duration> Left(const std::string& sys_id,
                                     absl::Duration now) const {
    const auto found = until_.find(sys_id);
    if (found == until_.end() || found->second <= now) return std::nullopt;
    return found->second - now;
  }

 private:
  // What is over, and if nothing is, the one that will be first.
  void Forget(absl::Duration now) {
    std::erase_if(until_,
                  [now](const auto& entry) { return entry.second <= now; });
    if (until_.size() < kMaxEntries) return;
    auto first = until_.begin();
    for (auto it = until_.begin(); it != until_.end(); ++it) {
      if (it->second < first->second) first = it;
    }
    until_.erase(first);
  }

  std::map<std::string, absl::Duration> until_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_ATTEMPTS_H_
