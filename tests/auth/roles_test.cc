// Every call of the three services and every path of the HTTP door, with every
// role by token and by certificate, without credentials and with wrong ones,
// against the tables of docs/security.md. What is called is taken from the
// descriptors and openapi.json, so that nothing is left out.

#include <httplib.h>

#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/rpc/status_conversion.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "incident/v1/incident_service.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/opcon_gateway.grpc.pb.h"
#include "servicenow/v1/servicenow_gateway.grpc.pb.h"
#include "tests/auth/guarded_servers.h"
#include "tests/auth/role_tables.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::auth {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Named by a message, which links the descriptors in.
std::vector<const ServiceDescriptor*> Services() {
  return {
      ::incident::v1::GetReportRequest::descriptor()->file()->service(0),
      ::opcon::v1::GetDailyJobRequest::descriptor()->file()->service(0),
      ::servicenow::v1::GetIncidentRequest::descriptor()->file()->service(0)};
}

std::string Runfile(const std::string& path) {
  return absl::StrCat(std::getenv("TEST_SRCDIR"), "/opcon_snow/", path);
}

// A request without anything, that changes nothing anywhere. Where it can, it
// names a report that is not there, so that a watch ends at once.
grpc::ByteBuffer RequestOf(const MethodDescriptor& method) {
  const std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(method.input_type())
          ->New());
  const auto* report_id = method.input_type()->FindFieldByName("report_id");
  if (report_id != nullptr) {
    request->GetReflection()->SetString(request.get(), report_id, "none");
  }
  const grpc::Slice slice(request->SerializeAsString());
  return {&slice, 1};
}

// Sends one message, and nothing after it, whatever kind of call it is; reads
// all there is.
absl::Status CallOnce(const std::shared_ptr<grpc::Channel>& channel,
                      const MethodDescriptor& method, const Shown& shown) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoSeconds(harness::kPatience));
  if (!shown.authorization.empty()) {
    context.AddMetadata("authorization", shown.authorization);
  }
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context,
      absl::StrCat("/", method.service()->full_name(), "/", method.name()),
      &queue);
  void* tag = nullptr;
  bool ok = false;
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  if (ok) {
    call->WriteLast(RequestOf(method), grpc::WriteOptions(), nullptr);
    queue.Next(&tag, &ok);
  }
  for (bool more = true; more;) {
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    queue.Next(&tag, &more);
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return rpc::FromGrpcStatus(status);
}

// What came of it, as the tables say it.
std::string Outcome(const absl::Status& status) {
  const std::string reason = GetErrorReason(status);
  if (absl::IsUnauthenticated(status) && reason == "UNAUTHENTICATED") {
    return "unknown";
  }
  if (absl::IsPermissionDenied(status) && reason == "ROLE_REQUIRED") {
    return "refused";
  }
  if (absl::IsUnavailable(status) && reason.empty()) return "not connected";
  // An answer of the handler: one without an error, or with one of its own.
  if (status.ok() || !reason.empty()) return "let in";
  return status.ToString();
}

std::string Expected(const std::set<std::string>& roles, const Shown& shown) {
  if (!shown.connects) return "not connected";
  if (roles.count("everybody") > 0) return "let in";
  if (shown.role.empty()) return "unknown";
  return MayCall(roles, shown.role) ? "let in" : "refused";
}

class RolesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // OpenSSL writes without MSG_NOSIGNAL to servers that have hung up.
    std::signal(SIGPIPE, SIG_IGN);
    auto programs = harness::FindPrograms("");
    ASSERT_OK(programs);
    auto servers = GuardedServers::Start(*programs, ::testing::TempDir());
    ASSERT_OK(servers);
    servers_ = std::move(*servers).release();
  }
  static void TearDownTestSuite() { delete servers_; }

  const RoleTables tables_ = ReadRoleTables(Runfile("docs/security.md"));
  static GuardedServers* servers_;
};

GuardedServers* RolesTest::servers_ = nullptr;

TEST_F(RolesTest, EveryCallWithEveryRole) {
  int calls = 0;
  for (const ServiceDescriptor* descriptor : Services()) {
    const std::string& service = descriptor->full_name();
    for (const Shown& shown : servers_->callers()) {
      const auto channel = servers_->Channel(service, shown);
      for (int i = 0; i < descriptor->method_count(); ++i) {
        const MethodDescriptor& method = *descriptor->method(i);
        const std::string name = absl::StrCat(service, "/", method.name());
        const auto row = tables_.find(name);
        ASSERT_NE(row, tables_.end()) << name << " is not in docs/security.md";
        EXPECT_EQ(Outcome(CallOnce(channel, method, shown)),
                  Expected(row->second, shown))
            << name << " as " << shown.name;
        ++calls;
      }
    }
  }
  RecordProperty("calls", calls);
  EXPECT_GE(calls, 47 * 14);
}

TEST_F(RolesTest, TheTablesHoldNothingElse) {
  std::set<std::string> known;
  for (const ServiceDescriptor* service : Services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      known.insert(
          absl::StrCat(service->full_name(), "/", service->method(i)->name()));
    }
  }
  const nlohmann::json contract = nlohmann::json::parse(
      harness::ReadFile(Runfile("incident_service/http/openapi.json")));
  for (const auto& [path, methods] : contract.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      known.insert(
          absl::StrCat("HTTP door/", absl::AsciiStrToUpper(method), " ", path));
    }
  }
  for (const auto& [name, roles] : tables_) {
    EXPECT_EQ(known.count(name), 1U) << name;
  }
  EXPECT_EQ(known.size(), tables_.size());
}

std::string HttpOutcome(const httplib::Result& answer) {
  if (!answer) return "not connected";
  const nlohmann::json body =
      nlohmann::json::parse(answer->body, nullptr, false);
  const std::string reason = body.is_object() ? body.value("reason", "") : "";
  if (answer->status == 401 && reason == "UNAUTHENTICATED" &&
      answer->get_header_value("WWW-Authenticate") == "Bearer") {
    return "unknown";
  }
  if (answer->status == 403 && reason == "ROLE_REQUIRED") return "refused";
  return answer->status == 401 || answer->status == 403 ? answer->body
                                                        : "let in";
}

TEST_F(RolesTest, EveryPathWithEveryRole) {
  const nlohmann::json contract = nlohmann::json::parse(
      harness::ReadFile(Runfile("incident_service/http/openapi.json")));
  int calls = 0;
  for (const Shown& shown : servers_->callers()) {
    for (const auto& [path, methods] : contract.at("paths").items()) {
      for (const auto& [lower, operation] : methods.items()) {
        const std::string method = absl::AsciiStrToUpper(lower);
        const std::string name = absl::StrCat("HTTP door/", method, " ", path);
        const auto row = tables_.find(name);
        ASSERT_NE(row, tables_.end()) << name << " is not in docs/security.md";
        const bool open = row->second.count("everybody") > 0;
        EXPECT_EQ(
            operation.contains("security") && operation.at("security").empty(),
            open)
            << name;
        EXPECT_EQ(operation.at("responses").contains("401"), !open) << name;
        EXPECT_EQ(operation.at("responses").contains("403"), !open) << name;

        std::unique_ptr<httplib::SSLClient> client =
            shown.certificate == nullptr
                ? std::make_unique<httplib::SSLClient>("127.0.0.1",
                                                       servers_->http_port())
                : std::make_unique<httplib::SSLClient>(
                      "127.0.0.1", servers_->http_port(),
                      shown.certificate->certificate_file,
                      shown.certificate->key_file);
        client->set_ca_cert_path(
            servers_->server_certificate().certificate_file.c_str());
        client->enable_server_certificate_verification(true);
        httplib::Request request;
        request.method = method;
        request.path = absl::StrReplaceAll(
            path, {{"{id}", "none"}, {"{job}", "20260105%7C1%7C1%7CJ"}});
        if (!shown.authorization.empty()) {
          request.set_header("Authorization", shown.authorization);
        }
        if (method == "POST") {
          request.body = "{}";
          request.set_header("Content-Type", "application/json");
        }
        EXPECT_EQ(HttpOutcome(client->send(request)),
                  Expected(row->second, shown))
            << name << " as " << shown.name;
        ++calls;
      }
    }
  }
  EXPECT_GE(calls, 7 * 14);
}

}  // namespace
}  // namespace opcon_snow::auth
