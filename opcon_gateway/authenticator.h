#ifndef OPCON_SNOW_OPCON_GATEWAY_AUTHENTICATOR_H_
#define OPCON_SNOW_OPCON_GATEWAY_AUTHENTICATOR_H_

// Where an instance's token comes from. Confined to the loop thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/async/task.h"
#include "common/config/secret.h"
#include "opcon_gateway/call_scope.h"

namespace opcon_snow::opcon {

struct Credential {
  config::Secret token;
  // Tells this token from those before and after it.
  std::uint64_t generation = 0;
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // The token to send. Errors are this gateway's, ready for the caller.
  virtual async::Task<absl::StatusOr<Credential>> Get(
      const CallScope& scope) = 0;

  // The token to send if one is there at this moment. What Get gave may have
  // been refused or renewed while its call waited for its turn.
  virtual std::optional<Credential> Current() const = 0;

  // OpCon answered 401 to the credential of this generation. True: another may
  // be had, ask again. Any number of calls may tell of the same one.
  virtual bool Refuse(std::uint64_t generation) = 0;

  // What to do when OpCon refuses the credentials; names the file.
  virtual std::string Mend() const = 0;

  // `text` with every secret that this knows of replaced. For texts that OpCon
  // sent: nothing says that it never repeats what it was sent.
  virtual std::string Scrub(std::string text) const = 0;
};

// Reads the secret that a file holds.
using SecretReader =
    std::function<absl::StatusOr<config::Secret>(const std::string& file)>;

// An application token or API token from a file. The file is read again when
// OpCon refuses the token, so that a new one takes effect by itself.
class TokenFileAuthenticator final : public Authenticator {
 public:
  // Reads the file with `reader`, or as a file that holds nothing else; errors
  // as config::ReadSecretFile.
  static absl::StatusOr<std::unique_ptr<TokenFileAuthenticator>> Create(
      std::string instance, std::string token_file, SecretReader reader = {});

  async::Task<absl::StatusOr<Credential>> Get(const CallScope& scope) override;
  std::optional<Credential> Current() const override { return credential_; }
  bool Refuse(std::uint64_t generation) override;
  std::string Mend() const override;
  std::string Scrub(std::string text) const override;

 private:
  TokenFileAuthenticator(std::string instance, std::string token_file,
                         SecretReader reader, config::Secret token);

  const std::string instance_;
  const std::string token_file_;
  const SecretReader reader_;
  Credential credential_;
};

// `text` without `secret`; unchanged if that is empty.
std::string WithoutSecret(std::string text, const config::Secret& secret);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_AUTHENTICATOR_H_
