#include "cli/event_kind.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::EventKind;

struct Name {
  absl::string_view name;
  EventKind kind;
};

constexpr std::array kNames = {
    Name{"job_failed", ::incident::v1::EVENT_KIND_JOB_FAILED},
    Name{"marked_failed", ::incident::v1::EVENT_KIND_MARKED_FAILED},
    Name{"initialization_error",
         ::incident::v1::EVENT_KIND_INITIALIZATION_ERROR},
    Name{"prerun_failed", ::incident::v1::EVENT_KIND_PRERUN_FAILED},
    Name{"missed_start_time", ::incident::v1::EVENT_KIND_MISSED_START_TIME},
    Name{"exceeded_max_runtime",
         ::incident::v1::EVENT_KIND_EXCEEDED_MAX_RUNTIME},
    Name{"late_to_start", ::incident::v1::EVENT_KIND_LATE_TO_START},
    Name{"late_to_finish", ::incident::v1::EVENT_KIND_LATE_TO_FINISH},
    Name{"wait_machine", ::incident::v1::EVENT_KIND_WAIT_MACHINE},
    Name{"still_attempting_to_start",
         ::incident::v1::EVENT_KIND_STILL_ATTEMPTING_TO_START},
    Name{"to_be_killed", ::incident::v1::EVENT_KIND_TO_BE_KILLED},
    Name{"cancelled", ::incident::v1::EVENT_KIND_CANCELLED},
    Name{"recovered", ::incident::v1::EVENT_KIND_RECOVERED},
};

// Notification Manager's names of triggers that differ from ours, without the
// word "Job" that each begins with.
constexpr std::array kOtherNames = {
    Name{"failed", ::incident::v1::EVENT_KIND_JOB_FAILED},
    Name{"finished_ok", ::incident::v1::EVENT_KIND_RECOVERED},
    Name{"marked_finished_ok", ::incident::v1::EVENT_KIND_RECOVERED},
    Name{"fixed", ::incident::v1::EVENT_KIND_RECOVERED},
    Name{"skipped", ::incident::v1::EVENT_KIND_RECOVERED},
};

}  // namespace

std::optional<EventKind> ParseEventKind(absl::string_view name) {
  std::string plain = absl::AsciiStrToLower(name);
  for (char& c : plain) {
    if (c == '-' || c == ' ') c = '_';
  }
  for (const Name& known : kNames) {
    if (plain == known.name) return known.kind;
  }
  absl::string_view without_job = plain;
  absl::ConsumePrefix(&without_job, "job_");
  for (const Name& known : kNames) {
    if (without_job == known.name) return known.kind;
  }
  for (const Name& known : kOtherNames) {
    if (without_job == known.name) return known.kind;
  }
  return std::nullopt;
}

std::string EventKindName(EventKind kind) {
  for (const Name& known : kNames) {
    if (kind == known.kind) return std::string(known.name);
  }
  if (kind == ::incident::v1::EVENT_KIND_UNSPECIFIED) return "unspecified";
  return absl::StrCat("kind ", static_cast<int>(kind));
}

std::string EventKindNames() {
  std::string names;
  for (const Name& known : kNames) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", known.name);
  }
  return names;
}

}  // namespace opcon_snow::cli
