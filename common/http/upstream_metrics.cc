#include "common/http/upstream_metrics.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/async/task.h"
#include "common/http/transport.h"
#include "common/metrics/metrics.h"

namespace opcon_snow::http {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kTooManyRequests = 429;
constexpr auto kKinds =
    static_cast<std::size_t>(TransportError::Kind::kOther) + 1;

metrics::Labels LabelsOf(const std::string& upstream,
                         const std::string& instance) {
  return {{"upstream", upstream}, {"upstream_instance", instance}};
}

struct RequestMetrics {
  RequestMetrics(const std::string& upstream, const std::string& instance) {
    const metrics::Labels labels = LabelsOf(upstream, instance);
    for (std::size_t i = 0; i < by_class.size(); ++i) {
      by_class[i] = Requests(labels, absl::StrCat(i + 1, "xx"));
    }
    for (std::size_t i = 0; i < kKinds; ++i) {
      by_kind[i] = Requests(labels, absl::AsciiStrToLower(KindName(
                                        static_cast<TransportError::Kind>(i))));
    }
    seconds = metrics::GetHistogram(
        "opcon_snow_upstream_request_duration_seconds",
        "From the first byte of a request to the last of its answer.",
        metrics::CallBuckets(), labels);
    logins_refused = metrics::GetCounter(
        "opcon_snow_upstream_logins_refused_total",
        "Answers 401: the token or login was not taken.", labels);
    rate_limited = metrics::GetCounter("opcon_snow_upstream_rate_limited_total",
                                       "Answers 429.", labels);
  }

  static metrics::Counter Requests(metrics::Labels labels,
                                   const std::string& result) {
    labels["result"] = result;
    return metrics::GetCounter(
        "opcon_snow_upstream_requests_total",
        "Requests, by class of the HTTP status or what kept an answer away.",
        labels);
  }

  void Count(const Result& result, absl::Duration elapsed) const {
    seconds.Observe(elapsed);
    if (!result.ok()) {
      by_kind[static_cast<std::size_t>(result.error().kind)].Add();
      return;
    }
    const int status = result.response().status;
    if (status >= 100 && status < 600) {
      by_class[static_cast<std::size_t>(status / 100) - 1].Add();
    }
    if (status == kUnauthorized) logins_refused.Add();
    if (status == kTooManyRequests) rate_limited.Add();
  }

  std::array<metrics::Counter, 5> by_class;
  std::array<metrics::Counter, kKinds> by_kind;
  metrics::Histogram seconds;
  metrics::Counter logins_refused;
  metrics::Counter rate_limited;
};

class Measured final : public Transport {
 public:
  Measured(const std::string& upstream, const std::string& instance,
           std::shared_ptr<Transport> inner)
      : metrics_(std::make_shared<RequestMetrics>(upstream, instance)),
        inner_(std::move(inner)) {}

  async::Task<Result> Send(Request request) override {
    return Run(metrics_, inner_, std::move(request));
  }

 private:
  // By value: the request may outlive this object.
  static async::Task<Result> Run(std::shared_ptr<const RequestMetrics> metrics,
                                 std::shared_ptr<Transport> inner,
                                 Request request) {
    const auto started = std::chrono::steady_clock::now();
    async::Task<Result> sending = inner->Send(std::move(request));
    Result result = co_await std::move(sending);
    metrics->Count(
        result, absl::FromChrono(std::chrono::steady_clock::now() - started));
    co_return result;
  }

  const std::shared_ptr<const RequestMetrics> metrics_;
  const std::shared_ptr<Transport> inner_;
};

LimiterMetrics MakeLimiterMetrics(const std::string& upstream,
                                  const std::string& instance) {
  const metrics::Labels labels = LabelsOf(upstream, instance);
  const auto refused = [&labels](const std::string& reason) {
    metrics::Labels with_reason = labels;
    with_reason["reason"] = reason;
    return metrics::GetCounter("opcon_snow_upstream_requests_refused_total",
                               "Requests that were never sent.", with_reason);
  };
  return {
      .in_use = metrics::GetGauge("opcon_snow_upstream_requests_in_use",
                                  "Requests under way.", labels),
      .limit =
          metrics::GetGauge("opcon_snow_upstream_concurrency_limit",
                            "How many requests may be under way now.", labels),
      .queued = metrics::GetGauge("opcon_snow_upstream_requests_queued",
                                  "Requests that wait for their turn.", labels),
      .refused_queue_full = refused("queue_full"),
      .refused_hour = refused("hour"),
      .refused_timeout = refused("timeout")};
}

}  // namespace

const LimiterMetrics* LimiterMetricsOf(const std::string& upstream,
                                       const std::string& instance) {
  static std::mutex mutex;
  static auto* all = new std::map<std::string, LimiterMetrics>;
  const std::lock_guard<std::mutex> lock(mutex);
  return &all->try_emplace(absl::StrCat(upstream, "/", instance),
                           MakeLimiterMetrics(upstream, instance))
              .first->second;
}

std::shared_ptr<Transport> MeasuredTransport(const std::string& upstream,
                                             const std::string& instance,
                                             std::shared_ptr<Transport> inner) {
  return std::make_shared<Measured>(upstream, instance, std::move(inner));
}

}  // namespace opcon_snow::http
