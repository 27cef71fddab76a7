#ifndef OPCON_SNOW_COMMON_HTTP_HTTP_TESTING_H_
#define OPCON_SNOW_COMMON_HTTP_HTTP_TESTING_H_

// File: http_testing.h
//
// What the tests of the curl transport share.

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/async/sync_wait.h"
#include "common/http/curl_transport.h"
#include "common/http/transport.h"
#include "gtest/gtest.h"
#include "httplib.h"

namespace opcon_snow::http {

// A loop with one transport that speaks plain HTTP, as most tests need it.
class CurlFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loop = CurlLoop::Create({});
    ASSERT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
    CurlTransportOptions options;
    options.allow_http = true;
    transport_ = MakeTransport(std::move(options));
  }

  std::unique_ptr<CurlTransport> MakeTransport(CurlTransportOptions options) {
    auto transport = CurlTransport::Create(loop_.get(), std::move(options));
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  }

  Result Send(Request request) {
    return async::SyncWait(transport_->Send(std::move(request)));
  }

  Result Get(std::string url) {
    Request request;
    request.url = std::move(url);
    return Send(std::move(request));
  }

  Result Post(std::string url, std::string body) {
    Request request;
    request.method = Method::kPost;
    request.url = std::move(url);
    request.body = std::move(body);
    return Send(std::move(request));
  }

  std::unique_ptr<CurlLoop> loop_;
  std::unique_ptr<CurlTransport> transport_;
};

// Runs a cpp-httplib server on a free port of 127.0.0.1. It closes each
// connection after one answer unless `keep_alive`, because it would not stop
// before kept ones have timed out.
class RunningServer {
 public:
  explicit RunningServer(httplib::Server* server, bool keep_alive = false)
      : server_(server) {
    if (keep_alive) {
      server_->set_keep_alive_timeout(1);
    } else {
      server_->set_keep_alive_max_count(1);
    }
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }
  ~RunningServer() {
    server_->stop();
    thread_.join();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  int port() const { return port_; }
  std::string Url(absl::string_view path) const {
    return absl::StrCat("http://127.0.0.1:", port_, path);
  }

 private:
  httplib::Server* server_;
  int port_ = 0;
  std::thread thread_;
};

// Collects the results of requests that run at the same time.
class Results {
 public:
  void Add(Result result) {
    std::lock_guard<std::mutex> lock(mutex_);
    results_.push_back(std::move(result));
    changed_.notify_all();
  }
  std::vector<Result> Wait(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return results_.size() >= count; });
    return results_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result> results_;
};

// "status 200" or "error TIMEOUT maybe_processed=1 <message>", for failed
// expectations.
inline std::string Describe(const Result& result) {
  if (result.ok()) return absl::StrCat("status ", result.response().status);
  const TransportError& error = result.error();
  return absl::StrCat("error ", KindName(error.kind),
                      " maybe_processed=", error.maybe_processed, " ",
                      error.message);
}

inline ::testing::AssertionResult IsStatus(const Result& result, int status) {
  if (result.ok() && result.response().status == status) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << Describe(result) << ", expected status " << status;
}

inline ::testing::AssertionResult IsError(const Result& result,
                                          TransportError::Kind kind,
                                          bool maybe_processed) {
  if (!result.ok() && result.error().kind == kind &&
      result.error().maybe_processed == maybe_processed) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << Describe(result) << ", expected " << KindName(kind)
         << " maybe_processed=" << maybe_processed;
}

}  // namespace opcon_snow::http

#endif  // OPCON_SNOW_COMMON_HTTP_HTTP_TESTING_H_
