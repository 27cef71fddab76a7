#ifndef OPCON_SNOW_COMMON_CONFIG_FILE_WATCH_H_
#define OPCON_SNOW_COMMON_CONFIG_FILE_WATCH_H_

// Tells that files have changed, by looking at them when they are needed: cheap
// enough for every call, and nothing runs meanwhile.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace opcon_snow::config {

// Not thread-safe.
class FileWatch {
 public:
  using SteadyNow = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr std::chrono::seconds kBetweenLooks{1};

  // Remembers how the files lie there now, so it is made before they are read:
  // what is written meanwhile is a change.
  explicit FileWatch(
      std::vector<std::string> files,
      SteadyNow now = [] { return std::chrono::steady_clock::now(); });

  // True once for each change: another file in the place of one, whether it was
  // written, renamed or reached by another symbolic link (of the file or of a
  // folder on the way, as orchestrators do it), one that came and one that
  // went. Looks at most once a second; in between the answer is false.
  bool Changed();

  // Has the next look tell a change, whatever it finds: for files that could
  // not be used and may be good later as they are.
  void Distrust() { stamp_.clear(); }

 private:
  // Of the files as they lie there: another one whenever one may have changed.
  std::string Stamp() const;

  std::vector<std::string> files_;
  SteadyNow now_;
  std::string stamp_;
  std::chrono::steady_clock::time_point look_again_;
};

// Asked for a secret before each use: another one if the file holds another
// now, nullopt if what was read before stands. Made before that. `read` reads
// the file, with an error that names it; what it refuses is told in the log, as
// `config.secret_refused`, and what was read before stands. Not thread-safe.
std::function<std::optional<std::string>()> FreshSecret(
    const std::string& file,
    std::function<absl::StatusOr<std::string>(const std::string& file)> read,
    FileWatch::SteadyNow now = [] { return std::chrono::steady_clock::now(); });

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_FILE_WATCH_H_
