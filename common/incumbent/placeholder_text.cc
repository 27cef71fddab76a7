#include "common/incumbent/placeholder_text.h"

#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace opcon_snow::incumbent {
namespace {

struct Delimiters {
  const char* open;
  const char* close;
};
// Braces unless the text has them.
constexpr std::array kDelimiters = {
    Delimiters{"{{", "}}"}, Delimiters{"<%", "%>"}, Delimiters{"(%", "%)"},
    Delimiters{"[%", "%]"}, Delimiters{"<~", "~>"}, Delimiters{"(~", "~)"}};

const Delimiters& Unused(absl::string_view text) {
  for (const Delimiters& delimiters : kDelimiters) {
    if (!absl::StrContains(text, delimiters.open)) return delimiters;
  }
  return kDelimiters.back();
}

class Writer {
 public:
  explicit Writer(const Delimiters& delimiters) : d_(delimiters) {
    if (&d_ != &kDelimiters.front()) {
      absl::StrAppend(&out_, "{{=", d_.open, " ", d_.close, "=}}");
    }
  }
  void Text(absl::string_view text) { out_.append(text.data(), text.size()); }
  void Tag(absl::string_view tag) {
    absl::StrAppend(&out_, d_.open, tag, d_.close);
  }
  std::string Take() { return std::move(out_); }

 private:
  const Delimiters& d_;
  std::string out_;
};

// False if there is no such placeholder.
bool Write(int number, Writer* writer) {
  switch (number) {
    case 0:
      writer->Tag("schedule");
      return true;
    case 1:
      writer->Tag("job");
      return true;
    case 2:
      writer->Tag("machine");
      return true;
    case 3:
      writer->Tag("termination");
      return true;
    case 4:
      // As in 31-12-2019 13:13.
      writer->Tag("day");
      writer->Text("-");
      writer->Tag("month");
      writer->Text("-");
      writer->Tag("year");
      writer->Text(" ");
      writer->Tag("hour");
      writer->Text(":");
      writer->Tag("minute");
      return true;
    case 5:
      // Old versions of OpCon have no unique id.
      writer->Tag("#unique_job_id");
      writer->Tag("unique_job_id");
      writer->Tag("/unique_job_id");
      writer->Tag("^unique_job_id");
      writer->Tag("job_id");
      writer->Tag("/unique_job_id");
      return true;
    default:
      return false;
  }
}

// The number of the placeholder at the beginning of the text, and its length;
// -1 if there is none.
int PlaceholderAt(absl::string_view text, std::size_t* length) {
  if (text.size() < 3 || text[0] != '{') return -1;
  int number = 0;
  std::size_t i = 1;
  while (i < text.size() && i < 5 &&
         absl::ascii_isdigit(static_cast<unsigned char>(text[i]))) {
    number = number * 10 + (text[i++] - '0');
  }
  if (i == 1 || i >= text.size() || text[i] != '}') return -1;
  *length = i + 1;
  return number;
}

}  // namespace

std::string MustacheFrom(absl::string_view text, Place place,
                         const std::string& field, Remarks* remarks) {
  Writer writer(Unused(text));
  while (!text.empty()) {
    std::size_t length = 0;
    const int number = PlaceholderAt(text, &length);
    if (number >= 0 && Write(number, &writer)) {
      text.remove_prefix(length);
      continue;
    }
    if (number >= 0) {
      remarks->Warn(place, field,
                    absl::StrCat("{", number,
                                 "} is no placeholder and stays "
                                 "as it is"),
                    "known are {0} schedule, {1} job, {2} server, {3} error "
                    "code, {4} date, {5} unique job id");
    }
    writer.Text(text.substr(0, 1));
    text.remove_prefix(1);
  }
  return writer.Take();
}

std::string Literally(absl::string_view text) {
  Writer writer(Unused(text));
  writer.Text(text);
  return writer.Take();
}

}  // namespace opcon_snow::incumbent
