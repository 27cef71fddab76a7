#include <mutex>
#include <thread>
#include <string>

#include "gtest/gtest.h"
TEST(Race, Clean) {
  std::mutex m;
  int n = 0;
  auto f = [&] { for (int i = 0; i < 1000; ++i) { std::lock_guard<std::mutex> l(m); ++n; } };
  std::thread a(f), b(f);
  a.join();
  b.join();
  EXPECT_EQ(n, 2000);
}
#ifdef BAD
TEST(Race, Bad) {
  int n = 0;
  auto f = [&] { for (int i = 0; i < 1000; ++i) { ++n; } };
  std::thread a(f), b(f);
  a.join();
  b.join();
  EXPECT_GT(n, 20);
}
#endif
