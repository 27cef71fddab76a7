#include "opcon_gateway/request_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/page_token.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

constexpr int kMaxEntries = 100;

// Protobuf has seen to it that texts are UTF-8.
std::size_t CountCharacters(absl::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

bool HasControlCharacter(absl::string_view text, bool lines) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (lines && (byte == '\n' || byte == '\r' || byte == '\t')) continue;
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080 to U+009F.
    if (byte == 0xC2 && i + 1 < text.size() &&
        static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

void CheckName(absl::string_view field, const v1::JobName& name,
               RequestCheck* check) {
  check->Date(absl::StrCat(field, ".schedule_date"), name.schedule_date());
  check->Text(absl::StrCat(field, ".schedule_name"), name.schedule_name(), 1,
              255);
  check->Text(absl::StrCat(field, ".job_name"), name.job_name(), 1, 128);
}

}  // namespace

void RequestCheck::Add(absl::string_view field, absl::string_view description) {
  violations_.push_back({std::string(field), std::string(description)});
}

void RequestCheck::Text(absl::string_view field, absl::string_view value,
                        std::size_t least, std::size_t most, bool lines) {
  const std::size_t length = CountCharacters(value);
  if (length == 0 && least > 0) {
    Add(field, "is required");
    return;
  }
  if (length < least || length > most) {
    Add(field, absl::StrCat("has ", length, " characters; ", least, " to ",
                            most, " are allowed"));
  }
  if (HasControlCharacter(value, lines)) {
    Add(field, "holds a control character");
  }
}

void RequestCheck::Positive(absl::string_view field, std::int64_t value) {
  if (value <= 0) Add(field, "is required, and positive");
}

void RequestCheck::Date(absl::string_view field,
                        const google::type::Date& date) {
  if (IsValidDate(date)) return;
  Add(field, "must be a day of the calendar, with year, month and day");
}

void RequestCheck::Texts(
    absl::string_view field,
    const google::protobuf::RepeatedPtrField<std::string>& values,
    std::size_t most) {
  if (values.size() > kMaxEntries) {
    Add(field, absl::StrCat("has ", values.size(), " entries; at most ",
                            kMaxEntries, " are allowed"));
    return;
  }
  for (int i = 0; i < values.size(); ++i) {
    Text(absl::StrCat(field, "[", i, "]"), values[i], 1, most);
  }
}

void RequestCheck::Properties(
    absl::string_view field,
    const google::protobuf::Map<std::string, std::string>& properties) {
  if (properties.size() > kMaxEntries) {
    Add(field, absl::StrCat("has ", properties.size(), " entries; at most ",
                            kMaxEntries, " are allowed"));
    return;
  }
  for (const auto& [name, value] : properties) {
    // The name is the caller's, and perhaps what is wrong with the request.
    Text(absl::StrCat(field, " (a name)"), name, 1, 255);
    Text(absl::StrCat(field, " (a value)"), value, 0, 4000, /*lines=*/true);
  }
}

void RequestCheck::Page(int page_size, const std::string& page_token,
                        const std::string& filters) {
  if (page_size < 0) Add("page_size", "must not be negative");
  if (!ReadPageToken(page_token, filters).has_value()) {
    Add("page_token",
        "is none of this list's: take next_page_token of the page before, and "
        "keep the filters");
  }
}

void RequestCheck::ScheduleId(absl::string_view field, const std::string& id) {
  Text(field, id, 1, 40);
  if (!id.empty() && !IsDailyScheduleId(id)) {
    Add(field, "must have the form YYYYMMDD|scheduleId|scheduleInstance");
  }
}

void RequestCheck::Selector(absl::string_view field,
                            const v1::JobSelector& selector, bool present) {
  if (!present) {
    Add(field, "is required");
    return;
  }
  switch (selector.selector_case()) {
    case v1::JobSelector::kId: {
      const std::string path = absl::StrCat(field, ".id");
      // Date, two numbers of up to ten digits, three bars, the name.
      Text(path, selector.id(), 1, 160);
      if (!selector.id().empty() && !IsDailyJobId(selector.id())) {
        Add(path,
            "must have the form YYYYMMDD|scheduleId|scheduleInstance|jobName");
      }
      return;
    }
    case v1::JobSelector::kUid:
      Positive(absl::StrCat(field, ".uid"), selector.uid());
      return;
    case v1::JobSelector::kName:
      CheckName(absl::StrCat(field, ".name"), selector.name(), this);
      return;
    case v1::JobSelector::kJobNumber:
      Positive(absl::StrCat(field, ".job_number"), selector.job_number());
      return;
    case v1::JobSelector::SELECTOR_NOT_SET:
      Add(field, "names no job: give id, uid, name or job_number");
      return;
  }
}

absl::Status RequestCheck::Finish() const {
  if (violations_.empty()) return absl::OkStatus();
  std::string message = "the request is not acceptable:";
  for (const FieldViolation& violation : violations_) {
    absl::StrAppend(&message, " ", violation.field, " ", violation.description,
                    ".");
  }
  ErrorDetails details;
  details.violations = violations_;
  return OpConError(absl::StatusCode::kInvalidArgument,
                    v1::ERROR_REASON_INVALID_REQUEST, message,
                    std::move(details));
}

}  // namespace opcon_snow::opcon
