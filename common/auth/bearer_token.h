#ifndef OPCON_SNOW_COMMON_AUTH_BEARER_TOKEN_H_
#define OPCON_SNOW_COMMON_AUTH_BEARER_TOKEN_H_

// Bearer tokens (RFC 6750) as a caller sends them and a server reads them.
// Portable.

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace opcon_snow::auth {

// Shorter ones can be guessed.
inline constexpr std::size_t kLeastTokenBytes = 16;
inline constexpr std::size_t kMostTokenBytes = 4096;

// INVALID_ARGUMENT, without the token, unless it may be one: 16 to 4096
// letters, digits and -._~+/, then any number of =.
absl::Status CheckToken(absl::string_view token);

// The token in the value of an `authorization` header; nullopt if it has
// another scheme.
std::optional<absl::string_view> TokenOf(absl::string_view header);

// Reads the first line of a file. Errors name the path, never what is in it:
// NOT_FOUND, PERMISSION_DENIED (unreadable; where files have a mode, also
// readable by everybody), INVALID_ARGUMENT.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

// A token, and who knows when there is another one.
struct WatchedToken {
  std::string token{};
  // Asked before each use, one call at a time; nullopt: the token stands. Empty
  // for one that always does.
  std::function<std::optional<std::string>()> fresh{};
};

// The token of a channel, which may be exchanged while it is in use.
// Thread-safe.
class BearerToken {
 public:
  explicit BearerToken(std::string token)
      : BearerToken(WatchedToken{std::move(token)}) {}
  explicit BearerToken(WatchedToken token) : token_(std::move(token)) {}

  void Set(WatchedToken token) {
    const std::lock_guard<std::mutex> lock(mutex_);
    token_ = std::move(token);
  }
  // "Bearer …".
  std::string Header() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (token_.fresh) {
      std::optional<std::string> fresh = token_.fresh();
      if (fresh.has_value()) token_.token = *std::move(fresh);
    }
    return "Bearer " + token_.token;
  }

 private:
  mutable std::mutex mutex_;
  mutable WatchedToken token_;  // guarded by mutex_
};

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_COMMON_AUTH_BEARER_TOKEN_H_
