#ifndef OPCON_SNOW_TESTS_HARNESS_SIGNING_KEY_H_
#define OPCON_SNOW_TESTS_HARNESS_SIGNING_KEY_H_

#include <string>

namespace opcon_snow::harness {

// A new RSA key, as whoever signs assertions has it and whoever checks them.
struct SigningKey {
  std::string private_pem;
  std::string public_pem;
};

SigningKey MakeSigningKey();

}  // namespace opcon_snow::harness

#endif  // OPCON_SNOW_TESTS_HARNESS_SIGNING_KEY_H_
