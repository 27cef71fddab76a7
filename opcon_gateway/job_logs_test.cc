#include "opcon_gateway/job_logs.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/sample_job.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

constexpr int kRun = 49895;
constexpr char kPath[] = "C:\\ProgramData\\OpConxps\\Joblog.txt";
constexpr char kUrl[] = "https://opcon.example:9010/api/jobinstanceactions";

// What a receiver got.
struct JobLog {
  v1::JobLogFile file;
  std::string text;
  std::size_t pieces = 0;
};

class Collector final : public JobLogReceiver {
 public:
  async::Task<absl::Status> Begin(const v1::JobLogFile& file) override {
    EXPECT_FALSE(begun_);
    begun_ = true;
    log.file = file;
    co_return absl::OkStatus();
  }
  async::Task<absl::Status> Take(std::string piece) override {
    EXPECT_TRUE(begun_);
    EXPECT_FALSE(piece.empty());
    EXPECT_LE(piece.size(), 65536u);
    log.text += piece;
    ++log.pieces;
    if (log.text.size() >= refuse_after) {
      co_return absl::CancelledError("enough");
    }
    co_return absl::OkStatus();
  }

  JobLog log;
  std::size_t refuse_after = std::string::npos;

 private:
  bool begun_ = false;
};

class JobLogsTest : public ClientFixture {
 protected:
  JobLogsTest() { Make(JobLogOptions()); }

  void Make(const JobLogOptions& options) {
    logs_of_runs = std::make_unique<JobLogs>(options, rest.get(), jobs.get());
  }
  absl::StatusOr<std::vector<v1::JobLogFile>> List() {
    return Run(logs_of_runs->List(kRun, scope));
  }
  absl::StatusOr<JobLog> Read(const std::string& path = "") {
    Collector collector;
    const absl::Status status =
        Run(logs_of_runs->Read(kRun, path, &collector, scope));
    if (!status.ok()) return status;
    return collector.log;
  }

  static std::string Action(const std::string& result, const json& item) {
    return json({{"id", 55},
                 {"result", result},
                 {"message", nullptr},
                 {"jobInstanceActionItems", json::array({item})}})
        .dump();
  }
  static std::string Submitted() {
    return Action("submitted", {{"id", kRun}, {"result", "submitted"}});
  }
  static std::string Listed(const json& files) {
    return Action("success",
                  {{"id", kRun}, {"result", "success"}, {"files", files}});
  }
  static std::string Text(const json& data) {
    return Action("success",
                  {{"id", kRun}, {"result", "success"}, {"data", data}});
  }
  static std::string Failed(const json& message) {
    return Action("success",
                  {{"id", kRun}, {"result", "failed"}, {"message", message}});
  }

  std::unique_ptr<JobLogs> logs_of_runs;
};

TEST_F(JobLogsTest, ListsFiles) {
  transport->Answer(201, Submitted());
  transport->Answer(200, Submitted());
  transport->Answer(200, Listed({kPath, "/var/log/opcon/49895.log", "bare"}));
  ASSERT_OK_AND_ASSIGN(std::vector<v1::JobLogFile> files, List());
  EXPECT_EQ(Line(0), std::string("POST ") + kUrl);
  EXPECT_EQ(json::parse(Request(0).body), json::parse(R"({"action":"LIST",
                            "jobInstanceActionItems":[{"id":49895}]})"));
  EXPECT_EQ(Line(1), std::string("GET ") + kUrl + "/55");
  ASSERT_THAT(files, SizeIs(3));
  EXPECT_EQ(files[0].path(), kPath);
  EXPECT_EQ(files[0].display_name(), "Joblog.txt");
  EXPECT_EQ(files[1].display_name(), "49895.log");
  EXPECT_EQ(files[2].display_name(), "bare");
}

TEST_F(JobLogsTest, PollsWithGrowingPauses) {
  std::vector<absl::Duration> times;
  transport->Answer(200, Submitted());
  for (int i = 0; i < 8; ++i) {
    transport->Handle([&](const http::FakeTransport::RecordedRequest&) {
      times.push_back(loop.MonotonicNow());
      http::Response response;
      response.status = 200;
      response.body = times.size() < 8 ? Submitted() : Listed({kPath});
      return response;
    });
  }
  ASSERT_OK(List().status());
  std::vector<absl::Duration> pauses = {times[0]};
  for (std::size_t i = 1; i < times.size(); ++i) {
    pauses.push_back(times[i] - times[i - 1]);
  }
  using absl::Milliseconds;
  EXPECT_THAT(pauses,
              ::testing::ElementsAre(Milliseconds(200), Milliseconds(400),
                                     Milliseconds(800), Milliseconds(1600),
                                     Milliseconds(3000), Milliseconds(3000),
                                     Milliseconds(3000), Milliseconds(3000)));
}

TEST_F(JobLogsTest, StopsPollingWhenTheTimeIsUp) {
  scope.deadline = loop.MonotonicNow() + absl::Seconds(5);
  transport->HandleRest([](const http::FakeTransport::RecordedRequest&) {
    http::Response response;
    response.status = 200;
    response.body = Submitted();
    return response;
  });
  const auto files = List();
  EXPECT_THAT(files, StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(files, HasReason("UPSTREAM_TIMEOUT"));
  EXPECT_LE(loop.MonotonicNow(), absl::Seconds(5));
  EXPECT_GE(loop.MonotonicNow(), absl::Milliseconds(4900));
  EXPECT_LE(transport->requests().size(), 16u);
}

TEST_F(JobLogsTest, StopsPollingWhenTheCallerGivesUp) {
  std::stop_source stop;
  scope.stop = stop.get_token();
  transport->Answer(200, Submitted());
  std::optional<absl::Status> status;
  async::Start(logs_of_runs->List(kRun, scope),
               [&](const auto& files) { status = files.status(); });
  loop.RunUntilIdle();
  EXPECT_FALSE(status);
  stop.request_stop();
  loop.RunUntilIdle();
  ASSERT_TRUE(status);
  EXPECT_THAT(*status, HasReason("CANCELLED"));
  EXPECT_EQ(loop.pending_timers(), 0u);
}

TEST_F(JobLogsTest, ReadsTheFirstFile) {
  transport->Answer(200, Listed({kPath, "other"}));
  transport->Answer(200, Submitted());
  transport->Answer(200, Text("line 1\r\nf\xC3\xBCr\r\n"));
  ASSERT_OK_AND_ASSIGN(JobLog log, Read());
  EXPECT_EQ(
      json::parse(Request(1).body),
      json(
          {{"action", "FILE"},
           {"jobInstanceActionItems",
            json::array({{{"id", kRun}, {"jorsRequestParameters", kPath}}})}}));
  EXPECT_EQ(log.file.path(), kPath);
  EXPECT_EQ(log.text, "line 1\r\nf\xC3\xBCr\r\n");
}

TEST_F(JobLogsTest, ReadsTheFileThatIsNamed) {
  transport->Answer(200, Listed({kPath, "other"}));
  transport->Answer(200, Text("x"));
  ASSERT_OK_AND_ASSIGN(JobLog log, Read("other"));
  EXPECT_EQ(log.file.path(), "other");
}

TEST_F(JobLogsTest, AsksTheAgentOnlyForWhatIsListed) {
  transport->Answer(200, Listed({kPath}));
  const auto log = Read("C:\\Windows\\win.ini");
  EXPECT_THAT(log, StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(log, HasReason("RECORD_NOT_FOUND"));
  EXPECT_THAT(transport->requests(), SizeIs(1));
}

TEST_F(JobLogsTest, TextThatIsNoUnicodeIsMended) {
  transport->Answer(200, Listed({kPath}));
  std::string raw = Text("MARK");
  raw.replace(raw.find("MARK"), 4, "f\xFCr \\ud83d!");
  transport->Answer(200, raw);
  ASSERT_OK_AND_ASSIGN(JobLog log, Read());
  EXPECT_EQ(log.text, "f\xEF\xBF\xBDr \xEF\xBF\xBD!");
}

TEST_F(JobLogsTest, AnEmptyLogIsALog) {
  transport->Answer(200, Listed({kPath}));
  transport->Answer(200, Text(""));
  ASSERT_OK_AND_ASSIGN(JobLog log, Read());
  EXPECT_EQ(log.text, "");
}

TEST_F(JobLogsTest, SuccessWithoutTextIsNoLog) {
  transport->Answer(200, Listed({kPath}));
  transport->Answer(200, Text(nullptr));
  EXPECT_THAT(Read(), HasReason("JOB_LOG_UNAVAILABLE"));
}

TEST_F(JobLogsTest, NoFilesMeansNoLog) {
  for (const json& files : {json(nullptr), json::array(), json::array({""})}) {
    transport->Answer(200, Listed(files));
    const auto list = List();
    EXPECT_THAT(list, StatusIs(StatusCode::kNotFound));
    EXPECT_THAT(list, HasReason("NO_JOB_LOG"));
  }
}

TEST_F(JobLogsTest, ItemsFailThoughTheActionSucceeds) {
  transport->Answer(200, Failed("JORS port 3110 does not answer"));
  transport->Answer(200, json::array({SampleJob()}).dump());
  const auto list = List();
  EXPECT_THAT(list, StatusIs(StatusCode::kUnavailable,
                             HasSubstr("JORS port 3110 does not answer")));
  EXPECT_THAT(list, HasReason("JOB_LOG_UNAVAILABLE"));
  EXPECT_TRUE(IsRetryable(list.status()));

  transport->Answer(200, Listed({kPath}));
  transport->Answer(200, Failed("File is gone"));
  EXPECT_THAT(Read(),
              StatusIs(StatusCode::kUnavailable, HasSubstr("File is gone")));
}

TEST_F(JobLogsTest, AJobThatNeverRanOnAMachineHasNoLog) {
  json job = SampleJob();
  job["startMachine"] = nullptr;
  transport->Answer(200, Failed("Anything"));
  transport->Answer(200, json::array({job}).dump());
  EXPECT_THAT(List(), HasReason("NO_JOB_LOG"));
}

TEST_F(JobLogsTest, AFailedActionAndAForgottenOne) {
  transport->Answer(200, R"({"id":55,"result":"error","message":"No SAM",)"
                         R"("jobInstanceActionItems":null})");
  transport->Answer(200, "[]");
  EXPECT_THAT(List(), StatusIs(StatusCode::kUnavailable, HasSubstr("No SAM")));
  transport->Answer(200, Submitted());
  transport->Answer(404, "");
  transport->Answer(200, "[]");
  EXPECT_THAT(List(), HasReason("JOB_LOG_UNAVAILABLE"));
}

TEST_F(JobLogsTest, KnownFaultsOfTheProduct) {
  transport->Answer(500, "");  // OC-2606, OPCON-17204
  const auto list = List();
  EXPECT_THAT(list, HasReason("UPSTREAM_FAILURE"));
  EXPECT_FALSE(IsOutcomeUnknown(list.status()));
}

TEST_F(JobLogsTest, AnAnswerWithoutActionIsNotOpCon) {
  transport->Answer(200, "{}");
  EXPECT_THAT(List(), HasReason("UPSTREAM_NOT_OPCON"));
  transport->Answer(200, "");
  EXPECT_THAT(List(), HasReason("UPSTREAM_NOT_OPCON"));
}

TEST_F(JobLogsTest, LogsAreBounded) {
  JobLogOptions options;
  options.max_log_bytes = 10;
  Make(options);
  transport->Answer(200, Listed({"x"}));
  transport->Answer(200, Text("12345678901"));
  const auto log = Read();
  EXPECT_THAT(
      log, StatusIs(StatusCode::kOutOfRange, HasSubstr("max_job_log_bytes")));
  EXPECT_THAT(log, HasReason("TOO_LARGE"));
  // A log of control characters is six times as long in JSON.
  EXPECT_GE(Request(1).max_response_bytes, 60u);
  transport->Answer(200, Listed({"x"}));
  transport->Fail(http::TransportError::Kind::kTooLarge, true);
  EXPECT_THAT(Read(), HasReason("TOO_LARGE"));
}

TEST_F(JobLogsTest, ALargeLogComesInPieces) {
  std::string text;
  while (text.size() < 1'000'000) text += "f\xC3\xBCr \\ \"x\"\r\n";
  transport->Answer(200, Listed({kPath}));
  transport->Answer(201, Submitted());
  transport->Answer(200, Text(text));
  ASSERT_OK_AND_ASSIGN(JobLog log, Read());
  EXPECT_EQ(log.text, text);
  EXPECT_EQ(log.pieces, (text.size() + 65535) / 65536);
}

TEST_F(JobLogsTest, AReceiverThatWantsNoMoreEndsTheReading) {
  transport->Answer(200, Listed({kPath}));
  transport->Answer(200, Text(std::string(1'000'000, 'x')));
  Collector collector;
  collector.refuse_after = 1;
  const absl::Status status =
      Run(logs_of_runs->Read(kRun, "", &collector, scope));
  EXPECT_THAT(status, StatusIs(StatusCode::kCancelled, HasSubstr("enough")));
  EXPECT_EQ(collector.log.pieces, 1u);
  EXPECT_EQ(transport->in_flight(), 0u);
  EXPECT_EQ(limiter->in_use(), 0);
}

TEST_F(JobLogsTest, AnAnswerThatIsNoJsonIsNotOpCon) {
  for (const char* body :
       {"<html>portal</html>", R"({"id":55,"result":"success",)",
        R"({"id":55,"jobInstanceActionItems":[{"id":49895,"data":"cut)",
        R"({"id":55,"jobInstanceActionItems":[{"data":"\x"}]})"}) {
    transport->Answer(200, Listed({kPath}));
    transport->Answer(200, body);
    EXPECT_THAT(Read(), HasReason("UPSTREAM_NOT_OPCON")) << body;
  }
  EXPECT_EQ(limiter->in_use(), 0);
}

TEST_F(JobLogsTest, AConnectionThatBreaksLeavesAnErrorAndNoMore) {
  transport->Answer(200, Listed({kPath}));
  transport->Fail(http::TransportError::Kind::kReceive, true);
  const auto log = Read();
  EXPECT_THAT(log, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(log, HasReason("UPSTREAM_UNAVAILABLE"));
  EXPECT_EQ(limiter->in_use(), 0);
}

TEST_F(JobLogsTest, AReadingMayLastAsLongAsItsCall) {
  scope.deadline = loop.MonotonicNow() + absl::Minutes(10);
  transport->Answer(200, Listed({kPath}));
  transport->Answer(200, Text("x"));
  ASSERT_OK(Read().status());
  EXPECT_EQ(Request(0).timeout, absl::Seconds(30));
  EXPECT_GT(Request(1).timeout, absl::Minutes(9));
}

}  // namespace
}  // namespace opcon_snow::opcon
