// What each RPC sends, to the byte, as the sandbox has logged it.
// golden/NAME.txt has the requests of one RPC, in order. What was sent is also
// written to the test's undeclared outputs, to be looked at and copied when it
// changes on purpose.

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/snow_gateway/every_call.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

using nlohmann::json;

// Headers that the connection needs, and that say nothing of the call.
bool IsShown(const std::string& name) {
  return name != "host" && name != "user-agent" && name != "accept-encoding" &&
         name != "connection";
}

std::string Shown(const json& request) {
  std::string text = absl::StrCat(request.at("method").get<std::string>(), " ",
                                  request.at("path").get<std::string>());
  if (!request.value("query", "").empty()) {
    absl::StrAppend(&text, "?", request.at("query").get<std::string>());
  }
  absl::StrAppend(&text, "\n");
  for (const auto& [name, value] : request.at("headers").items()) {
    if (IsShown(name)) {
      absl::StrAppend(&text, name, ": ", value.get<std::string>(), "\n");
    }
  }
  absl::StrAppend(&text, "\n");
  if (!request.value("body", "").empty()) {
    absl::StrAppend(&text, request.at("body").get<std::string>(), "\n");
  }
  return text;
}

TEST_F(GatewayAndSandboxTest, EachCallSendsWhatItShould) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway("    api_key_file: key\n"));
  ASSERT_OK(Create(NewIncident("subject")));
  CallSubject subject;
  subject.incident_sys_id = SysId("subject");
  const auto attached = Attach(subject.incident_sys_id, "log.txt", "x");
  ASSERT_OK(attached);
  subject.attachment_sys_id = attached->attachment().sys_id();

  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  std::size_t seen = SeenRequests().size();
  for (const EveryCall& call : AllCalls(subject)) {
    SCOPED_TRACE(call.name);
    ASSERT_OK(call.run(*stub_, subject, "golden-1", {}));
    std::string sent;
    const std::vector<json> requests = SeenRequests();
    for (; seen < requests.size(); ++seen) {
      absl::StrAppend(&sent, sent.empty() ? "" : "----\n",
                      Shown(requests[seen]));
    }
    // The instance chose it.
    sent =
        absl::StrReplaceAll(sent, {{subject.attachment_sys_id, "ATTACHMENT"}});
    const std::string file = absl::StrCat(call.name, ".txt");
    if (outputs != nullptr) {
      ASSERT_OK(harness::WriteFile(absl::StrCat(outputs, "/", file), sent));
    }
    EXPECT_EQ(sent, harness::ReadFile(
                        absl::StrCat("tests/snow_gateway/golden/", file)));
  }
}

}  // namespace
}  // namespace opcon_snow
