// Secrets that are replaced in their files while the gateway runs: taken when
// the instance refuses the old ones.

#include "snow_gateway/credentials.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/http/headers.h"
#include "common/log/capture.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "snow_gateway/gateway_fixture.h"

namespace opcon_snow::snow {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = R"({"access_token":"a1","expires_in":1800})";
constexpr char kRefused[] = R"({"error":"invalid_client"})";

class CredentialsTest : public GatewayTest {
 protected:
  // A secret whose file holds `content`.
  static FileSecret Secret(absl::StatusOr<std::string>* content) {
    return FileSecret{config::Secret(**content), "/etc/secret",
                      [content]() -> absl::StatusOr<config::Secret> {
                        if (!content->ok()) return content->status();
                        return config::Secret(**content);
                      }};
  }

  absl::Status Get(Instance& instance) {
    RestCall call;
    call.facts.instance = "prod";
    call.facts.path = "/api/now/v2/table/incident";
    return Run(instance.client().Send(std::move(call), Scope())).status();
  }
  std::string Header(std::size_t request, const char* name) const {
    const auto value = Request(request).headers.Get(name);
    return value.has_value() ? std::string(*value) : "none";
  }

  absl::StatusOr<std::string> content_ = std::string("old-secret");
  absl::StatusOr<std::string> password_ = std::string("old-password");
};

TEST_F(CredentialsTest, AReplacedKeyIsTakenWhenTheOldOneIsRefused) {
  const auto instance = MakeInstance(ApiKeyCredentials{Secret(&content_)});
  content_ = std::string("new-secret");
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  EXPECT_EQ(Header(0, "x-sn-apikey"), "old-secret");
  AnswerJson(401, ErrorBody("User Not Authenticated", "old-secret new-secret"));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  EXPECT_EQ(Header(1, "x-sn-apikey"), "old-secret");
  EXPECT_EQ(Header(2, "x-sn-apikey"), "new-secret");
  EXPECT_EQ(request_count(), 3u);
}

TEST_F(CredentialsTest, TheSameKeyIsNotTriedTwice) {
  const auto instance = MakeInstance(ApiKeyCredentials{Secret(&content_)});
  AnswerJson(401, ErrorBody("User Not Authenticated", "no"));
  const absl::Status refused = Get(*instance);
  EXPECT_THAT(refused, HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(request_count(), 1u);
}

TEST_F(CredentialsTest, AFileThatCannotBeReadLeavesThingsAsTheyAre) {
  const auto instance =
      MakeInstance(BasicCredentials{"joe", Secret(&content_)});
  content_ = absl::PermissionDeniedError("secret file /etc/secret: no");
  AnswerJson(401, ErrorBody("User Not Authenticated", "no"));
  const log::CaptureLogs logs;
  EXPECT_THAT(Get(*instance), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(request_count(), 1u);
  EXPECT_EQ(logs.Lines("servicenow.secret_unreadable").size(), 1u);
  EXPECT_THAT(logs.Text(), Not(HasSubstr("old-secret")));
  // It is looked at again with the next refusal.
  content_ = std::string("new-secret");
  AnswerJson(401, ErrorBody("User Not Authenticated", "no"));
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  // "joe:new-secret"
  EXPECT_EQ(Header(2, "Authorization"), "Basic am9lOm5ldy1zZWNyZXQ=");
}

TEST_F(CredentialsTest, NoSecretIsToldThatAnInstanceRepeats) {
  const auto instance = MakeInstance(ApiKeyCredentials{Secret(&content_)});
  content_ = std::string("new-secret");
  for (int i = 0; i < 2; ++i) {
    AnswerJson(401, ErrorBody("old-secret new-secret", "old-secret"));
  }
  AnswerJson(500, ErrorBody("old-secret new-secret", "old-secret"));
  for (int i = 0; i < 2; ++i) {
    const absl::Status failed = Get(*instance);
    EXPECT_FALSE(failed.ok());
    EXPECT_THAT(std::string(failed.message()), Not(HasSubstr("-secret")));
  }
}

TEST_F(CredentialsTest, ALoginIsTriedAgainWithWhatTheFilesHoldNow) {
  const auto instance = MakeInstance(OAuthPasswordCredentials{
      "client", Secret(&content_), "joe", Secret(&password_)});
  content_ = std::string("new-secret");
  password_ = std::string("new-password");
  AnswerJson(401, kRefused);
  AnswerJson(200, kToken);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  EXPECT_THAT(Request(0).body, HasSubstr("client_secret=old-secret"));
  EXPECT_THAT(Request(0).body, HasSubstr("password=old-password"));
  EXPECT_THAT(Request(1).body, HasSubstr("client_secret=new-secret"));
  EXPECT_THAT(Request(1).body, HasSubstr("password=new-password"));
}

TEST_F(CredentialsTest, ARefusedLoginIsTriedAtOnceWhenItsFileHasChanged) {
  const auto instance =
      MakeInstance(OAuthClientCredentials{"client", Secret(&content_)});
  AnswerJson(401, kRefused);
  EXPECT_THAT(Get(*instance), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  // The pause after a refusal holds for the same secret only.
  EXPECT_THAT(Get(*instance), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_EQ(request_count(), 1u);
  content_ = std::string("new-secret");
  AnswerJson(200, kToken);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  EXPECT_THAT(Request(1).body, HasSubstr("client_secret=new-secret"));
}

// A new key for P-256 in PEM form.
std::string NewKey() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  BIO* const bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(
      PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr),
      1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return pem;
}

TEST_F(CredentialsTest, AReplacedSigningKeyIsTakenWhenTheOldOneIsRefused) {
  absl::StatusOr<std::string> key = NewKey();
  int reads = 0;
  FileSecret file = Secret(&key);
  file.read = [read = file.read, &reads] {
    ++reads;
    return read();
  };
  const auto instance = MakeInstance(OAuthJwtCredentials{
      "client", Secret(&content_), std::move(file), "k1", "joe"});
  key = NewKey();
  AnswerJson(401, kRefused);
  AnswerJson(200, kToken);
  AnswerResult(nlohmann::json::object());
  EXPECT_OK(Get(*instance));
  EXPECT_EQ(request_count(), 3u);
  EXPECT_EQ(reads, 1);
  // A file that holds no key leaves the one before in force.
  key = absl::InvalidArgumentError("/etc/secret: no key");
  AnswerJson(401, ErrorBody("User Not Authenticated", "expired"));
  AnswerJson(401, kRefused);
  const log::CaptureLogs logs;
  EXPECT_THAT(Get(*instance), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
  EXPECT_THAT(logs.Text(), HasSubstr("/etc/secret: no key"));
  EXPECT_EQ(request_count(), 5u);
}

// "exp" of the assertion in a login.
std::int64_t ExpiryIn(const std::string& form) {
  const std::string value = "assertion=";
  const std::size_t begin = form.find(value) + value.size();
  const std::vector<std::string> parts =
      absl::StrSplit(form.substr(begin, form.find('&', begin) - begin), '.');
  std::string claims;
  EXPECT_EQ(parts.size(), 3u);
  EXPECT_TRUE(absl::WebSafeBase64Unescape(parts.at(1), &claims)) << form;
  return nlohmann::json::parse(claims).at("exp");
}

// An instance looks at an assertion's times by its own clock, which its answers
// tell.
TEST_F(CredentialsTest, AnAssertionIsMadeAgainByTheInstancesClock) {
  absl::StatusOr<std::string> key = NewKey();
  for (const absl::Duration ahead : {absl::Minutes(10), -absl::Minutes(10)}) {
    const std::size_t before = request_count();
    const auto instance = MakeInstance(OAuthJwtCredentials{
        "client", Secret(&content_), Secret(&key), "k1", "joe"});
    http::Headers headers = JsonHeaders();
    headers.Set("Date",
                absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT",
                                 clock_.Now() + ahead, absl::UTCTimeZone()));
    transport_->Answer(401, kRefused, headers);
    transport_->Answer(200, kToken, headers);
    AnswerResult(nlohmann::json::object());
    const log::CaptureLogs logs;
    EXPECT_OK(Get(*instance));
    EXPECT_EQ(request_count(), before + 3);
    EXPECT_NEAR(static_cast<double>(ExpiryIn(Request(before + 1).body) -
                                    ExpiryIn(Request(before).body)),
                absl::ToDoubleSeconds(ahead), 2);
    EXPECT_EQ(logs.Lines("servicenow.clock_differs").size(), 1u);
    // What is refused all the same is not tried a third time.
    AnswerJson(401, ErrorBody("User Not Authenticated", "expired"));
    transport_->Answer(401, kRefused, headers);
    EXPECT_THAT(Get(*instance), HasReason("UPSTREAM_AUTHENTICATION_FAILED"));
    EXPECT_EQ(request_count(), before + 5);
  }
}

}  // namespace
}  // namespace opcon_snow::snow
