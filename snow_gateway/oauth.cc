#include "snow_gateway/oauth.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/async/one_shot.h"
#include "common/http/headers.h"
#include "common/http/json.h"
#include "common/http/retry_after.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "snow_gateway/error_mapping.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/jwt.h"

namespace opcon_snow::snow {
namespace {

namespace v1 = ::servicenow::v1;
using Proof = Authenticator::Proof;
using Form = std::vector<std::pair<std::string, std::string>>;

constexpr char kTokenPath[] = "/oauth_token.do";
// A token is renewed this long before it expires, or a fifth of its life if
// that is less.
constexpr absl::Duration kMargin = absl::Seconds(60);
// For an answer that does not say.
constexpr absl::Duration kDefaultLife = absl::Minutes(5);
// A refused login is not tried again before.
constexpr absl::Duration kRefusalPause = absl::Seconds(10);
// A token that still lives is not renewed again before, after a failure.
constexpr absl::Duration kRenewalPause = absl::Seconds(5);
constexpr absl::Duration kLoginTimeout = absl::Seconds(30);
// Instances take clocks that are up to five minutes apart; see LearnClock.
constexpr absl::Duration kAssertionLife = absl::Minutes(5);
// From there on a difference is worth another login.
constexpr absl::Duration kClockSlack = absl::Minutes(1);

struct Token {
  config::Secret access;
  absl::Duration renew_at;
  absl::Duration expires_at;
};

std::string EncodeForm(const Form& form) {
  std::string text;
  for (const auto& [name, value] : form) {
    absl::StrAppend(&text, text.empty() ? "" : "&", http::PercentEncode(name),
                    "=", http::PercentEncode(value));
  }
  return text;
}

absl::Status Cancelled() {
  return GatewayError(v1::ERROR_REASON_CANCELLED,
                      "the call was given up while the gateway logged in; "
                      "nothing was done");
}

absl::Status TooLate() {
  return GatewayError(v1::ERROR_REASON_UPSTREAM_TIMEOUT,
                      "the time was up while the gateway logged in; nothing "
                      "was done");
}

// What one grant has of its own.
struct Grant {
  std::string client_id;
  FileSecret client_secret;
  std::string name;
  // The rest of the form, made anew for each login with the second secret as it
  // is then; `now` is the instance's time, as far as it is known.
  std::function<absl::StatusOr<Form>(const config::Secret& second,
                                     absl::Time now)>
      form;
  // Whether the form tells the time.
  bool tells_time = false;
  bool renews_by_refresh_token = false;
  std::string description;
  std::string mend;
  FileSecret second;  // a password or signing key, where the grant has one
};

// Shared by the authenticator and its running logins.
class OAuth final : public Authenticator,
                    public std::enable_shared_from_this<OAuth> {
 public:
  OAuth(AuthenticatorContext context, Grant grant)
      : context_(std::move(context)), grant_(std::move(grant)) {}

  async::Task<absl::StatusOr<Proof>> Prove(absl::Duration deadline,
                                           std::stop_token stop) override {
    return Wait(shared_from_this(), deadline, std::move(stop));
  }

  bool Refused(const Proof& proof) override {
    if (proof.generation == generation_) token_.reset();
    return true;
  }

  std::string Description() const override { return grant_.description; }
  std::string Mend() const override { return grant_.mend; }

  std::string Scrub(std::string text) const override {
    text = ScrubSecret(std::move(text), grant_.client_secret.secret);
    text = ScrubSecret(std::move(text), grant_.second.secret);
    for (const config::Secret& replaced : replaced_) {
      text = ScrubSecret(std::move(text), replaced);
    }
    text = ScrubSecret(std::move(text), refresh_token_);
    if (token_.has_value()) text = ScrubSecret(std::move(text), token_->access);
    return text;
  }

 private:
  struct Waiter {
    async::OneShot<absl::Status> done;
    async::EventLoop::TimerId timer = async::EventLoop::kNoTimer;
  };

  absl::Duration Now() const { return context_.loop->MonotonicNow(); }

  Proof ProofOf(const Token& token) const {
    Proof proof;
    proof.header = "Authorization";
    proof.value = absl::StrCat("Bearer ", token.access.Reveal());
    proof.generation = generation_;
    return proof;
  }

  void End(std::uint64_t id, absl::Status status) {
    const auto found = waiters_.find(id);
    if (found == waiters_.end()) return;
    Waiter waiter = std::move(found->second);
    waiters_.erase(found);
    context_.loop->Cancel(waiter.timer);
    waiter.done.Set(std::move(status));
  }

  static async::Task<absl::StatusOr<Proof>> Wait(std::shared_ptr<OAuth> self,
                                                 absl::Duration deadline,
                                                 std::stop_token stop) {
    const absl::Duration now = self->Now();
    if (self->token_.has_value() && now < self->token_->renew_at) {
      co_return self->ProofOf(*self->token_);
    }
    if (!self->refusal_.ok() && now < self->refused_until_ &&
        !self->ReadSecretsAgain()) {
      co_return self->refusal_;
    }
    if (deadline <= now) co_return TooLate();

    const std::uint64_t id = self->next_id_++;
    Waiter waiter;
    async::OneShot<absl::Status> done = waiter.done;
    waiter.timer = self->context_.loop->After(deadline - now, [self, id] {
      self->End(id, self->context_.loop->Stopping() ? Cancelled() : TooLate());
    });
    if (waiter.timer == async::EventLoop::kNoTimer) co_return Cancelled();
    self->waiters_.emplace(id, std::move(waiter));
    if (!self->renewing_) {
      self->renewing_ = true;
      // Not bound to this call: others wait for it, too.
      async::Detach(Renew(self));
    }
    absl::Status status;
    {
      const std::function<void()> give_up = [self, id] {
        self->context_.loop->Post([self, id] { self->End(id, Cancelled()); });
      };
      const std::stop_callback<std::function<void()>> on_stop(stop, give_up);
      status = co_await done.Wait();
    }
    if (!status.ok()) co_return status;
    // Refused by another call in between: that is for the next try.
    if (!self->token_.has_value()) co_return Cancelled();
    co_return self->ProofOf(*self->token_);
  }

  static async::Task<void> Renew(std::shared_ptr<OAuth> self) {
    absl::Status status;
    bool by_refresh = !self->refresh_token_.empty();
    if (by_refresh) {
      async::Task<absl::Status> refresh = Login(self, self->RefreshForm());
      status = co_await std::move(refresh);
      if (CarriesReason(status,
                        v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED)) {
        self->refresh_token_ = config::Secret();
        by_refresh = false;
      }
    }
    if (!by_refresh) {
      async::Task<absl::Status> login = LoginByGrant(self);
      status = co_await std::move(login);
      if (CarriesReason(status,
                        v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED) &&
          self->KnowsBetterNow()) {
        async::Task<absl::Status> again = LoginByGrant(self);
        status = co_await std::move(again);
      }
    }
    self->Finish(std::move(status));
  }

  static async::Task<absl::Status> LoginByGrant(std::shared_ptr<OAuth> self) {
    absl::StatusOr<Form> form = self->LoginForm();
    if (!form.ok()) {
      co_return GatewayError(v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED,
                             absl::string_view(form.status().message()));
    }
    async::Task<absl::Status> login = Login(self, *std::move(form));
    co_return co_await std::move(login);
  }

  // Whether the form of the login that was refused would be another one now.
  bool KnowsBetterNow() {
    const bool clock_was_wrong =
        grant_.tells_time &&
        absl::AbsDuration(ahead_ - told_ahead_) > kClockSlack;
    if (clock_was_wrong) {
      log::Warning("servicenow.clock_differs",
                   {{"instance", context_.instance},
                    {"instance_ahead_by", ahead_},
                    {"advice", "set this machine's clock by NTP"}});
    }
    return ReadSecretsAgain() || clock_was_wrong;
  }

  // An assertion's times are read by the instance's clock.
  void LearnClock(const http::Response& response) {
    const absl::Time now = context_.clock->Now();
    const auto header = response.headers.Get("Date");
    if (!header.has_value()) return;
    const auto date = http::ParseHttpDate(*header, now);
    if (date.has_value()) ahead_ = *date - now;
  }

  // True if a file holds another secret now.
  bool ReadSecretsAgain() {
    bool changed = false;
    std::vector<config::Secret> before;
    for (FileSecret* secret : {&grant_.client_secret, &grant_.second}) {
      before.push_back(secret->secret);
      changed = ReadAgain(context_.instance, secret) || changed;
    }
    // Their logins may still be under way.
    if (changed) replaced_ = std::move(before);
    return changed;
  }

  void Finish(absl::Status status) {
    renewing_ = false;
    refusal_ = absl::OkStatus();
    if (!status.ok()) {
      log::Warning("servicenow.login_failed",
                   {{"instance", context_.instance},
                    {"reason", GetErrorReason(status)}});
      if (token_.has_value() && Now() < token_->expires_at) {
        token_->renew_at = std::min(Now() + kRenewalPause, token_->expires_at);
        status = absl::OkStatus();
      } else if (CarriesReason(
                     status, v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED)) {
        refusal_ = status;
        refused_until_ = Now() + kRefusalPause;
      }
    }
    // Whoever is told may come back at once and wait for the next login.
    std::vector<std::uint64_t> ids;
    for (const auto& [id, waiter] : waiters_) ids.push_back(id);
    for (std::uint64_t id : ids) End(id, status);
  }

  Form ClientForm(absl::string_view grant_type) const {
    return {{"grant_type", std::string(grant_type)},
            {"client_id", grant_.client_id},
            {"client_secret", grant_.client_secret.secret.Reveal()}};
  }

  absl::StatusOr<Form> LoginForm() {
    Form form = ClientForm(grant_.name);
    if (grant_.form == nullptr) return form;
    told_ahead_ = ahead_;
    absl::StatusOr<Form> more =
        grant_.form(grant_.second.secret, context_.clock->Now() + ahead_);
    if (!more.ok()) return more.status();
    form.insert(form.end(), more->begin(), more->end());
    return form;
  }

  Form RefreshForm() const {
    Form form = ClientForm("refresh_token");
    form.emplace_back("refresh_token", refresh_token_.Reveal());
    return form;
  }

  static async::Task<absl::Status> Login(std::shared_ptr<OAuth> self,
                                         Form form) {
    http::Request request;
    request.method = http::Method::kPost;
    request.url =
        http::UrlBuilder(self->context_.base_url).Path(kTokenPath).Build();
    request.headers.Set("Accept", "application/json");
    request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
    request.body = EncodeForm(form);
    request.timeout = std::min(self->context_.call_timeout, kLoginTimeout);
    request.max_response_bytes = std::size_t{64} << 10;
    const http::Result result =
        co_await self->context_.transport->Send(std::move(request));
    co_return self->TakeAnswer(result);
  }

  absl::Status TakeAnswer(const http::Result& result) {
    RequestFacts facts;
    facts.instance = context_.instance;
    facts.method = http::Method::kPost;
    facts.path = kTokenPath;
    if (result.ok()) LearnClock(result.response());
    const Verdict verdict =
        Judge(facts, result, context_.clock->Now(),
              [this](std::string text) { return Scrub(std::move(text)); });
    switch (verdict.kind) {
      case AnswerKind::kOk:
        return TakeToken(facts, verdict.body);
      // Almost any failure of a login comes as 401 with a text that does not
      // tell; the others mean the same here.
      case AnswerKind::kUnauthenticated:
      case AnswerKind::kMalformed:
      case AnswerKind::kForbidden:
      case AnswerKind::kErrorInAnswer:
        return AuthenticationFailed(
            context_.instance, *this,
            absl::StrCat("the login at ", kTokenPath, " gave HTTP ",
                         result.response().status),
            result.response().status);
      default:
        return WithContext(verdict.status, "the gateway's login failed");
    }
  }

  absl::Status TakeToken(const RequestFacts& facts,
                         const nlohmann::json& body) {
    const auto access = http::FindString(body, "access_token");
    if (!access.has_value() || access->empty() ||
        !http::IsValidHeaderValue(*access)) {
      return UnexpectedReply(facts, "the reply to the login has no token");
    }
    absl::Duration life = kDefaultLife;
    std::int64_t seconds = http::FindInt64(body, "expires_in").value_or(0);
    if (seconds == 0) {
      (void)absl::SimpleAtoi(http::FindString(body, "expires_in").value_or(""),
                             &seconds);
    }
    if (seconds > 0) life = absl::Seconds(seconds);
    Token token;
    token.access = config::Secret(*access);
    token.expires_at = Now() + life;
    token.renew_at = token.expires_at - std::min(kMargin, life / 5);
    token_ = std::move(token);
    ++generation_;
    // The answer to a refresh may leave it out: the old one stays good.
    const auto refresh = http::FindString(body, "refresh_token");
    if (grant_.renews_by_refresh_token && refresh.has_value() &&
        !refresh->empty()) {
      refresh_token_ = config::Secret(*refresh);
    }
    log::Debug("servicenow.login",
               {{"instance", context_.instance}, {"lives", life}});
    return absl::OkStatus();
  }

  const AuthenticatorContext context_;
  Grant grant_;
  std::vector<config::Secret> replaced_;
  // How far the instance's clock is ahead of ours, by its last answer to a
  // login; and what the last form went by.
  absl::Duration ahead_ = absl::ZeroDuration();
  absl::Duration told_ahead_ = absl::ZeroDuration();

  std::optional<Token> token_;
  std::uint64_t generation_ = 0;
  config::Secret refresh_token_;
  absl::Status refusal_;
  absl::Duration refused_until_;
  bool renewing_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Waiter> waiters_;
};

// Keeps the shared state and passes everything on.
class OAuthAuthenticator final : public Authenticator {
 public:
  explicit OAuthAuthenticator(std::shared_ptr<OAuth> oauth)
      : oauth_(std::move(oauth)) {}
  async::Task<absl::StatusOr<Proof>> Prove(absl::Duration deadline,
                                           std::stop_token stop) override {
    return oauth_->Prove(deadline, std::move(stop));
  }
  bool Refused(const Proof& proof) override { return oauth_->Refused(proof); }
  std::string Description() const override { return oauth_->Description(); }
  std::string Mend() const override { return oauth_->Mend(); }
  std::string Scrub(std::string text) const override {
    return oauth_->Scrub(std::move(text));
  }

 private:
  const std::shared_ptr<OAuth> oauth_;
};

std::unique_ptr<Authenticator> Make(AuthenticatorContext context, Grant grant) {
  return std::make_unique<OAuthAuthenticator>(
      std::make_shared<OAuth>(std::move(context), std::move(grant)));
}

}  // namespace

std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthClientCredentials credentials) {
  Grant grant;
  grant.name = "client_credentials";
  grant.description = absl::StrCat("OAuth client credentials (client id ",
                                   credentials.client_id, ", secret from ",
                                   credentials.client_secret.file, ")");
  grant.mend = absl::StrCat(
      "check the client id and the secret in ", credentials.client_secret.file,
      "; the instance needs "
      "glide.oauth.inbound.client.credential.grant_type.enabled and the OAuth "
      "application an application user");
  grant.client_id = std::move(credentials.client_id);
  grant.client_secret = std::move(credentials.client_secret);
  return Make(std::move(context), std::move(grant));
}

std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthPasswordCredentials credentials) {
  Grant grant;
  grant.name = "password";
  grant.renews_by_refresh_token = true;
  grant.description = absl::StrCat(
      "OAuth with a password (client id ", credentials.client_id,
      ", secret from ", credentials.client_secret.file, "; user ",
      credentials.username, ", password from ", credentials.password.file, ")");
  grant.mend =
      "check client id, user and the two files; the instance must not have "
      "glide.oauth.inbound.ropc.grant_type.disabled set";
  grant.client_id = std::move(credentials.client_id);
  grant.client_secret = std::move(credentials.client_secret);
  grant.second = std::move(credentials.password);
  grant.form = [username = std::move(credentials.username)](
                   const config::Secret& password, absl::Time /*now*/) {
    return Form{{"username", username}, {"password", password.Reveal()}};
  };
  return Make(std::move(context), std::move(grant));
}

std::unique_ptr<Authenticator> MakeOAuth(AuthenticatorContext context,
                                         OAuthJwtCredentials credentials) {
  Grant grant;
  grant.name = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  grant.description = absl::StrCat(
      "OAuth with a signed assertion (client id ", credentials.client_id,
      ", secret from ", credentials.client_secret.file, "; key from ",
      credentials.key.file, ", for user ", credentials.subject, ")");
  grant.mend = absl::StrCat(
      "check client id, the secret in ", credentials.client_secret.file,
      " and the user; the instance needs a JWT provider with the certificate "
      "that belongs to ",
      credentials.key.file, " under this key id");
  grant.client_id = credentials.client_id;
  grant.client_secret = std::move(credentials.client_secret);
  grant.second = std::move(credentials.key);
  grant.tells_time = true;
  grant.form = [client_id = std::move(credentials.client_id),
                subject = std::move(credentials.subject),
                key_id = std::move(credentials.key_id)](
                   const config::Secret& key,
                   absl::Time now) -> absl::StatusOr<Form> {
    OPCON_SNOW_ASSIGN_OR_RETURN(const std::shared_ptr<const JwtSigner> signer,
                                JwtSigner::FromPem(key.Reveal(), key_id));
    JwtClaims claims;
    claims.issuer = client_id;
    claims.subject = subject;
    claims.audience = client_id;
    claims.id = RandomJwtId();
    claims.issued = now;
    claims.expires = claims.issued + kAssertionLife;
    OPCON_SNOW_ASSIGN_OR_RETURN(std::string assertion, signer->Sign(claims));
    return Form{{"assertion", std::move(assertion)}};
  };
  return Make(std::move(context), std::move(grant));
}

}  // namespace opcon_snow::snow
