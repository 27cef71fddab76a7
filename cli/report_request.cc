#include "cli/report_request.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "cli/text.h"
#include "cli/version.h"
#include "common/status/utf8.h"
#include "google/protobuf/timestamp.pb.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::ReportJobEventRequest;

// Limits of incident.v1.
constexpr std::size_t kMaxArguments = 500;
constexpr std::size_t kMaxArgumentBytes = std::size_t{16} << 10;
constexpr std::size_t kMaxHostBytes = 255;
// Ours: enough to read, and never a reason to refuse the report.
constexpr std::size_t kMaxProblemBytes = 4000;

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const std::int64_t nanos = absl::ToUnixNanos(time);
  timestamp->set_seconds(nanos / 1'000'000'000);
  timestamp->set_nanos(static_cast<std::int32_t>(nanos % 1'000'000'000));
}

ReportJobEventRequest MakeRequest(const Reporter& reporter) {
  ReportJobEventRequest request;
  request.set_request_id(reporter.request_id);
  request.mutable_source()->set_program(kProgram);
  request.mutable_source()->set_version(kVersion);
  request.mutable_source()->set_host(
      ToValidUtf8(WithoutControlCharacters(reporter.host), kMaxHostBytes));
  return request;
}

}  // namespace

std::string MakeUuid(std::array<std::uint8_t, 16> random) {
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0FU) | 0x40U);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3FU) | 0x80U);
  const std::string hex = absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(random.data()), random.size()));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

ReportJobEventRequest MakeEventRequest(const ::incident::v1::JobEvent& event,
                                       const std::string& template_name,
                                       const Reporter& reporter) {
  ReportJobEventRequest request = MakeRequest(reporter);
  *request.mutable_event() = event;
  SetTime(reporter.now, request.mutable_event()->mutable_occurred_time());
  request.set_template_(template_name);
  return request;
}

ReportJobEventRequest MakeRejectedRequest(
    const std::vector<std::string>& arguments,
    const std::vector<Problem>& problems, const Reporter& reporter) {
  ReportJobEventRequest request = MakeRequest(reporter);
  ::incident::v1::RejectedCommandLine& rejected = *request.mutable_rejected();
  std::size_t room = kMaxArgumentBytes;
  for (const std::string& argument : arguments) {
    const std::string clean = WithoutControlCharacters(argument);
    if (clean.size() > room ||
        rejected.arguments_size() == static_cast<int>(kMaxArguments)) {
      rejected.set_truncated(true);
      if (rejected.arguments_size() < static_cast<int>(kMaxArguments)) {
        rejected.add_arguments(ToValidUtf8(clean, room));
      }
      break;
    }
    rejected.add_arguments(clean);
    room -= clean.size();
  }
  std::string text;
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", problem.text);
  }
  rejected.set_problem(
      ToValidUtf8(WithoutControlCharacters(text), kMaxProblemBytes));
  SetTime(reporter.now, rejected.mutable_occurred_time());
  return request;
}

}  // namespace opcon_snow::cli
