#include "opcon_gateway/client_fixture.h"

#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace opcon_snow::opcon {
namespace {

http::BaseUrl TestBase() { return *http::BaseUrl::Parse(kTestBase, false); }

}  // namespace

std::string WriteSecretFile(absl::string_view name, absl::string_view content) {
  static std::atomic<int> count = 0;
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path = absl::StrCat(folder == nullptr ? "/tmp" : folder,
                                        "/", name, ".", count++);
  std::ofstream(path) << std::string(content) << '\n';
  EXPECT_EQ(chmod(path.c_str(), 0600), 0);
  return path;
}

ClientFixture::ClientFixture()
    : transport(std::make_shared<http::FakeTransport>(&loop)),
      limiter(std::make_shared<http::Limiter>(&loop, http::LimiterOptions())),
      token_file(WriteSecretFile("token", kTestToken)),
      password_file(WriteSecretFile("password", kTestPassword)) {
  scope.deadline = absl::Seconds(60);
  auto authenticator = TokenFileAuthenticator::Create("prod", token_file);
  EXPECT_TRUE(authenticator.ok()) << authenticator.status();
  Connect(*std::move(authenticator));
}

void ClientFixture::UseLogin() {
  LoginOptions options;
  options.instance = "prod";
  options.username = "ocadm";
  options.password_file = password_file;
  auto created = LoginAuthenticator::Create(options, TestBase(), &loop,
                                            transport, limiter);
  ASSERT_TRUE(created.ok()) << created.status();
  login_ = *std::move(created);
  Connect(login_);
}

void ClientFixture::Connect(std::shared_ptr<Authenticator> authenticator) {
  RestOptions options;
  options.instance = "prod";
  rest = std::make_unique<RestClient>(options, TestBase(), &loop, &clock,
                                      transport, limiter,
                                      std::move(authenticator), &health);
  jobs = std::make_unique<DailyJobs>(rest.get());
}

void ClientFixture::AdvanceUntil(const std::function<bool()>& done) {
  loop.RunUntilIdle();
  const absl::Duration limit = loop.MonotonicNow() + absl::Minutes(30);
  while (!done() && loop.MonotonicNow() < limit) {
    loop.Advance(absl::Milliseconds(10));
  }
  if (done()) return;
  ADD_FAILURE() << "the task did not finish within half an hour";
  loop.Stop();
}

std::string ClientFixture::Line(std::size_t n) const {
  return absl::StrCat(http::MethodName(Request(n).method), " ", Request(n).url);
}

}  // namespace opcon_snow::opcon
