#include <memory>
#include <utility>

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "opcon_gateway/client_fixture.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {
namespace {

class RestClientLoadTest : public ClientFixture {};

// A thousand calls at an upstream that takes half a second for each: by the
// upstream's view, how much of what may be under way at once is under way.
TEST_F(RestClientLoadTest, SlotsAreUsedFromTheFirstCallToTheLast) {
  constexpr int kCalls = 1000;
  constexpr int kSlots = 16;
  constexpr absl::Duration kEach = absl::Milliseconds(500);
  http::LimiterOptions options;
  options.max_concurrent = kSlots;
  options.max_queued = kCalls;
  limiter = std::make_shared<http::Limiter>(&loop, options);
  RestOptions rest_options;
  rest_options.instance = "prod";
  auto tokens = TokenFileAuthenticator::Create("prod", token_file);
  ASSERT_OK(tokens.status());
  RestClient client(rest_options, *http::BaseUrl::Parse(kTestBase, false),
                    &loop, &clock, transport, limiter, *std::move(tokens),
                    &health);
  http::Response answer;
  answer.status = 200;
  answer.body = "{}";
  for (int i = 0; i < kCalls; ++i) transport->AnswerAfter(kEach, answer);
  scope.deadline = absl::InfiniteDuration();
  RestRequest request;
  request.url = client.Url("api/things").Build();
  int done = 0;
  for (int i = 0; i < kCalls; ++i) {
    async::Start(client.Send(request, scope),
                 [&done](const absl::StatusOr<RestAnswer>& got) {
                   EXPECT_OK(got.status());
                   ++done;
                 });
  }
  const absl::Duration begun = loop.MonotonicNow();
  AdvanceUntil([&] { return done == kCalls; });
  const double used = absl::FDivDuration(
      kCalls * kEach, kSlots * (loop.MonotonicNow() - begun));
  EXPECT_GE(used, 0.95);
}

}  // namespace
}  // namespace opcon_snow::opcon
