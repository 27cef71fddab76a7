#include "common/rpc/address.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::rpc {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(AddressTest, KnowsIpv4Addresses) {
  for (const char* host : {"127.0.0.1", "10.1.20.255", "0.0.0.0"}) {
    EXPECT_TRUE(IsIpv4Address(host)) << host;
  }
  for (const char* host : {"", "localhost", "10.0.0", "10.0.0.256", "1.2.3.4.5",
                           "1..2.3", "::1", "1.2.3.4 "}) {
    EXPECT_FALSE(IsIpv4Address(host)) << host;
  }
}

TEST(AddressTest, KnowsLoopbackHosts) {
  for (const char* host :
       {"127.0.0.1", "127.255.0.9", "::1", "[::1]", "localhost", "LOCALHOST"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host :
       {"", "0.0.0.0", "::", "10.0.0.1", "127.0.0", "127.0.0.1.example.com",
        "127.0.0.256", "127.0.0.1.1", "1270.0.0.1", "localhost.example.com",
        "[::1", "::2", "127.0.0.-1", "127.0.0.1 "}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(AddressTest, KnowsLoopbackTargets) {
  for (const char* target :
       {"127.0.0.1:5", "localhost:5", "[::1]:5", "ipv4:127.0.0.1:5",
        "ipv6:[::1]:5", "dns:///localhost:5", "dns:localhost:5", "unix:/run/x",
        "unix-abstract:x"}) {
    EXPECT_TRUE(IsLoopbackTarget(target)) << target;
  }
  for (const char* target :
       {"", "example.com:5", "10.0.0.1:5", "dns:///example.com:5",
        "dns://127.0.0.1/example.com:5", "dns://10.0.0.1/localhost:5",
        "ipv4:10.0.0.1:5", "localhost", "xds:///localhost:5",
        "ipv4:127.0.0.1:5,10.0.0.1:5"}) {
    EXPECT_FALSE(IsLoopbackTarget(target)) << target;
  }
}

TEST(AddressTest, TakesHostAndPortApart) {
  ASSERT_OK_AND_ASSIGN(const HostPort name, ParseHostPort("a-b.example:443"));
  EXPECT_EQ(name.host, "a-b.example");
  EXPECT_EQ(name.port, 443);
  ASSERT_OK_AND_ASSIGN(const HostPort v6, ParseHostPort("[::1]:0"));
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.port, 0);
  for (const char* bad :
       {"", "host", ":5", "host:", "host:65536", "host:-1", "host:+1",
        "host:5x", "::1:5", "[::1]", "[]:5", "[host]:5", "a b:5", "a/b:5",
        "http://a:5", "a@b:5", "host:999999999999"}) {
    EXPECT_THAT(ParseHostPort(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("write host:port")))
        << bad;
  }
}

TEST(AddressTest, JoinsHostAndPort) {
  EXPECT_EQ(JoinHostPort("127.0.0.1", 5), "127.0.0.1:5");
  EXPECT_EQ(JoinHostPort("::1", 5), "[::1]:5");
  EXPECT_EQ(JoinHostPort("[::1]", 5), "[::1]:5");
}

TEST(ReadPemFileTest, ReadsPemAndNothingElse) {
  const std::string path = ::testing::TempDir() + "/file.pem";
  const auto write = [&path](const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  };
  write("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(ReadPemFile(path, "certificate"),
              IsOkAndHolds(HasSubstr("BEGIN CERTIFICATE")));
  const auto code = absl::StatusCode::kInvalidArgument;
  write("not pem");
  EXPECT_THAT(ReadPemFile(path, "certificate"),
              StatusIs(code, AllOf(HasSubstr("certificate " + path),
                                   HasSubstr("-----BEGIN"))));
  write("");
  EXPECT_THAT(ReadPemFile(path, "certificate"), StatusIs(code));
  write(std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(ReadPemFile(path, "certificate"),
              StatusIs(code, HasSubstr("longer than 1 MiB")));
  EXPECT_THAT(ReadPemFile("/does/not/exist", "private key"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("private key /does/not/exist")));
  EXPECT_FALSE(ReadPemFile(::testing::TempDir(), "private key").ok());
}

}  // namespace
}  // namespace opcon_snow::rpc
