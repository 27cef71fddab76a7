#include "sandbox/opcon/log_content.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// The longest beginning of `text` of at most `size` bytes that ends between two
// characters.
absl::string_view WholeCharacters(absl::string_view text, std::size_t size) {
  if (size >= text.size()) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
    --size;
  }
  return text.substr(0, size);
}

bool IsPlain(char c) {
  return (c >= ' ' && c <= '~' && c != '"' && c != '\\') || c == '\r' ||
         c == '\n';
}

void AppendEscaped(absl::string_view text, std::string* out) {
  // Most lines are plain, and there are millions of them.
  if (!std::all_of(text.begin(), text.end(), IsPlain)) {
    const std::string quoted = DumpJson(std::string(text));
    out->append(quoted, 1, quoted.size() - 2);
    return;
  }
  for (const char c : text) {
    if (c >= ' ') {
      out->push_back(c);
    } else {
      out->append(c == '\r' ? "\\r" : "\\n");
    }
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

std::string LogContent::Piece(std::size_t n) const {
  if (!text_->empty()) return *text_;
  return absl::StrFormat("line %09d of the job log\r\n", n + 1);
}

std::string LogContent::ToString() const {
  if (!repeated_) return *text_;
  std::string result;
  result.reserve(size_);
  for (std::size_t n = 0; result.size() < size_; ++n) {
    const std::string piece = Piece(n);
    const std::size_t room = size_ - result.size();
    const absl::string_view whole = WholeCharacters(piece, room);
    result.append(whole.data(), whole.size());
    if (whole.size() < piece.size()) result.append(room - whole.size(), '.');
  }
  return result;
}

void LogContent::AppendAsJson(std::string* out) const {
  out->push_back('"');
  if (!repeated_) {
    AppendEscaped(*text_, out);
  } else {
    // Most logs have two or four bytes of line ends a line to escape.
    out->reserve(out->size() + size_ + size_ / 8);
    std::size_t left = size_;
    for (std::size_t n = 0; left > 0; ++n) {
      const std::string piece = Piece(n);
      const absl::string_view whole = WholeCharacters(piece, left);
      AppendEscaped(whole, out);
      if (whole.size() < piece.size()) {
        out->append(left - whole.size(), '.');
        break;
      }
      left -= whole.size();
    }
  }
  out->push_back('"');
}

}  // namespace opcon_snow::sandbox::opcon
