#include "common/auth/authorizer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/auth/bearer_token.h"
#include "common/auth/caller.h"
#include "common/auth/permissions.h"
#include "common/config/fault.h"
#include "common/config/file_watch.h"
#include "common/config/validate.h"
#include "common/digest/sha256.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "config/v1/common.pb.h"
#include "openssl/crypto.h"

namespace opcon_snow::auth {
namespace {

constexpr std::size_t kMaxName = 63;
// Who is refused again and again must not fill the log.
constexpr std::chrono::seconds kBetweenLines{1};

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c));
         });
}

absl::Status Unauthenticated(absl::string_view why) {
  return MakeError(
      absl::StatusCode::kUnauthenticated,
      absl::StrCat(why,
                   "; send \"authorization: Bearer TOKEN\" with the token of "
                   "a principal in this server's configuration, or a client "
                   "certificate with the name of one"),
      {.reason = "UNAUTHENTICATED"});
}

struct Refusals {
  static const Refusals& Get() {
    static const auto* refusals = new Refusals;
    return *refusals;
  }
  static metrics::Counter For(const std::string& reason) {
    return metrics::GetCounter(
        "opcon_snow_auth_refusals_total",
        "Calls and requests that were refused for who calls.",
        {{"reason", reason}});
  }

  metrics::Counter unauthenticated = For("unauthenticated");
  metrics::Counter role_required = For("role_required");
};

}  // namespace

class Authorizer::Rules {
 public:
  struct Principal {
    std::string name;
    std::string certificate_name;
    // The digest of its token; empty if it has none. Of one length, so that
    // comparing tells nothing, and no token stays in memory.
    std::string token_digest{};
    Roles roles{};
  };

  // The files that were read, as they lay there before.
  config::FileWatch watch{std::vector<std::string>()};
  // What to read them again by.
  ::config::v1::Authorization authorization;
  std::vector<Principal> principals;
  bool open = false;
  bool takes_tokens = false;

  // Looks at all, so that the time says nothing of where it was found.
  const Principal* FindByToken(absl::string_view token) const {
    const std::string digest = Sha256Hex(token);
    const Principal* found = nullptr;
    for (const Principal& principal : principals) {
      if (principal.token_digest.size() == digest.size() &&
          CRYPTO_memcmp(principal.token_digest.data(), digest.data(),
                        digest.size()) == 0) {
        found = &principal;
      }
    }
    return found;
  }

  const Principal* FindByCertificate(
      const std::vector<std::string>& names) const {
    for (const Principal& principal : principals) {
      if (!principal.certificate_name.empty() &&
          std::find(names.begin(), names.end(), principal.certificate_name) !=
              names.end()) {
        return &principal;
      }
    }
    return nullptr;
  }

  // A token that is shown decides, also where there is a certificate.
  absl::StatusOr<const Principal*> Identify(const Credentials& shown) const {
    if (shown.authorization.size() > 1) {
      return Unauthenticated("there is more than one authorization header");
    }
    if (!shown.authorization.empty()) {
      const std::optional<absl::string_view> token =
          TokenOf(shown.authorization[0]);
      if (!token.has_value()) {
        return Unauthenticated("the authorization header has another scheme");
      }
      const Principal* const principal = FindByToken(*token);
      if (principal != nullptr) return principal;
      return Unauthenticated("the bearer token is not known here");
    }
    const Principal* const principal =
        FindByCertificate(shown.certificate_names);
    if (principal != nullptr) return principal;
    return Unauthenticated(shown.certificate_names.empty()
                               ? "the call has no credentials"
                               : "no name in the client certificate is known "
                                 "here");
  }
};

absl::StatusOr<std::shared_ptr<const Authorizer::Rules>> Authorizer::ReadRules(
    const ::config::v1::Authorization& authorization, SteadyNow now) {
  auto rules = std::make_shared<Rules>();
  std::vector<std::string> files;
  for (const ::config::v1::Principal& entry : authorization.principals()) {
    if (!entry.token_file().empty()) files.push_back(entry.token_file());
  }
  rules->watch = config::FileWatch(std::move(files), std::move(now));
  rules->authorization = authorization;
  rules->open = authorization.principals().empty();
  std::map<std::string, std::string> names_by_digest;
  for (const ::config::v1::Principal& entry : authorization.principals()) {
    Rules::Principal principal{.name = entry.name(),
                               .certificate_name = entry.certificate_san()};
    for (const int role : entry.roles()) principal.roles.Add(role);
    if (!entry.token_file().empty()) {
      OPCON_SNOW_ASSIGN_OR_RETURN(const std::string token,
                                  ReadTokenFile(entry.token_file()));
      principal.token_digest = Sha256Hex(token);
      const auto [other, fresh] =
          names_by_digest.emplace(principal.token_digest, entry.name());
      if (!fresh) {
        return absl::InvalidArgumentError(
            absl::StrCat("the principals ", other->second, " and ",
                         entry.name(), " have the same token"));
      }
      rules->takes_tokens = true;
    }
    rules->principals.push_back(std::move(principal));
  }
  return rules;
}

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::Create(
    const ::config::v1::Authorization& authorization, SteadyNow now) {
  OPCON_SNOW_ASSIGN_OR_RETURN(std::shared_ptr<const Rules> rules,
                              ReadRules(authorization, std::move(now)));
  return std::unique_ptr<Authorizer>(new Authorizer(std::move(rules)));
}

Authorizer::Authorizer(std::shared_ptr<const Rules> rules)
    : rules_(std::move(rules)), watch_(rules_->watch) {
  Refusals::Get();  // exposed from now on
}

Authorizer::~Authorizer() = default;

std::shared_ptr<const Authorizer::Rules> Authorizer::rules() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!watch_.Changed()) return rules_;
  absl::StatusOr<std::shared_ptr<const Rules>> fresh =
      ReadRules(rules_->authorization);
  if (fresh.ok()) {
    rules_ = *std::move(fresh);
    log::Info("auth.tokens_reloaded");
  } else {
    log::Error("auth.reload_refused",
               {{"status", fresh.status()},
                {"advice", "the tokens before are taken on"}});
  }
  return rules_;
}

void Authorizer::Replace(std::shared_ptr<const Rules> rules) {
  const std::lock_guard<std::mutex> lock(mutex_);
  watch_ = rules->watch;
  rules_ = std::move(rules);
}

bool Authorizer::TakesTokens() const { return rules()->takes_tokens; }

bool Authorizer::is_open() const { return rules()->open; }

void Authorizer::LogRefusal(absl::string_view method,
                            const Credentials& credentials,
                            absl::string_view principal,
                            absl::string_view why) const {
  static std::mutex mutex;
  static std::chrono::steady_clock::time_point next;
  static std::int64_t left_out = 0;
  std::int64_t before = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto now = std::chrono::steady_clock::now();
    if (now < next) {
      ++left_out;
      return;
    }
    next = now + kBetweenLines;
    before = std::exchange(left_out, 0);
  }
  log::Warning("auth.refused", {{"method", method},
                                {"peer", credentials.peer},
                                {"principal", principal},
                                {"why", why},
                                {"refused_since_last_line", before}});
}

absl::StatusOr<Caller> Authorizer::Admit(absl::string_view method,
                                         const Credentials& credentials) const {
  const std::shared_ptr<const Rules> rules = this->rules();
  if (rules->open) return Caller{};
  const absl::StatusOr<const Rules::Principal*> identified =
      rules->Identify(credentials);
  if (!identified.ok()) {
    Refusals::Get().unauthenticated.Add();
    LogRefusal(method, credentials, "", identified.status().message());
    return identified.status();
  }
  const Rules::Principal& principal = **identified;
  const Permission* const permission = FindPermission(method);
  if (permission != nullptr) {
    if (principal.roles.Intersects(permission->roles)) {
      return Caller{.name = principal.name};
    }
    if (principal.roles.Intersects(permission->for_own)) {
      return Caller{.name = principal.name, .own_only = true};
    }
  }
  Refusals::Get().role_required.Add();
  LogRefusal(method, credentials, principal.name, "it lacks the role");
  Roles needed = permission == nullptr ? Roles() : permission->roles;
  return MakeError(
      absl::StatusCode::kPermissionDenied,
      absl::StrCat(method, " needs one of the roles ", needed.Names(), "; ",
                   principal.name, " has ", principal.roles.Names(),
                   ". Whoever runs this server gives roles in its "
                   "configuration, under authorization"),
      {.reason = "ROLE_REQUIRED",
       .metadata = {{"principal", principal.name},
                    {"method", std::string(method)},
                    {"roles", needed.Names()}}});
}

void ValidateAuthorization(const ::config::v1::Authorization& authorization,
                           absl::string_view field, config::Faults* faults) {
  if (authorization.principals().empty()) {
    faults->Add(config::FieldPath(field, "principals"),
                "is required: with none, nobody may call anything");
  }
  std::map<std::string, int> names;
  std::map<std::string, int> certificates;
  for (int i = 0; i < authorization.principals_size(); ++i) {
    const ::config::v1::Principal& principal = authorization.principals(i);
    const std::string path = config::FieldPath(field, "principals");
    const auto add = [&](absl::string_view name, absl::string_view what) {
      faults->Add(config::FieldPath(path, i, name), what);
    };
    if (!IsName(principal.name())) {
      add("name", absl::StrCat("must be 1 to ", kMaxName,
                               " printable ASCII characters without blanks"));
    } else if (const auto [other, fresh] = names.emplace(principal.name(), i);
               !fresh) {
      add("name",
          absl::StrCat("is also that of principals[", other->second, "]"));
    }
    if (principal.certificate_san().empty() && principal.token_file().empty()) {
      add("", "needs certificate_san or token_file");
    }
    if (!principal.certificate_san().empty()) {
      const auto [other, fresh] =
          certificates.emplace(principal.certificate_san(), i);
      if (!fresh) {
        add("certificate_san",
            absl::StrCat("is also that of principals[", other->second, "]"));
      }
    }
    if (principal.roles().empty()) add("roles", "is required");
    for (const int role : principal.roles()) {
      if (Roles::Of(role).empty()) add("roles", "has an entry without meaning");
    }
  }
}

bool KnowsTokens(const ::config::v1::Authorization& authorization) {
  return std::any_of(authorization.principals().begin(),
                     authorization.principals().end(),
                     [](const auto& p) { return !p.token_file().empty(); });
}

bool KnowsCertificates(const ::config::v1::Authorization& authorization) {
  return std::any_of(
      authorization.principals().begin(), authorization.principals().end(),
      [](const auto& p) { return !p.certificate_san().empty(); });
}

}  // namespace opcon_snow::auth
