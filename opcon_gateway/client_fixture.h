#ifndef OPCON_SNOW_OPCON_GATEWAY_CLIENT_FIXTURE_H_
#define OPCON_SNOW_OPCON_GATEWAY_CLIENT_FIXTURE_H_

// The client of one instance over a scripted transport and virtual time. Tests
// only.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/manual_event_loop.h"
#include "common/async/task.h"
#include "common/clock/fake_clock.h"
#include "common/http/fake_transport.h"
#include "common/http/limiter.h"
#include "common/http/url.h"
#include "common/log/capture.h"
#include "gtest/gtest.h"
#include "opcon_gateway/authenticator.h"
#include "opcon_gateway/call_scope.h"
#include "opcon_gateway/daily_jobs.h"
#include "opcon_gateway/health.h"
#include "opcon_gateway/login_authenticator.h"
#include "opcon_gateway/rest_client.h"

namespace opcon_snow::opcon {

inline constexpr char kTestBase[] = "https://opcon.example:9010";
inline constexpr char kTestToken[] = "35f3b848-secret-token";
inline constexpr char kTestPassword[] = "pass\"word-secret";

// A file that only its owner may read.
std::string WriteSecretFile(absl::string_view name, absl::string_view content);

class ClientFixture : public ::testing::Test {
 protected:
  ClientFixture();

  // Takes credentials from a login instead of the token file. Before anything
  // else.
  void UseLogin();
  std::shared_ptr<LoginAuthenticator> login() { return login_; }

  // Runs the loop, moving its time, until the task has finished.
  template <class T>
  T Run(async::Task<T> task) {
    std::optional<T> result;
    async::Start(std::move(task),
                 [&result](T value) { result = std::move(value); });
    AdvanceUntil([&result] { return result.has_value(); });
    return *std::move(result);
  }
  void AdvanceUntil(const std::function<bool()>& done);

  const http::FakeTransport::RecordedRequest& Request(std::size_t n) const {
    return transport->requests().at(n);
  }
  // "GET https://…".
  std::string Line(std::size_t n) const;

  // Destroyed last: every client refers to them.
  log::CaptureLogs logs;
  async::ManualEventLoop loop;
  FakeClock clock;
  HealthRecord health{&clock};
  std::shared_ptr<http::FakeTransport> transport;
  std::shared_ptr<http::Limiter> limiter;
  std::string token_file;
  std::string password_file;
  CallScope scope;
  std::unique_ptr<RestClient> rest;
  std::unique_ptr<DailyJobs> jobs;

 private:
  void Connect(std::shared_ptr<Authenticator> authenticator);

  std::shared_ptr<LoginAuthenticator> login_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_CLIENT_FIXTURE_H_
