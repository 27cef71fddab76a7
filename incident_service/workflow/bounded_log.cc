#include "incident_service/workflow/bounded_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace opcon_snow::incident {
namespace {

bool ContinuesCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Without a UTF-8 character that the cut went through.
absl::string_view WholeCharactersAtEnd(absl::string_view text) {
  std::size_t start = text.size();
  while (start > 0 && text.size() - start < 3 &&
         ContinuesCharacter(text[start - 1])) {
    --start;
  }
  if (start == 0) return text;
  const auto lead = static_cast<unsigned char>(text[start - 1]);
  const std::size_t length = lead >= 0xF0   ? 4
                             : lead >= 0xE0 ? 3
                             : lead >= 0xC0 ? 2
                                            : 1;
  const bool whole = text.size() - (start - 1) >= length;
  return whole ? text : text.substr(0, start - 1);
}

absl::string_view WholeCharactersAtBegin(absl::string_view text) {
  std::size_t skip = 0;
  while (skip < text.size() && skip < 3 && ContinuesCharacter(text[skip])) {
    ++skip;
  }
  return text.substr(skip);
}

}  // namespace

BoundedLog::BoundedLog(std::size_t max_bytes)
    : head_limit_(std::max<std::size_t>(max_bytes / 2, 1)),
      tail_limit_(std::max<std::size_t>(max_bytes - max_bytes / 2, 1)) {}

BoundedLog::BoundedLog(std::size_t head_bytes, std::size_t tail_bytes)
    : head_limit_(std::max<std::size_t>(head_bytes, 1)),
      tail_limit_(std::max<std::size_t>(tail_bytes, 1)) {}

void BoundedLog::Append(absl::string_view chunk) {
  const std::size_t to_head =
      std::min(chunk.size(), head_limit_ - head_.size());
  head_.append(chunk.data(), to_head);
  chunk.remove_prefix(to_head);
  const std::size_t to_fill =
      std::min(chunk.size(), tail_limit_ - tail_.size());
  tail_.append(chunk.data(), to_fill);
  chunk.remove_prefix(to_fill);
  dropped_ += chunk.size();
  // Of a chunk larger than the ring only the last bytes can stay.
  if (chunk.size() > tail_limit_) {
    chunk.remove_prefix(chunk.size() - tail_limit_);
  }
  while (!chunk.empty()) {
    const std::size_t run = std::min(chunk.size(), tail_limit_ - tail_begin_);
    std::copy_n(chunk.data(), run,
                tail_.begin() + static_cast<std::ptrdiff_t>(tail_begin_));
    tail_begin_ = (tail_begin_ + run) % tail_limit_;
    chunk.remove_prefix(run);
  }
}

std::string BoundedLog::Take() const {
  if (!cut()) return head_ + tail_;
  const std::string tail =
      tail_.substr(tail_begin_) + tail_.substr(0, tail_begin_);
  return absl::StrCat(WholeCharactersAtEnd(head_), "\n[... ", dropped_,
                      " bytes left out ...]\n", WholeCharactersAtBegin(tail));
}

}  // namespace opcon_snow::incident
