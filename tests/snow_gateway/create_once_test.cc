// However a create fails on its way, and whatever the instance does with chosen
// sys_ids, repeating it as the contract says ends in exactly one incident.

#include <atomic>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/soak.h"
#include "tests/snow_gateway/gateway_and_sandbox.h"

namespace opcon_snow {
namespace {

namespace v1 = ::servicenow::v1;
using nlohmann::json;

constexpr int kThreads = 16;
constexpr absl::Duration kPause = absl::Milliseconds(20);

enum class Trouble { kDropAfter, kStatus403, kStatus500, kEmpty202, kTimeout };

std::string NameOf(Trouble trouble) {
  switch (trouble) {
    case Trouble::kDropAfter:
      return "DropAfter";
    case Trouble::kStatus403:
      return "StatusAfter403";
    case Trouble::kStatus500:
      return "StatusAfter500";
    case Trouble::kEmpty202:
      return "Empty202";
    case Trouble::kTimeout:
      return "Timeout";
  }
  return "";
}

struct Parameters {
  Trouble trouble;
  std::string mode;
};

std::string TestName(const ::testing::TestParamInfo<Parameters>& info) {
  std::string name = NameOf(info.param.trouble);
  for (const char c : info.param.mode) {
    if (c != '-') name.push_back(c);
  }
  return name;
}

class CreateOnceTest : public GatewayAndSandboxTest,
                       public ::testing::WithParamInterface<Parameters> {
 protected:
  // A case, all of it from its seed.
  struct Case {
    std::uint64_t seed = 0;
    std::string key;
    json action;
    int times = 1;
    absl::Duration timeout = absl::Seconds(20);
    bool says_that_it_may_exist = true;
    int calls = 0;
    absl::Status end;
  };

  static Case MakeCase(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto from = [&random](int low, int high) {
      return std::uniform_int_distribution<int>(low, high)(random);
    };
    Case c;
    c.seed = seed;
    c.key = absl::StrCat("seed-", seed, "-", random() % 1'000'000);
    c.times = from(1, 3);
    switch (GetParam().trouble) {
      case Trouble::kDropAfter:
        c.action = {{"kind", "drop_after"}};
        break;
      case Trouble::kStatus403:
        c.action = {{"kind", "status_after"}, {"status", 403}};
        break;
      case Trouble::kStatus500:
        c.action = {{"kind", "status_after"}, {"status", 500}};
        break;
      case Trouble::kEmpty202:
        c.action = {{"kind", "empty_202"}};
        break;
      case Trouble::kTimeout: {
        // The caller gives up before the instance begins, or while it is at it.
        const int late = from(60, 400);
        c.action = {{"kind", "delay"}, {"ms", late}};
        c.timeout = absl::Milliseconds(from(50, late + 100));
        c.times = 1;
        break;
      }
    }
    // The contract asks for it; what this gateway itself knows to be open it
    // looks for anyway.
    c.says_that_it_may_exist = from(0, 3) > 0;
    return c;
  }

  void RunCase(Case* c) {
    Fault({{"match",
            {{"method", "POST"},
             {"path", "/api/now/table/incident"},
             {"body", c->key}}},
           {"times", c->times},
           {"action", c->action}});
    v1::CreateIncidentRequest request = NewIncident(c->key);
    // Until it is settled; no fault lasts.
    const absl::Time give_up = absl::Now() + harness::kPatience * 2;
    for (;;) {
      ++c->calls;
      const auto reply = rpc::Call(*stub_, &Stub::CreateIncident, request,
                                   {.timeout = c->timeout});
      c->end = reply.status();
      if (reply.ok() || absl::Now() > give_up) return;
      c->timeout = absl::Seconds(20);
      request.set_may_exist(c->says_that_it_may_exist);
      absl::SleepFor(kPause);
    }
  }

  // Every insert that is still on its way has arrived.
  void WaitForRest() {
    EXPECT_TRUE(harness::Eventually([this] {
      for (const json& request : SeenRequests()) {
        if (request.at("method") != "POST") continue;
        if (!request.contains("applied")) return false;
      }
      return true;
    }));
  }
};

TEST_P(CreateOnceTest, EndsInOneIncident) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox({"--client-sys-id", GetParam().mode}));
  ASSERT_NO_FATAL_FAILURE(StartGateway(
      absl::StrCat(kOAuth, "    limits: {max_concurrent_requests: 64}\n")));
  const int count = harness::CaseCount(8, 1000);
  std::vector<Case> cases;
  for (int i = 0; i < count; ++i) {
    cases.push_back(
        MakeCase(harness::FirstSeed() + static_cast<std::uint64_t>(i)));
  }
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, &cases, &next] {
      for (std::size_t n = next++; n < cases.size(); n = next++) {
        RunCase(&cases[n]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  WaitForRest();

  int calls = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat("seed ", c.seed));
    calls += c.calls;
    EXPECT_OK(c.end);
    EXPECT_EQ(Incidents(NewIncident(c.key).incident().correlation_id()).size(),
              1u);
  }
  std::printf("%d cases from seed %llu, %d calls\n", count,
              static_cast<unsigned long long>(harness::FirstSeed()), calls);
}

std::vector<Parameters> All() {
  std::vector<Parameters> all;
  for (const Trouble trouble :
       {Trouble::kDropAfter, Trouble::kStatus403, Trouble::kStatus500,
        Trouble::kEmpty202, Trouble::kTimeout}) {
    for (const char* mode : {"honour", "ignore", "reject-duplicate"}) {
      all.push_back({trouble, mode});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(EveryWay, CreateOnceTest, ::testing::ValuesIn(All()),
                         TestName);

}  // namespace
}  // namespace opcon_snow
