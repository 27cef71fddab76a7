// Replies word for word as ServiceNow's documentation and knowledge base have
// them, and what each RPC makes of them. One file of golden_replies/ a case:
//
//   call     the RPC
//   request  its request, as protobuf JSON
//   replies  of the instance, in order: status, headers, and body (JSON) or
//            text; the content type is JSON's unless headers have another
//   reply    what the RPC returns, as protobuf JSON; or
//   error    code, reason, retry (seconds) and metadata that it carries
//
// What came is also written to the test's undeclared outputs.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "snow_gateway/attach_file.h"
#include "snow_gateway/attachments.h"
#include "snow_gateway/create_incident.h"
#include "snow_gateway/gateway_fixture.h"
#include "snow_gateway/journal.h"
#include "snow_gateway/list_instances.h"
#include "snow_gateway/lookup_records.h"
#include "snow_gateway/read_incidents.h"
#include "snow_gateway/update_incident.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;
using JsonOr = absl::StatusOr<json>;

std::vector<std::string> Files() {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator("snow_gateway/golden_replies")) {
    files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

template <class Message>
Message FromJson(const json& value) {
  Message message;
  const auto status =
      google::protobuf::util::JsonStringToMessage(value.dump(), &message);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return message;
}

json ToJson(const google::protobuf::Message& message) {
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text).ok());
  return json::parse(text);
}

template <class Reply>
JsonOr Shown(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status();
  return ToJson(*reply);
}

class GoldenRepliesTest : public GatewayTest,
                          public ::testing::WithParamInterface<std::string> {
 protected:
  GoldenRepliesTest() : instance_(MakeInstance()) {}

  void Script(const json& replies) {
    for (const json& reply : replies) {
      http::Headers headers;
      const json given = reply.value("headers", json::object());
      for (const auto& [name, value] : given.items()) {
        headers.Set(name, value.get<std::string>());
      }
      if (!headers.Has("Content-Type")) {
        headers.Set("Content-Type", "application/json;charset=UTF-8");
      }
      transport_->Answer(reply.at("status"),
                         reply.contains("body") ? reply.at("body").dump()
                                                : reply.value("text", ""),
                         headers);
    }
  }

  template <class Request, class Reply>
  JsonOr Unary(async::Task<absl::StatusOr<Reply>> (*method)(
                   std::shared_ptr<Instance>, Request, CallScope),
               const json& request) {
    return Shown(Run(method(instance_, FromJson<Request>(request), Scope())));
  }

  // `content` of the request is what is sent.
  JsonOr Attach(const json& request) {
    auto sent = std::make_shared<int>(0);
    const json* asked = &request;
    NextPart next = [sent, asked] { return PartOf(sent, asked); };
    FindTarget find = [this](const std::string& /*name*/) {
      return absl::StatusOr<Target>(Target{instance_, Scope()});
    };
    return Shown(Run(AttachFile(std::move(find), std::move(next))));
  }
  static async::Task<std::optional<v1::AttachFileRequest>> PartOf(
      std::shared_ptr<int> sent, const json* request) {
    v1::AttachFileRequest part;
    if ((*sent)++ == 0) {
      *part.mutable_header() =
          FromJson<v1::AttachFileHeader>(request->at("header"));
      co_return part;
    }
    if (*sent > 2) co_return std::nullopt;
    part.set_chunk(request->at("content").get<std::string>());
    co_return part;
  }

  JsonOr Read(const json& request) {
    json parts = json::array();
    const absl::Status status = Run(ReadAttachment(
        instance_, FromJson<v1::ReadAttachmentRequest>(request),
        [&parts](v1::ReadAttachmentResponse part) {
          return Take(&parts, std::move(part));
        },
        Scope()));
    if (!status.ok()) return status;
    return parts;
  }
  static async::Task<absl::Status> Take(json* parts,
                                        v1::ReadAttachmentResponse part) {
    parts->push_back(ToJson(part));
    co_return absl::OkStatus();
  }

  JsonOr Probe(const json& request) {
    return Shown(Run(ListInstances(
        std::make_shared<InstanceRegistry>(
            std::vector<std::shared_ptr<Instance>>{instance_}, "prod"),
        FromJson<v1::ListInstancesRequest>(request), Scope())));
  }

  JsonOr Play(const std::string& call, const json& request) {
    if (call == "CreateIncident") return Unary(&CreateIncident, request);
    if (call == "GetIncident") return Unary(&GetIncident, request);
    if (call == "ListIncidents") return Unary(&ListIncidents, request);
    if (call == "UpdateIncident") return Unary(&UpdateIncident, request);
    if (call == "ListJournalEntries") {
      return Unary(&ListJournalEntries, request);
    }
    if (call == "ListAttachments") return Unary(&ListAttachments, request);
    if (call == "LookupRecords") return Unary(&LookupRecords, request);
    if (call == "AttachFile") return Attach(request);
    if (call == "ReadAttachment") return Read(request);
    if (call == "ListInstances") return Probe(request);
    return absl::NotFoundError(call);
  }

  static json ErrorOf(const absl::Status& status, const json& expected) {
    const ErrorDetails details =
        GetErrorDetails(status).value_or(ErrorDetails());
    json error = {{"code", absl::StatusCodeToString(status.code())},
                  {"reason", details.reason}};
    if (details.retry_after.has_value()) {
      error["retry"] = absl::ToInt64Seconds(*details.retry_after);
    }
    const json wanted = expected.value("metadata", json::object());
    for (const auto& [key, value] : wanted.items()) {
      const auto found = details.metadata.find(key);
      error["metadata"][key] =
          found == details.metadata.end() ? "absent" : found->second;
    }
    return error;
  }

  std::shared_ptr<Instance> instance_;
};

TEST_P(GoldenRepliesTest, AreUnderstood) {
  std::ifstream in(GetParam());
  const json golden = json::parse(in);
  Script(golden.at("replies"));
  if (golden.contains("login")) {
    instance_ = MakeInstance(ClientCredentials());
  }
  const JsonOr reply = Play(golden.at("call"), golden.at("request"));
  EXPECT_EQ(transport_->unused(), 0u);
  if (golden.contains("error")) {
    EXPECT_EQ(ErrorOf(reply.status(), golden.at("error")), golden.at("error"))
        << reply.status();
    return;
  }
  ASSERT_TRUE(reply.ok()) << reply.status();
  if (const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR")) {
    std::ofstream(std::filesystem::path(outputs) /
                  std::filesystem::path(GetParam()).filename())
        << reply->dump(1);
  }
  EXPECT_EQ(*reply, golden.at("reply")) << reply->dump(1);
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoldenRepliesTest, ::testing::ValuesIn(Files()),
    [](const ::testing::TestParamInfo<std::string>& file) {
      return std::filesystem::path(file.param).stem().string();
    });

// Each RPC has one.
TEST(GoldenReplyFilesTest, AreThereForEveryCall) {
  std::map<std::string, int> calls;
  for (const std::string& file : Files()) {
    std::ifstream in(file);
    ++calls[json::parse(in).at("call").get<std::string>()];
  }
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          "servicenow.v1.ServiceNowGateway");
  ASSERT_NE(service, nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    EXPECT_GT(calls[service->method(i)->name()], 0)
        << service->method(i)->name();
  }
}

}  // namespace
}  // namespace opcon_snow::snow
