// The server over TLS: certificates that are verified and exchanged, and who is
// let in by what.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/auth/authorizer.h"
#include "common/auth/bearer_token.h"
#include "common/http/test_certificate.h"
#include "common/log/capture.h"
#include "common/rpc/address.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/rpc/health_probe.h"
#include "common/rpc/server.h"
#include "common/rpc/server_fixture.h"
#include "common/rpc/test_service.h"
#include "common/rpc/tls_files.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "common/trace/recorded_spans.h"
#include "common/trace/span.h"
#include "common/trace/trace_parent.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TlsServerTest : public ServerTest {
 protected:
  ServerOptions TlsOptions() const {
    ServerOptions options;
    options.use_tls = true;
    options.tls.certificate_file = server_certificate_.certificate_file;
    options.tls.private_key_file = server_certificate_.key_file;
    return options;
  }
  ChannelOptions TlsChannel() const {
    ChannelOptions options;
    options.use_tls = true;
    options.tls.ca_file = server_certificate_.certificate_file;
    return options;
  }

  absl::Status ReloadTls() {
    const auto take = server_->PrepareTls();
    if (take.ok()) (*take)();
    return take.status();
  }

  const http::TestCertificate server_certificate_ =
      http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  const http::TestCertificate client_certificate_ =
      http::MakeTestCertificate("client", "client.example", "");
  const http::TestCertificate other_certificate_ =
      http::MakeTestCertificate("other", "localhost", "127.0.0.1");
};

TEST_F(TlsServerTest, VerifiesTheServer) {
  ASSERT_OK(Start(TlsOptions()));
  EXPECT_OK(Get(Connect(TlsChannel())));
  EXPECT_THAT(Get(Connect()), StatusIs(absl::StatusCode::kUnavailable))
      << "plaintext does not get through";
  ChannelOptions stranger = TlsChannel();
  stranger.tls.ca_file = other_certificate_.certificate_file;
  EXPECT_THAT(Get(Connect(stranger)), StatusIs(absl::StatusCode::kUnavailable));
  ChannelOptions misnamed = TlsChannel();
  misnamed.tls.server_name = "elsewhere.example";
  EXPECT_THAT(Get(Connect(misnamed)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TlsServerTest, AsksForClientCertificatesIfThereIsAnAuthority) {
  ServerOptions options = TlsOptions();
  options.tls.client_ca_file = client_certificate_.certificate_file;
  ASSERT_OK(Start(options));
  EXPECT_THAT(Get(Connect(TlsChannel())),
              StatusIs(absl::StatusCode::kUnavailable));
  ChannelOptions channel = TlsChannel();
  channel.tls.certificate_file = other_certificate_.certificate_file;
  channel.tls.private_key_file = other_certificate_.key_file;
  EXPECT_THAT(Get(Connect(channel)), StatusIs(absl::StatusCode::kUnavailable));
  channel.tls.certificate_file = client_certificate_.certificate_file;
  channel.tls.private_key_file = client_certificate_.key_file;
  EXPECT_OK(Get(Connect(channel)));
  EXPECT_THAT(identities_, ElementsAre("client.example"));
}

// --- Certificates that change -----------------------------------------------

TEST_F(TlsServerTest, TakesARenewedCertificateForTheNextConnection) {
  ASSERT_OK(Start(TlsOptions()));
  EXPECT_OK(Get(Connect(TlsChannel())));
  // Under the old names, as a renewal does.
  http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  ASSERT_OK(ReloadTls());
  EXPECT_OK(Get(Connect(TlsChannel())))
      << "the client reads the new certificate as its authority";
  ChannelOptions before = TlsChannel();
  before.tls.ca_file = other_certificate_.certificate_file;
  EXPECT_THAT(Get(Connect(before)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TlsServerTest, NoticesARenewedCertificateByItself) {
  ASSERT_OK(Start(TlsOptions()));
  http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  EXPECT_TRUE(Eventually([&] { return Get(Connect(TlsChannel())).ok(); }));
}

TEST_F(TlsServerTest, KeepsTheOldCertificateIfTheNewOneIsNotGood) {
  ASSERT_OK(Start(TlsOptions()));
  const auto good = [&] { return Get(Connect(TlsChannel())); };
  ASSERT_OK(good());
  const std::string key = server_certificate_.key_file;
  std::filesystem::copy_file(key, key + ".kept");
  std::filesystem::copy_file(other_certificate_.key_file, key,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(ReloadTls(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not the key of the certificate")));
  EXPECT_OK(good());
  std::filesystem::rename(key + ".kept", key);
  EXPECT_OK(ReloadTls());
  EXPECT_OK(good());
}

// With every clock right, it is one that somebody has installed early.
TEST_F(TlsServerTest, ACertificateThatIsNotValidYetReplacesNone) {
  std::chrono::steady_clock::time_point now;
  const ServerTls files{
      .certificate_file = server_certificate_.certificate_file,
      .private_key_file = server_certificate_.key_file};
  const auto loaded = TlsFiles::Load(files, [&now] { return now; });
  ASSERT_OK(loaded);
  const std::string good = (*loaded)->Current()->certificate_chain;
  http::MakeTestCertificate("server", "localhost", "127.0.0.1", absl::Hours(2),
                            absl::Hours(1));
  EXPECT_THAT(TlsFiles::Prepare(*loaded),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(files.certificate_file),
                             HasSubstr("not valid yet"), HasSubstr("clock"))));
  const log::CaptureLogs logs;
  for (int i = 0; i < 3; ++i) {
    now += std::chrono::seconds(1);
    EXPECT_EQ((*loaded)->Current()->certificate_chain, good);
  }
  EXPECT_EQ(logs.Lines("tls.reload_refused").size(), 1u);
  // A process that starts with it must serve: callers go by their own clocks.
  const auto started = TlsFiles::Load(files, [&now] { return now; });
  ASSERT_OK(started);
  EXPECT_THAT(logs.Text(), HasSubstr("tls.not_valid_yet"));
  http::MakeTestCertificate("server", "localhost", "127.0.0.1");
  now += std::chrono::seconds(1);
  EXPECT_NE((*loaded)->Current()->certificate_chain, good);
}

TEST_F(TlsServerTest, AnExpiredCertificateIsNamedAtTheStart) {
  http::MakeTestCertificate("server", "localhost", "127.0.0.1",
                            -absl::Minutes(1));
  EXPECT_THAT(Start(TlsOptions()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(server_certificate_.certificate_file),
                             HasSubstr("has run out; renew it"))));
}

TEST_F(TlsServerTest, AClientTakesARenewedCertificateOfItsOwn) {
  ServerOptions options = TlsOptions();
  options.tls.client_ca_file = other_certificate_.certificate_file;
  options.max_connection_age = absl::Milliseconds(100);
  options.max_connection_age_grace = absl::Milliseconds(100);
  ASSERT_OK(Start(options));
  ChannelOptions channel = TlsChannel();
  channel.tls.certificate_file = client_certificate_.certificate_file;
  channel.tls.private_key_file = client_certificate_.key_file;
  channel.watch_tls_files = true;
  channel.max_reconnect_backoff = absl::Milliseconds(100);
  const auto connected = Connect(channel);
  EXPECT_THAT(Get(connected), StatusIs(absl::StatusCode::kUnavailable))
      << "the server does not trust that one";
  std::filesystem::rename(other_certificate_.key_file,
                          client_certificate_.key_file);
  std::filesystem::copy_file(other_certificate_.certificate_file,
                             client_certificate_.certificate_file,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(Eventually([&] { return Get(connected).ok(); }));
  EXPECT_THAT(identities_, ElementsAre("localhost", "127.0.0.1"));
}

TEST_F(TlsServerTest, RefusesCertificatesThatHaveRunOut) {
  const http::TestCertificate old = http::MakeTestCertificate(
      "old", "localhost", "127.0.0.1", -absl::Minutes(1));
  ServerOptions options = TlsOptions();
  options.tls.certificate_file = old.certificate_file;
  options.tls.private_key_file = old.key_file;
  EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("has run out")));
  options = TlsOptions();
  options.tls.client_ca_file = old.certificate_file;
  ASSERT_OK(Start(options));
  ChannelOptions channel = TlsChannel();
  channel.tls.certificate_file = old.certificate_file;
  channel.tls.private_key_file = old.key_file;
  EXPECT_THAT(Get(Connect(channel)), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TlsServerTest, KeepsKeysThatEverybodyMayReadOut) {
  std::filesystem::permissions(server_certificate_.key_file,
                               std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(Start(TlsOptions()),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr(server_certificate_.key_file)));
}

// --- The probe of the server's own program ----------------------------------

class ProbedServerTest : public TlsServerTest {
 protected:
  // Of the server that was started, with these TLS files.
  absl::Status Probe(const ServerOptions& options,
                     const std::string& host = "127.0.0.1") {
    ::config::v1::Listener listener;
    listener.set_address(JoinHostPort(host, server_->port()));
    if (options.use_tls) {
      listener.mutable_tls()->set_certificate_file(
          options.tls.certificate_file);
      listener.mutable_tls()->set_key_file(options.tls.private_key_file);
      listener.mutable_tls()->set_client_ca_file(options.tls.client_ca_file);
    }
    return ProbeHealth(listener, 0, absl::Seconds(10));
  }
};

TEST_F(ProbedServerTest, SaysWhetherTheServerServes) {
  ASSERT_OK(Start({}));
  EXPECT_OK(Probe({}));
  EXPECT_OK(Probe({}, "0.0.0.0")) << "every address: loopback is one";
  server_->SetServing("", false);
  EXPECT_THAT(Probe({}), StatusIs(absl::StatusCode::kUnavailable,
                                  HasSubstr("NOT_SERVING")));
  ASSERT_OK(server_->Stop());
  EXPECT_THAT(Probe({}), StatusIs(absl::StatusCode::kUnavailable,
                                  HasSubstr(server_->address())));
}

TEST_F(ProbedServerTest, DoesNotVerifyTheCertificate) {
  ServerOptions options = TlsOptions();
  options.tls.certificate_file = client_certificate_.certificate_file;
  options.tls.private_key_file = client_certificate_.key_file;
  ASSERT_OK(Start(options));
  EXPECT_OK(Probe(options)) << "of another name, and signed by nobody";
  EXPECT_THAT(Probe({}), StatusIs(absl::StatusCode::kUnavailable))
      << "in plaintext";
}

TEST_F(ProbedServerTest, ShowsTheListenersOwnCertificate) {
  ServerOptions options = TlsOptions();
  options.tls.client_ca_file = server_certificate_.certificate_file;
  ASSERT_OK(Start(options));
  EXPECT_OK(Probe(options));
  ServerOptions other = options;
  other.tls.certificate_file = other_certificate_.certificate_file;
  other.tls.private_key_file = other_certificate_.key_file;
  EXPECT_THAT(Probe(other), StatusIs(absl::StatusCode::kUnavailable,
                                     HasSubstr("signed by client_ca_file")));
  other.tls.certificate_file += ".missing";
  EXPECT_THAT(Probe(other),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(".missing")));
}

// --- Who may call what ------------------------------------------------------

class GuardedServerTest : public TlsServerTest {
 protected:
  static constexpr char kToken[] = "token-of-the-reader-1";

  std::shared_ptr<auth::Authorizer> MakeAuthorizer() {
    const std::string file = ::testing::TempDir() + "/reader.token";
    std::ofstream(file) << kToken;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read |
                                           std::filesystem::perms::owner_write);
    ::config::v1::Authorization config;
    auto* reader = config.add_principals();
    reader->set_name("reader");
    reader->set_token_file(file);
    reader->add_roles(::config::v1::ROLE_READER);
    auto* service = config.add_principals();
    service->set_name("service");
    service->set_certificate_san("client.example");
    service->add_roles(::config::v1::ROLE_SERVICE);
    auto made = auth::Authorizer::Create(config);
    EXPECT_OK(made);
    return made.ok() ? *std::move(made) : nullptr;
  }

  ServerOptions Guarded(ServerOptions options) {
    options.authorizer = MakeAuthorizer();
    return options;
  }

  static ChannelOptions WithToken(ChannelOptions options,
                                  const std::string& token) {
    options.token = std::make_shared<auth::BearerToken>(token);
    return options;
  }
};

TEST_F(GuardedServerTest, LetsInByTokenAndByNothingElse) {
  ASSERT_OK(Start(Guarded({})));
  EXPECT_THAT(Get(Connect()), HasReason("UNAUTHENTICATED"));
  EXPECT_THAT(Get(Connect(WithToken({}, "token-of-somebody-else"))),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(handled_, 0) << "nothing was done for them";
  EXPECT_OK(Get(Connect(WithToken({}, kToken))));
  EXPECT_EQ(caller_.name, "reader");
  // What needs no handler of ours needs no credentials.
  EXPECT_THAT(HealthOf(""), IsOkAndHolds(HealthCheckResponse::SERVING));
}

TEST_F(GuardedServerTest, TheDomainIsTheServices) {
  ASSERT_OK(Start(Guarded({})));
  const auto refused = Get(Connect());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(GetErrorDetails(refused.status())->domain, "test.opcon-snow");
}

TEST_F(GuardedServerTest, RefusesStreamsBeforeTheyBegin) {
  bool called = false;
  service_.on_attach = [&](CallContext&, Reader<AttachFileRequest>&)
      -> async::Task<absl::StatusOr<AttachFileResponse>> {
    called = true;
    co_return AttachFileResponse();
  };
  ASSERT_OK(Start(Guarded({})));
  const auto stub = ServiceNowGateway::NewStub(Connect(WithToken({}, kToken)));
  int sent = 0;
  const auto attached =
      WriteStream<Stub, Stub, AttachFileRequest, AttachFileResponse>(
          *stub, &Stub::AttachFile, {}, [&](AttachFileRequest& request) {
            request.set_chunk(std::string(100'000, 'x'));
            return ++sent < 1000;
          });
  EXPECT_THAT(attached, HasReason("ROLE_REQUIRED"));
  EXPECT_FALSE(called);
}

TEST_F(GuardedServerTest, TakesACertificateOrAToken) {
  ServerOptions options = Guarded(TlsOptions());
  options.tls.client_ca_file = client_certificate_.certificate_file;
  options.tls.client_certificate_optional = true;
  ASSERT_OK(Start(options));
  EXPECT_THAT(Get(Connect(TlsChannel())), HasReason("UNAUTHENTICATED"));
  EXPECT_OK(Get(Connect(WithToken(TlsChannel(), kToken))));
  EXPECT_EQ(caller_.name, "reader");
  ChannelOptions channel = TlsChannel();
  channel.tls.certificate_file = client_certificate_.certificate_file;
  channel.tls.private_key_file = client_certificate_.key_file;
  EXPECT_OK(Get(Connect(channel)));
  EXPECT_EQ(caller_.name, "service");
  // One that is shown must be good, whatever the token says.
  channel.tls.certificate_file = other_certificate_.certificate_file;
  channel.tls.private_key_file = other_certificate_.key_file;
  EXPECT_THAT(Get(Connect(WithToken(channel, kToken))),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(GuardedServerTest, ATokenIsExchangedWhileTheChannelIsUsed) {
  ASSERT_OK(Start(Guarded({})));
  const auto token =
      std::make_shared<auth::BearerToken>("not-yet-the-right-one");
  ChannelOptions options;
  options.token = token;
  const auto channel = Connect(options);
  EXPECT_THAT(Get(channel), StatusIs(absl::StatusCode::kUnauthenticated));
  token->Set({kToken});
  EXPECT_OK(Get(channel));
}

TEST_F(GuardedServerTest, OnlyCallersThatAreLetInAreTraced) {
  const trace::RecordedSpans spans;
  ASSERT_OK(Start(Guarded({})));
  const auto get = [&](const std::string& token) {
    ChannelOptions options;
    options.token = std::make_shared<auth::BearerToken>(token);
    const auto stub = ServiceNowGateway::NewStub(Connect(options));
    return Call(*stub, &Stub::GetIncident, GetIncidentRequest(),
                {.metadata = {{"traceparent",
                               "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                               "00f067aa0ba902b7-01"}}});
  };
  EXPECT_THAT(get("not-the-right-one"),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(spans.all(), IsEmpty());
  EXPECT_OK(get(kToken));
  ASSERT_THAT(spans.all(), SizeIs(1));
  const trace::SpanRecord span = spans.all()[0];
  EXPECT_EQ(span.name, "servicenow.v1.ServiceNowGateway/GetIncident");
  EXPECT_EQ(span.kind, trace::Kind::kServer);
  EXPECT_EQ(trace::Hex(span.self.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(trace::Hex(span.parent), "00f067aa0ba902b7");
  EXPECT_EQ(trace::RecordedSpans::Attribute(span, "rpc.grpc.status_code"), "0");
}

TEST_F(GuardedServerTest, NeedsABridgeToAsk) {
  ServedService bare = service_.served();
  bare.bridge = nullptr;
  EXPECT_THAT(
      Server::Create(Guarded({}), {bare}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no bridge")));
}

TEST_F(TlsServerTest, SaysWhichFileIsWrong) {
  ServerOptions options = TlsOptions();
  options.tls.certificate_file = "/does/not/exist";
  EXPECT_THAT(Start(options), StatusIs(absl::StatusCode::kNotFound,
                                       HasSubstr("/does/not/exist")));
  options = TlsOptions();
  options.tls.client_ca_file = "/neither";
  EXPECT_THAT(Start(options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/neither")));
  options = TlsOptions();
  options.tls.private_key_file = other_certificate_.key_file;
  EXPECT_FALSE(Start(options).ok()) << "the key is of another certificate";
}

TEST_F(TlsServerTest, ChannelsSayWhichFileIsWrong) {
  ChannelOptions options = TlsChannel();
  options.target = "localhost:5";
  options.tls.ca_file = "/does/not/exist";
  EXPECT_THAT(CreateChannel(options), StatusIs(absl::StatusCode::kNotFound,
                                               HasSubstr("/does/not/exist")));
  options = TlsChannel();
  options.target = "localhost:5";
  options.tls.certificate_file = client_certificate_.certificate_file;
  EXPECT_THAT(CreateChannel(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("both")));
}

}  // namespace
}  // namespace opcon_snow::rpc
