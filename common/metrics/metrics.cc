#include "common/metrics/metrics.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace opcon_snow::metrics {
namespace {

// Never destroyed, so that threads may count until the very end.
prometheus::Registry& Registry() {
  static auto* registry = new prometheus::Registry;
  return *registry;
}

struct Refreshers {
  // Held while they run: who is destroyed waits for that.
  std::mutex mutex;
  int next_id = 1;
  std::map<int, std::function<void()>> all;
};

Refreshers& GetRefreshers() {
  static auto* refreshers = new Refreshers;
  return *refreshers;
}

}  // namespace

void Counter::Add(double by) const {
  if (counter_ != nullptr) counter_->Increment(by);
}

void Gauge::Set(double value) const {
  if (gauge_ != nullptr) gauge_->Set(value);
}

void Gauge::Add(double by) const {
  if (gauge_ != nullptr) gauge_->Increment(by);
}

void Histogram::Observe(double value) const {
  if (histogram_ != nullptr) histogram_->Observe(value);
}

void Histogram::Observe(absl::Duration duration) const {
  Observe(absl::ToDoubleSeconds(duration));
}

const std::vector<double>& CallBuckets() {
  static const auto* buckets = new std::vector<double>{
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
      0.5,   1,      2.5,   5,    10,    30,   60};
  return *buckets;
}

const std::vector<double>& WaitBuckets() {
  static const auto* buckets = new std::vector<double>{
      1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400};
  return *buckets;
}

const std::vector<double>& DiskBuckets() {
  static const auto* buckets = new std::vector<double>{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
      0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
  return *buckets;
}

Counter GetCounter(const std::string& name, const std::string& help,
                   const Labels& labels) {
  return Counter(&prometheus::BuildCounter()
                      .Name(name)
                      .Help(help)
                      .Register(Registry())
                      .Add(labels));
}

Gauge GetGauge(const std::string& name, const std::string& help,
               const Labels& labels) {
  return Gauge(&prometheus::BuildGauge()
                    .Name(name)
                    .Help(help)
                    .Register(Registry())
                    .Add(labels));
}

Histogram GetHistogram(const std::string& name, const std::string& help,
                       const std::vector<double>& buckets,
                       const Labels& labels) {
  return Histogram(&prometheus::BuildHistogram()
                        .Name(name)
                        .Help(help)
                        .Register(Registry())
                        .Add(labels, buckets));
}

AtScrape::AtScrape(std::function<void()> refresh)
    : id_([&refresh] {
        Refreshers& refreshers = GetRefreshers();
        const std::lock_guard<std::mutex> lock(refreshers.mutex);
        refreshers.all.emplace(refreshers.next_id, std::move(refresh));
        return refreshers.next_id++;
      }()) {}

AtScrape::~AtScrape() {
  Refreshers& refreshers = GetRefreshers();
  const std::lock_guard<std::mutex> lock(refreshers.mutex);
  refreshers.all.erase(id_);
}

std::string Expose() {
  {
    Refreshers& refreshers = GetRefreshers();
    const std::lock_guard<std::mutex> lock(refreshers.mutex);
    for (const auto& [id, refresh] : refreshers.all) refresh();
  }
  return prometheus::TextSerializer().Serialize(Registry().Collect());
}

}  // namespace opcon_snow::metrics
