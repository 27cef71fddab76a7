#include "sandbox/opcon/api_versions.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace opcon_snow::sandbox::opcon {
namespace {

struct Since {
  absl::string_view method;  // "": any
  absl::string_view path;    // its beginning
  ApiVersion version;
};

constexpr Since kSince[] = {
    {"POST", "api/dailyjobs/{uid}/incidentTickets", {20, 1, 0}},
    {"", "api/dailyjobs/{uid}/incidentTickets", {20, 0, 0}},
};

constexpr ApiVersion kTicketInJob = {20, 1, 0};

}  // namespace

std::optional<ApiVersion> ApiVersion::Parse(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  if (parts.size() < 2 || parts.size() > 4) return std::nullopt;
  int numbers[4] = {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!absl::SimpleAtoi(parts[i], &numbers[i]) || numbers[i] < 0) {
      return std::nullopt;
    }
  }
  return ApiVersion{numbers[0], numbers[1], numbers[2]};
}

bool HasEndpoint(const ApiVersion& version, absl::string_view method,
                 absl::string_view path) {
  for (const Since& since : kSince) {
    if ((since.method.empty() || since.method == method) &&
        absl::StartsWith(path, since.path)) {
      return !(version < since.version);
    }
  }
  return true;
}

bool TakesTicketInJob(const ApiVersion& version) {
  return !(version < kTicketInJob);
}

bool NamesEndpoint(absl::string_view name, absl::string_view method,
                   absl::string_view path) {
  return absl::EqualsIgnoreCase(name, absl::StrCat(method, " /", path));
}

}  // namespace opcon_snow::sandbox::opcon
