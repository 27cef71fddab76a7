#ifndef OPCON_SNOW_CLI_CONSOLE_H_
#define OPCON_SNOW_CLI_CONSOLE_H_

// Standard output and standard error.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::cli {

// Collects what is written until it is told to pass it on: whoever reads
// standard error may be slow or gone, and a report must not wait for that.
class Console {
 public:
  virtual ~Console() = default;

  // Text for standard output, as it is.
  void Out(absl::string_view text) { absl::StrAppend(&out_, text); }
  // A message for standard error: "incidentctl: TEXT" in a line of its own.
  void Error(absl::string_view text) {
    absl::StrAppend(&error_, "incidentctl: ", text, "\n");
  }
  void Warning(absl::string_view text) {
    Error(absl::StrCat("warning: ", text));
  }
  // Lines for standard error without a prefix.
  void ErrorText(absl::string_view text) { absl::StrAppend(&error_, text); }

  // Writes what was collected, standard error first.
  void Flush() {
    WriteError(error_);
    WriteOut(out_);
    error_.clear();
    out_.clear();
  }

  // Columns of the terminal that standard output is; 0 if it is none.
  virtual int Width() const = 0;
  // Whether it is a terminal whose lines can be replaced.
  virtual bool CanReplaceLines() const = 0;

 protected:
  virtual void WriteOut(absl::string_view text) = 0;
  virtual void WriteError(absl::string_view text) = 0;

 private:
  std::string out_;
  std::string error_;
};

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_CONSOLE_H_
