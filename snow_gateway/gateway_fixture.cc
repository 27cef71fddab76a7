#include "snow_gateway/gateway_fixture.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::snow {
namespace {

std::string Decode(absl::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded.push_back(static_cast<char>(
          std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

}  // namespace

http::Headers JsonHeaders() {
  return {{"Content-Type", "application/json;charset=UTF-8"}};
}

std::string ResultOf(const nlohmann::json& result) {
  return nlohmann::json{{"result", result}}.dump();
}

std::string ErrorBody(absl::string_view message, absl::string_view detail) {
  return nlohmann::json{
      {"error",
       {{"message", std::string(message)}, {"detail", std::string(detail)}}},
      {"status", "failure"}}
      .dump();
}

std::string ParameterOf(absl::string_view url, absl::string_view name) {
  const std::size_t query = url.find('?');
  if (query == absl::string_view::npos) return "";
  for (absl::string_view part : absl::StrSplit(url.substr(query + 1), '&')) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.first == name) return Decode(pair.second);
  }
  return "";
}

std::string PathOf(absl::string_view url) {
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = url.find('/', host);
  return std::string(url.substr(path, url.find('?') - path));
}

GatewayTest::GatewayTest()
    : transport_(std::make_shared<http::FakeTransport>(&loop_)) {}

void GatewayTest::TearDown() { loop_.Stop(); }

Credentials GatewayTest::ApiKey() {
  return ApiKeyCredentials{
      FileSecret{config::Secret(kSecretText), "/etc/keys/api_key"}};
}

Credentials GatewayTest::ClientCredentials() {
  return OAuthClientCredentials{
      "client", FileSecret{config::Secret(kSecretText), "/etc/keys/oauth"}};
}

InstanceSettings GatewayTest::Settings(Credentials credentials) const {
  InstanceSettings settings{
      "prod", *http::BaseUrl::Parse("https://dev.example.test", false),
      std::move(credentials)};
  settings.integration_user = "opcon.integration";
  return settings;
}

std::shared_ptr<Instance> GatewayTest::MakeInstance(Credentials credentials) {
  return MakeInstance(Settings(std::move(credentials)));
}

std::shared_ptr<Instance> GatewayTest::MakeInstance(InstanceSettings settings) {
  return std::make_shared<Instance>(std::move(settings), &loop_, transport_,
                                    &clock_);
}

CallScope GatewayTest::Scope() const {
  CallScope scope;
  scope.deadline = loop_.MonotonicNow() + absl::Seconds(30);
  return scope;
}

void GatewayTest::AnswerJson(int status, absl::string_view body) {
  transport_->Answer(status, body, JsonHeaders());
}

void GatewayTest::AnswerResult(const nlohmann::json& result) {
  AnswerJson(200, ResultOf(result));
}

void GatewayTest::AnswerCreated(const nlohmann::json& result) {
  AnswerJson(201, ResultOf(result));
}

void GatewayTest::AnswerRows(const std::vector<nlohmann::json>& rows) {
  AnswerJson(200, ResultOf(nlohmann::json(rows)));
}

void GatewayTest::AnswerNoRecord() {
  AnswerJson(404, ErrorBody("No Record found",
                            "Record doesn't exist or ACL restricts the record "
                            "retrieval"));
}

}  // namespace opcon_snow::snow
