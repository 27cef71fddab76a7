#ifndef OPCON_SNOW_TESTS_AUTH_GUARDED_SERVERS_H_
#define OPCON_SNOW_TESTS_AUTH_GUARDED_SERVERS_H_

// The three servers as real processes over TLS, each with the same principals:
// for each role one with a token and one with a certificate. What they call
// upstream is not there.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/http/test_certificate.h"
#include "grpcpp/channel.h"
#include "tests/harness/process.h"
#include "tests/harness/suite.h"

namespace opcon_snow::auth {

// What a caller shows.
struct Shown {
  std::string name;
  // The role that it has; empty if it is to be refused.
  std::string role{};
  // The value of the header; empty for none.
  std::string authorization{};
  // Null for none.
  const http::TestCertificate* certificate = nullptr;
  // False: TLS does not let the certificate through.
  bool connects = true;
};

class GuardedServers {
 public:
  static absl::StatusOr<std::unique_ptr<GuardedServers>> Start(
      const harness::Programs& programs, const std::string& directory);

  // Every role by token and by certificate, none, and wrong ones.
  const std::vector<Shown>& callers() const { return callers_; }
  // To the server of a service, "opcon.v1.OpConGateway".
  std::shared_ptr<grpc::Channel> Channel(const std::string& service,
                                         const Shown& shown) const;
  int http_port() const { return ports_.at("http"); }
  const http::TestCertificate& server_certificate() const { return server_; }

 private:
  GuardedServers();
  std::string Listener() const;
  absl::Status StartOne(const std::string& program, const std::string& name,
                        const std::string& yaml);
  // Writes tokens and authorities, and says who is who.
  absl::Status WritePrincipals();

  std::string directory_;
  http::TestCertificate server_;
  std::map<std::string, http::TestCertificate> certificates_;
  std::string authorization_yaml_;
  std::vector<Shown> callers_;
  // Ports by the server's name, and "http".
  std::map<std::string, int> ports_;
  std::vector<std::unique_ptr<harness::Process>> processes_;
};

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_TESTS_AUTH_GUARDED_SERVERS_H_
