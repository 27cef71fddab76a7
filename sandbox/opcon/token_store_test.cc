#include "sandbox/opcon/token_store.h"

#include <string>

#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"

namespace opcon_snow::sandbox::opcon {
namespace {

TEST(TokenStoreTest, TheApplicationTokenOfTheOptionsNeverExpires) {
  FakeClock clock;
  TokenStore store({}, &clock);
  clock.Advance(absl::Hours(24 * 365));
  const Token* token = store.Find("00000000-0000-4000-8000-000000000001");
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->login_name, "ocadm");
  EXPECT_EQ(store.Find(""), nullptr);
  EXPECT_EQ(store.Find("00000000-0000-4000-8000-000000000002"), nullptr);
}

TEST(TokenStoreTest, UserTokensExpire) {
  FakeClock clock;
  TokenOptions options;
  options.user_token_lifetime = absl::Seconds(30);
  TokenStore store(options, &clock);
  const std::string id = store.IssueUserToken().id;
  EXPECT_NE(id, store.IssueUserToken().id);
  clock.Advance(absl::Seconds(29));
  EXPECT_NE(store.Find(id), nullptr);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(store.Find(id), nullptr);
}

TEST(TokenStoreTest, TheSameApplicationGetsTheSameToken) {
  FakeClock clock;
  TokenStore store({}, &clock);
  const std::string id = store.IssueApplicationToken("suite").id;
  EXPECT_EQ(store.IssueApplicationToken("SUITE").id, id);
  EXPECT_NE(store.IssueApplicationToken("other").id, id);
  store.Delete(id);
  EXPECT_EQ(store.Find(id), nullptr);
  EXPECT_NE(store.IssueApplicationToken("suite").id, id);
}

TEST(TokenStoreTest, ResetLeavesTheOneOfTheOptions) {
  FakeClock clock;
  TokenStore store({}, &clock);
  const std::string id = store.IssueUserToken().id;
  store.Reset();
  EXPECT_EQ(store.Find(id), nullptr);
  EXPECT_NE(store.Find("00000000-0000-4000-8000-000000000001"), nullptr);
  EXPECT_EQ(store.IssueUserToken().id, id);  // counted from the start
}

TEST(TokenStoreTest, LoginNamesInAnyCasePasswordsExactly) {
  FakeClock clock;
  const TokenStore store({}, &clock);
  EXPECT_TRUE(store.CheckLogin("OCADM", "opconxps"));
  EXPECT_FALSE(store.CheckLogin("ocadm", "OPCONXPS"));
  EXPECT_FALSE(store.CheckLogin("", ""));
}

}  // namespace
}  // namespace opcon_snow::sandbox::opcon
