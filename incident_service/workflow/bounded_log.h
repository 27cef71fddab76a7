#ifndef OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_BOUNDED_LOG_H_
#define OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_BOUNDED_LOG_H_

// A job log within a size: whole if it fits, else its head and its tail with a
// line between them that says what is missing. Errors stand at the end of a
// log and their cause often at its beginning.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::incident {

class BoundedLog {
 public:
  // Holds at most `max_bytes` and the line between; at least 2.
  explicit BoundedLog(std::size_t max_bytes);
  // The same with the most of the head and of the tail, each at least 1. A log
  // that fits into both together is whole.
  BoundedLog(std::size_t head_bytes, std::size_t tail_bytes);

  void Append(absl::string_view chunk);
  // The log so far.
  std::string Take() const;
  bool cut() const { return dropped_ > 0; }

 private:
  const std::size_t head_limit_;
  const std::size_t tail_limit_;
  std::string head_;
  // A ring once it is full; `tail_begin_` is its oldest byte.
  std::string tail_;
  std::size_t tail_begin_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_WORKFLOW_BOUNDED_LOG_H_
