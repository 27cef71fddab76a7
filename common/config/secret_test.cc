#include "common/config/secret.h"

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "common/log/log.h"
#include "gtest/gtest.h"

namespace opcon_snow::config {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_constructible_v<log::Value, Secret>);

TEST(SecretTest, RevealsOnlyWhenAsked) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.Reveal(), "hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
}

TEST(SecretTest, CopiesAndMoves) {
  Secret a("hunter2");
  Secret b = a;
  EXPECT_TRUE(a.Equals(b));
  Secret c = std::move(a);
  EXPECT_EQ(c.Reveal(), "hunter2");
  EXPECT_TRUE(a.empty());  // NOLINT: what moving leaves is the promise
  b = Secret("other");
  EXPECT_EQ(b.Reveal(), "other");
  b = c;
  EXPECT_TRUE(b.Equals(c));
  Secret& same = b;
  b = same;
  EXPECT_EQ(b.Reveal(), "hunter2");
  b = std::move(same);
  EXPECT_EQ(b.Reveal(), "hunter2");
}

TEST(SecretTest, ComparesValues) {
  EXPECT_TRUE(Secret("a").Equals(Secret("a")));
  EXPECT_FALSE(Secret("a").Equals(Secret("b")));
  EXPECT_FALSE(Secret("a").Equals(Secret("ab")));
  EXPECT_TRUE(Secret().Equals(Secret()));
}

}  // namespace
}  // namespace opcon_snow::config
