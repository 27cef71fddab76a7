// Whatever the arguments are: what is reported stood in them, and what is not
// understood is kept whole.

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/report_arguments.h"
#include "cli/report_request.h"
#include "cli/text.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace opcon_snow::cli {
namespace {

using Arguments = std::vector<std::string>;

// Pieces that reach further than random bytes.
rc::Gen<std::string> Piece() {
  return rc::gen::element<std::string>(
      "-a", "-s", "-jn", "-e", "-sd", "-si", "-sn", "-t", "--machine",
      "--schedule", "--job", "--termination", "--schedule-date",
      "--schedule-id", "--schedule-instance", "--template", "--kind", "--opcon",
      "--notification-id", "--job-number", "--wait", "--dry-run", "--server",
      "--job=", "--job=X Y", "--wait=1", "--unknown", "-x", "\u2013jn", "", " ",
      "N/A", "[[$JOB NAME]]", "{{x}}", "2026-01-05", "20260106", "03/04/2026",
      "05-Jan-2026", "16", "1", "0", "007", "-1", "JOB001", "JOB",
      "Payroll [Sub]", "'quoted'", "\"", "--", "-", "=", "\t", "\n", "\xff",
      "\xc3\xa4", "\x1b[0m", "a|b", "recovered", "job_failed");
}

rc::Gen<Arguments> AnyArguments() {
  return rc::gen::container<Arguments>(rc::gen::oneOf(
      Piece(), Piece(), Piece(),
      rc::gen::container<std::string>(rc::gen::nonZero<char>())));
}

// As it stands in a report: words with single blanks between them.
std::string Normal(const std::string& text) {
  return absl::StrJoin(
      absl::StrSplit(WithoutControlCharacters(text), ' ', absl::SkipEmpty()),
      " ");
}

void OccurredIn(const Arguments& arguments, const std::string& value) {
  const std::string all = Normal(absl::StrJoin(arguments, " "));
  RC_ASSERT(absl::StrContains(all, Normal(value)));
}

void EventOccurredIn(const Arguments& arguments, const ReportArguments& read) {
  const auto& event = *read.event;
  OccurredIn(arguments, event.job_key().job_name());
  OccurredIn(arguments, event.job_key().opcon());
  OccurredIn(arguments, event.schedule_name());
  OccurredIn(arguments, event.machine());
  OccurredIn(arguments, event.termination());
  OccurredIn(arguments, event.notification_id());
  OccurredIn(arguments, read.template_name);
  OccurredIn(arguments, std::to_string(event.job_key().schedule_id()));
  OccurredIn(arguments, std::to_string(event.job_key().schedule_instance()));
  OccurredIn(arguments, std::to_string(event.job_key().schedule_date().year()));
  RC_ASSERT(!event.job_key().job_name().empty());
  RC_ASSERT(event.job_key().schedule_id() > 0);
  RC_ASSERT(event.job_key().schedule_instance() > 0);
}

void RejectionKeeps(const Arguments& arguments,
                    const ::incident::v1::RejectedCommandLine& rejected) {
  RC_ASSERT(!rejected.problem().empty());
  if (rejected.truncated()) return;
  RC_ASSERT(static_cast<std::size_t>(rejected.arguments_size()) ==
            arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    RC_ASSERT(rejected.arguments(static_cast<int>(i)) ==
              WithoutControlCharacters(arguments[i]));
  }
}

void Check(const Arguments& arguments) {
  const ReportArguments read =
      ReadReportArguments(arguments, ReportCommand::kReport);
  RC_ASSERT(read.event.has_value() == read.problems.empty());
  if (read.event) {
    EventOccurredIn(arguments, read);
  } else {
    const auto request = MakeRejectedRequest(
        arguments, read.problems, {"00000000", "host", absl::UnixEpoch()});
    RejectionKeeps(arguments, request.rejected());
    RC_ASSERT(request.ByteSizeLong() <= kMaxRequestBytes);
    // Protobuf strings that are not UTF-8 cannot be sent.
    for (const std::string& argument : request.rejected().arguments()) {
      RC_ASSERT(IsValidUtf8(argument));
    }
    RC_ASSERT(IsValidUtf8(request.rejected().problem()));
  }
}

RC_GTEST_PROP(ReportProperty, AnyArgumentsAreReportedOrKept, ()) {
  Check(*AnyArguments());
}

// Random arguments are seldom a whole report; these often are.
RC_GTEST_PROP(ReportProperty, ArgumentsAroundAReportAreReportedOrKept, ()) {
  Arguments arguments = *rc::gen::resize(6, AnyArguments());
  const Arguments key = {"-jn", "JOB 1", "-sd", "2026-01-05",
                         "-si", "16",    "-sn", "1"};
  const auto at = *rc::gen::inRange<std::size_t>(0, arguments.size() + 1);
  arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(at),
                   key.begin(), key.end());
  RC_CLASSIFY(
      ReadReportArguments(arguments, ReportCommand::kReport).event.has_value());
  Check(arguments);
}

// Names with blanks come out the same with quotes and without.
RC_GTEST_PROP(ReportProperty, BlanksMayGoWithoutQuotes, ()) {
  const auto words = *rc::gen::suchThat(
      rc::gen::container<Arguments>(rc::gen::element<std::string>(
          "JOB", "001", "x-y", "-", "A[B]", "$0001", "_", "+1", "7")),
      [](const Arguments& w) { return !w.empty() && w.size() < 20; });
  Arguments quoted = {"-sd", "2026-01-05", "-si", "16", "-sn", "1", "-jn"};
  Arguments unquoted = quoted;
  quoted.push_back(absl::StrJoin(words, " "));
  unquoted.insert(unquoted.end(), words.begin(), words.end());
  const auto a = ReadReportArguments(quoted, ReportCommand::kReport);
  const auto b = ReadReportArguments(unquoted, ReportCommand::kReport);
  RC_ASSERT(a.event.has_value());
  RC_ASSERT(b.event.has_value());
  RC_ASSERT(a.event->SerializeAsString() == b.event->SerializeAsString());
}

// The limits of incident.v1 hold for what is very long, too.
RC_GTEST_PROP(ReportProperty, LongCommandLinesAreCut, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(0, 700);
  const auto size = *rc::gen::inRange<std::size_t>(0, 600);
  const Arguments arguments(count, std::string(size, '\xff'));
  const auto rejected =
      MakeRejectedRequest(arguments, {{64, "wrong"}},
                          {"00000000", "host", absl::UnixEpoch()})
          .rejected();
  std::size_t bytes = 0;
  for (const std::string& argument : rejected.arguments()) {
    bytes += argument.size();
    RC_ASSERT(IsValidUtf8(argument));
  }
  RC_ASSERT(bytes <= std::size_t{16} << 10);
  RC_ASSERT(rejected.arguments_size() <= 500);
  const bool fits = count <= 500 && count * size * 3 <= std::size_t{16} << 10;
  RC_ASSERT(rejected.truncated() == !fits);
}

TEST(MakeUuidTest, IsARandomUuidOfVersionFour) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.fill(0xFF);
  EXPECT_EQ(MakeUuid(bytes), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  bytes.fill(0);
  EXPECT_EQ(MakeUuid(bytes), "00000000-0000-4000-8000-000000000000");
}

}  // namespace
}  // namespace opcon_snow::cli
