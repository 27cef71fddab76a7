#include "snow_gateway/credentials.h"

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

// A proof that never changes.
class FixedAuthenticator final : public Authenticator {
 public:
  FixedAuthenticator(Proof proof, std::string description, std::string mend,
                     config::Secret secret)
      : proof_(std::move(proof)),
        description_(std::move(description)),
        mend_(std::move(mend)),
        secret_(std::move(secret)),
        // Without "Basic ".
        encoded_(proof_.value.substr(proof_.value.rfind(' ') + 1)) {}

  async::Task<absl::StatusOr<Proof>> Prove(absl::Duration /*deadline*/,
                                           std::stop_token /*stop*/) override {
    co_return proof_;
  }
  bool Refused(const Proof& /*proof*/) override { return false; }
  std::string Description() const override { return description_; }
  std::string Mend() const override { return mend_; }
  std::string Scrub(std::string text) const override {
    return ScrubSecret(ScrubSecret(std::move(text), secret_), encoded_);
  }

 private:
  const Proof proof_;
  const std::string description_;
  const std::string mend_;
  const config::Secret secret_;
  const config::Secret encoded_;
};

std::unique_ptr<Authenticator> MakeApiKey(ApiKeyCredentials credentials) {
  Authenticator::Proof proof;
  proof.header = "x-sn-apikey";
  proof.value = credentials.key.secret.Reveal();
  return std::make_unique<FixedAuthenticator>(
      std::move(proof), absl::StrCat("API key from ", credentials.key.file),
      absl::StrCat("check the key in ", credentials.key.file,
                   "; the instance needs an inbound authentication profile for "
                   "API keys and a REST API access policy that uses it"),
      std::move(credentials.key.secret));
}

std::unique_ptr<Authenticator> MakeBasic(BasicCredentials credentials) {
  Authenticator::Proof proof;
  proof.header = "Authorization";
  proof.value = absl::StrCat(
      "Basic ",
      absl::Base64Escape(absl::StrCat(credentials.username, ":",
                                      credentials.password.secret.Reveal())));
  return std::make_unique<FixedAuthenticator>(
      std::move(proof),
      absl::StrCat("Basic authentication (user ", credentials.username,
                   ", password from ", credentials.password.file, ")"),
      absl::StrCat(
          "check the password in ", credentials.password.file,
          "; since 2026 instances refuse Basic authentication even with the "
          "right password unless the user is web service access only or has "
          "the role snc_basic_auth_api_access, so prefer OAuth"),
      std::move(credentials.password.secret));
}

std::unique_ptr<Authenticator> MakeCertificate(
    const CertificateCredentials& credentials) {
  return std::make_unique<FixedAuthenticator>(
      Authenticator::Proof(),
      absl::StrCat("the client certificate ", credentials.certificate_file),
      "the instance needs certificate-based authentication switched on, this "
      "certificate's authority among its trusted ones, and the certificate "
      "mapped to a user",
      config::Secret());
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
    return MakeApiKey(std::move(*key));
  }
  if (auto* basic = std::get_if<BasicCredentials>(&credentials)) {
    return MakeBasic(std::move(*basic));
  }
  if (auto* certificate = std::get_if<CertificateCredentials>(&credentials)) {
    return MakeCertificate(*certificate);
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
