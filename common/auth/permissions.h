#ifndef OPCON_SNOW_COMMON_AUTH_PERMISSIONS_H_
#define OPCON_SNOW_COMMON_AUTH_PERMISSIONS_H_

// The one table of who may call what, for gRPC and for the HTTP door, whose
// paths stand for methods. A method that is not in it can be called by nobody,
// and a server with such a method does not start: a new one cannot be
// forgotten. docs/security.md shows the table to people.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace opcon_snow::auth {

// A set of config.v1.Role.
class Roles {
 public:
  constexpr Roles() = default;
  // Of numbers of config.v1.Role; others than the four are left out.
  template <class... Role>
  static constexpr Roles Of(Role... roles) {
    Roles set;
    ((set.bits_ |= Bit(static_cast<int>(roles))), ...);
    return set;
  }

  constexpr void Add(int role) { bits_ |= Bit(role); }
  constexpr bool Has(int role) const { return (bits_ & Bit(role)) != 0; }
  constexpr bool Intersects(Roles other) const {
    return (bits_ & other.bits_) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  // "reader, operator".
  std::string Names() const;

 private:
  static constexpr unsigned Bit(int role) {
    return role > 0 && role < 5 ? 1U << static_cast<unsigned>(role) : 0U;
  }

  unsigned bits_ = 0;
};

struct Permission {
  // "incident.v1.IncidentService/GetReport".
  absl::string_view method;
  // Any of these may call it, for everything that there is …
  Roles roles;
  // … and these for what the caller itself has reported.
  Roles for_own;
};

absl::Span<const Permission> Permissions();

// nullptr if there is none.
const Permission* FindPermission(absl::string_view method);

// INTERNAL, naming what is missing, unless every method of a service, by its
// full name, has a permission. A service whose descriptor is not linked into
// this program has no methods.
absl::Status CheckPermissionsOf(const std::string& service);

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_COMMON_AUTH_PERMISSIONS_H_
