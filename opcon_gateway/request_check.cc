#include "opcon_gateway/request_check.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "opcon_gateway/job_selector.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

namespace v1 = ::opcon::v1;

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
  if (!IsValidDate(name.schedule_date())) {
    check->Add(absl::StrCat(field, ".schedule_date"),
               "must be a day of the calendar, with year, month and day");
  }
  check->Text(absl::StrCat(field, ".schedule_name"), name.schedule_name(), 1,
              255);
  check->Text(absl::StrCat(field, ".job_name"), name.job_name(), 1, 128);
}

void CheckUrl(absl::string_view field, absl::string_view url,
              RequestCheck* check) {
  if (url.empty()) return;
  check->Text(field, url, 1, 2000);
  if (!absl::StartsWithIgnoreCase(url, "https://") &&
      !absl::StartsWithIgnoreCase(url, "http://")) {
    check->Add(field, "must begin with https:// or http://");
  }
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

absl::Status Check(const v1::GetDailyJobRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::GetIncidentTicketsRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::SetIncidentTicketRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  check.Text("ticket_id", request.ticket_id(), 1, 255);
  CheckUrl("ticket_url", request.ticket_url(), &check);
  check.Text("replaced_ticket_id", request.replaced_ticket_id(), 0, 255);
  return check.Finish();
}

absl::Status Check(const v1::GetDocumentationRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  return check.Finish();
}

absl::Status Check(const v1::AppendDocumentationRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  check.Text("text", request.text(), 1, 4000, /*lines=*/true);
  check.Text("marker", request.marker(), 8, 200);
  if (!absl::StrContains(request.text(), request.marker())) {
    check.Add("marker", "must be a piece of text");
  }
  return check.Finish();
}

absl::Status Check(const v1::ListJobLogsRequest& request) {
  RequestCheck check;
  check.Positive("job_number", request.job_number());
  return check.Finish();
}

absl::Status Check(const v1::ReadJobLogRequest& request) {
  RequestCheck check;
  check.Positive("job_number", request.job_number());
  check.Text("path", request.path(), 0, 4096);
  return check.Finish();
}

absl::Status Check(const v1::SubmitJobActionRequest& request) {
  RequestCheck check;
  check.Selector("job", request.job(), request.has_job());
  if (request.kind() == v1::JOB_ACTION_KIND_UNSPECIFIED ||
      !v1::JobActionKind_IsValid(request.kind())) {
    check.Add("kind", "must be one of the actions this version knows");
  }
  check.Text("reason", request.reason(), 1, 255);
  if (request.expected_job_number() < 0) {
    check.Add("expected_job_number", "must not be negative");
  }
  for (const int category : request.allowed_from_categories()) {
    if (category == v1::JOB_CATEGORY_UNSPECIFIED ||
        !v1::JobCategory_IsValid(category)) {
      check.Add("allowed_from_categories",
                "holds a category that this version does not know");
      break;
    }
  }
  return check.Finish();
}

absl::Status Check(const v1::GetJobActionRequest& request) {
  RequestCheck check;
  check.Positive("action_id", request.action_id());
  return check.Finish();
}

}  // namespace opcon_snow::opcon
