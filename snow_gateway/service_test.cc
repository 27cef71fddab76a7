// The service behind a real server, called as other programs call it.

#include "snow_gateway/service.h"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/digest/sha256.h"
#include "common/http/curl_transport.h"
#include "common/http/fake_transport.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using ::testing::HasSubstr;
using Gateway = v1::ServiceNowGateway;
using Stub = Gateway::StubInterface;

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(loop_, http::CurlLoop::Create({}));
    transport_ = std::make_shared<http::FakeTransport>(loop_.get());
    InstanceSettings settings{
        "prod", *http::BaseUrl::Parse("https://dev.example.test", false),
        ApiKeyCredentials{FileSecret{config::Secret(kSecretText), "/f"}}};
    auto instance = std::make_shared<Instance>(std::move(settings), loop_.get(),
                                               transport_, RealClock::Get());
    auto registry = std::make_shared<InstanceRegistry>(
        std::vector<std::shared_ptr<Instance>>{std::move(instance)}, "prod");
    service_ = std::make_unique<Service>(loop_.get(), std::move(registry), 50);
    ASSERT_OK_AND_ASSIGN(server_,
                         rpc::Server::Create({}, {service_->served()}));
    ASSERT_OK(server_->Start());
    rpc::ChannelOptions options;
    options.target = server_->address();
    ASSERT_OK_AND_ASSIGN(channel_, rpc::CreateChannel(options));
    stub_ = Gateway::NewStub(channel_);
  }

  void TearDown() override {
    EXPECT_OK(server_->Stop());
    loop_->Stop();
  }

  // The transport is the loop's.
  void OnLoop(std::function<void()> function) {
    std::promise<void> done;
    ASSERT_TRUE(loop_->Post([&] {
      function();
      done.set_value();
    }));
    done.get_future().wait();
  }

  void Answer(int status, std::string body) {
    OnLoop([&] { transport_->Answer(status, body, JsonHeaders()); });
  }
  void AnswerAlways(int status, std::string body) {
    OnLoop([&] {
      transport_->HandleRest([status, body](const auto&) {
        http::Response response;
        response.status = status;
        response.body = body;
        response.headers = JsonHeaders();
        return response;
      });
    });
  }

  static json IncidentRow() {
    return {{"sys_id", kSysId},
            {"number", "INC0010001"},
            {"description", "[marker 1234]"}};
  }

  std::unique_ptr<http::CurlLoop> loop_;
  std::shared_ptr<http::FakeTransport> transport_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

v1::AttachFileHeader FileHeader(const std::string& content) {
  v1::AttachFileHeader header;
  header.set_record_sys_id(kSysId);
  header.set_file_name("job.txt");
  header.set_size_bytes(static_cast<std::int64_t>(content.size()));
  header.set_sha256(Sha256Hex(content));
  return header;
}

json FileRow(const std::string& content) {
  return {{"sys_id", kOtherSysId},
          {"table_name", "incident"},
          {"table_sys_id", kSysId},
          {"file_name", "job.txt"},
          {"size_bytes", absl::StrCat(content.size())},
          {"hash", Sha256Hex(content)},
          {"sys_created_on", "2026-01-05 12:00:00"}};
}

absl::StatusOr<v1::AttachFileResponse> Attach(Stub& stub,
                                              const std::string& content) {
  std::size_t offset = 0;
  bool announced = false;
  return rpc::WriteStream(
      stub, &Stub::AttachFile, {},
      std::function<absl::StatusOr<bool>(v1::AttachFileRequest&)>(
          [&](v1::AttachFileRequest& part) -> absl::StatusOr<bool> {
            if (!announced) {
              *part.mutable_header() = FileHeader(content);
              announced = true;
              return true;
            }
            if (offset >= content.size()) return false;
            part.set_chunk(content.substr(offset, 100'000));
            offset += part.chunk().size();
            return true;
          }));
}

TEST_F(ServiceTest, AnswersAUnaryCall) {
  Answer(200, ResultOf(IncidentRow()));
  v1::GetIncidentRequest request;
  request.set_sys_id(kSysId);
  const auto reply = rpc::Call(*stub_, &Stub::GetIncident, request);
  ASSERT_OK(reply);
  EXPECT_EQ(reply->incident().number(), "INC0010001");
  EXPECT_EQ(reply->instance(), "prod");
}

TEST_F(ServiceTest, ErrorsCarryTheirDetailsOverTheWire) {
  v1::CreateIncidentRequest request;
  const auto invalid = rpc::Call(*stub_, &Stub::CreateIncident, request);
  EXPECT_THAT(invalid, StatusIs(absl::StatusCode::kInvalidArgument));
  const ErrorDetails details = *GetErrorDetails(invalid.status());
  EXPECT_EQ(details.domain, kErrorDomain);
  EXPECT_EQ(details.reason, "INVALID_REQUEST");
  EXPECT_GE(details.violations.size(), 4u);

  v1::ListIncidentsRequest elsewhere;
  elsewhere.set_instance("nope");
  EXPECT_THAT(rpc::Call(*stub_, &Stub::ListIncidents, elsewhere),
              HasReason("UNKNOWN_INSTANCE"));

  Answer(429, ErrorBody("Rate limit exceeded", ""));
  v1::GetIncidentRequest get;
  get.set_sys_id(kSysId);
  const auto limited = rpc::Call(*stub_, &Stub::GetIncident, get);
  EXPECT_THAT(limited, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(RetryDelay(limited.status()), absl::Seconds(5));
}

TEST_F(ServiceTest, AttachesAFileFromAStream) {
  std::string content;
  for (int i = 0; i < 60'000; ++i) absl::StrAppend(&content, i, "\n");
  Answer(200, ResultOf(json::array()));
  Answer(201, ResultOf(FileRow(content)));
  const auto reply = Attach(*stub_, content);
  ASSERT_OK(reply);
  EXPECT_TRUE(reply->created());
  OnLoop([&] { EXPECT_EQ(transport_->requests()[1].body, content); });

  // There already: answered while the caller still sends.
  Answer(200, ResultOf(json::array({FileRow(content)})));
  const auto again = Attach(*stub_, content);
  ASSERT_OK(again);
  EXPECT_FALSE(again->created());
}

TEST_F(ServiceTest, AStreamThatBreaksOffStoresNothing) {
  Answer(200, ResultOf(json::array()));
  grpc::ClientContext context;
  v1::AttachFileResponse response;
  auto writer = stub_->AttachFile(&context, &response);
  v1::AttachFileRequest part;
  *part.mutable_header() = FileHeader("content");
  ASSERT_TRUE(writer->Write(part));
  part.set_chunk("cont");
  ASSERT_TRUE(writer->Write(part));
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_OK(server_->Stop());
  OnLoop([&] { EXPECT_LE(transport_->requests().size(), 1u); });
}

TEST_F(ServiceTest, ReadsAnAttachmentAsAStream) {
  std::string content(300'000, 'x');
  Answer(200, ResultOf(FileRow(content)));
  OnLoop([&] {
    transport_->Answer(200, content, {{"Content-Type", "text/plain"}});
  });
  v1::ReadAttachmentRequest request;
  request.set_sys_id(kOtherSysId);
  std::string received;
  int headers = 0;
  EXPECT_OK(
      rpc::ReadStream(*stub_, &Stub::ReadAttachment, request, {},
                      std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                          [&](v1::ReadAttachmentResponse& part) {
                            if (part.has_header()) ++headers;
                            received += part.chunk();
                            return absl::OkStatus();
                          })));
  EXPECT_EQ(headers, 1);
  EXPECT_EQ(received, content);
}

TEST_F(ServiceTest, TheCallersDeadlineBoundsTheRequest) {
  OnLoop([&] {
    http::Response late;
    late.status = 200;
    transport_->AnswerAfter(absl::Hours(1), late);
  });
  v1::GetIncidentRequest request;
  request.set_sys_id(kSysId);
  rpc::CallOptions options;
  options.timeout = absl::Milliseconds(300);
  EXPECT_THAT(rpc::Call(*stub_, &Stub::GetIncident, request, options),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  OnLoop([&] {
    EXPECT_LE(transport_->requests()[0].timeout, absl::Milliseconds(400));
  });
}

TEST_F(ServiceTest, AReplacedConfigurationServesNewCalls) {
  InstanceSettings settings{
      "other", *http::BaseUrl::Parse("https://other.example.test", false),
      ApiKeyCredentials{FileSecret{config::Secret(kSecretText), "/f"}}};
  auto instance = std::make_shared<Instance>(std::move(settings), loop_.get(),
                                             transport_, RealClock::Get());
  ASSERT_OK(service_->Replace(std::make_shared<InstanceRegistry>(
      std::vector<std::shared_ptr<Instance>>{std::move(instance)}, "other")));
  const auto reply =
      rpc::Call(*stub_, &Stub::ListInstances, v1::ListInstancesRequest());
  ASSERT_OK(reply);
  ASSERT_EQ(reply->instances_size(), 1);
  EXPECT_EQ(reply->instances(0).name(), "other");
}

// --- Every call, every failure ---------------------------------------------

// Calls everything once; each must fail, and like this.
void ExpectAllFail(Stub& stub,
                   const std::function<void(const std::string& call,
                                            const absl::Status&)>& check) {
  v1::CreateIncidentRequest create;
  v1::Incident& incident = *create.mutable_incident();
  incident.set_sys_id(kSysId);
  incident.set_short_description("x");
  incident.set_correlation_id("x");
  incident.set_description("[marker 1234]");
  create.set_marker("[marker 1234]");
  check("CreateIncident",
        rpc::Call(stub, &Stub::CreateIncident, create).status());
  v1::GetIncidentRequest get;
  get.set_sys_id(kSysId);
  check("GetIncident", rpc::Call(stub, &Stub::GetIncident, get).status());
  check("ListIncidents",
        rpc::Call(stub, &Stub::ListIncidents, v1::ListIncidentsRequest())
            .status());
  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_sys_id(kSysId);
  update.mutable_update_mask()->add_paths("short_description");
  check("UpdateIncident",
        rpc::Call(stub, &Stub::UpdateIncident, update).status());
  v1::ListJournalEntriesRequest journal;
  journal.set_incident_sys_id(kSysId);
  check("ListJournalEntries",
        rpc::Call(stub, &Stub::ListJournalEntries, journal).status());
  check("AttachFile", Attach(stub, "content").status());
  v1::ListAttachmentsRequest attachments;
  attachments.set_record_sys_id(kSysId);
  check("ListAttachments",
        rpc::Call(stub, &Stub::ListAttachments, attachments).status());
  v1::ReadAttachmentRequest read;
  read.set_sys_id(kSysId);
  check("ReadAttachment",
        rpc::ReadStream(
            stub, &Stub::ReadAttachment, read, {},
            std::function<absl::Status(v1::ReadAttachmentResponse&)>(
                [](v1::ReadAttachmentResponse&) { return absl::OkStatus(); })));
  v1::LookupRecordsRequest lookup;
  lookup.set_table("cmdb_ci");
  lookup.add_conditions()->set_column("name");
  lookup.mutable_conditions(0)->add_values("x");
  check("LookupRecords",
        rpc::Call(stub, &Stub::LookupRecords, lookup).status());
}

TEST_F(ServiceTest, EveryFailureOfEveryCallHasOneReasonOfOurs) {
  for (int status : {202, 302, 400, 401, 403, 404, 500, 503}) {
    AnswerAlways(status, status == 202 ? "" : ErrorBody("message", "detail"));
    int calls = 0;
    ExpectAllFail(
        *stub_, [&](const std::string& call, const absl::Status& failure) {
          SCOPED_TRACE(absl::StrCat(call, " with ", status));
          ++calls;
          // That a record has no attachments may be told like this, too.
          if (status == 404 && call == "ListAttachments") {
            EXPECT_OK(failure);
            return;
          }
          ASSERT_FALSE(failure.ok());
          const auto details = GetErrorDetails(failure);
          ASSERT_TRUE(details.has_value());
          EXPECT_EQ(details->domain, kErrorDomain);
          Reason reason = v1::ERROR_REASON_UNSPECIFIED;
          EXPECT_TRUE(v1::ErrorReason_Parse(
              absl::StrCat("ERROR_REASON_", details->reason), &reason));
          EXPECT_EQ(failure.code(), CodeOf(reason));
          EXPECT_EQ(details->metadata.at("instance"), "prod");
          EXPECT_THAT(std::string(failure.message()), HasSubstr("prod"));
        });
    EXPECT_EQ(calls, 9);
  }
}

TEST_F(ServiceTest, AnErrorIsExactlyOneErrorInfo) {
  AnswerAlways(503, "{}");
  grpc::ClientContext context;
  v1::GetIncidentRequest request;
  request.set_sys_id(kSysId);
  v1::GetIncidentResponse response;
  const grpc::Status status = stub_->GetIncident(&context, request, &response);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  int infos = 0;
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) ++infos;
  }
  EXPECT_EQ(infos, 1);
}

}  // namespace
}  // namespace opcon_snow::snow
