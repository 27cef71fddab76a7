#ifndef OPCON_SNOW_SNOW_GATEWAY_CREDENTIALS_H_
#define OPCON_SNOW_SNOW_GATEWAY_CREDENTIALS_H_

// How the gateway proves to an instance who it is.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/task.h"
#include "common/clock/clock.h"
#include "common/config/secret.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "snow_gateway/file_secret.h"

namespace opcon_snow::snow {

struct OAuthClientCredentials {
  std::string client_id;
  FileSecret client_secret;
};
struct OAuthPasswordCredentials {
  std::string client_id;
  FileSecret client_secret;
  std::string username;
  FileSecret password;
};
struct OAuthJwtCredentials {
  std::string client_id;
  FileSecret client_secret;
  // In PEM form, one that JwtSigner takes; also what `key.read` gives.
  FileSecret key;
  std::string key_id;
  // The user to act as.
  std::string subject;
};
struct ApiKeyCredentials {
  FileSecret key;
};
struct BasicCredentials {
  std::string username;
  FileSecret password;
};
// The transport's client certificate is the proof.
struct CertificateCredentials {
  std::string certificate_file;
};
using Credentials = std::variant<OAuthClientCredentials, OAuthJwtCredentials,
                                 OAuthPasswordCredentials, ApiKeyCredentials,
                                 CertificateCredentials, BasicCredentials>;

// Confined to the loop's thread.
class Authenticator {
 public:
  // What a request proves itself with.
  struct Proof {
    // Empty: no header, the connection itself is the proof.
    std::string header;
    std::string value;
    // Which login it comes from.
    std::uint64_t generation = 0;
  };

  virtual ~Authenticator() = default;

  // The proof to send. May have to log in first; calls that need the same
  // login wait for one and the same. `deadline` is a time of the loop's steady
  // clock. Errors are this gateway's; nothing was done upstream.
  virtual async::Task<absl::StatusOr<Proof>> Prove(absl::Duration deadline,
                                                   std::stop_token stop) = 0;

  // The instance refused this proof. True: another one can be had, by a new
  // login or because the file holds another secret now, so the request is worth
  // one more try.
  virtual bool Refused(const Proof& proof) = 0;

  // The method and the file to mend: "OAuth client credentials (client id …,
  // secret from FILE)"; and what to do when the instance refuses it.
  virtual std::string Description() const = 0;
  virtual std::string Mend() const = 0;

  // `text` with every secret replaced, for texts that an instance sent and
  // that might echo one.
  virtual std::string Scrub(std::string text) const = 0;
};

// What a login needs.
struct AuthenticatorContext {
  std::string instance;
  http::BaseUrl base_url;
  // Both must outlive the authenticator and its tasks.
  async::EventLoop* loop = nullptr;
  const Clock* clock = RealClock::Get();
  // Shared with logins that are under way when the authenticator goes.
  std::shared_ptr<http::Transport> transport;
  absl::Duration call_timeout = absl::Seconds(65);
};

std::unique_ptr<Authenticator> MakeAuthenticator(AuthenticatorContext context,
                                                 Credentials credentials);

// UPSTREAM_AUTHENTICATION_FAILED that names instance, method, file and mend.
absl::Status AuthenticationFailed(absl::string_view instance,
                                  const Authenticator& authenticator,
                                  absl::string_view evidence, int http_status);

// `text` with each occurrence of `secret` (at least 4 bytes), as it is or
// percent-encoded, replaced.
std::string ScrubSecret(std::string text, const config::Secret& secret);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_CREDENTIALS_H_
