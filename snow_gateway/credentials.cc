#include "snow_gateway/credentials.h"

#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "snow_gateway/errors.h"
#include "snow_gateway/oauth.h"

namespace opcon_snow::snow {
namespace {

// Shorter texts occur by chance; no secret worth its name is that short.
constexpr std::size_t kMinScrubbed = 4;

// How a secret is shown to the instance.
struct Method {
  // Empty: the connection itself is the proof.
  std::string header;
  std::function<std::string(const config::Secret&)> value;
  std::string description;
  std::string mend;
};

// A proof that changes only with the file that its secret is in.
class FixedAuthenticator final : public Authenticator {
 public:
  FixedAuthenticator(std::string instance, Method method, FileSecret secret)
      : instance_(std::move(instance)),
        method_(std::move(method)),
        secret_(std::move(secret)) {
    MakeProof();
  }

  async::Task<absl::StatusOr<Proof>> Prove(absl::Duration /*deadline*/,
                                           std::stop_token /*stop*/) override {
    co_return proof_;
  }
  bool Refused(const Proof& proof) override {
    if (proof.generation != proof_.generation) return true;
    config::Secret refused = secret_.secret;
    if (!ReadAgain(instance_, &secret_)) return false;
    previous_ = std::move(refused);
    MakeProof();
    return true;
  }
  std::string Description() const override { return method_.description; }
  std::string Mend() const override { return method_.mend; }
  std::string Scrub(std::string text) const override {
    for (const config::Secret* secret :
         {&secret_.secret, &encoded_, &previous_}) {
      text = ScrubSecret(std::move(text), *secret);
    }
    return text;
  }

 private:
  void MakeProof() {
    proof_.header = method_.header;
    proof_.value = method_.header.empty() ? "" : method_.value(secret_.secret);
    ++proof_.generation;
    // Without "Basic ".
    encoded_ = config::Secret(proof_.value.substr(proof_.value.rfind(' ') + 1));
  }

  const std::string instance_;
  const Method method_;
  FileSecret secret_;
  Proof proof_;
  config::Secret encoded_;
  // An answer to it may still come.
  config::Secret previous_;
};

std::unique_ptr<Authenticator> MakeApiKey(std::string instance,
                                          ApiKeyCredentials credentials) {
  Method method;
  method.header = "x-sn-apikey";
  method.value = [](const config::Secret& key) { return key.Reveal(); };
  method.description = absl::StrCat("API key from ", credentials.key.file);
  method.mend =
      absl::StrCat("check the key in ", credentials.key.file,
                   "; the instance needs an inbound authentication profile for "
                   "API keys and a REST API access policy that uses it");
  return std::make_unique<FixedAuthenticator>(
      std::move(instance), std::move(method), std::move(credentials.key));
}

std::unique_ptr<Authenticator> MakeBasic(std::string instance,
                                         BasicCredentials credentials) {
  Method method;
  method.header = "Authorization";
  method.value = [user = credentials.username](const config::Secret& password) {
    return absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(
                                      user, ":", password.Reveal())));
  };
  method.description =
      absl::StrCat("Basic authentication (user ", credentials.username,
                   ", password from ", credentials.password.file, ")");
  method.mend = absl::StrCat(
      "check the password in ", credentials.password.file,
      "; since 2026 instances refuse Basic authentication even with the right "
      "password unless the user is web service access only or has the role "
      "snc_basic_auth_api_access, so prefer OAuth");
  return std::make_unique<FixedAuthenticator>(
      std::move(instance), std::move(method), std::move(credentials.password));
}

std::unique_ptr<Authenticator> MakeCertificate(
    std::string instance, const CertificateCredentials& credentials) {
  Method method;
  method.description =
      absl::StrCat("the client certificate ", credentials.certificate_file);
  method.mend =
      "the instance needs certificate-based authentication switched on, this "
      "certificate's authority among its trusted ones, and the certificate "
      "mapped to a user";
  return std::make_unique<FixedAuthenticator>(std::move(instance),
                                              std::move(method), FileSecret());
}

}  // namespace

std::string ScrubSecret(std::string text, const config::Secret& secret) {
  if (secret.Reveal().size() < kMinScrubbed) return text;
  return absl::StrReplaceAll(
      text, {{secret.Reveal(), "[redacted]"},
             {http::PercentEncode(secret.Reveal()), "[redacted]"}});
}

std::unique_ptr<Authenticator> MakeAuthenticator(AuthenticatorContext context,
                                                 Credentials credentials) {
  if (auto* key = std::get_if<ApiKeyCredentials>(&credentials)) {
    return MakeApiKey(std::move(context.instance), std::move(*key));
  }
  if (auto* basic = std::get_if<BasicCredentials>(&credentials)) {
    return MakeBasic(std::move(context.instance), std::move(*basic));
  }
  if (auto* certificate = std::get_if<CertificateCredentials>(&credentials)) {
    return MakeCertificate(std::move(context.instance), *certificate);
  }
  if (auto* password = std::get_if<OAuthPasswordCredentials>(&credentials)) {
    return MakeOAuth(std::move(context), std::move(*password));
  }
  if (auto* jwt = std::get_if<OAuthJwtCredentials>(&credentials)) {
    return MakeOAuth(std::move(context), std::move(*jwt));
  }
  return MakeOAuth(std::move(context),
                   std::get<OAuthClientCredentials>(std::move(credentials)));
}

absl::Status AuthenticationFailed(absl::string_view instance,
                                  const Authenticator& authenticator,
                                  absl::string_view evidence, int http_status) {
  ErrorDetails details;
  details.metadata["instance"] = std::string(instance);
  if (http_status != 0) {
    details.metadata["http_status_code"] = absl::StrCat(http_status);
  }
  return GatewayError(
      ::servicenow::v1::ERROR_REASON_UPSTREAM_AUTHENTICATION_FAILED,
      absl::StrCat("ServiceNow instance ", instance, " refused ",
                   authenticator.Description(), " (", evidence,
                   "): ", authenticator.Mend()),
      std::move(details));
}

}  // namespace opcon_snow::snow
