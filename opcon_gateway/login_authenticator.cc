#include "opcon_gateway/login_authenticator.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/secret_file.h"
#include "common/http/json.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "opcon_gateway/upstream_error.h"
#include "opcon_gateway/upstream_json.h"
#include "opcon_gateway/upstream_message.h"
#include "opcon_gateway/waiting.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {
namespace {

using nlohmann::json;
namespace v1 = ::opcon::v1;

// A token is a few hundred bytes.
constexpr std::size_t kMaxTokenAnswerBytes = std::size_t{64} * 1024;
// A token's last part in which it is renewed: a tenth of its life, at most
// this.
constexpr absl::Duration kMaxRenewalMargin = absl::Minutes(2);

// How long the token lives, by OpCon's own two times, so that no clock has to
// agree with another. Infinite if it does not say: then a 401 tells its end.
absl::Duration LifetimeOf(const json& token) {
  const auto from = ParseWireTime(TextOf(token, "validFrom"));
  const auto until = ParseWireTime(TextOf(token, "validUntil"));
  if (!from || !until || until->time <= from->time) {
    return absl::InfiniteDuration();
  }
  return until->time - from->time;
}

}  // namespace

LoginAuthenticator::LoginAuthenticator(
    LoginOptions options, http::BaseUrl base_url, async::EventLoop* loop,
    std::shared_ptr<http::Transport> transport,
    std::shared_ptr<http::Limiter> limiter)
    : options_(std::move(options)),
      base_url_(std::move(base_url)),
      loop_(loop),
      transport_(std::move(transport)),
      limiter_(std::move(limiter)) {}

absl::StatusOr<std::shared_ptr<LoginAuthenticator>> LoginAuthenticator::Create(
    LoginOptions options, http::BaseUrl base_url, async::EventLoop* loop,
    std::shared_ptr<http::Transport> transport,
    std::shared_ptr<http::Limiter> limiter) {
  OPCON_SNOW_ASSIGN_OR_RETURN(config::Secret password,
                              config::ReadSecretFile(options.password_file));
  std::shared_ptr<LoginAuthenticator> login(
      new LoginAuthenticator(std::move(options), std::move(base_url), loop,
                             std::move(transport), std::move(limiter)));
  login->password_ = std::move(password);
  return login;
}

bool LoginAuthenticator::HasToken() const {
  return has_token_ && loop_->MonotonicNow() < expires_at_;
}

bool LoginAuthenticator::IsNearEnd() const {
  return loop_->MonotonicNow() >= renew_at_;
}

async::Task<absl::StatusOr<Credential>> LoginAuthenticator::Get(
    const CallScope& scope) {
  if (HasToken()) {
    if (IsNearEnd()) BeginLogin();
    co_return credential_;
  }
  async::OneShot<absl::Status> done;
  waiting_.push_back(done);
  BeginLogin();
  const absl::Status status = co_await WaitWithin(loop_, done, scope);
  if (!status.ok()) co_return status;
  co_return credential_;
}

std::optional<Credential> LoginAuthenticator::Current() const {
  if (!HasToken()) return std::nullopt;
  return credential_;
}

bool LoginAuthenticator::Refuse(std::uint64_t generation) {
  if (generation == credential_.generation) has_token_ = false;
  return true;
}

void LoginAuthenticator::BeginLogin() {
  if (logging_in_) return;
  logging_in_ = true;
  async::Detach(RunLogin(shared_from_this()));
}

async::Task<void> LoginAuthenticator::RunLogin(
    std::shared_ptr<LoginAuthenticator> self) {
  async::Task<absl::Status> login = Login(self);
  const absl::Status status = co_await std::move(login);
  if (!status.ok()) {
    log::Warning("opcon.login_failed",
                 {{"instance", self->options_.instance}, {"error", status}});
  }
  self->logging_in_ = false;
  // Whoever is resumed here may begin to wait again.
  std::vector<async::OneShot<absl::Status>> waiting =
      std::exchange(self->waiting_, {});
  for (async::OneShot<absl::Status>& one : waiting) one.Set(status);
}

async::Task<absl::Status> LoginAuthenticator::Login(
    std::shared_ptr<LoginAuthenticator> self) {
  OPCON_SNOW_CO_RETURN_IF_ERROR(self->ReadPassword());
  // Everything else waits for it, so it goes first.
  const absl::Duration deadline =
      self->loop_->MonotonicNow() + self->options_.timeout;
  absl::StatusOr<http::Limiter::Permit> permit =
      co_await self->limiter_->Acquire(http::Priority::kCreate, deadline);
  if (!permit.ok()) co_return permit.status();
  http::Request request = self->MakeRequest();
  const RequestFacts facts{.instance = self->options_.instance,
                           .method = http::Method::kPost,
                           .url = request.url};
  http::Result result = co_await self->transport_->Send(std::move(request));
  if (!result.ok()) co_return TransportFailure(facts, result.error());
  const http::Response& response = result.response();
  if (response.status >= 200 && response.status < 300) {
    co_return self->Accept(response);
  }
  // What it answers to a wrong password is not known.
  if (response.status == 400 || response.status == 401 ||
      response.status == 403) {
    co_return self->Refused(response);
  }
  co_return AnswerFailure(facts, response.status, self->MessageOf(response),
                          std::nullopt);
}

http::Request LoginAuthenticator::MakeRequest() const {
  http::Request request;
  request.method = http::Method::kPost;
  request.url = http::UrlBuilder(base_url_).Path("api/tokens").Build();
  request.headers.Add("Accept", "application/json");
  request.headers.Add("Content-Type", "application/json");
  const json body = {
      {"user",
       {{"loginName", options_.username}, {"password", password_.Reveal()}}},
      {"tokenType", {{"type", "User"}}}};
  request.body = http::WriteJson(body);
  request.timeout = options_.timeout;
  request.max_response_bytes = kMaxTokenAnswerBytes;
  return request;
}

UpstreamMessage LoginAuthenticator::MessageOf(
    const http::Response& response) const {
  return ReadUpstreamMessage(
      response, [this](std::string text) { return Scrub(std::move(text)); });
}

absl::Status LoginAuthenticator::ReadPassword() {
  absl::StatusOr<config::Secret> password =
      config::ReadSecretFile(options_.password_file);
  if (!password.ok()) {
    return OpConError(
        absl::StatusCode::kFailedPrecondition,
        v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED,
        absl::StrCat("OpCon instance \"", options_.instance,
                     "\": cannot log in: ", password.status().message()));
  }
  const bool paused = loop_->MonotonicNow() < refusal_until_;
  if (paused && password->Equals(password_)) return refusal_;
  password_ = *std::move(password);
  return absl::OkStatus();
}

absl::Status LoginAuthenticator::Accept(const http::Response& response) {
  const absl::StatusOr<json> body = ParseUpstreamJson(response.body);
  const std::string token = body.ok() ? TextOf(*body, "id") : std::string();
  if (token.empty()) {
    return UnreadableAnswer(
        {.instance = options_.instance,
         .method = http::Method::kPost,
         .url = http::UrlBuilder(base_url_).Path("api/tokens").Build()},
        response.status, FormOf(response), "it holds no token");
  }
  if (http::FindBool(*body, "passwordExpired").value_or(false)) {
    log::Warning("opcon.password_expired", {{"instance", options_.instance},
                                            {"username", options_.username}});
  }
  const absl::Duration now = loop_->MonotonicNow();
  const absl::Duration lifetime = LifetimeOf(*body);
  previous_token_ = std::move(credential_.token);
  credential_.token = config::Secret(token);
  ++credential_.generation;
  has_token_ = true;
  expires_at_ = now + lifetime;
  renew_at_ = expires_at_ - std::min(lifetime * 0.1, kMaxRenewalMargin);
  refusal_until_ = -absl::InfiniteDuration();
  return absl::OkStatus();
}

absl::Status LoginAuthenticator::Refused(const http::Response& response) {
  const UpstreamMessage message = MessageOf(response);
  ErrorDetails details;
  details.metadata["instance"] = options_.instance;
  details.metadata["http_status_code"] = absl::StrCat(response.status);
  if (!message.code.empty()) details.metadata["upstream_code"] = message.code;
  if (!message.text.empty()) {
    details.metadata["upstream_message"] = message.text;
  }
  refusal_ = OpConError(
      absl::StatusCode::kFailedPrecondition,
      v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED,
      absl::StrCat("OpCon instance \"", options_.instance,
                   "\" refused the login of user \"", options_.username, "\" (",
                   response.status, message.text.empty() ? "" : ": ",
                   message.text, "). ", Mend()),
      std::move(details));
  refusal_until_ = loop_->MonotonicNow() + kPauseAfterRefusal;
  return refusal_;
}

std::string LoginAuthenticator::Mend() const {
  return absl::StrCat("Put the password of OpCon user \"", options_.username,
                      "\" into ", options_.password_file,
                      ", and check that the user is not disabled or locked; "
                      "the file is read again at the next login.");
}

std::string LoginAuthenticator::Scrub(std::string text) const {
  for (const config::Secret* secret :
       {&password_, &credential_.token, &previous_token_}) {
    text = WithoutSecret(std::move(text), *secret);
  }
  return text;
}

}  // namespace opcon_snow::opcon
