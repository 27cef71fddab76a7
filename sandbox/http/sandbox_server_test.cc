#include "sandbox/http/sandbox_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

// Sends `request` as it is, returns all bytes up to the end of the connection.
std::string Raw(int port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
            0);
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = ::recv(fd, buffer, sizeof(buffer), 0)) > 0) {
    answer.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(fd);
  return answer;
}

class SandboxServerTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(SandboxServer::Options options) {
    server_.reset();
    options.handler = [this](const SandboxRequest& request) {
      last_ = request;
      ++handled_;
      return Reply::Text(201, "answer of ten", "text/plain")
          .With("X-Model", "yes");
    };
    options.reset = [this] { ++resets_; };
    options.state = [] { return R"({"model":1})"; };
    absl::StatusOr<std::unique_ptr<SandboxServer>> server =
        SandboxServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    client_->set_keep_alive(true);
  }

  void Arm(const std::string& fault) {
    const httplib::Result result =
        client_->Post("/_sandbox/faults", fault, "application/json");
    ASSERT_TRUE(result);
    ASSERT_EQ(result->status, 201) << result->body;
  }

  Json Log() {
    const httplib::Result result = client_->Get("/_sandbox/requests");
    return result ? Json::parse(result->body)["requests"] : Json();
  }

  SandboxRequest last_;
  std::atomic<int> handled_{0};
  std::atomic<int> resets_{0};
  std::unique_ptr<SandboxServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(SandboxServerTest, HandsRequestsOverAsTheyWereSent) {
  const httplib::Result result = client_->Post(
      "/api/jobs/a%2Fb?x=1&x=%26", {{"X-Thing", "1"}}, "body", "text/plain");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 201);
  EXPECT_EQ(result->body, "answer of ten");
  EXPECT_EQ(result->get_header_value("X-Model"), "yes");
  EXPECT_EQ(last_.raw_path, "/api/jobs/a%2Fb");
  EXPECT_THAT(last_.segments, ElementsAre("api", "jobs", "a/b"));
  EXPECT_EQ(last_.query.size(), 2U);
  EXPECT_EQ(last_.query[1].second, "&");
  EXPECT_EQ(last_.Header("x-thing"), "1");
  EXPECT_EQ(last_.body, "body");
  EXPECT_EQ(last_.Origin(), server_->base_url());
}

TEST_F(SandboxServerTest, ServesEveryMethodOnOneConnection) {
  EXPECT_TRUE(client_->Get("/a"));
  EXPECT_EQ(last_.method, "GET");
  EXPECT_TRUE(client_->Head("/a"));
  EXPECT_EQ(last_.method, "HEAD");
  EXPECT_TRUE(client_->Put("/a", "x", "text/plain"));
  EXPECT_TRUE(client_->Patch("/a", "x", "text/plain"));
  EXPECT_EQ(last_.method, "PATCH");
  EXPECT_TRUE(client_->Delete("/a"));
  EXPECT_TRUE(client_->Options("/a"));
  EXPECT_EQ(handled_, 6);
}

TEST_F(SandboxServerTest, APostWithoutALengthHasNoBody) {
  EXPECT_THAT(Raw(server_->port(),
                  "POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              HasSubstr("201"));
  EXPECT_EQ(last_.body, "");
}

TEST_F(SandboxServerTest, MultipartBodiesComeAsParts) {
  const httplib::MultipartFormDataItems items = {
      {"table_name", "incident", "", ""},
      {"uploadFile", "content", "a.txt", "text/plain"}};
  ASSERT_TRUE(client_->Post("/upload", items));
  ASSERT_EQ(last_.parts.size(), 2U);
  EXPECT_EQ(last_.parts[0].content, "incident");
  EXPECT_EQ(last_.parts[1].file_name, "a.txt");
  EXPECT_EQ(last_.parts[1].content, "content");
}

TEST_F(SandboxServerTest, KeepsOnlyTheFirstBytesOfABodyThatIsTooLarge) {
  SandboxServer::Options options;
  options.max_body_bytes = 10;
  Start(std::move(options));
  ASSERT_TRUE(client_->Post("/a", std::string(100000, 'x'), "text/plain"));
  EXPECT_EQ(last_.body, std::string(10, 'x'));
  EXPECT_FALSE(last_.body_complete);
  EXPECT_EQ(last_.body_bytes, 100000U);
  ASSERT_TRUE(client_->Post("/a", "next one", "text/plain"));
  EXPECT_TRUE(last_.body_complete);
}

TEST_F(SandboxServerTest, LogsRequestsButNotItsOwnControlPaths) {
  client_->Get("/one");
  client_->Get("/two");
  const Json log = Log();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0]["path"], "/one");
  EXPECT_EQ(log[1]["n"], 2);
  EXPECT_EQ(log[1]["status"], 201);
  const httplib::Result since = client_->Get("/_sandbox/requests?since=1");
  EXPECT_EQ(Json::parse(since->body)["requests"].size(), 1U);
  EXPECT_EQ(client_->Get("/_sandbox/requests?since=x")->status, 400);
}

TEST_F(SandboxServerTest, ResetClearsLogFaultsAndModel) {
  client_->Get("/one");
  Arm(R"({"action":{"kind":"status","status":500}})");
  EXPECT_EQ(client_->Post("/_sandbox/reset")->status, 200);
  EXPECT_EQ(resets_, 1);
  EXPECT_TRUE(Log().empty());
  EXPECT_EQ(client_->Get("/two")->status, 201);
}

TEST_F(SandboxServerTest, BadControlRequestsSayWhatIsWrong) {
  const auto post = [&](const std::string& body) {
    const httplib::Result result =
        client_->Post("/_sandbox/faults", body, "application/json");
    EXPECT_EQ(result->status, 400);
    return Json::parse(result->body)["error"].get<std::string>();
  };
  EXPECT_THAT(post("{"), HasSubstr("not JSON"));
  EXPECT_THAT(post(R"([{"action":{"kind":"drop_before"}},{"action":3}])"),
              HasSubstr("fault 2 of 2: action must be an object"));
  EXPECT_EQ(
      Json::parse(client_->Get("/_sandbox/faults")->body)["faults"].size(), 0U);
  EXPECT_EQ(client_->Get("/_sandbox/nothing")->status, 404);
  EXPECT_EQ(client_->Get("/_sandbox/reset")->status, 405);
}

TEST_F(SandboxServerTest, StatusFaultsAreNotAppliedAndStatusAfterOnesAre) {
  Arm(R"({"action":{"kind":"status","status":429,
          "headers":{"Retry-After":"2"},"body":"{\"no\":1}"}})");
  const httplib::Result refused = client_->Get("/a");
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->body, "{\"no\":1}");
  EXPECT_EQ(refused->get_header_value("Retry-After"), "2");
  EXPECT_EQ(handled_, 0);
  Arm(R"({"action":{"kind":"status_after","status":500}})");
  EXPECT_EQ(client_->Get("/a")->status, 500);
  EXPECT_EQ(handled_, 1);
  const Json log = Log();
  EXPECT_EQ(log[0]["fault"], "status");
  EXPECT_EQ(log[0]["applied"], false);
  EXPECT_EQ(log[1]["fault"], "status_after");
  EXPECT_EQ(log[1]["applied"], true);
}

TEST_F(SandboxServerTest, DroppedConnectionsCarryNotOneByte) {
  const std::string request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  Arm(R"({"action":{"kind":"drop_before"}})");
  EXPECT_EQ(Raw(server_->port(), request), "");
  EXPECT_EQ(handled_, 0);
  Arm(R"({"action":{"kind":"drop_after"}})");
  EXPECT_EQ(Raw(server_->port(), request), "");
  EXPECT_EQ(handled_, 1);
  const Json log = Log();
  EXPECT_EQ(log[0]["status"], 0);
  EXPECT_EQ(log[1]["status"], 0);
  EXPECT_EQ(log[1]["applied"], true);
}

TEST_F(SandboxServerTest, TruncationPromisesMoreThanItSends) {
  Arm(R"({"action":{"kind":"truncate","bytes":6}})");
  const std::string answer =
      Raw(server_->port(), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 13\r\n"));
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "answer");
  EXPECT_EQ(handled_, 1);
}

TEST_F(SandboxServerTest, SlowAndDelayedAnswersArriveWhole) {
  Arm(R"([{"action":{"kind":"delay","ms":40}},
          {"action":{"kind":"slow","bytes_per_second":130}}])");
  const auto start = std::chrono::steady_clock::now();
  const httplib::Result result = client_->Get("/a");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "answer of ten");
  // 13 bytes at 130 a second are a tenth of a second, beside the delay.
  EXPECT_GE(std::chrono::steady_clock::now() - start,
            std::chrono::milliseconds(120));
  EXPECT_EQ(Log()[0]["fault"], "delay,slow");
}

TEST_F(SandboxServerTest, HtmlBodyAndEmpty202TakeTheAnswersPlace) {
  Arm(R"([{"action":{"kind":"html"}},
          {"action":{"kind":"body","status":200,"body":"{\"result\":["}},
          {"action":{"kind":"empty_202"}}])");
  const httplib::Result html = client_->Get("/a");
  EXPECT_EQ(html->status, 200);
  EXPECT_THAT(html->get_header_value("Content-Type"), StartsWith("text/html"));
  const httplib::Result body = client_->Get("/a");
  EXPECT_EQ(body->body, "{\"result\":[");
  const httplib::Result empty = client_->Get("/a");
  EXPECT_EQ(empty->status, 202);
  EXPECT_EQ(empty->body, "");
  EXPECT_EQ(handled_, 0);
}

TEST_F(SandboxServerTest, FaultsCanBeListedAndTakenBack) {
  Arm(R"({"times":-1,"action":{"kind":"drop_before"}})");
  const Json list =
      Json::parse(client_->Get("/_sandbox/faults")->body)["faults"];
  ASSERT_EQ(list.size(), 1U);
  const std::string id = std::to_string(list[0]["id"].get<int>());
  EXPECT_EQ(client_->Delete("/_sandbox/faults/" + id)->status, 204);
  EXPECT_EQ(client_->Delete("/_sandbox/faults/" + id)->status, 404);
  EXPECT_EQ(client_->Get("/a")->status, 201);
}

TEST_F(SandboxServerTest, IdleClientsDoNotKeepOthersOut) {
  SandboxServer::Options options;
  options.threads = 2;
  Start(std::move(options));
  std::vector<std::unique_ptr<httplib::Client>> clients;
  for (int i = 0; i < 8; ++i) {
    auto client =
        std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    client->set_keep_alive(true);
    const httplib::Result result = client->Get("/a");
    ASSERT_TRUE(result) << "client " << i;
    clients.push_back(std::move(client));
  }
  EXPECT_EQ(handled_, 8);
}

TEST_F(SandboxServerTest, StopsAtOnceInTheMiddleOfADelay) {
  Arm(R"({"match":{"path":"/late"},"action":{"kind":"delay","ms":600000}})");
  bool answered = true;
  std::thread late([&] {
    httplib::Client client("127.0.0.1", server_->port());
    answered = static_cast<bool>(client.Get("/late"));
  });
  while (Log().empty()) std::this_thread::yield();
  EXPECT_TRUE(server_->Stop().ok());
  late.join();
  EXPECT_FALSE(answered);
  EXPECT_TRUE(server_->Stop().ok());
}

TEST_F(SandboxServerTest, WritesThePortFileAndKeepsTheState) {
  const std::string directory = std::getenv("TEST_TMPDIR");
  std::string model = "first";
  const auto options = [&] {
    SandboxServer::Options result;
    result.flags.port_file = directory + "/port";
    result.flags.state_file = directory + "/state";
    result.save = [&] { return model; };
    result.restore = [&](const std::string& text) {
      model = text;
      return absl::OkStatus();
    };
    return result;
  };
  Start(options());
  std::ifstream in(directory + "/port");
  const std::string content((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(content, "http=" + std::to_string(server_->port()) + "\n");
  model = "second";
  ASSERT_TRUE(server_->Stop().ok());
  model = "third";
  Start(options());
  EXPECT_EQ(model, "second");
  server_.reset();  // It saves `model`.
}

TEST_F(SandboxServerTest, AFailureOfTheModelIsA500ThatSaysWhy) {
  SandboxServer::Options options;
  options.handler = [](const SandboxRequest&) -> Reply {
    throw std::runtime_error("no such table");
  };
  const auto server = SandboxServer::Start(std::move(options));
  ASSERT_TRUE(server.ok());
  httplib::Client client("127.0.0.1", (*server)->port());
  const httplib::Result result = client.Get("/a");
  EXPECT_EQ(result->status, 500);
  EXPECT_THAT(result->body, HasSubstr("no such table"));
}

// A certificate for localhost, signed by itself, and its key.
void WriteCertificate(const std::string& certificate_file,
                      const std::string& key_file) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  FILE* out = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TEST_F(SandboxServerTest, SpeaksTlsWithItsFaultsToo) {
  const std::string directory = std::getenv("TEST_TMPDIR");
  SandboxServer::Options options;
  options.flags.tls_certificate_file = directory + "/certificate.pem";
  options.flags.tls_key_file = directory + "/key.pem";
  WriteCertificate(options.flags.tls_certificate_file,
                   options.flags.tls_key_file);
  Start(std::move(options));
  httplib::SSLClient client("127.0.0.1", server_->port());
  client.enable_server_certificate_verification(false);
  client.set_keep_alive(true);
  const std::string body(3'000'000, 'x');
  for (int i = 0; i < 2; ++i) {
    const httplib::Result result = client.Post("/a", body, "text/plain");
    ASSERT_TRUE(result) << httplib::to_string(result.error());
    EXPECT_EQ(result->body, "answer of ten");
    EXPECT_EQ(last_.body, body);
  }
  EXPECT_THAT(last_.Origin(), StartsWith("https://127.0.0.1:"));
  ServerFlags probed;
  probed.listen = "127.0.0.1:" + std::to_string(server_->port());
  probed.tls_certificate_file = directory + "/certificate.pem";
  EXPECT_EQ(AskHealth("test", probed), 0);
  ASSERT_EQ(
      client
          .Post("/_sandbox/faults", R"({"action":{"kind":"drop_before"}})",
                "application/json")
          ->status,
      201);
  EXPECT_FALSE(client.Get("/a"));
  EXPECT_TRUE(client.Get("/a"));
}

TEST_F(SandboxServerTest, IsAskedForItsHealthByItsOwnProgram) {
  ServerFlags flags;
  flags.listen = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(AskHealth("test", flags), 0);
  ServerFlags elsewhere;
  elsewhere.port_file = std::string(std::getenv("TEST_TMPDIR")) + "/ports";
  EXPECT_EQ(AskHealth("test", elsewhere), 69) << "not started yet";
  std::ofstream(elsewhere.port_file) << "http=" << server_->port() << '\n';
  EXPECT_EQ(AskHealth("test", elsewhere), 0);
  flags.tls_certificate_file = "/any";
  EXPECT_EQ(AskHealth("test", flags), 69) << "it has no TLS";
  server_.reset();
  flags.tls_certificate_file.clear();
  EXPECT_EQ(AskHealth("test", flags), 69);
}

TEST(SandboxServerStartTest, RefusesWhatCannotWork) {
  const auto error = [](ServerFlags flags) {
    SandboxServer::Options options;
    options.handler = [](const SandboxRequest&) { return Reply(); };
    options.flags = std::move(flags);
    return std::string(
        SandboxServer::Start(std::move(options)).status().message());
  };
  ServerFlags flags;
  flags.listen = "nonsense";
  EXPECT_THAT(error(flags), HasSubstr("host:port"));
  flags = {};
  flags.tls_certificate_file = "/no/such/file";
  EXPECT_THAT(error(flags), HasSubstr("a certificate and a key"));
  flags.tls_key_file = "/no/such/key";
  EXPECT_THAT(error(flags), HasSubstr("/no/such/file"));
  flags = {};
  flags.state_file = "state";
  EXPECT_THAT(error(flags), HasSubstr("cannot keep its state"));
}

}  // namespace
}  // namespace opcon_snow::sandbox
