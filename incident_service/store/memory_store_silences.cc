// Silences of MemoryStore.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "incident_service/identity.h"
#include "incident_service/store/memory_store.h"
#include "incident_service/store/silence_changes.h"
#include "incident_service/store/times.h"

namespace opcon_snow::incident {

namespace v1 = ::incident::v1;

absl::StatusOr<v1::Silence> MemoryStore::CreateSilence(
    const NewSilence& fresh) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, known] : silences_) {
    if (known.request_id != fresh.request_id) continue;
    if (known.digest == fresh.digest) return known.silence;
    return SilenceRequestIdReused(fresh.request_id, id);
  }
  const absl::Time now = clock_->Now();
  OPCON_SNOW_ASSIGN_OR_RETURN(
      v1::Silence silence,
      BeginSilence(fresh, MakeReportId(now, ++id_counter_, random_()), now));
  const auto open = std::count_if(
      silences_.begin(), silences_.end(), [now](const auto& entry) {
        return ToTime(entry.second.silence.expire_time()) > now;
      });
  if (open >= kMaxSilences) return TooManySilences();
  Audit("", SilenceEntry(
                "CreateSilence", silence.silence_id(),
                {.actor = silence.created_by(), .reason = silence.reason()}));
  silences_[silence.silence_id()] = {silence, fresh.request_id, fresh.digest};
  return silence;
}

absl::StatusOr<std::vector<v1::Silence>> MemoryStore::SilencesAt(
    absl::Time time) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<v1::Silence> found;
  for (const auto& [id, entry] : silences_) {
    if (IsInForce(entry.silence, time)) found.push_back(entry.silence);
  }
  return found;
}

absl::StatusOr<Page<v1::Silence>> MemoryStore::ListSilences(
    bool include_expired, absl::string_view after, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<v1::Silence> found;
  for (const auto& [id, entry] : silences_) {
    if (include_expired ||
        ToTime(entry.silence.expire_time()) > clock_->Now()) {
      found.push_back(entry.silence);
    }
  }
  std::sort(found.begin(), found.end(),
            [](const v1::Silence& a, const v1::Silence& b) {
              return std::pair(ToTime(a.expire_time()), a.silence_id()) >
                     std::pair(ToTime(b.expire_time()), b.silence_id());
            });
  if (!after.empty()) {
    const auto last = std::find_if(
        found.begin(), found.end(),
        [after](const v1::Silence& s) { return s.silence_id() == after; });
    found.erase(found.begin(), last == found.end() ? last : last + 1);
  }
  Page<v1::Silence> page;
  page.records = std::move(found);
  if (page.records.size() <= static_cast<std::size_t>(limit)) return page;
  page.records.resize(static_cast<std::size_t>(limit));
  page.next = page.records.back().silence_id();
  return page;
}

absl::StatusOr<v1::Silence> MemoryStore::ExpireSilence(
    absl::string_view silence_id, const Decision& decision) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = silences_.find(std::string(silence_id));
  if (found == silences_.end()) return NoSuchSilence(silence_id);
  if (EndSilence(clock_->Now(), &found->second.silence)) {
    Audit("", SilenceEntry("ExpireSilence", silence_id, decision));
  }
  return found->second.silence;
}

}  // namespace opcon_snow::incident
