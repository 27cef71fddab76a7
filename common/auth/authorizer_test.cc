#include "common/auth/authorizer.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/auth/caller.h"
#include "common/auth/permissions.h"
#include "common/config/fault.h"
#include "common/config/yaml_loader.h"
#include "common/log/capture.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "config/v1/common.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace opcon_snow::auth {
namespace {

using ::config::v1::Authorization;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kReport[] = "incident.v1.IncidentService/ReportJobEvent";
constexpr char kGet[] = "incident.v1.IncidentService/GetReport";
constexpr char kDiscard[] = "incident.v1.IncidentService/DiscardReport";
constexpr char kTokenA[] = "token-of-a-0123456789";
constexpr char kTokenB[] = "token-of-b-0123456789";

class AuthorizerTest : public ::testing::Test {
 protected:
  static std::string TokenFile(const std::string& name,
                               const std::string& token) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    std::ofstream(path) << token << "\n";
    chmod(path.c_str(), 0600);
    return path;
  }

  static Authorization Parse(const std::string& yaml) {
    Authorization authorization;
    config::Faults faults("f");
    EXPECT_OK(config::LoadYamlText(yaml, &authorization, &faults));
    return authorization;
  }

  static std::string FaultsOf(const std::string& yaml) {
    config::Faults faults("f");
    ValidateAuthorization(Parse(yaml), "authorization", &faults);
    return faults.Format();
  }

  Authorization Config() const {
    return Parse(
        absl::StrCat("principals:\n  - {name: a, token_file: ", file_a_,
                     ", roles: [reporter]}\n"
                     "  - {name: b, certificate_san: b.example, "
                     "token_file: ",
                     file_b_,
                     ", roles: [operator, service]}\n"
                     "  - {name: c, certificate_san: c.example, "
                     "roles: [reader]}\n"));
  }

  std::unique_ptr<Authorizer> Make(const Authorization& config) {
    auto made = Authorizer::Create(config);
    EXPECT_OK(made);
    return made.ok() ? *std::move(made) : nullptr;
  }

  static Credentials Token(const std::string& token) {
    return {.authorization = {"Bearer " + token}, .peer = "ipv4:10.0.0.1:5"};
  }

  const std::string file_a_ = TokenFile("a.token", kTokenA);
  const std::string file_b_ = TokenFile("b.token", kTokenB);
};

TEST_F(AuthorizerTest, WithoutPrincipalsEverybodyMayDoEverything) {
  const auto open = Make({});
  EXPECT_TRUE(open->is_open());
  const auto caller = open->Admit(kDiscard, {});
  ASSERT_OK(caller);
  EXPECT_EQ(caller->name, "");
  EXPECT_FALSE(caller->own_only);
}

TEST_F(AuthorizerTest, KnowsCallersByTokenOrCertificate) {
  const auto authorizer = Make(Config());
  EXPECT_FALSE(authorizer->is_open());
  EXPECT_TRUE(authorizer->TakesTokens());
  EXPECT_EQ(authorizer->Admit(kReport, Token(kTokenA))->name, "a");
  EXPECT_EQ(authorizer->Admit(kDiscard, Token(kTokenB))->name, "b");
  EXPECT_EQ(
      authorizer->Admit(kGet, {.certificate_names = {"x.example", "c.example"}})
          ->name,
      "c");
}

TEST_F(AuthorizerTest, TokensAreExchangedWithTheirFiles) {
  std::chrono::steady_clock::time_point now;
  const auto made = Authorizer::Create(Config(), [&now] { return now; });
  ASSERT_OK(made);
  const Authorizer& authorizer = **made;
  const log::CaptureLogs logs;
  const auto admits = [&](const std::string& token) {
    now += std::chrono::seconds(1);
    return authorizer.Admit(kReport, Token(token)).ok();
  };
  ASSERT_TRUE(admits(kTokenA));
  // Written beside it and renamed, as whoever is careful does.
  const std::string fresh = TokenFile("a.token.new", "token-of-a-9876543210");
  ASSERT_EQ(std::rename(fresh.c_str(), file_a_.c_str()), 0);
  EXPECT_TRUE(admits("token-of-a-9876543210"));
  EXPECT_FALSE(admits(kTokenA)) << "the old one no longer opens anything";
  // What is not good changes nothing, for nobody, and is told once.
  TokenFile("a.token", "short");
  EXPECT_TRUE(admits("token-of-a-9876543210"));
  EXPECT_TRUE(admits("token-of-a-9876543210"));
  EXPECT_THAT(logs.Lines("auth.reload_refused"), SizeIs(1));
  TokenFile("a.token", kTokenB);
  EXPECT_TRUE(admits("token-of-a-9876543210"));
  EXPECT_THAT(logs.Text(), AllOf(HasSubstr(file_a_), HasSubstr("same token"),
                                 Not(HasSubstr("9876543210"))));
  // Of another length, because all of this may happen within one tick of the
  // file system's clock.
  TokenFile("a.token", absl::StrCat(kTokenA, "-again"));
  EXPECT_TRUE(admits(absl::StrCat(kTokenA, "-again")));
}

TEST_F(AuthorizerTest, RulesThatReplaceOthersBringTheirFiles) {
  std::chrono::steady_clock::time_point now;
  const auto made = Authorizer::Create({}, [&now] { return now; });
  ASSERT_OK(made);
  auto rules = Authorizer::ReadRules(Config(), [&now] { return now; });
  ASSERT_OK(rules);
  (*made)->Replace(*std::move(rules));
  EXPECT_FALSE((*made)->Admit(kReport, Token("token-of-a-9876543210")).ok());
  TokenFile("a.token", "token-of-a-9876543210-new");
  now += std::chrono::seconds(1);
  EXPECT_OK((*made)->Admit(kReport, Token("token-of-a-9876543210-new")));
}

TEST_F(AuthorizerTest, AReporterSeesWhatItReported) {
  const auto authorizer = Make(Config());
  EXPECT_TRUE(authorizer->Admit(kGet, Token(kTokenA))->own_only);
  EXPECT_FALSE(authorizer->Admit(kGet, Token(kTokenB))->own_only);
}

TEST_F(AuthorizerTest, RefusesWhoIsNotKnown) {
  const auto authorizer = Make(Config());
  const Credentials kUnknown[] = {
      {},
      Token("token-of-nobody-0123"),
      Token(""),
      Token(std::string(kTokenA) + "x"),
      Token(std::string(kTokenA).substr(1)),
      Token(" "),
      {.authorization = {kTokenA}},
      {.authorization = {"Basic " + std::string(kTokenA)}},
      {.authorization = {""}},
      {.authorization = {"Bearer " + std::string(kTokenA),
                         "Bearer " + std::string(kTokenA)}},
      {.certificate_names = {"d.example"}},
      {.certificate_names = {"B.example", "b.example.", "*.example", "b"}},
      {.certificate_names = {""}},
      {.certificate_names = {std::string("b.example\0", 10)}},
      // A wrong token is not made good by a certificate.
      {.certificate_names = {"b.example"}, .authorization = {"Bearer x"}},
  };
  for (const Credentials& shown : kUnknown) {
    const auto caller = authorizer->Admit(kReport, shown);
    EXPECT_THAT(caller, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_THAT(caller, HasReason("UNAUTHENTICATED"));
  }
}

TEST_F(AuthorizerTest, TheTokenDecidesWhereBothAreShown) {
  const auto authorizer = Make(Config());
  Credentials both = Token(kTokenA);
  both.certificate_names = {"b.example"};
  EXPECT_EQ(authorizer->Admit(kReport, both)->name, "a");
  EXPECT_THAT(authorizer->Admit(kDiscard, both),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(AuthorizerTest, SaysWhichRoleIsMissing) {
  const auto authorizer = Make(Config());
  const auto refused = authorizer->Admit(kDiscard, Token(kTokenA));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied,
                                AllOf(HasSubstr("operator"),
                                      HasSubstr("a has reporter"))));
  EXPECT_THAT(refused, HasReason("ROLE_REQUIRED"));
  const auto details = GetErrorDetails(refused.status());
  EXPECT_EQ(details->metadata.at("principal"), "a");
  EXPECT_EQ(details->metadata.at("method"), kDiscard);
  EXPECT_EQ(details->metadata.at("roles"), "operator");
}

TEST_F(AuthorizerTest, AMethodThatIsNotInTheTableIsNobodys) {
  const auto authorizer = Make(Config());
  for (const char* method : {"", "incident.v1.IncidentService/Nothing",
                             "/incident.v1.IncidentService/GetReport"}) {
    EXPECT_THAT(authorizer->Admit(method, Token(kTokenB)),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
}

TEST_F(AuthorizerTest, RefusalsAreLoggedWithoutTheToken) {
  const log::CaptureLogs logs;
  const auto authorizer = Make(Config());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(authorizer->Admit(kReport, Token("canary-0123456789")).ok());
  }
  EXPECT_THAT(logs.Text(), Not(HasSubstr("canary")));
  // Not a line for each; others may have been refused just before.
  EXPECT_LE(logs.Lines("auth.refused").size(), 100U);
}

TEST_F(AuthorizerTest, ExchangesTokensWithoutARestart) {
  const auto authorizer = Make(Config());
  TokenFile("a.token", "another-token-of-a-123");
  EXPECT_OK(authorizer->Admit(kReport, Token(kTokenA)));
  auto rules = Authorizer::ReadRules(Config());
  ASSERT_OK(rules);
  authorizer->Replace(*std::move(rules));
  EXPECT_FALSE(authorizer->Admit(kReport, Token(kTokenA)).ok());
  EXPECT_OK(authorizer->Admit(kReport, Token("another-token-of-a-123")));
}

TEST_F(AuthorizerTest, RefusesTokensOfTwoAndFilesThatCannotBeUsed) {
  TokenFile("a.token", kTokenB);
  EXPECT_THAT(Authorizer::Create(Config()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("a and b"), Not(HasSubstr(kTokenB)))));
  chmod(file_a_.c_str(), 0644);
  EXPECT_THAT(
      Authorizer::Create(Config()),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("a.token")));
  TokenFile("a.token", "weak");
  chmod(file_a_.c_str(), 0600);
  EXPECT_THAT(
      Authorizer::Create(Config()),
      StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("weak"))));
}

TEST_F(AuthorizerTest, FindsEveryFaultOfTheConfiguration) {
  EXPECT_THAT(FaultsOf("principals: [{name: a, token_file: t, roles: "
                       "[reader]}]"),
              IsEmpty());
  EXPECT_THAT(FaultsOf("{}"), HasSubstr("authorization.principals"));
  EXPECT_THAT(
      FaultsOf("principals:\n"
               "  - {name: \"\", token_file: t, roles: [reader]}\n"
               "  - {name: \"a b\", token_file: t, roles: [reader]}\n"
               "  - {name: c}\n"
               "  - {name: c, certificate_san: s, roles: [reader]}\n"
               "  - {name: d, certificate_san: s, roles: [reader]}\n"),
      AllOf(HasSubstr("authorization.principals[0].name"),
            HasSubstr("authorization.principals[1].name"),
            HasSubstr("principals[2]: needs certificate_san or token_file"),
            HasSubstr("principals[2].roles: is required"),
            HasSubstr("principals[3].name: is also that of principals[2]"),
            HasSubstr("principals[4].certificate_san: is also that of "
                      "principals[3]")));
}

TEST(PermissionsTest, EveryRowIsThereOnceAndSaysWho) {
  std::set<std::string> seen;
  for (const Permission& row : Permissions()) {
    EXPECT_TRUE(seen.insert(std::string(row.method)).second) << row.method;
    EXPECT_FALSE(row.roles.empty()) << row.method;
    EXPECT_EQ(FindPermission(row.method), &row);
  }
  EXPECT_THAT(seen, Not(SizeIs(0)));
}

TEST(RolesTest, AreASet) {
  Roles roles = Roles::Of(::config::v1::ROLE_READER);
  roles.Add(::config::v1::ROLE_SERVICE);
  roles.Add(::config::v1::ROLE_UNSPECIFIED);
  roles.Add(99);
  EXPECT_EQ(roles.Names(), "reader, service");
  EXPECT_TRUE(roles.Intersects(Roles::Of(::config::v1::ROLE_SERVICE)));
  EXPECT_FALSE(roles.Intersects(Roles::Of(::config::v1::ROLE_OPERATOR)));
  EXPECT_TRUE(Roles::Of(0, -1, 5, 64).empty());
}

}  // namespace
}  // namespace opcon_snow::auth
