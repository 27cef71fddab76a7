// Many calls at once, and large answers: what the real process needs for them.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/digest/sha256.h"
#include "common/rpc/call.h"
#include "common/rpc/status_conversion.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "tests/opcon_gateway/gateway_and_opcon.h"

namespace opcon_snow {
namespace {

namespace v1 = ::opcon::v1;
using nlohmann::json;

constexpr std::int64_t kMebibyte = 1024;  // of kB
constexpr int kSlots = 24;
constexpr int kQueue = 900;
constexpr int kCalls = 1000;
constexpr std::int64_t kLogBytes = std::int64_t{50} << 20;

// Bounds on memory mean the program as it is delivered: a sanitizer's own
// bookkeeping is many times as large.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPlainBuild = false;
#else
constexpr bool kPlainBuild = true;
#endif
#else
constexpr bool kPlainBuild = true;
#endif

class LoadTest : public GatewayAndOpConTest {
 protected:
  // Calls that wait without a thread each.
  struct Waiting {
    grpc::ClientContext context;
    v1::GetDailyJobRequest request;
    v1::GetDailyJobResponse reply;
    absl::Status status;
  };

  // Makes `count` calls for the job at once and waits for all.
  std::vector<std::unique_ptr<Waiting>> CallAtOnce(int count,
                                                   const std::string& instance,
                                                   const std::string& job_id) {
    std::vector<std::unique_ptr<Waiting>> calls;
    std::mutex mutex;
    std::condition_variable changed;
    int left = count;
    for (int i = 0; i < count; ++i) {
      calls.push_back(std::make_unique<Waiting>());
      Waiting* call = calls.back().get();
      call->context.set_deadline(
          absl::ToChronoTime(absl::Now() + absl::Minutes(3)));
      call->request.set_instance(instance);
      call->request.mutable_job()->set_id(job_id);
      stub_->async()->GetDailyJob(
          &call->context, &call->request, &call->reply,
          [&, call](const grpc::Status& status) {
            call->status = rpc::FromGrpcStatus(status);
            const std::lock_guard<std::mutex> lock(mutex);
            --left;
            changed.notify_one();
          });
    }
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return left == 0; });
    return calls;
  }

  int Logins() const {
    int logins = 0;
    for (const json& request : SeenRequests()) {
      if (request.at("method") == "POST" && request.at("path") == "/api/tokens")
        ++logins;
    }
    return logins;
  }
};

TEST_F(LoadTest, AThousandCallsThatWaitNeedFewThreadsAndLittleMemory) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(
      InstanceYaml("prod",
                   absl::StrCat("    token_file: ", PathOf("token"),
                                "\n    limits: {max_concurrent_requests: ",
                                kSlots, ", max_queued_calls: ", kQueue, "}\n")),
      "  max_concurrent_calls: 2000\n"));
  HaveFailedJob("JOB001");
  Fault({{"path", "/api/dailyjobs/*"}}, {{"kind", "delay"}, {"ms", 500}});
  const absl::Time begun = absl::Now();
  const auto calls = CallAtOnce(kCalls, "prod", JobId("JOB001"));
  const absl::Duration took = absl::Now() - begun;

  int answered = 0;
  int refused = 0;
  for (const auto& call : calls) {
    if (call->status.ok()) {
      ++answered;
      EXPECT_EQ(call->reply.job().id(), JobId("JOB001"));
      continue;
    }
    ++refused;
    EXPECT_THAT(call->status, StatusIs(absl::StatusCode::kResourceExhausted));
    EXPECT_THAT(call->status, HasReason("GATEWAY_OVERLOADED"));
    EXPECT_GE(RetryDelay(call->status), absl::Seconds(1));
  }
  // All that found a slot or a place in the queue, and no other. While the
  // calls come in, slots become free and more of them come into being.
  EXPECT_GE(answered, kQueue + 4);
  EXPECT_LE(refused, kCalls - kQueue - 4);
  EXPECT_EQ(SeenRequests().size(), static_cast<std::size_t>(answered));
  EXPECT_LE(StatusLine(gateway_->pid(), "Threads"), 20);
  if (kPlainBuild) {
    EXPECT_LE(StatusLine(gateway_->pid(), "VmHWM"), 100 * kMebibyte);
  }
  RecordProperty("seconds", absl::StrCat(absl::ToDoubleSeconds(took)));
}

TEST_F(LoadTest, ATokenThatEndsUnderManyCallsIsRenewedOnce) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml(
      "prod", absl::StrCat("    login: {username: ocadm, password_file: ",
                           PathOf("password"), "}\n"))));
  HaveFailedJob("JOB001");
  for (const auto& call : CallAtOnce(64, "prod", JobId("JOB001"))) {
    EXPECT_OK(call->status);
  }
  EXPECT_EQ(Logins(), 1);
  // OpCon forgets every token, and its log.
  Post("/_sandbox/reset", json::object());
  HaveFailedJob("JOB001");
  for (const auto& call : CallAtOnce(64, "prod", JobId("JOB001"))) {
    EXPECT_OK(call->status);
  }
  EXPECT_EQ(Logins(), 1);
  int refused = 0;
  for (const json& request : SeenRequests()) {
    if (request.at("status") == 401) ++refused;
  }
  // Only what was under way when it was found out: who waits for a slot takes
  // the new token.
  EXPECT_GE(refused, 1);
  EXPECT_LE(refused, 16);
}

TEST_F(LoadTest, ALargeLogIsPassedOnWithoutBeingHeld) {
  ASSERT_NO_FATAL_FAILURE(StartSandbox());
  ASSERT_NO_FATAL_FAILURE(StartGateway(InstanceYaml(
      "prod", absl::StrCat("    token_file: ", PathOf("token"), "\n"))));
  HaveFailedJob("SMALL");
  HaveFailedJob("LARGE", {{"log_size", kLogBytes}});
  rpc::CallOptions options;
  options.timeout = absl::Minutes(4);
  v1::ReadJobLogRequest request;
  const auto read = [&](const std::string& name, Sha256* sha256) {
    const auto found =
        opcon_->Get("/api/dailyjobs/" + harness::Encode(JobId(name)));
    request.set_job_number(found->json.at("jobNumber").get<std::int32_t>());
    v1::JobLogTrailer trailer;
    EXPECT_OK(
        rpc::ReadStream(*stub_, &Stub::ReadJobLog, request, options,
                        std::function<absl::Status(v1::ReadJobLogResponse&)>(
                            [&](v1::ReadJobLogResponse& part) {
                              EXPECT_LE(part.chunk().size(), 65536u);
                              sha256->Update(part.chunk());
                              if (part.has_trailer()) trailer = part.trailer();
                              return absl::OkStatus();
                            })));
    return trailer;
  };
  Sha256 warm_up;
  EXPECT_GT(read("SMALL", &warm_up).size_bytes(), 0);
  const std::int64_t idle = StatusLine(gateway_->pid(), "VmRSS");
  Sha256 streamed;
  const v1::JobLogTrailer trailer = read("LARGE", &streamed);
  const std::int64_t most = StatusLine(gateway_->pid(), "VmHWM");
  EXPECT_EQ(trailer.size_bytes(), kLogBytes);
  EXPECT_EQ(trailer.sha256(), streamed.FinishHex());
  if (kPlainBuild) EXPECT_LE(most - idle, 64 * kMebibyte);
  RecordProperty("mebibytes_above_idle", absl::StrCat((most - idle) / 1024));
}

}  // namespace
}  // namespace opcon_snow
