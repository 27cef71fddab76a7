#ifndef OPCON_SNOW_SANDBOX_OPCON_API_VERSIONS_H_
#define OPCON_SNOW_SANDBOX_OPCON_API_VERSIONS_H_

// Which version of OpCon has what, as far as it is known from its release
// notes.

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::sandbox::opcon {

struct ApiVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;

  // "20.1", "21.0.5.0"; the fourth number does not count.
  static std::optional<ApiVersion> Parse(absl::string_view text);

  friend bool operator<(const ApiVersion& a, const ApiVersion& b) {
    return std::tie(a.major, a.minor, a.patch) <
           std::tie(b.major, b.minor, b.patch);
  }
};

// Whether an OpCon of this version has the endpoint. `path` as in the router:
// "api/dailyjobs/{uid}/incidentTickets".
bool HasEndpoint(const ApiVersion& version, absl::string_view method,
                 absl::string_view path);

// Whether PUT of a daily job takes incidentTicketId.
bool TakesTicketInJob(const ApiVersion& version);

// "GET /api/machines" names "GET" "api/machines", in any case.
bool NamesEndpoint(absl::string_view name, absl::string_view method,
                   absl::string_view path);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_API_VERSIONS_H_
