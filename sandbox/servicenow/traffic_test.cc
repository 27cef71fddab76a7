#include "sandbox/servicenow/traffic.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::servicenow {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

Conditions Parsed(const std::string& text) {
  const absl::StatusOr<Conditions> conditions =
      ParseConditions(Json::parse(text));
  EXPECT_TRUE(conditions.ok()) << conditions.status();
  return conditions.ok() ? *conditions : Conditions();
}

std::string HeaderOf(const Reply& reply, const std::string& name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return "";
}

class TrafficTest : public ::testing::Test {
 protected:
  std::unique_ptr<Traffic> Make(const std::string& conditions) {
    return std::make_unique<Traffic>(Parsed(conditions),
                                     [this] { return now_; });
  }

  static Traffic::Call Get(const std::string& session = "") {
    return {"GET", "/api/now/table/incident", "table", "admin", session};
  }

  absl::Time now_ = absl::FromUnixSeconds(3600 * 1000 + 600);
};

TEST_F(TrafficTest, AFaultyConditionIsNamed) {
  const auto error = [](const std::string& text) {
    return std::string(ParseConditions(Json::parse(text)).status().message());
  };
  EXPECT_THAT(error("[]"), HasSubstr("an object"));
  EXPECT_THAT(error(R"({"bogus":1})"), HasSubstr("bogus"));
  EXPECT_THAT(error(R"({"hibernating":404})"), HasSubstr("hibernating"));
  EXPECT_THAT(error(R"({"semaphores":{"threads":"4"}})"),
              HasSubstr("semaphores.threads"));
  EXPECT_THAT(error(R"({"rate_limits":[{"requests":1}]})"),
              HasSubstr("rate_limits.requests"));
  const Conditions conditions = Parsed(
      R"({"rate_limits":[{"requests_per_hour":5,"api":"table"}],
          "slow":[{"path":"/x","seconds":70}],"maintenance":true})");
  EXPECT_EQ(ConditionsToJson(*ParseConditions(ConditionsToJson(conditions))),
            ConditionsToJson(conditions));
}

TEST_F(TrafficTest, ARateRuleRefusesUntilTheHourIsOver) {
  const auto traffic =
      Make(R"({"rate_limits":[{"requests_per_hour":2,"api":"table"}]})");
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(traffic->Enter(Get()).has_value());
    traffic->Leave(Get());
  }
  std::optional<Reply> refused = traffic->Enter(Get());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(HeaderOf(*refused, "Retry-After"), "3000");
  EXPECT_THAT(refused->body,
              HasSubstr("Rate limit of 2 requests per hour for Table API "
                        "exceeded"));
  traffic->AddRateHeaders(Get(), *refused);
  EXPECT_EQ(HeaderOf(*refused, "X-RateLimit-Limit"), "2");
  EXPECT_EQ(HeaderOf(*refused, "X-RateLimit-Reset"), "3603600");
  EXPECT_EQ(HeaderOf(*refused, "X-RateLimit-Rule").size(), 32U);
  // Each user by himself.
  Traffic::Call other = Get();
  other.user = "fred";
  EXPECT_FALSE(traffic->Enter(other).has_value());
  traffic->Leave(other);
  now_ += absl::Seconds(3000);
  EXPECT_FALSE(traffic->Enter(Get()).has_value());
  traffic->Leave(Get());
}

TEST_F(TrafficTest, ANodeCountsLateIfItIsToldTo) {
  const auto traffic = Make(
      R"({"rate_limits":[{"requests_per_hour":1,"flush_seconds":30,
                          "headers":false}]})");
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(traffic->Enter(Get()).has_value());
    traffic->Leave(Get());
  }
  now_ += absl::Seconds(30);
  const std::optional<Reply> refused = traffic->Enter(Get());
  ASSERT_TRUE(refused.has_value());
  EXPECT_TRUE(refused->headers.empty());
}

TEST_F(TrafficTest, FullSemaphoresAreA429WithoutHeaders) {
  const auto traffic = Make(R"({"semaphores":{"threads":1,"queue":0}})");
  EXPECT_FALSE(traffic->Enter(Get()).has_value());
  const std::optional<Reply> refused = traffic->Enter(Get());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 429);
  EXPECT_TRUE(refused->headers.empty());
  traffic->Leave(Get());
  EXPECT_FALSE(traffic->Enter(Get()).has_value());
  traffic->Leave(Get());
}

TEST_F(TrafficTest, ASessionHasOneTransactionAtATime) {
  for (const char* sessions :
       {R"({"sessions":{"waiting":0,"wait_milliseconds":600000}})",
        R"({"sessions":{"waiting":1,"wait_milliseconds":1}})"}) {
    const auto traffic = Make(sessions);
    EXPECT_FALSE(traffic->Enter(Get("S")).has_value());
    const std::optional<Reply> turned_away = traffic->Enter(Get("S"));
    ASSERT_TRUE(turned_away.has_value());
    EXPECT_EQ(turned_away->status, 202);
    EXPECT_EQ(turned_away->body, "");
    // Another session is not concerned, nor is a call without one.
    EXPECT_FALSE(traffic->Enter(Get("T")).has_value());
    EXPECT_FALSE(traffic->Enter(Get()).has_value());
    traffic->Leave(Get());
    traffic->Leave(Get("T"));
    traffic->Leave(Get("S"));
  }
}

TEST_F(TrafficTest, ATransactionWaitsForItsSessionAndForASemaphore) {
  for (const char* conditions :
       {"{}", R"({"semaphores":{"threads":1,"queue":1}})"}) {
    const auto traffic = Make(conditions);
    EXPECT_FALSE(traffic->Enter(Get("S")).has_value());
    std::thread waiter([&] {
      EXPECT_FALSE(traffic->Enter(Get("S")).has_value());
      traffic->Leave(Get("S"));
    });
    traffic->Leave(Get("S"));
    waiter.join();
  }
}

TEST_F(TrafficTest, ASlowTransactionIsCancelled) {
  const auto traffic = Make(
      R"({"slow":[{"method":"GET","path":"/api/now/table/","seconds":75,
                   "rows":1,"times":1},
                  {"path":"/api/now/table/","seconds":59}]})");
  const std::optional<SlowRule> slow = traffic->TakeSlow(Get());
  ASSERT_TRUE(slow.has_value());
  EXPECT_FALSE(traffic->TakeSlow(Get()).has_value());
  const Reply whole = Reply::Json(200, Json::parse(R"({"result":[{"a":"1"},
                                                              {"a":"2"}]})"));
  const Json cut = Json::parse(CancelledReply(*slow, whole).body);
  EXPECT_EQ(cut["result"].size(), 1U);
  EXPECT_EQ(cut["error"]["message"],
            "Transaction cancelled: maximum execution time exceeded");
  EXPECT_EQ(cut["status"], "failure");
  SlowRule broken = *slow;
  broken.broken = true;
  EXPECT_FALSE(Json::accept(CancelledReply(broken, whole).body));
  broken.rows = -1;
  EXPECT_EQ(CancelledReply(broken, whole).status, 500);
}

TEST_F(TrafficTest, AnInstanceSleepsOrIsMaintained) {
  const auto traffic = Make("{}");
  EXPECT_FALSE(traffic->Asleep().has_value());
  traffic->Set(Parsed(R"({"hibernating":200})"));
  EXPECT_EQ(traffic->Asleep()->status, 200);
  EXPECT_THAT(traffic->Asleep()->body, HasSubstr("instance-hibernating-page"));
  traffic->Set(Parsed(R"({"hibernating":302})"));
  EXPECT_EQ(HeaderOf(*traffic->Asleep(), "Location"),
            "https://developer.servicenow.com/");
  traffic->Set(Parsed(R"({"maintenance":true})"));
  EXPECT_EQ(traffic->Asleep()->status, 503);
  traffic->Reset();
  EXPECT_FALSE(traffic->Asleep().has_value());
}

}  // namespace
}  // namespace opcon_snow::sandbox::servicenow
