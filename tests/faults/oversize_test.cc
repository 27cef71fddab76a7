// Compression bombs and everything larger than it may be, against every
// listener of the real processes, in plaintext and over TLS: refused by name,
// at no cost in memory, and the next call is answered.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/http/test_certificate.h"
#include "common/rpc/channel.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/e2e/e2e_test_base.h"
#include "tests/harness/process.h"

namespace opcon_snow::e2e {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;

constexpr char kToken[] = "token-of-an-operator-0123456789";
constexpr std::size_t kBombBytes = std::size_t{16} << 20;
// What a process may grow by while it refuses one, in kilobytes.
constexpr long kGrowth = 8 * 1024;

class OversizeTest : public E2eTest,
                     public ::testing::WithParamInterface<bool> {
 protected:
  bool tls() const { return GetParam(); }

  void Start() {
    harness::SuiteOptions options = Options();
    const std::string token = options.directory + "/operator.token";
    ASSERT_OK(harness::WriteFile(token, kToken, 0600));
    std::string certificate;
    if (tls()) {
      certificate =
          absl::StrCat("  tls: {certificate_file: ", server_.certificate_file,
                       ", key_file: ", server_.key_file, "}\n");
    }
    const std::string authorization = absl::StrCat(
        "  authorization: {principals: [{name: all, token_file: ", token,
        ", roles: [operator, service, reporter]}]}\n");
    options.gateway_listener_yaml = certificate + authorization;
    options.listener_yaml = absl::StrCat(certificate, authorization,
                                         "  max_streams_per_connection: 3\n");
    if (tls()) {
      options.gateway_channel_yaml =
          absl::StrCat("  tls: {ca_file: ", server_.certificate_file, "}\n");
    }
    options.incident_service_yaml =
        absl::StrCat("token_file: ", token, "\nhttp:\n  address: 127.0.0.1:0\n",
                     certificate);
    StartSuite(options);
    for (const char* name :
         {"incident_service", "opcon_gateway", "snow_gateway"}) {
      const std::string file =
          absl::StrCat(suite().directory(), "/", name, ".port");
      const auto ports = harness::WaitForPorts(file, ProcessOf(name), file);
      ASSERT_OK(ports);
      ports_[name] = ports->at("grpc");
      if (ports->count("http") > 0) ports_["door"] = ports->at("http");
    }
  }

  harness::Process* ProcessOf(const std::string& name) {
    if (name == "incident_service") return suite().incident_service();
    return suite().gateway(name == "opcon_gateway" ? "opcon" : "snow");
  }

  // `agent` keeps connections apart: channels that are alike share one.
  std::shared_ptr<grpc::Channel> Connect(const std::string& name,
                                         const std::string& agent = "one") {
    std::shared_ptr<grpc::Channel>& kept = channels_[{name, agent}];
    if (kept != nullptr) return kept;
    rpc::ChannelOptions options;
    options.target = absl::StrCat("127.0.0.1:", ports_.at(name));
    options.use_tls = tls();
    options.tls.ca_file = server_.certificate_file;
    options.max_send_bytes = 2 * kBombBytes;
    options.user_agent = agent;
    const auto channel = rpc::CreateChannel(options);
    EXPECT_OK(channel);
    if (channel.ok()) kept = *channel;
    return kept;
  }

  static void Prepare(grpc::ClientContext* context) {
    context->AddMetadata("authorization", absl::StrCat("Bearer ", kToken));
    context->set_deadline(std::chrono::system_clock::now() +
                          std::chrono::seconds(60));
  }

  // Lists something at the process, with so many bytes in a field that it does
  // not know.
  grpc::StatusCode List(const std::string& name, grpc::ClientContext* context,
                        std::size_t bytes) {
    Prepare(context);
    const auto pad = [bytes](google::protobuf::Message* request) {
      if (bytes == 0) return;
      request->GetReflection()
          ->MutableUnknownFields(request)
          ->AddLengthDelimited(1000, std::string(bytes, '\0'));
    };
    if (name == "incident_service") {
      ::incident::v1::ListReportsRequest request;
      ::incident::v1::ListReportsResponse response;
      pad(&request);
      return ::incident::v1::IncidentService::NewStub(Connect(name))
          ->ListReports(context, request, &response)
          .error_code();
    }
    if (name == "opcon_gateway") {
      ::opcon::v1::ListInstancesRequest request;
      ::opcon::v1::ListInstancesResponse response;
      pad(&request);
      return ::opcon::v1::OpConGateway::NewStub(Connect(name))
          ->ListInstances(context, request, &response)
          .error_code();
    }
    ::servicenow::v1::ListInstancesRequest request;
    ::servicenow::v1::ListInstancesResponse response;
    pad(&request);
    return ::servicenow::v1::ServiceNowGateway::NewStub(Connect(name))
        ->ListInstances(context, request, &response)
        .error_code();
  }

  // On the next connection, if the server has closed the one that it was
  // offended on.
  void ExpectAnswers(const std::string& name) {
    EXPECT_TRUE(harness::Eventually([&] {
      grpc::ClientContext context;
      return List(name, &context, 0) == grpc::StatusCode::OK;
    })) << name;
  }

  // The most memory that it has ever had, in kilobytes.
  long PeakOf(const std::string& name) {
    const std::string status = harness::ReadFile(
        absl::StrCat("/proc/", ProcessOf(name)->pid(), "/status"));
    for (const absl::string_view line : absl::StrSplit(status, '\n')) {
      if (!absl::StartsWith(line, "VmHWM:")) continue;
      const std::vector<std::string> words =
          absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      long kilobytes = 0;
      EXPECT_TRUE(absl::SimpleAtoi(words.at(1), &kilobytes));
      return kilobytes;
    }
    ADD_FAILURE() << status;
    return 0;
  }

  std::unique_ptr<httplib::Client> Door() {
    auto client = std::make_unique<httplib::Client>(absl::StrCat(
        tls() ? "https" : "http", "://127.0.0.1:", ports_.at("door")));
    if (tls()) client->set_ca_cert_path(server_.certificate_file.c_str());
    client->set_default_headers(
        {{"Authorization", absl::StrCat("Bearer ", kToken)}});
    client->set_read_timeout(60);
    return client;
  }
  static int StatusOf(const httplib::Result& result) {
    return result ? result->status : -static_cast<int>(result.error());
  }

  void ExpectGrpcRefuses();
  void ExpectListsAndFilesAreBounded();
  void ExpectStreamsAreBounded();
  void ExpectDoorRefuses();

  const http::TestCertificate server_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  std::map<std::string, int> ports_;
  // By process and agent. Connected before a bomb is made, which takes longer
  // than a server waits for somebody to say something.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<grpc::Channel>>
      channels_;
};

// 16 MiB of nothing, compressed to some 16 KiB: this gRPC would inflate them
// before it looked at the size.
TEST_P(OversizeTest, CompressionBombsAreRefusedUnopened) {
  Start();
  for (const char* name :
       {"incident_service", "opcon_gateway", "snow_gateway"}) {
    ExpectAnswers(name);
    const long before = PeakOf(name);
    for (const grpc_compression_algorithm algorithm :
         {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
      grpc::ClientContext context;
      context.set_compression_algorithm(algorithm);
      EXPECT_EQ(List(name, &context, kBombBytes),
                grpc::StatusCode::UNIMPLEMENTED)
          << name << " " << algorithm;
    }
    EXPECT_LT(PeakOf(name), before + kGrowth) << name;
    ExpectAnswers(name);
  }
  std::string bomb;
  httplib::detail::gzip_compressor gzip;
  ASSERT_TRUE(gzip.compress(std::string(kBombBytes, ' ').data(), kBombBytes,
                            /*last=*/true,
                            [&bomb](const char* data, std::size_t size) {
                              bomb.append(data, size);
                              return true;
                            }));
  const long before = PeakOf("incident_service");
  for (const char* encoding : {"gzip", "deflate", "br", "gzip, gzip"}) {
    const auto client = Door();
    EXPECT_EQ(
        StatusOf(client->Post("/v1/reports", {{"Content-Encoding", encoding}},
                              bomb, "application/json")),
        415)
        << encoding;
  }
  EXPECT_LT(PeakOf("incident_service"), before + kGrowth);
  EXPECT_EQ(StatusOf(Door()->Get("/v1/reports")), 200);
}

void OversizeTest::ExpectGrpcRefuses() {
  for (const char* name :
       {"incident_service", "opcon_gateway", "snow_gateway"}) {
    SCOPED_TRACE(name);
    grpc::ClientContext message;
    EXPECT_EQ(List(name, &message, std::size_t{2} << 20),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    grpc::ClientContext metadata;
    metadata.AddMetadata("x-large", std::string(20'000, 'x'));
    EXPECT_EQ(List(name, &metadata, 0), grpc::StatusCode::RESOURCE_EXHAUSTED);
    grpc::ClientContext entries;
    for (int i = 0; i < 1000; ++i) {
      entries.AddMetadata(absl::StrCat("x-", i), "y");
    }
    // UNAVAILABLE: the server has closed the connection over it.
    EXPECT_THAT(List(name, &entries, 0),
                AnyOf(Eq(grpc::StatusCode::RESOURCE_EXHAUSTED),
                      Eq(grpc::StatusCode::UNAVAILABLE)));
    ExpectAnswers(name);
  }
}

void OversizeTest::ExpectListsAndFilesAreBounded() {
  const auto reports = [&] {
    grpc::ClientContext context;
    Prepare(&context);
    ::incident::v1::ListReportsRequest request;
    request.set_page_size(std::numeric_limits<std::int32_t>::max());
    ::incident::v1::ListReportsResponse response;
    return ::incident::v1::IncidentService::NewStub(Connect("incident_service"))
        ->ListReports(&context, request, &response)
        .error_code();
  };
  EXPECT_EQ(reports(), grpc::StatusCode::OK) << "as many as there may be";
  const auto snow =
      ::servicenow::v1::ServiceNowGateway::NewStub(Connect("snow_gateway"));
  {
    grpc::ClientContext context;
    Prepare(&context);
    ::servicenow::v1::ListIncidentsRequest request;
    for (int i = 0; i < 20'000; ++i) {
      request.add_sys_ids("0123456789abcdef0123456789abcdef");
    }
    ::servicenow::v1::ListIncidentsResponse response;
    EXPECT_EQ(snow->ListIncidents(&context, request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  // A file that is said to be larger than may be, and one that turns out to be
  // larger than was said.
  for (const auto& [said, sent] :
       {std::pair{std::int64_t{1} << 40, 10}, {std::int64_t{10}, 100'000}}) {
    grpc::ClientContext context;
    Prepare(&context);
    ::servicenow::v1::AttachFileResponse response;
    const auto writer = snow->AttachFile(&context, &response);
    ::servicenow::v1::AttachFileRequest part;
    part.mutable_header()->set_record_sys_id(
        "0123456789abcdef0123456789abcdef");
    part.mutable_header()->set_file_name("log.txt");
    part.mutable_header()->set_content_type("text/plain");
    part.mutable_header()->set_size_bytes(said);
    part.mutable_header()->set_sha256(std::string(64, 'a'));
    writer->Write(part);
    part.set_chunk(std::string(static_cast<std::size_t>(sent), 'x'));
    writer->Write(part);
    writer->WritesDone();
    EXPECT_THAT(writer->Finish().error_code(),
                AnyOf(Eq(grpc::StatusCode::INVALID_ARGUMENT),
                      Eq(grpc::StatusCode::OUT_OF_RANGE)))
        << said;
  }
  ExpectAnswers("snow_gateway");
}

void OversizeTest::ExpectStreamsAreBounded() {
  const auto stub = ::incident::v1::IncidentService::NewStub(
      Connect("incident_service", "crowded"));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<
      std::unique_ptr<grpc::ClientReader<::incident::v1::WatchReportsResponse>>>
      streams;
  for (int i = 0; i < 3; ++i) {
    Prepare(
        contexts.emplace_back(std::make_unique<grpc::ClientContext>()).get());
    streams.push_back(stub->WatchReports(contexts.back().get(), {}));
  }
  const auto list = [](::incident::v1::IncidentService::Stub& at) {
    grpc::ClientContext context;
    Prepare(&context);
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(2));
    ::incident::v1::ListReportsResponse response;
    return at.ListReports(&context, {}, &response).error_code();
  };
  EXPECT_EQ(list(*stub), grpc::StatusCode::DEADLINE_EXCEEDED)
      << "the fourth waits in its caller";
  ExpectAnswers("incident_service");
  contexts[0]->TryCancel();
  streams[0]->Finish();
  EXPECT_EQ(list(*stub), grpc::StatusCode::OK) << "until there is room";
  for (const auto& context : contexts) context->TryCancel();
  streams.clear();
}

void OversizeTest::ExpectDoorRefuses() {
  const auto post = [this](const httplib::Headers& headers,
                           const std::string& body) {
    return StatusOf(
        Door()->Post("/v1/reports", headers, body, "application/json"));
  };
  EXPECT_EQ(StatusOf(Door()->Get("/v1/reports?" + std::string(20'000, 'x'))),
            431);
  EXPECT_EQ(post({{"X-Large", std::string(20'000, 'x')}}, "{}"), 431);
  httplib::Headers many;
  for (int i = 0; i < 2000; ++i) many.emplace(absl::StrCat("X-", i), "y");
  EXPECT_THAT(post(many, "{}"), AnyOf(400, 431));
  EXPECT_THAT(post({}, std::string(std::size_t{2} << 20, ' ')), Eq(413));
  const std::string deep(100'000, '[');
  EXPECT_EQ(post({}, deep), 400);
  std::string nested;
  for (int i = 0; i < 50'000; ++i) nested += "{\"event\":";
  EXPECT_EQ(post({}, nested), 400);
  EXPECT_EQ(StatusOf(Door()->Get("/v1/reports?pageSize=2147483647")), 200);
  const httplib::Result page =
      Door()->Get("/v1/reports?pageSize=99999999999999999999");
  EXPECT_EQ(StatusOf(page), 400);
  EXPECT_THAT(page->body, HasSubstr("pageSize"));
}

TEST_P(OversizeTest, WhatIsLargerThanItMayBeIsRefused) {
  Start();
  ExpectGrpcRefuses();
  ExpectListsAndFilesAreBounded();
  ExpectStreamsAreBounded();
  ExpectDoorRefuses();
  EXPECT_THAT(suite().incident_service()->Terminate(), IsOkAndHolds(0));
}

INSTANTIATE_TEST_SUITE_P(Listeners, OversizeTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Tls" : "Plaintext";
                         });

}  // namespace
}  // namespace opcon_snow::e2e
