#ifndef OPCON_SNOW_SNOW_GATEWAY_GATEWAY_FIXTURE_H_
#define OPCON_SNOW_SNOW_GATEWAY_GATEWAY_FIXTURE_H_

// An instance over a scripted transport and a loop with virtual time. Tests
// only.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/manual_event_loop.h"
#include "common/async/task.h"
#include "common/clock/fake_clock.h"
#include "common/http/fake_transport.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "snow_gateway/call_scope.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {

inline constexpr char kSysId[] = "0123456789abcdef0123456789abcdef";
inline constexpr char kOtherSysId[] = "fedcba9876543210fedcba9876543210";
// In every credential that a fixture makes.
inline constexpr char kSecretText[] = "s3cr3t-VALUE";

http::Headers JsonHeaders();

// "{"result":…}".
std::string ResultOf(const nlohmann::json& result);
// ServiceNow's error envelope.
std::string ErrorBody(absl::string_view message, absl::string_view detail);

// The decoded value of a query parameter; "" if there is none.
std::string ParameterOf(absl::string_view url, absl::string_view name);
// The path of an address, without query.
std::string PathOf(absl::string_view url);

class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest();
  // Ends whatever still runs before what it uses goes.
  void TearDown() override;

  static Credentials ApiKey();
  static Credentials ClientCredentials();

  InstanceSettings Settings(Credentials credentials = ApiKey()) const;
  std::shared_ptr<Instance> MakeInstance(Credentials credentials = ApiKey());
  std::shared_ptr<Instance> MakeInstance(InstanceSettings settings);

  // With 30 s to go.
  CallScope Scope() const;

  void AnswerJson(int status, absl::string_view body);
  // 200 and 201 with a result.
  void AnswerResult(const nlohmann::json& result);
  void AnswerCreated(const nlohmann::json& result);
  // 200 with a list. (`AnswerResult({row})` would send the row itself.)
  void AnswerRows(const std::vector<nlohmann::json>& rows);
  // 404 as ServiceNow says that there is no record.
  void AnswerNoRecord();

  // Runs a task to its end; virtual time passes only if it must.
  template <typename T>
  T Run(async::Task<T> task) {
    std::optional<T> result;
    async::Start(std::move(task),
                 [&result](T value) { result.emplace(std::move(value)); });
    loop_.RunUntilIdle();
    for (int i = 0; i < 1000 && !result.has_value(); ++i) {
      loop_.Advance(absl::Seconds(1));
    }
    if (!result.has_value()) {
      ADD_FAILURE() << "the task does not end";
      loop_.Stop();
    }
    return *std::move(result);
  }

  const http::FakeTransport::RecordedRequest& Request(std::size_t index) const {
    return transport_->requests().at(index);
  }
  nlohmann::json BodyOf(std::size_t index) const {
    return nlohmann::json::parse(Request(index).body);
  }
  std::size_t request_count() const { return transport_->requests().size(); }

  async::ManualEventLoop loop_;
  FakeClock clock_;
  std::shared_ptr<http::FakeTransport> transport_;
};

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_GATEWAY_FIXTURE_H_
