#include "sandbox/opcon/log_content.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::opcon {
namespace {

constexpr absl::string_view kLine = "line 000000000 of the job log\r\n";
constexpr std::size_t kFirstDigit = 5;
constexpr std::size_t kLastDigit = 13;

// The longest beginning of `text` of at most `size` bytes that ends between two
// characters.
absl::string_view WholeCharacters(absl::string_view text, std::size_t size) {
  if (size >= text.size()) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

std::string AsIs(const std::string& text) { return text; }

std::string Escaped(const std::string& text) {
  const std::string quoted = DumpJson(text);
  return quoted.substr(1, quoted.size() - 2);
}

// Adds `pattern`, or numbered lines, until `size` bytes of it, as `write` has
// them, have been added. There are millions of lines: each is one append.
void AppendRepeated(const std::string& pattern, std::size_t size,
                    std::string (*write)(const std::string&),
                    std::string* out) {
  std::string raw = pattern.empty() ? std::string(kLine) : pattern;
  std::string written = write(raw);
  const auto count = [&](std::string& line) {
    std::size_t at = kLastDigit;
    for (; at >= kFirstDigit && line[at] == '9'; --at) line[at] = '0';
    ++line[at];
  };
  out->reserve(out->size() + size + size / 8);
  for (; size > 0; size -= std::min(size, raw.size())) {
    if (pattern.empty()) {  // its digits are where they were
      count(raw);
      count(written);
    }
    if (raw.size() <= size) {
      *out += written;
      continue;
    }
    const absl::string_view whole = WholeCharacters(raw, size);
    *out += write(std::string(whole));
    out->append(size - whole.size(), '.');
  }
}

}  // namespace

LogContent::LogContent(std::string text)
    : text_(std::make_shared<const std::string>(std::move(text))),
      size_(text_->size()) {}

LogContent LogContent::Repeated(std::string pattern, std::size_t size) {
  LogContent content(std::move(pattern));
  content.size_ = size;
  content.repeated_ = true;
  return content;
}

std::string LogContent::ToString() const {
  if (!repeated_) return *text_;
  std::string result;
  AppendRepeated(*text_, size_, AsIs, &result);
  return result;
}

void LogContent::AppendAsJson(std::string* out) const {
  out->push_back('"');
  if (repeated_) {
    AppendRepeated(*text_, size_, Escaped, out);
  } else {
    *out += Escaped(*text_);
  }
  out->push_back('"');
}

}  // namespace opcon_snow::sandbox::opcon
