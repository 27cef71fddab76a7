#ifndef OPCON_SNOW_COMMON_HTTP_TEST_CERTIFICATE_H_
#define OPCON_SNOW_COMMON_HTTP_TEST_CERTIFICATE_H_

// File: test_certificate.h
//
// Certificates made while a test runs, so that none lies in the tree and none
// runs out. Each is self-signed and is its own authority.

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace opcon_snow::http {

struct TestCertificate {
  std::string certificate_file;  // PEM
  std::string key_file;          // PEM, for its owner only
};

// Writes `name`.crt and `name`.key to the test's scratch directory. The
// certificate is for `common_name`, and if `ip` is not empty for that address.
// Valid between `from` and `left` from now. What was there is replaced, the key
// first. Fatal if it cannot.
TestCertificate MakeTestCertificate(absl::string_view name,
                                    absl::string_view common_name,
                                    absl::string_view ip,
                                    absl::Duration left = absl::Hours(24),
                                    absl::Duration from = -absl::Hours(1));

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_TEST_CERTIFICATE_H_
