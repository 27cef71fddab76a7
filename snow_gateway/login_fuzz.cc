// Whatever the token endpoint answers: a call gets a token that can be sent, or
// an error of this gateway, and logs in at most twice.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "common/async/manual_event_loop.h"
#include "common/clock/fake_clock.h"
#include "common/http/fake_transport.h"
#include "common/http/headers.h"
#include "common/status/error.h"
#include "snow_gateway/instance.h"

namespace opcon_snow::snow {
namespace {

constexpr char kSecret[] = "client-secret-value";

void Require(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// The input is the body of every login's answer; its first byte chooses the
// status.
void Play(absl::string_view input) {
  const int status = !input.empty() && input.front() == '4' ? 401 : 200;
  if (!input.empty()) input.remove_prefix(1);
  async::ManualEventLoop loop;
  FakeClock clock;
  auto transport = std::make_shared<http::FakeTransport>(&loop);
  std::size_t logins = 0;
  transport->HandleRest([&](const auto& request) -> http::Result {
    http::Response response;
    response.headers.Set("Content-Type", "application/json");
    if (absl::StrContains(request.url, "oauth_token.do")) {
      ++logins;
      response.status = status;
      response.body = std::string(input);
      return response;
    }
    const auto proof = request.headers.Get("Authorization");
    Require(proof.has_value() && http::IsValidHeaderValue(*proof),
            "a token that cannot be sent");
    // Refused, so that a second login is made.
    response.status = 401;
    return response;
  });
  InstanceSettings settings{
      "prod", *http::BaseUrl::Parse("https://dev.example.test", false),
      OAuthPasswordCredentials{"client",
                               {config::Secret(kSecret), "/f"},
                               "joe",
                               {config::Secret("password-value"), "/p"}}};
  auto instance =
      std::make_shared<Instance>(std::move(settings), &loop, transport, &clock);
  CallScope scope;
  scope.deadline = loop.MonotonicNow() + absl::Seconds(30);
  std::optional<absl::Status> result;
  async::Start(
      instance->records().Get("incident", std::string(32, '0'), {}, scope),
      [&result](const absl::StatusOr<RecordReply>& reply) {
        result = reply.status();
      });
  loop.RunUntilIdle();
  Require(result.has_value(), "a call that does not end");
  Require(!result->ok() && !GetErrorReason(*result).empty(),
          "an error without a reason");
  Require(!absl::StrContains(result->message(), kSecret), "a secret is shown");
  // A refresh token that is refused is followed by the password.
  Require(logins >= 1 && logins <= 3, "too many logins");
}

}  // namespace
}  // namespace opcon_snow::snow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  opcon_snow::snow::Play(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
