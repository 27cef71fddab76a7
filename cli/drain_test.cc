#include "cli/drain.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/platform.h"
#include "cli/testing/faulty_files.h"
#include "cli/trace_metadata.h"
#include "common/clock/fake_clock.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::incident::v1::ReportJobEventResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'767'600'000);

// A service that remembers what it stored, as the real one does, and refuses
// what the test says.
struct Service {
  absl::StatusOr<ReportJobEventResponse> Send(const Spool::Request& request) {
    EXPECT_TRUE(request.source().spooled());
    tried.push_back(request.request_id());
    const auto refusal = refusals.find(request.request_id());
    if (refusal != refusals.end()) return refusal->second;
    ++stored[request.request_id()];
    return ReportJobEventResponse();
  }
  SendReport sender() {
    return
        [this](const Spool::Request& request, const std::string& traceparent) {
          traceparents.push_back(traceparent);
          return Send(request);
        };
  }

  std::map<std::string, absl::Status> refusals;
  std::vector<std::string> tried;
  std::vector<std::string> traceparents;
  std::map<std::string, int> stored;
};

class DrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(::testing::TempDir(), "/", test->name());
    std::filesystem::remove_all(directory_);
    clock_.SetNow(kNow);
  }

  void Add(const std::string& id) {
    Spool::Request request;
    request.set_request_id(id);
    request.mutable_event()->mutable_job_key()->set_job_name("JOB");
    ASSERT_OK(spool().Add(request, kNow));
  }

  Spool spool(Files* files = platform::RealFiles()) const {
    return Spool({directory_, 1000}, files);
  }

  DrainResult Run(const DrainLimits& limits = {}) {
    Spool target = spool();
    return Drain(target, service_.sender(), limits, clock_);
  }

  std::string directory_;
  FakeClock clock_;
  Service service_;
};

TEST_F(DrainTest, DeliversEverything) {
  for (const std::string id : {"a", "b", "c"}) Add(id);
  const DrainResult result = Run();
  EXPECT_EQ(result.delivered, 3);
  EXPECT_EQ(result.left, 0);
  EXPECT_OK(result.service);
  EXPECT_OK(result.disk);
  EXPECT_THAT(service_.tried, ElementsAre("a", "b", "c"));
  EXPECT_THAT(spool().Waiting(), IsOkAndHolds(IsEmpty()));
}

TEST_F(DrainTest, DoesNothingWithoutASpool) {
  const DrainResult result = Run();
  EXPECT_EQ(result.delivered, 0);
  EXPECT_OK(result.disk);
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST_F(DrainTest, StopsAtItsLimits) {
  for (const std::string id : {"a", "b", "c"}) Add(id);
  DrainResult result = Run({.max_entries = 2});
  EXPECT_EQ(result.delivered, 2);
  EXPECT_EQ(result.left, 1);
  EXPECT_OK(result.service);
  result = Run({.until = clock_.SteadyNow()});
  EXPECT_EQ(result.delivered, 0);
  EXPECT_EQ(result.left, 1);
}

TEST_F(DrainTest, SetsRefusedOnesAsideAndGoesOn) {
  for (const std::string id : {"a", "b", "c"}) Add(id);
  service_.refusals["b"] =
      MakeError(absl::StatusCode::kInvalidArgument, "wrong request",
                {.reason = "INVALID_REQUEST",
                 .violations = {{"event.job_key", "has no job"}}});
  const DrainResult result = Run();
  EXPECT_EQ(result.delivered, 2);
  EXPECT_EQ(result.refused, 1);
  EXPECT_EQ(result.left, 0);
  EXPECT_OK(result.service);
  ASSERT_OK_AND_ASSIGN(const auto refused, spool().Refused());
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(spool().ReadReason(refused[0]),
            "INVALID_ARGUMENT: wrong request; event.job_key: has no job");
  // It stays there.
  EXPECT_EQ(Run().delivered, 0);
  EXPECT_THAT(spool().Refused(), IsOkAndHolds(SizeIs(1)));
}

TEST_F(DrainTest, StopsWhereTheNextWouldFareTheSame) {
  for (const absl::Status& status :
       {absl::UnavailableError("gone"), absl::DeadlineExceededError("slow"),
        absl::ResourceExhaustedError("busy"),
        absl::PermissionDeniedError("not you"),
        absl::UnauthenticatedError("who?"),
        absl::UnimplementedError("another service"),
        absl::CancelledError("told to end")}) {
    SetUp();
    service_ = {};
    for (const std::string id : {"a", "b", "c"}) Add(id);
    service_.refusals["b"] = status;
    const DrainResult result = Run();
    EXPECT_EQ(result.delivered, 1);
    EXPECT_EQ(result.left, 2);
    EXPECT_EQ(result.service, status);
    EXPECT_THAT(service_.tried, ElementsAre("a", "b"));
    EXPECT_THAT(spool().Waiting(), IsOkAndHolds(SizeIs(2)));
    EXPECT_THAT(spool().Refused(), IsOkAndHolds(IsEmpty()));
  }
}

TEST_F(DrainTest, OneThatTheServiceChokesOnHoldsUpNoOther) {
  for (const std::string id : {"a", "b", "c"}) Add(id);
  service_.refusals["a"] = absl::InternalError("fault of the service");
  const DrainResult result = Run();
  EXPECT_EQ(result.delivered, 2);
  EXPECT_EQ(result.left, 1);
  EXPECT_THAT(result.service, StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(spool().Waiting(), IsOkAndHolds(SizeIs(1)));
}

TEST_F(DrainTest, SetsAsideWhatIsNoReport) {
  Add("b");
  std::ofstream(directory_ + "/0-damaged.json") << "{\"requestId\": ";
  const DrainResult result = Run();
  EXPECT_EQ(result.delivered, 1);
  EXPECT_EQ(result.refused, 1);
  EXPECT_THAT(spool().ReadReason("0-damaged.json"), HasSubstr("DATA_LOSS"));
}

TEST_F(DrainTest, DoesNotSendWhatIsTooLong) {
  Spool::Request request;
  request.set_request_id("long");
  request.mutable_event()->set_machine(std::string(1 << 20, 'm'));
  ASSERT_OK(spool().Add(request, kNow));
  const DrainResult result = Run();
  EXPECT_EQ(result.refused, 1);
  EXPECT_THAT(service_.tried, IsEmpty());
}

TEST_F(DrainTest, TwoAtOnceDoNotBothDeliver) {
  Add("a");
  ASSERT_OK_AND_ASSIGN(const auto lock, spool().Lock());
  const DrainResult result = Run();
  EXPECT_TRUE(result.busy);
  EXPECT_THAT(service_.tried, IsEmpty());
}

TEST_F(DrainTest, KilledAtAnyStepItLosesNothing) {
  for (int step = 0; step < 8; ++step) {
    SetUp();
    service_ = {};
    for (const std::string id : {"a", "b", "c"}) Add(id);
    service_.refusals["b"] = absl::InvalidArgumentError("wrong");
    FaultyFiles files(platform::RealFiles());
    files.KillAtStep(step);
    Spool dying = spool(&files);
    Drain(dying, service_.sender(), {}, clock_);

    const DrainResult rest = Run();
    EXPECT_EQ(rest.left, 0) << step;
    // At least once each; the service knows the second time by the id.
    EXPECT_THAT(service_.stored, SizeIs(2)) << step;
    EXPECT_THAT(spool().Refused(), IsOkAndHolds(SizeIs(1))) << step;
  }
}

TEST_F(DrainTest, ADiskThatFailsIsNotTheServicesFault) {
  for (const std::string id : {"a", "b"}) Add(id);
  FaultyFiles files(platform::RealFiles());
  files.FailAtStep(0, absl::PermissionDeniedError("cannot remove"));
  Spool stubborn = spool(&files);
  const DrainResult result = Drain(stubborn, service_.sender(), {}, clock_);
  EXPECT_THAT(result.disk, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_OK(result.service);
  EXPECT_EQ(result.delivered, 0);
  EXPECT_EQ(result.left, 2);
}

constexpr char kGiven[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
constexpr char kRequestId[] = "0af76519-16cd-43dd-8448-eb211c80319c";

TEST_F(DrainTest, TheTraceThatAReportWasMadeInIsKeptWithIt) {
  Add("a");
  Spool traced({directory_, 1000, kGiven}, platform::RealFiles());
  Spool::Request request;
  request.set_request_id("b");
  request.mutable_event()->mutable_job_key()->set_job_name(
      "\", \"traceparent\": \"x");
  ASSERT_OK(traced.Add(request, kNow));
  // Delivered by a process that was started in none.
  EXPECT_EQ(Run().delivered, 2);
  EXPECT_THAT(service_.tried, ElementsAre("a", "b"));
  EXPECT_THAT(service_.traceparents, ElementsAre("", kGiven));
}

Spool::Request TracedRequest() {
  Spool::Request request;
  request.set_request_id(kRequestId);
  request.mutable_event()->mutable_occurred_time()->set_seconds(1'767'600'000);
  request.mutable_event()->mutable_occurred_time()->set_nanos(250'000'000);
  return request;
}

TEST(TraceMetadataTest, ATraceThatBeginsHereIsNamedByTheRequest) {
  EXPECT_THAT(
      TraceMetadata(TracedRequest(), ""),
      ElementsAre(Pair("opcon-snow-caller-span", "begin=1767600000250000"),
                  Pair("traceparent",
                       "00-0af7651916cd43dd8448eb211c80319c-8448eb211c80319c-"
                       "01")));
  // However often it is sent, by whichever process.
  EXPECT_EQ(TraceMetadata(TracedRequest(), ""),
            TraceMetadata(TracedRequest(), "nonsense"));
}

TEST(TraceMetadataTest, AGivenTraceGoesOn) {
  EXPECT_THAT(
      TraceMetadata(TracedRequest(), kGiven),
      ElementsAre(Pair("opcon-snow-caller-span",
                       "begin=1767600000250000;parent=00f067aa0ba902b7"),
                  Pair("traceparent",
                       "00-4bf92f3577b34da6a3ce929d0e0e4736-8448eb211c80319c-"
                       "00")));
}

TEST(TraceMetadataTest, NothingIsSentOfWhatIsNoTrace) {
  Spool::Request checked = TracedRequest();
  checked.set_validate_only(true);
  EXPECT_THAT(TraceMetadata(checked, kGiven), IsEmpty());
  for (const char* id : {"", "a", "0AF76519-16cd-43dd-8448-eb211c80319c",
                         "00000000-0000-0000-0000-000000000000",
                         "zzzzzzzz-16cd-43dd-8448-eb211c80319c",
                         "0af76519-16cd-43dd-8448-eb211c80319c-0af7651916cd"}) {
    Spool::Request foreign = TracedRequest();
    foreign.set_request_id(id);
    EXPECT_THAT(TraceMetadata(foreign, kGiven), IsEmpty()) << id;
  }
}

TEST(TraceMetadataTest, TheVariableIsTakenIfItIsWellFormed) {
  const auto given = [](const std::optional<std::string>& value) {
    return GivenTraceParent([&](const std::string& name) {
      return name == "TRACEPARENT" ? value : std::nullopt;
    });
  };
  EXPECT_EQ(given(kGiven), kGiven);
  EXPECT_EQ(given(std::nullopt), "");
  EXPECT_EQ(given("nonsense"), "");
  // What a later version adds would have to be quoted in the spool.
  EXPECT_EQ(given(absl::StrCat("01", std::string(kGiven).substr(2), "-\"")),
            kGiven);
}

}  // namespace
}  // namespace opcon_snow::cli
