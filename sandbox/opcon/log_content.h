#ifndef OPCON_SNOW_SANDBOX_OPCON_LOG_CONTENT_H_
#define OPCON_SNOW_SANDBOX_OPCON_LOG_CONTENT_H_

// The text of a job log: given, or generated from a short text and a size, so
// that a hundred logs of 50 MiB cost nothing until one of them is read.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::opcon {

// An immutable value; copies share the text. The same content is the same text
// every time.
class LogContent {
 public:
  LogContent() : LogContent("") {}
  LogContent(std::string text);  // NOLINT(google-explicit-constructor)
  LogContent(const char* text) : LogContent(std::string(text)) {}  // NOLINT

  // `pattern` repeated and cut to exactly `size` bytes, never inside a
  // character: what is left of one is filled with dots. With an empty pattern:
  // numbered lines, so that a reader can tell which part of a log it has.
  static LogContent Repeated(std::string pattern, std::size_t size);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The text, or the pattern if it is a repeated one.
  const std::string& text() const { return *text_; }
  bool repeated() const { return repeated_; }

  std::string ToString() const;

  // Adds the text as a JSON string, in quotation marks. Bytes that are not
  // UTF-8 become U+FFFD, as DumpJson has it. A repeated text is never in memory
  // on its own.
  void AppendAsJson(std::string* out) const;

 private:
  std::shared_ptr<const std::string> text_;
  std::size_t size_ = 0;
  bool repeated_ = false;
};

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_LOG_CONTENT_H_
