#ifndef OPCON_SNOW_COMMON_AUTH_CALLER_H_
#define OPCON_SNOW_COMMON_AUTH_CALLER_H_

// What a call shows, and who it was found to be.

#include <string>
#include <vector>

namespace opcon_snow::auth {

struct Credentials {
  // The subject alternative names of the client's certificate, which TLS has
  // verified.
  std::vector<std::string> certificate_names{};
  // The values of all `authorization` headers.
  std::vector<std::string> authorization{};
  // For the log: "ipv4:10.1.2.3:40000".
  std::string peer{};
};

struct Caller {
  // The principal's; empty if there is no authorization: everybody who
  // reaches the listener may do everything then.
  std::string name{};
  // May see only what it has reported itself.
  bool own_only = false;
};

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_COMMON_AUTH_CALLER_H_
