#include "opcon_gateway/config_validation.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/yaml_loader.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace opcon_snow::opcon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kGood[] = R"(
listener:
  address: 127.0.0.1:0
instances:
  - name: production
    base_url: https://opcon.example:9010
    token_file: token
    failover_urls: ["https://opcon-b.example:9010", "https://opcon-c.example"]
    time_zone: America/Chicago
  - name: test-2
    base_url: http://127.0.0.1:9010
    allow_plain_http: true
    public_address: opcon-test.example:9010
    login: {username: ocadm, password_file: password}
    limits: {call_timeout: 20s, max_concurrent_requests: 8,
             requests_per_hour: 5000}
    polling: {initial_interval: 50ms, max_interval: 1s}
    max_job_log_bytes: 1000000
default_instance_name: test-2
)";

config::Faults Load(absl::string_view yaml,
                    ::config::v1::OpConGatewayConfig* config) {
  config::Faults faults("gateway.yaml");
  const absl::Status loaded = config::LoadYamlText(yaml, config, &faults);
  EXPECT_EQ(loaded.ok(), faults.empty());
  ValidateConfig(*config, &faults);
  return faults;
}

std::vector<std::string> FaultyFields(absl::string_view yaml) {
  ::config::v1::OpConGatewayConfig config;
  std::vector<std::string> fields;
  for (const config::Fault& fault : Load(yaml, &config).Sorted()) {
    fields.push_back(fault.field);
  }
  return fields;
}

// An instance with these lines, which begin with six blanks or in the braces.
std::string With(const std::string& lines) {
  return "listener: {address: \"127.0.0.1:0\"}\ninstances:\n  - " + lines;
}

TEST(ConfigValidationTest, TakesAGoodOne) {
  EXPECT_THAT(FaultyFields(kGood), IsEmpty());
}

TEST(ConfigValidationTest, FindsEveryFaultInOneRun) {
  EXPECT_THAT(
      FaultyFields(R"(
listener: {}
instances:
  - name: Production
    base_url: opcon.example
  - name: twin
    base_url: http://opcon.example
    token_file: t
    login: {username: u}
    public_address: opcon.example
    proxy: {username: u}
    tls: {key_file: k}
    limits: {call_timeout: 1ms, connect_timeout: 2m, max_queued_calls: -1,
             requests_per_hour: 9}
    polling: {initial_interval: 4s}
    max_job_log_bytes: -1
    failover_urls: ["https://ok.example", "ftp://x", "https://ok.example"]
    time_zone: Mars/Olympus
  - name: twin
    base_url: https://opcon.example/api/
    token_file: t
default_instance_name: other
)"),
      UnorderedElementsAre(
          "listener.address", "instances[0].name", "instances[0].base_url",
          "instances[0]", "instances[1].base_url", "instances[1]",
          "instances[1].login.password_file", "instances[1].public_address",
          "instances[1].proxy.url", "instances[1].proxy.username",
          "instances[1].tls.key_file", "instances[1].limits.call_timeout",
          "instances[1].limits.connect_timeout",
          "instances[1].limits.max_queued_calls", "instances[1].polling",
          "instances[1].limits.requests_per_hour",
          "instances[1].failover_urls[1]", "instances[1].failover_urls[2]",
          "instances[1].time_zone", "instances[1].max_job_log_bytes",
          "instances[2].name", "instances[2].base_url",
          "default_instance_name"));
}

TEST(ConfigValidationTest, AGatewayServesSomething) {
  EXPECT_THAT(FaultyFields("listener: {address: \"127.0.0.1:0\"}"),
              UnorderedElementsAre("instances"));
}

TEST(ConfigValidationTest, Names) {
  for (const char* name : {"9a", "-a", "a_b", "A", "\"a b\"",
                           "a123456789012345678901234567890123456789012345678"
                           "901234567890123"}) {
    EXPECT_THAT(FaultyFields(With("{name: " + std::string(name) +
                                  ", base_url: \"https://o\", token_file: t}")),
                UnorderedElementsAre("instances[0].name"))
        << name;
  }
  EXPECT_THAT(FaultyFields(With("{base_url: \"https://o\", token_file: t}")),
              UnorderedElementsAre("instances[0].name"));
}

TEST(ConfigValidationTest, PlainHttpIsSaidAloud) {
  EXPECT_THAT(
      FaultyFields(
          With("{name: a, base_url: \"http://127.0.0.1:1\", token_file: t}")),
      UnorderedElementsAre("instances[0].base_url"));
}

TEST(ConfigValidationTest, PollingRanges) {
  EXPECT_THAT(
      FaultyFields(With("{name: a, base_url: \"https://o\", token_file: t, "
                        "polling: {initial_interval: 1ms, "
                        "max_interval: 6m}}")),
      UnorderedElementsAre("instances[0].polling.initial_interval",
                           "instances[0].polling.max_interval"));
}

TEST(ConfigValidationTest, FaultsSayWhereAndWhat) {
  ::config::v1::OpConGatewayConfig config;
  const std::string text =
      Load(With("{name: a, base_url: \"https://o\"}"), &config).Format();
  EXPECT_THAT(text, HasSubstr("gateway.yaml:3:"));
  EXPECT_THAT(text, HasSubstr("give token_file or login"));
}

}  // namespace
}  // namespace opcon_snow::opcon
