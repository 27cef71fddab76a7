#include "cli/verdict.h"

#include <string>

#include "absl/status/status.h"
#include "cli/exit_code.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  absl::StatusCode code;
  Verdict verdict;
  int exit_code;
};

class EveryCode : public ::testing::TestWithParam<Case> {};

TEST_P(EveryCode, MeansSomething) {
  // As the service makes errors, with details.
  const absl::Status status = GetParam().code == absl::StatusCode::kOk
                                  ? absl::OkStatus()
                                  : MakeError(GetParam().code, "why");
  EXPECT_EQ(Judge(status), GetParam().verdict);
  EXPECT_EQ(ExitCodeFor(status), GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    AllOfThem, EveryCode,
    ::testing::Values(
        Case{absl::StatusCode::kOk, Verdict::kDelivered, kExitOk},
        Case{absl::StatusCode::kCancelled, Verdict::kLater, kExitTryLater},
        Case{absl::StatusCode::kUnknown, Verdict::kLater, kExitUnavailable},
        Case{absl::StatusCode::kInvalidArgument, Verdict::kRefused, kExitData},
        Case{absl::StatusCode::kDeadlineExceeded, Verdict::kLater,
             kExitTryLater},
        Case{absl::StatusCode::kNotFound, Verdict::kRefused, kExitData},
        Case{absl::StatusCode::kAlreadyExists, Verdict::kRefused, kExitData},
        Case{absl::StatusCode::kPermissionDenied, Verdict::kDenied,
             kExitDenied},
        Case{absl::StatusCode::kUnauthenticated, Verdict::kDenied, kExitDenied},
        Case{absl::StatusCode::kResourceExhausted, Verdict::kLater,
             kExitTryLater},
        Case{absl::StatusCode::kFailedPrecondition, Verdict::kRefused,
             kExitData},
        Case{absl::StatusCode::kAborted, Verdict::kLater, kExitTryLater},
        Case{absl::StatusCode::kOutOfRange, Verdict::kRefused, kExitData},
        Case{absl::StatusCode::kUnimplemented, Verdict::kRefused,
             kExitUnavailable},
        Case{absl::StatusCode::kInternal, Verdict::kLater, kExitUnavailable},
        Case{absl::StatusCode::kUnavailable, Verdict::kLater, kExitTryLater},
        Case{absl::StatusCode::kDataLoss, Verdict::kLater, kExitUnavailable}));

TEST(VerdictTest, WithoutDetailsTheServiceWasNotReached) {
  EXPECT_EQ(ExitCodeFor(absl::UnavailableError("refused")), kExitUnavailable);
  EXPECT_EQ(Judge(absl::UnimplementedError("")), Verdict::kMisdirected);
}

TEST(DescribeTest, SaysWhatFailedAndWhatToDo) {
  EXPECT_EQ(
      Describe(absl::UnavailableError("connection refused"), "a:1", "--server"),
      "the incident service at a:1 cannot be reached: connection "
      "refused. Check that it runs and that the address (from --server) "
      "is right; --server names another");
  EXPECT_EQ(Describe(MakeError(absl::StatusCode::kInvalidArgument, "wrong",
                               {.violations = {{"event.kind", "unknown"}}}),
                     "a:1", "--server"),
            "the incident service at a:1 answers INVALID_ARGUMENT: wrong; "
            "event.kind: unknown");
  EXPECT_EQ(Describe(absl::DeadlineExceededError("late"), "a:1", "x"),
            "calling the incident service at a:1 failed with "
            "DEADLINE_EXCEEDED: late. Look after the service, or allow more "
            "time with --timeout");
}

TEST(DescribeTest, SaysWhichCertificateToLookAt) {
  const auto told = [](const char* message) {
    return Describe(absl::UnavailableError(message), "a:1", "--server");
  };
  EXPECT_THAT(told("last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: "
                   "error:0A000086:SSL routines::certificate verify failed"),
              HasSubstr("ca_file names the authority"));
  EXPECT_THAT(told("Custom verification check failed with error: "
                   "UNAUTHENTICATED: Hostname Verification Check failed."),
              HasSubstr("subject alternative names"));
  EXPECT_THAT(told("Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL "
                   "routines::wrong version number"),
              HasSubstr("does not speak TLS"));
}

TEST(DescribeTest, SaysNothingTwice) {
  EXPECT_EQ(ReasonOf(MakeError(absl::StatusCode::kInvalidArgument,
                               "event.kind is unknown",
                               {.violations = {{"event.kind", "is unknown"}}})),
            "INVALID_ARGUMENT: event.kind is unknown");
}

TEST(DescribeTest, LetsNoControlCharacterThrough) {
  const std::string text =
      Describe(MakeError(absl::StatusCode::kNotFound, "\x1b[2J",
                         {.violations = {{"\x1b", "\x1b"}}}),
               "a:1", "x");
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace opcon_snow::cli
