#include "incident_service/service/request_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"

namespace opcon_snow::incident {
namespace {

int Characters(absl::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool HasControl(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

}  // namespace

void RequestCheck::Add(absl::string_view field, absl::string_view problem) {
  violations_.push_back({std::string(field), std::string(problem)});
}

void RequestCheck::Text(absl::string_view field, absl::string_view value,
                        int least, int most) {
  const int length = Characters(value);
  if (length < least || length > most) {
    Add(field, length == 0
                   ? absl::StrCat("is required, at most ", most, " characters")
                   : absl::StrCat("has ", length, " characters; must have ",
                                  least, " to ", most));
  }
  if (HasControl(value)) {
    Add(field, "contains a control character, such as a line break");
  }
}

void RequestCheck::RequestId(absl::string_view field, absl::string_view value) {
  const bool letters = std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_';
  });
  if (!letters || value.size() < 8 || value.size() > 64) {
    Add(field,
        "must have 8 to 64 letters, digits, - and _; a random UUID is "
        "good");
  }
}

void RequestCheck::Date(absl::string_view field,
                        const ::google::type::Date& date) {
  const absl::CivilDay day(date.year(), date.month(), date.day());
  const bool real = date.year() >= 1900 && date.year() <= 9999 &&
                    day.month() == date.month() && day.day() == date.day();
  if (!real) {
    Add(field, absl::StrCat(date.year(), "-", date.month(), "-", date.day(),
                            " is not a day of the calendar"));
  }
}

void RequestCheck::JobKey(absl::string_view field,
                          const ::incident::v1::JobKey& key) {
  const auto at = [&](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  Text(at("opcon"), key.opcon(), 0, 63);
  Date(at("schedule_date"), key.schedule_date());
  if (key.schedule_id() < 1) Add(at("schedule_id"), "must be 1 or more");
  if (key.schedule_instance() < 1) {
    Add(at("schedule_instance"), "must be 1 or more");
  }
  Text(at("job_name"), key.job_name(), 1, 128);
  if (key.job_name().find('|') != std::string::npos) {
    Add(at("job_name"), "contains |, which separates the parts of a job id");
  }
}

absl::Status RequestCheck::Result() const {
  if (violations_.empty()) return absl::OkStatus();
  const std::string message = absl::StrJoin(
      violations_, "; ", [](std::string* out, const FieldViolation& v) {
        absl::StrAppend(out, v.field, " ", v.description);
      });
  return MakeError(absl::StatusCode::kInvalidArgument, message,
                   {.reason = "INVALID_REQUEST",
                    .domain = "incident-service",
                    .violations = violations_});
}

}  // namespace opcon_snow::incident
