// A name service that does not answer must hold up only the requests that need
// it. libcurl resolves names on threads of its own, but by default waits for
// such a thread when it gives a transfer up.

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>

#include "common/http/curl_transport.h"
#include "common/http/http_testing.h"
#include "common/http/raw_server.h"
#include "gtest/gtest.h"

namespace {

// Never destroyed: a resolver thread may outlive the tests.
struct SlowResolver {
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  bool released = false;
};

SlowResolver& Resolver() {
  static auto* resolver = new SlowResolver;
  return *resolver;
}

}  // namespace

// Takes the place of the C library's for libcurl as well.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): reserved
extern "C" int getaddrinfo(const char* node, const char* service,
                           const addrinfo* hints, addrinfo** result) {
  if (node != nullptr && std::strcmp(node, "slow.invalid") == 0) {
    SlowResolver& slow = Resolver();
    std::unique_lock<std::mutex> lock(slow.mutex);
    slow.asked = true;
    slow.changed.notify_all();
    slow.changed.wait(lock, [&] { return slow.released; });
    return EAI_NONAME;
  }
  using Function =
      int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}

namespace opcon_snow::http {
namespace {

using Kind = TransportError::Kind;

class CurlResolveTest : public CurlFixture {
 protected:
  void TearDown() override {
    std::lock_guard<std::mutex> lock(Resolver().mutex);
    Resolver().released = true;
    Resolver().changed.notify_all();
  }
};

TEST_F(CurlResolveTest, SilentNameServiceHoldsUpNobodyElse) {
  RawServer server([](RawServer::Connection& c) {
    c.ReadRequest();
    c.Write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  });
  Request request;
  request.url = "http://slow.invalid/";
  request.timeout = absl::Milliseconds(100);
  // The resolver is released only after all of this, so that waiting for it
  // anywhere here would wait for ever.
  EXPECT_TRUE(IsError(Send(request), Kind::kTimeout, false));
  EXPECT_TRUE(IsStatus(Get(server.Url("/")), 204));
  request.timeout = absl::InfiniteDuration();
  Results results;
  async::Start(transport_->Send(request),
               [&](Result result) { results.Add(std::move(result)); });
  EXPECT_TRUE(IsStatus(Get(server.Url("/")), 204));
  loop_->Stop();
  EXPECT_TRUE(IsError(results.Wait(1)[0], Kind::kCancelled, false));
  std::lock_guard<std::mutex> lock(Resolver().mutex);
  EXPECT_TRUE(Resolver().asked);
}

}  // namespace
}  // namespace opcon_snow::http
