#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_FIXTURE_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_FIXTURE_H_

// Calls an Instance without a socket, at a time that stands still.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/instance.h"

namespace opcon_snow::sandbox::servicenow {

class InstanceFixture : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  static constexpr char kNetwork[] = "287ebd7da9fe198100f92cc8d1d2154e";
  static constexpr char kNow[] = "2026-01-05 10:11:12";

  void SetUp() override { Start({}); }

  void Start(Settings settings) {
    absl::StatusOr<std::unique_ptr<Instance>> instance =
        Instance::Create(std::move(settings), {}, [this] { return now_; });
    ASSERT_TRUE(instance.ok()) << instance.status();
    instance_ = *std::move(instance);
  }

  static std::string Basic(const std::string& user,
                           const std::string& password) {
    return absl::StrCat("Basic ",
                        absl::Base64Escape(absl::StrCat(user, ":", password)));
  }

  // `path` with its query, as a client would send it. Header names in lower
  // case; those given replace or (empty) remove the usual ones.
  static SandboxRequest Request(const std::string& method,
                                const std::string& path,
                                const std::string& body = "",
                                const FieldValues& headers = {}) {
    SandboxRequest request;
    request.method = method;
    const std::size_t question = path.find('?');
    request.raw_path = path.substr(0, question);
    if (question != std::string::npos) {
      request.raw_query = path.substr(question + 1);
    }
    request.segments = SplitPath(request.raw_path);
    request.query = sandbox::ParseQuery(request.raw_query);
    request.body = body;
    request.body_bytes = body.size();
    request.headers = {{"host", "sn.example"},
                       {"accept", "application/json"},
                       {"authorization", Basic("admin", "admin")}};
    if (!body.empty()) request.headers["content-type"] = "application/json";
    for (const auto& [name, value] : headers) {
      if (value.empty()) {
        request.headers.erase(name);
      } else {
        request.headers[name] = value;
      }
    }
    return request;
  }

  static Json Body(const Reply& reply) {
    return Json::parse(reply.body, nullptr, false);
  }

  static std::string HeaderOf(const Reply& reply, const std::string& name) {
    for (const auto& [key, value] : reply.headers) {
      if (key == name) return value;
    }
    return "";
  }

  Reply Call(const std::string& method, const std::string& path,
             const std::string& body = "", const FieldValues& headers = {}) {
    return instance_->Handle(Request(method, path, body, headers));
  }

  // As the integration user, who is no administrator.
  Reply CallAsIntegration(const std::string& method, const std::string& path,
                          const std::string& body = "") {
    return Call(method, path, body,
                {{"authorization", Basic("opcon.integration", "sandbox")}});
  }

  // `{}` as well, which is null to the JSON library.
  Json Create(const Json& values, const std::string& table = "incident") {
    const Reply reply = Call("POST", "/api/now/table/" + table,
                             values.is_null() ? "{}" : values.dump());
    EXPECT_EQ(reply.status, 201) << reply.body;
    return Body(reply)["result"];
  }

  Json Patch(const Json& record, const Json& values) {
    const Reply reply = Call("PATCH", PathOf(record), values.dump());
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Body(reply)["result"];
  }

  static std::string PathOf(const Json& record) {
    return "/api/now/table/incident/" + record["sys_id"].get<std::string>();
  }

  Json List(const std::string& table_and_query) {
    const Reply reply = Call("GET", "/api/now/table/" + table_and_query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return Body(reply)["result"];
  }

  absl::Time now_ = absl::FromCivil(absl::CivilSecond(2026, 1, 5, 10, 11, 12),
                                    absl::UTCTimeZone());
  std::unique_ptr<Instance> instance_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_INSTANCE_FIXTURE_H_
