// The spool under the real program: a disk that is full, being killed anywhere,
// many at once, and other versions.

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/exit_code.h"
#include "cli/testing/cli_test.h"
#include "cli/testing/fake_incident_service.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// As 0.2.0 wrote it.
constexpr char kFormat1[] = R"({
 "requestId": "3a0d9d6c-5a0c-4c37-9a0a-0a3c5a0d9d6c",
 "event": {
  "jobKey": {
   "scheduleDate": {
    "year": 2026,
    "month": 1,
    "day": 5
   },
   "scheduleId": 16,
   "scheduleInstance": 1,
   "jobName": "OLD JOB"
  },
  "kind": "EVENT_KIND_JOB_FAILED",
  "occurredTime": "2026-01-05T12:00:00.123456789Z",
  "termination": "0000000005"
 },
 "template": "basic.json",
 "source": {
  "program": "incidentctl",
  "version": "0.2.0",
  "host": "opcon"
 }
}
)";
constexpr char kFormat1Name[] =
    "000001767614400123-3a0d9d6c-5a0c-4c37-9a0a-0a3c5a0d9d6c.json";

// A form that only a later version may know.
constexpr char kFormat3[] =
    R"({ "spoolFormat" : 3, "requestId": "new", "sealed": "b3BhcXVl"})";
constexpr char kFormat3Name[] = "000001767614400124-new.json";

class SpoolProcessTest : public CliTest {
 protected:
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator(home_ + "/spool", none)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  void WriteEntry(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(home_ + "/spool");
    WriteFile(absl::StrCat("spool/", name), text);
  }

  std::string ReadEntry(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(absl::StrCat(home_, "/spool/", name)).rdbuf();
    return text.str();
  }
};

TEST_F(SpoolProcessTest, AFullDiskIsSaidAndNothingHalfIsLeft) {
  ASSERT_EQ(Run(FailureReport()).exit_code, kExitOk);
  // No file may grow, as on a disk without room; the signal that comes with the
  // limit must not end the program.
  std::vector<std::string> arguments = {"-c", "ulimit -f 0; exec \"$@\"", "sh",
                                        RunfilePath("cli/incidentctl")};
  for (const std::string& argument : FailureReport({"-e", "a \"loss\""})) {
    arguments.push_back(argument);
  }
  const ProcessResult result = RunProcess("/bin/sh", arguments, options_);
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("the report cannot be kept: "),
                    HasSubstr("File too large"),
                    HasSubstr("It is LOST unless it is reported again"),
                    HasSubstr("\"termination\": \"a \\\"loss\\\"\"")));
  EXPECT_THAT(Waiting(), SizeIs(1));
  EXPECT_THAT(Names(), SizeIs(1));
}

TEST_F(SpoolProcessTest, AProgramGetsAnAnswerWithoutAReportFromTheSpool) {
  const ProcessResult result = Run(FailureReport({"--output", "json"}));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.out, AllOf(StartsWith("{\n \"warnings\": [\n"),
                                HasSubstr("the report is safe in the spool"),
                                Not(HasSubstr("\"report\":"))));
  EXPECT_THAT(Waiting(), SizeIs(1));
}

TEST_F(SpoolProcessTest, AFullSpoolIsSaidAndKeepsWhatItHas) {
  const std::string config =
      WriteFile("small.yaml", "spool: {max_entries: 1}\n");
  ASSERT_EQ(Run(FailureReport({"--config", config})).exit_code, kExitOk);
  const std::string id = Waiting().at(0).request_id();
  const ProcessResult result = Run(FailureReport({"--config", config}));
  EXPECT_EQ(result.exit_code, kExitUnavailable);
  EXPECT_THAT(result.error, HasSubstr("holds 1 reports"));
  ASSERT_THAT(Waiting(), SizeIs(1));
  EXPECT_EQ(Waiting()[0].request_id(), id);
}

TEST_F(SpoolProcessTest, KilledAtAnySystemCallItHasAllOfTheReportOrNothing) {
  std::set<std::size_t> kept;
  int call = 1;
  for (std::optional<int> code; !code; ++call) {
    SCOPED_TRACE(absl::StrCat("system call ", call));
    std::filesystem::remove_all(home_ + "/spool");
    code = RunUntilCall(RunfilePath("cli/incidentctl"), FailureReport(),
                        options_, call);
    // Read without fault, or not there.
    const std::size_t waiting = Waiting().size();
    kept.insert(waiting);
    EXPECT_LE(waiting, 1);
    if (code) {
      EXPECT_EQ(*code, kExitOk);
      EXPECT_EQ(waiting, 1);
    }
    // Whoever delivers later finds it whole, or nothing.
    if (OpenSpool().HasEntries()) {
      ASSERT_OK(OpenSpool().Recover(absl::Now() + absl::Minutes(11)));
    }
    EXPECT_LE(Waiting().size(), 1);
    for (const std::string& name : Names()) {
      EXPECT_TRUE(absl::EndsWith(name, ".json")) << name;
    }
    ASSERT_LT(call, 200);
  }
  EXPECT_GT(call, 10);
  EXPECT_THAT(kept, ElementsAre(0, 1));
}

TEST_F(SpoolProcessTest, ManyAtOnceAreAllKeptAndEachDeliveredOnce) {
  constexpr int kWriters = 24;
  std::vector<std::thread> writers;
  writers.reserve(kWriters);
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([this, i] {
      EXPECT_EQ(Run(FailureReport({"-e", absl::StrCat(i)})).exit_code, kExitOk);
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(Waiting(), SizeIs(kWriters));

  FakeIncidentService service;
  UseServer(service.address());
  // Several deliver at once, and new ones come in meanwhile.
  std::vector<std::thread> others;
  others.reserve(4);
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([this] { Run(FailureReport()); });
  }
  for (std::thread& other : others) other.join();
  EXPECT_EQ(Run({"spool", "flush"}).exit_code, kExitOk);
  EXPECT_THAT(Waiting(), IsEmpty());
  EXPECT_THAT(service.accepted(), SizeIs(kWriters + 4));
}

TEST_F(SpoolProcessTest, WhatAnOlderVersionLeftIsDelivered) {
  WriteEntry(kFormat1Name, kFormat1);
  FakeIncidentService service;
  UseServer(service.address());
  EXPECT_EQ(Run({"spool", "flush"}).exit_code, kExitOk);
  const auto accepted = service.accepted();
  ASSERT_THAT(accepted, SizeIs(1));
  EXPECT_EQ(accepted.begin()->first, "3a0d9d6c-5a0c-4c37-9a0a-0a3c5a0d9d6c");
  const auto& event = accepted.begin()->second.event();
  EXPECT_EQ(event.job_key().job_name(), "OLD JOB");
  EXPECT_EQ(event.occurred_time().nanos(), 123'456'789);
}

TEST_F(SpoolProcessTest, WhatANewerVersionLeftStaysAsItIsAndHoldsUpNothing) {
  WriteEntry(kFormat3Name, kFormat3);
  WriteEntry("000001767614400123-half.tmp", "{\"spoolFormat\":3,\"req");
  WriteEntry(kFormat1Name, kFormat1);
  FakeIncidentService service;
  UseServer(service.address());
  ProcessResult result = Run({"spool", "flush"});
  EXPECT_EQ(result.exit_code, kExitTryLater);
  EXPECT_THAT(result.out, HasSubstr("1 delivered, 0 refused, 1 waiting in "));
  EXPECT_THAT(result.error,
              HasSubstr("1 waiting for a newer version of incidentctl"));
  EXPECT_EQ(ReadEntry(kFormat3Name), kFormat3);
  EXPECT_EQ(ReadEntry("000001767614400123-half.tmp"),
            "{\"spoolFormat\":3,\"req");
  result = Run({"spool", "list"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("newer version"),
                                HasSubstr("was written by a newer version")));
  // A report is not disturbed.
  EXPECT_EQ(Run(FailureReport()).exit_code, kExitOk);
  EXPECT_THAT(service.accepted(), SizeIs(2));
}

TEST_F(SpoolProcessTest, RunDeliversAsSoonAsTheServiceIsBack) {
  FakeIncidentService service;
  service.AnswerReports([](const FakeIncidentService::Request&) {
    return absl::UnavailableError("starting");
  });
  UseServer(service.address());
  ASSERT_EQ(Run(FailureReport()).exit_code, kExitOk);
  ASSERT_THAT(Waiting(), SizeIs(1));
  bool back = false;
  options_.terminate_when = [&] {
    // One attempt of the report, then two of the spool: it goes on after
    // trouble.
    if (!back && service.calls().size() >= 3) {
      service.AnswerReports(nullptr);
      back = true;
    }
    return Names() == std::vector<std::string>{"drain.lock"};
  };
  const ProcessResult result = Run({"spool", "run", "--interval", "100ms"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(service.accepted(), SizeIs(1));
  EXPECT_THAT(result.error, AllOf(HasSubstr("delivering what waits in "),
                                  HasSubstr("UNAVAILABLE: starting")));
  // The same trouble is said once.
  EXPECT_EQ(result.error.find("starting"), result.error.rfind("starting"));
}

TEST_F(SpoolProcessTest, RunNeedsASpoolAndASensibleInterval) {
  EXPECT_EQ(Run({"spool", "run", "--interval", "1ms"}).exit_code, kExitUsage);
  const std::string config = WriteFile("off.yaml", "spool: {disabled: true}\n");
  EXPECT_EQ(Run({"--config", config, "spool", "run"}).exit_code, kExitConfig);
}

}  // namespace
}  // namespace opcon_snow::cli
