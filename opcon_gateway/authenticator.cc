#include "opcon_gateway/authenticator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/config/secret_file.h"
#include "common/http/json.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace opcon_snow::opcon {

std::string WithoutSecret(std::string text, const config::Secret& secret) {
  if (secret.empty()) return text;
  // As it is, and as it was written into the request's JSON.
  std::string escaped = http::WriteJson(secret.Reveal());
  escaped = escaped.substr(1, escaped.size() - 2);
  return absl::StrReplaceAll(
      text, {{secret.Reveal(), "[redacted]"}, {escaped, "[redacted]"}});
}

TokenFileAuthenticator::TokenFileAuthenticator(std::string instance,
                                               std::string token_file,
                                               SecretReader reader,
                                               config::Secret token)
    : instance_(std::move(instance)),
      token_file_(std::move(token_file)),
      reader_(std::move(reader)) {
  credential_.token = std::move(token);
  credential_.generation = 1;
}

absl::StatusOr<std::unique_ptr<TokenFileAuthenticator>>
TokenFileAuthenticator::Create(std::string instance, std::string token_file,
                               SecretReader reader) {
  if (!reader) {
    reader = [](const std::string& file) {
      return config::ReadSecretFile(file);
    };
  }
  OPCON_SNOW_ASSIGN_OR_RETURN(config::Secret token, reader(token_file));
  return std::unique_ptr<TokenFileAuthenticator>(
      new TokenFileAuthenticator(std::move(instance), std::move(token_file),
                                 std::move(reader), std::move(token)));
}

async::Task<absl::StatusOr<Credential>> TokenFileAuthenticator::Get(
    const CallScope&) {
  co_return credential_;
}

bool TokenFileAuthenticator::Refuse(std::uint64_t generation) {
  if (generation != credential_.generation) return true;
  absl::StatusOr<config::Secret> token = reader_(token_file_);
  if (!token.ok()) {
    log::Warning("opcon.credentials_unreadable",
                 {{"instance", instance_}, {"error", token.status()}});
    return false;
  }
  if (token->Equals(credential_.token)) return false;
  log::Info("opcon.credentials_replaced", {{"instance", instance_}});
  credential_.token = *std::move(token);
  ++credential_.generation;
  return true;
}

std::string TokenFileAuthenticator::Mend() const {
  return absl::StrCat("Put a valid application token or API token into ",
                      token_file_,
                      "; the file is read again when OpCon refuses it.");
}

std::string TokenFileAuthenticator::Scrub(std::string text) const {
  return WithoutSecret(std::move(text), credential_.token);
}

}  // namespace opcon_snow::opcon
