#ifndef OPCON_SNOW_OPCON_GATEWAY_LOGIN_AUTHENTICATOR_H_
#define OPCON_SNOW_OPCON_GATEWAY_LOGIN_AUTHENTICATOR_H_

// Tokens of a user, renewed before they expire (they live about 20 minutes).
//
// However many calls need a new token, one login is under way: they wait for
// it, each within its own deadline. While a token is still good but near its
// end, calls go on with it and the renewal runs beside them. A login that OpCon
// refuses is not tried again for a while unless the password file changes,
// because OpCon locks users after a number of wrong passwords.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/async/event_loop.h"
#include "common/async/one_shot.h"
#include "common/async/task.h"
#include "common/config/secret.h"
#include "common/http/limiter.h"
#include "common/http/transport.h"
#include "common/http/url.h"
#include "opcon_gateway/authenticator.h"
#include "opcon_gateway/upstream_message.h"

namespace opcon_snow::opcon {

struct LoginOptions {
  std::string instance;
  std::string username;
  std::string password_file;
  // Of one login request.
  absl::Duration timeout = absl::Seconds(30);
};

class LoginAuthenticator final
    : public Authenticator,
      public std::enable_shared_from_this<LoginAuthenticator> {
 public:
  // How long a refused login is not repeated.
  static constexpr absl::Duration kPauseAfterRefusal = absl::Seconds(30);

  // Reads the password file once, to find out early that it is not there. A
  // login keeps this, the transport and the limiter alive.
  static absl::StatusOr<std::shared_ptr<LoginAuthenticator>> Create(
      LoginOptions options, http::BaseUrl base_url, async::EventLoop* loop,
      std::shared_ptr<http::Transport> transport,
      std::shared_ptr<http::Limiter> limiter);

  async::Task<absl::StatusOr<Credential>> Get(const CallScope& scope) override;
  std::optional<Credential> Current() const override;
  bool Refuse(std::uint64_t generation) override;
  std::string Mend() const override;
  std::string Scrub(std::string text) const override;

 private:
  LoginAuthenticator(LoginOptions options, http::BaseUrl base_url,
                     async::EventLoop* loop,
                     std::shared_ptr<http::Transport> transport,
                     std::shared_ptr<http::Limiter> limiter);

  bool HasToken() const;
  bool IsNearEnd() const;
  // Begins a login unless one is under way.
  void BeginLogin();
  static async::Task<void> RunLogin(std::shared_ptr<LoginAuthenticator> self);
  static async::Task<absl::Status> Login(
      std::shared_ptr<LoginAuthenticator> self);
  http::Request MakeRequest() const;
  // Reads the password into password_; an error while the pause after a
  // refusal of this very password lasts.
  absl::Status ReadPassword();
  absl::Status Accept(const http::Response& response);
  absl::Status Refused(const http::Response& response);
  UpstreamMessage MessageOf(const http::Response& response) const;

  const LoginOptions options_;
  const http::BaseUrl base_url_;
  async::EventLoop* const loop_;
  const std::shared_ptr<http::Transport> transport_;
  const std::shared_ptr<http::Limiter> limiter_;

  Credential credential_;
  // Calls that began with it may still be under way.
  config::Secret previous_token_;
  bool has_token_ = false;
  // By the loop's clock; the first is when a renewal begins.
  absl::Duration renew_at_ = absl::InfiniteDuration();
  absl::Duration expires_at_ = absl::InfiniteDuration();

  bool logging_in_ = false;
  std::vector<async::OneShot<absl::Status>> waiting_;
  config::Secret password_;
  // The last refusal, while it counts.
  absl::Status refusal_;
  absl::Duration refusal_until_ = -absl::InfiniteDuration();
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_LOGIN_AUTHENTICATOR_H_
