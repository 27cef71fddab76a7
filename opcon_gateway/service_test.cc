// The service as other programs call it: a real server, real messages.

#include "opcon_gateway/service.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/digest/sha256.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "nlohmann/json.hpp"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/sample_job.h"
#include "opcon_gateway/service_fixture.h"

namespace opcon_snow::opcon {
namespace {

using absl::StatusCode;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace v1 = ::opcon::v1;

using Recorded = http::FakeTransport::RecordedRequest;

class ServiceTest : public ServiceFixture {
 protected:
  static v1::GetDailyJobRequest JobRequest() {
    v1::GetDailyJobRequest request;
    request.mutable_job()->set_id("20260105|16|1|JOB001");
    return request;
  }

  struct ReadLog {
    absl::Status status;
    std::vector<v1::ReadJobLogResponse> parts;
  };
  ReadLog Read(int job_number) {
    v1::ReadJobLogRequest request;
    request.set_job_number(job_number);
    ReadLog read;
    read.status =
        rpc::ReadStream(*stub, &Stub::ReadJobLog, request, {},
                        std::function<absl::Status(v1::ReadJobLogResponse&)>(
                            [&read](v1::ReadJobLogResponse& part) {
                              read.parts.push_back(part);
                              return absl::OkStatus();
                            }));
    return read;
  }
  // Lists one file and gives `text` for it.
  void HaveLog(const std::string& text) {
    Handle([text](const Recorded& request) {
      const bool list = absl::StrContains(request.body, "\"LIST\"");
      json item = {{"id", 7}, {"result", "success"}};
      if (list) {
        item["files"] = json::array({"C:\\logs\\Joblog.txt"});
      } else {
        item["data"] = text;
      }
      return Answered(200,
                      json({{"id", 1},
                            {"result", "success"},
                            {"jobInstanceActionItems", json::array({item})}})
                          .dump());
    });
  }
};

TEST_F(ServiceTest, GivesAJobAndNamesTheInstance) {
  AnswerAll(200, SampleJob().dump());
  ASSERT_OK_AND_ASSIGN(v1::GetDailyJobResponse reply,
                       rpc::Call(*stub, &Stub::GetDailyJob, JobRequest()));
  EXPECT_EQ(reply.instance(), "production");
  EXPECT_EQ(reply.job().job_number(), 49895);
  EXPECT_THAT(Requests()[0].url, HasSubstr("https://production.example:9010/"));
}

TEST_F(ServiceTest, GoesToTheInstanceThatIsNamed) {
  AnswerAll(200, SampleJob().dump());
  v1::GetDailyJobRequest request = JobRequest();
  request.set_instance("test");
  ASSERT_OK_AND_ASSIGN(v1::GetDailyJobResponse reply,
                       rpc::Call(*stub, &Stub::GetDailyJob, request));
  EXPECT_EQ(reply.instance(), "test");
  EXPECT_THAT(Requests()[0].url, HasSubstr("https://test.example:9010/"));
}

TEST_F(ServiceTest, ErrorsSayWhoWhatAndWhere) {
  AnswerAll(404, R"([{"message":"Daily job not found","code":12}])");
  const auto reply = rpc::Call(*stub, &Stub::GetDailyJob, JobRequest());
  EXPECT_THAT(reply, StatusIs(StatusCode::kNotFound));
  const ErrorDetails details = *GetErrorDetails(reply.status());
  EXPECT_EQ(details.reason, "JOB_NOT_FOUND");
  EXPECT_EQ(details.domain, "opcon-gateway");
  EXPECT_EQ(details.metadata.at("instance"), "production");
  EXPECT_EQ(details.metadata.at("job"), "id 20260105|16|1|JOB001");
  EXPECT_EQ(details.metadata.at("http_status_code"), "404");
  EXPECT_EQ(details.metadata.at("upstream_message"), "Daily job not found");
}

// As it goes over the wire: exactly one ErrorInfo.
TEST_F(ServiceTest, EveryErrorHasOneErrorInfo) {
  AnswerAll(503, "");
  grpc::ClientContext context;
  v1::GetDailyJobResponse reply;
  const grpc::Status status = stub->GetDailyJob(&context, JobRequest(), &reply);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  int infos = 0;
  for (const auto& any : details.details()) {
    if (any.Is<google::rpc::ErrorInfo>()) ++infos;
  }
  EXPECT_EQ(infos, 1);
}

TEST_F(ServiceTest, RefusesBeforeItAsks) {
  v1::GetDailyJobRequest request;
  request.set_instance("production");
  const auto refused = rpc::Call(*stub, &Stub::GetDailyJob, request);
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(refused, HasReason("INVALID_REQUEST"));
  EXPECT_THAT(GetErrorDetails(refused.status())->violations, SizeIs(1));
  request = JobRequest();
  request.set_instance("staging");
  const auto unknown = rpc::Call(*stub, &Stub::GetDailyJob, request);
  EXPECT_THAT(unknown, HasReason("UNKNOWN_INSTANCE"));
  EXPECT_EQ(GetErrorDetails(unknown.status())->metadata.at("known"),
            "production, test");
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ServiceTest, TellsVersions) {
  AnswerAll(200, R"({"opConRestApiProductVersion":"21.0.4.1"})");
  ASSERT_OK_AND_ASSIGN(
      v1::GetApiVersionResponse reply,
      rpc::Call(*stub, &Stub::GetApiVersion, v1::GetApiVersionRequest()));
  EXPECT_EQ(reply.version(), "21.0.4.1");
  EXPECT_EQ(reply.instance(), "production");
}

TEST_F(ServiceTest, ListsInstancesWithWhatIsKnown) {
  ASSERT_OK_AND_ASSIGN(
      v1::ListInstancesResponse unknown,
      rpc::Call(*stub, &Stub::ListInstances, v1::ListInstancesRequest()));
  ASSERT_THAT(unknown.instances(), SizeIs(2));
  EXPECT_TRUE(unknown.instances(0).is_default());
  EXPECT_FALSE(unknown.instances(1).is_default());
  EXPECT_EQ(unknown.instances(0).public_address(), "production.example:9010");
  EXPECT_EQ(unknown.instances(0).health().state(),
            v1::HEALTH_STATE_UNSPECIFIED);
  EXPECT_THAT(Requests(), IsEmpty());

  // The last ordinary call is news.
  AnswerAll(500, "");
  rpc::Call(*stub, &Stub::GetDailyJob, JobRequest()).IgnoreError();
  ASSERT_OK_AND_ASSIGN(
      v1::ListInstancesResponse known,
      rpc::Call(*stub, &Stub::ListInstances, v1::ListInstancesRequest()));
  EXPECT_EQ(known.instances(0).health().state(), v1::HEALTH_STATE_HEALTHY);
}

TEST_F(ServiceTest, ProbesEveryInstance) {
  Handle([](const Recorded& request) -> http::Result {
    if (absl::StrContains(request.url, "production")) {
      if (absl::EndsWith(request.url, "/api/version")) {
        return Answered(200, R"({"opConRestApiProductVersion":"25.0"})");
      }
      return Answered(401, "");
    }
    http::TransportError error;
    error.kind = http::TransportError::Kind::kConnect;
    error.message = "connection refused";
    return error;
  });
  v1::ListInstancesRequest request;
  request.set_probe(true);
  ASSERT_OK_AND_ASSIGN(v1::ListInstancesResponse reply,
                       rpc::Call(*stub, &Stub::ListInstances, request));
  const v1::InstanceHealth& production = reply.instances(0).health();
  EXPECT_EQ(production.state(), v1::HEALTH_STATE_UNAUTHENTICATED);
  EXPECT_EQ(production.version(), "25.0");
  EXPECT_TRUE(production.has_check_time());
  EXPECT_THAT(production.message(), HasSubstr("Put a valid"));
  const v1::InstanceHealth& test = reply.instances(1).health();
  EXPECT_EQ(test.state(), v1::HEALTH_STATE_UNREACHABLE);
  EXPECT_THAT(test.message(), HasSubstr("connection refused"));
}

TEST_F(ServiceTest, SetsAndGetsTickets) {
  Handle([](const Recorded& request) {
    if (request.method == http::Method::kGet) return Answered(200, "[]");
    return Answered(200,
                    R"({"id":3,"ticketId":"INC1","ticketUrl":"https://u"})");
  });
  v1::SetIncidentTicketRequest set;
  set.mutable_job()->set_uid(4711);
  set.set_ticket_id("INC1");
  set.set_ticket_url("https://u");
  ASSERT_OK_AND_ASSIGN(v1::SetIncidentTicketResponse reply,
                       rpc::Call(*stub, &Stub::SetIncidentTicket, set));
  EXPECT_TRUE(reply.changed());
  EXPECT_EQ(reply.ticket().row_id(), 3);
  v1::GetIncidentTicketsRequest get;
  get.mutable_job()->set_uid(4711);
  ASSERT_OK_AND_ASSIGN(v1::GetIncidentTicketsResponse list,
                       rpc::Call(*stub, &Stub::GetIncidentTickets, get));
  EXPECT_THAT(list.tickets(), IsEmpty());
  EXPECT_FALSE(list.single_field());
}

TEST_F(ServiceTest, ReadsAndWritesDocumentation) {
  // Shows what was written, as OpCon does.
  Handle([text = std::string("Call Joe")](const Recorded& request) mutable {
    if (!request.body.empty()) text = json::parse(request.body)["job"];
    return Answered(
        200, json({{"id", 7}, {"job", text}, {"frequency", "Daily"}}).dump());
  });
  v1::GetDocumentationRequest get;
  *get.mutable_job() = JobRequest().job();
  ASSERT_OK_AND_ASSIGN(v1::GetDocumentationResponse read,
                       rpc::Call(*stub, &Stub::GetDocumentation, get));
  EXPECT_EQ(read.documentation().job_text(), "Call Joe");
  v1::AppendDocumentationRequest append;
  *append.mutable_job() = JobRequest().job();
  append.set_text("INC1 replaces INC0");
  append.set_marker("replaces INC0");
  ASSERT_OK_AND_ASSIGN(v1::AppendDocumentationResponse written,
                       rpc::Call(*stub, &Stub::AppendDocumentation, append));
  EXPECT_TRUE(written.changed());
  EXPECT_EQ(written.documentation().job_text(),
            "Call Joe\n\nINC1 replaces INC0");
}

TEST_F(ServiceTest, ActsOnJobs) {
  json job = SampleJob();
  job["status"]["description"] = "Failed";
  Handle([job](const Recorded& request) {
    if (absl::StrContains(request.url, "jobactions")) {
      return Answered(200, R"({"id":9,"action":"markUnderReview",
          "result":"success","jobs":[{"id":"20260105|16|1|JOB001",
          "result":"success"}]})");
    }
    return Answered(200, job.dump());
  });
  v1::SubmitJobActionRequest submit;
  *submit.mutable_job() = JobRequest().job();
  submit.set_kind(v1::JOB_ACTION_KIND_MARK_UNDER_REVIEW);
  submit.set_reason("INC1");
  ASSERT_OK_AND_ASSIGN(v1::SubmitJobActionResponse done,
                       rpc::Call(*stub, &Stub::SubmitJobAction, submit));
  EXPECT_EQ(done.action().state(), v1::ACTION_STATE_SUCCEEDED);
  v1::GetJobActionRequest get;
  get.set_action_id(9);
  ASSERT_OK_AND_ASSIGN(v1::GetJobActionResponse again,
                       rpc::Call(*stub, &Stub::GetJobAction, get));
  EXPECT_EQ(again.action().action_id(), 9);
}

TEST_F(ServiceTest, ListsLogs) {
  HaveLog("x");
  v1::ListJobLogsRequest request;
  request.set_job_number(7);
  ASSERT_OK_AND_ASSIGN(v1::ListJobLogsResponse reply,
                       rpc::Call(*stub, &Stub::ListJobLogs, request));
  ASSERT_THAT(reply.files(), SizeIs(1));
  EXPECT_EQ(reply.files(0).display_name(), "Joblog.txt");
}

TEST_F(ServiceTest, StreamsALogWithHeaderAndTrailer) {
  std::string text;
  while (text.size() < 200'000)
    absl::StrAppend(&text, "f\xC3\xBCr\r\n", text.size());
  HaveLog(text);
  const ReadLog read = Read(7);
  ASSERT_OK(read.status);
  ASSERT_THAT(read.parts, SizeIs(6));  // 200 KB in chunks of 64 KiB
  EXPECT_EQ(read.parts.front().header().file().path(), "C:\\logs\\Joblog.txt");
  std::string streamed;
  for (std::size_t i = 1; i + 1 < read.parts.size(); ++i) {
    EXPECT_LE(read.parts[i].chunk().size(), 65536u);
    EXPECT_GE(read.parts[i].chunk().size(), 1u);
    streamed += read.parts[i].chunk();
  }
  EXPECT_EQ(streamed, text);
  const v1::JobLogTrailer& trailer = read.parts.back().trailer();
  EXPECT_EQ(trailer.size_bytes(), static_cast<std::int64_t>(text.size()));
  EXPECT_EQ(trailer.sha256(), Sha256Hex(text));
}

TEST_F(ServiceTest, StreamsAnEmptyLog) {
  HaveLog("");
  const ReadLog read = Read(7);
  ASSERT_OK(read.status);
  ASSERT_THAT(read.parts, SizeIs(2));
  EXPECT_EQ(read.parts[1].trailer().size_bytes(), 0);
  EXPECT_EQ(read.parts[1].trailer().sha256(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(ServiceTest, AStreamThatFailsHasNoTrailer) {
  AnswerAll(503, "");
  const ReadLog read = Read(7);
  EXPECT_THAT(read.status, HasReason("UPSTREAM_UNAVAILABLE"));
  EXPECT_EQ(GetErrorDetails(read.status)->metadata.at("job"), "job number 7");
  EXPECT_THAT(read.parts, IsEmpty());
}

TEST_F(ServiceTest, AnswersBeforeTheDeadlineWithDetails) {
  // Never finished: it would be polled for ever.
  AnswerAll(200, R"({"id":1,"result":"submitted"})");
  v1::ListJobLogsRequest request;
  request.set_job_number(7);
  rpc::CallOptions options;
  options.timeout = absl::Milliseconds(1500);
  const auto reply = rpc::Call(*stub, &Stub::ListJobLogs, request, options);
  EXPECT_THAT(reply, StatusIs(StatusCode::kDeadlineExceeded));
  // gRPC's own DEADLINE_EXCEEDED would carry nothing.
  EXPECT_THAT(reply, HasReason("UPSTREAM_TIMEOUT"));
}

TEST_F(ServiceTest, ACallerWhoGivesUpIsNotWorkedForAnyMore) {
  AnswerAll(200, R"({"id":1,"result":"submitted"})");
  std::stop_source stop;
  std::promise<absl::Status> ended;
  std::thread caller([&] {
    v1::ListJobLogsRequest request;
    request.set_job_number(7);
    rpc::CallOptions options;
    options.cancel = stop.get_token();
    ended.set_value(
        rpc::Call(*stub, &Stub::ListJobLogs, request, options).status());
  });
  while (Requests().empty()) std::this_thread::yield();
  stop.request_stop();
  EXPECT_THAT(ended.get_future().get(), StatusIs(StatusCode::kCancelled));
  caller.join();
  // TearDown finds no handler left, or it would wait for one.
}

TEST_F(ServiceTest, RefusesWhatIsNotAcceptableBeforeAnythingIsSent) {
  const auto expect = [](const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(status, HasReason("INVALID_REQUEST"));
    EXPECT_EQ(GetErrorDetails(status)->domain, "opcon-gateway");
  };
  expect(rpc::Call(*stub, &Stub::ListDailyJobs, v1::ListDailyJobsRequest())
             .status());
  expect(rpc::Call(*stub, &Stub::ListJobHistory, v1::ListJobHistoryRequest())
             .status());
  expect(rpc::Call(*stub, &Stub::BuildSchedule, v1::BuildScheduleRequest())
             .status());
  expect(
      rpc::Call(*stub, &Stub::GetDailySchedule, v1::GetDailyScheduleRequest())
          .status());
  expect(rpc::Call(*stub, &Stub::AddJobsToDailySchedule,
                   v1::AddJobsToDailyScheduleRequest())
             .status());
  v1::ListMachinesRequest machines;
  machines.set_page_token("made up");
  expect(rpc::Call(*stub, &Stub::ListMachines, machines).status());
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(ServiceTest, TakesOverOtherInstances) {
  AnswerAll(200, SampleJob().dump());
  service->Replace(MakeInstances({"blue"}));
  OnLoop([] {});
  ASSERT_OK_AND_ASSIGN(v1::GetDailyJobResponse reply,
                       rpc::Call(*stub, &Stub::GetDailyJob, JobRequest()));
  EXPECT_EQ(reply.instance(), "blue");
}

TEST_F(ServiceTest, NoAnswerAndNoLogLineHoldsTheToken) {
  Handle([](const Recorded& request) {
    return Answered(
        403, absl::StrCat("[{\"message\":\"",
                          *request.headers.Get("Authorization"), "\"}]"));
  });
  const auto reply = rpc::Call(*stub, &Stub::GetDailyJob, JobRequest());
  EXPECT_THAT(reply, HasReason("UPSTREAM_FORBIDDEN"));
  EXPECT_THAT(
      reply.status().ToString(absl::StatusToStringMode::kWithEverything),
      AllOf(HasSubstr("[redacted]"), Not(HasSubstr(kTestToken))));
  EXPECT_THAT(logs.Text(), Not(HasSubstr(kTestToken)));
}

}  // namespace
}  // namespace opcon_snow::opcon
