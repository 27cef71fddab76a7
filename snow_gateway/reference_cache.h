#ifndef OPCON_SNOW_SNOW_GATEWAY_REFERENCE_CACHE_H_
#define OPCON_SNOW_SNOW_GATEWAY_REFERENCE_CACHE_H_

// Names that were looked up, for a while, so that a storm of incidents for one
// group is not a storm of look-ups. Only what was found is kept: whoever
// creates a missing group wants the next try to find it. Confined to one
// thread.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::snow {

class ReferenceCache {
 public:
  static constexpr std::size_t kMaxEntries = 1000;
  static constexpr absl::Duration kLife = absl::Minutes(5);

  // `now` by a steady clock, the same for both.
  std::optional<std::string> Find(absl::string_view table,
                                  absl::string_view name,
                                  absl::Duration now) const {
    const auto found = entries_.find(Key(table, name));
    if (found == entries_.end() || found->second.until <= now) {
      return std::nullopt;
    }
    return found->second.sys_id;
  }

  void Put(absl::string_view table, absl::string_view name, std::string sys_id,
           absl::Duration now) {
    // Starting anew is as good as anything for a cache that is rarely full.
    if (entries_.size() >= kMaxEntries) entries_.clear();
    entries_[Key(table, name)] = Entry{std::move(sys_id), now + kLife};
  }

 private:
  struct Entry {
    std::string sys_id;
    absl::Duration until;
  };

  // A table's name has no blank.
  static std::string Key(absl::string_view table, absl::string_view name) {
    return absl::StrCat(table, " ", name);
  }

  std::map<std::string, Entry> entries_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_REFERENCE_CACHE_H_
