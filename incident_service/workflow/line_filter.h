#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_LINE_FILTER_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_LINE_FILTER_H_

// A stream of bytes, line by line through a function: for redaction, which must
// see a line before a log is cut.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace opcon_snow::incident {

class LineFilter {
 public:
  // Longer lines are handed on in pieces of this many bytes.
  static constexpr std::size_t kMaxLine = std::size_t{64} << 10;

  // `filter` gets a line without its line break and returns what takes its
  // place; `sink` gets the result.
  LineFilter(std::function<std::string(std::string)> filter,
             std::function<void(absl::string_view)> sink)
      : filter_(std::move(filter)), sink_(std::move(sink)) {}

  void Append(absl::string_view chunk) {
    while (!chunk.empty()) {
      const std::size_t end = chunk.find('\n');
      const std::size_t room = kMaxLine - line_.size();
      const std::size_t take = std::min(std::min(end, chunk.size()), room);
      line_.append(chunk.data(), take);
      chunk.remove_prefix(take);
      if (!chunk.empty() && chunk.front() == '\n') {
        Finish();
        sink_(chunk.substr(0, 1));
        chunk.remove_prefix(1);
      } else if (line_.size() == kMaxLine) {
        Finish();
      }
    }
  }

  // Hands on what is left; to be called at the end.
  void Finish() {
    if (line_.empty()) return;
    sink_(filter_(std::exchange(line_, std::string())));
  }

 private:
  const std::function<std::string(std::string)> filter_;
  const std::function<void(absl::string_view)> sink_;
  std::string line_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_LINE_FILTER_H_
