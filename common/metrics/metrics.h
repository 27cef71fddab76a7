#ifndef OPCON_SNOW_COMMON_METRICS_METRICS_H_
#define OPCON_SNOW_COMMON_METRICS_METRICS_H_

// The figures of this process, as Prometheus reads them. There is one set of
// them for the process, as there is one log.
//
//   struct Figures {
//     metrics::Counter refused = metrics::GetCounter(
//         "opcon_snow_things_refused_total", "Things that were refused.",
//         {{"reason", "full"}});
//   };
//   static const Figures figures;  // labels are looked up once …
//   figures.refused.Add();         // … so that counting is an atomic addition
//
// Names: `opcon_snow_`, base units, `_total` for counters. A value of a label
// comes from the configuration or from a fixed list, never from a caller, so
// that the number of series is bounded. Every metric stands in docs/metrics.md;
// a test compares.
//
// This header knows nothing of the library behind it. All of it is thread-safe;
// handles may be copied, live as long as the process, and do nothing if they
// are default-constructed.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace opcon_snow::metrics {

using Labels = std::map<std::string, std::string>;

// Only grows.
class Counter {
 public:
  Counter() = default;
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  // `by` must not be negative.
  void Add(double by = 1) const;

 private:
  prometheus::Counter* counter_ = nullptr;
};

// Goes up and down.
class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value) const;
  void Add(double by) const;

 private:
  prometheus::Gauge* gauge_ = nullptr;
};

// How often values were at most so large.
class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* histogram)
      : histogram_(histogram) {}
  void Observe(double value) const;
  // In seconds.
  void Observe(absl::Duration duration) const;

 private:
  prometheus::Histogram* histogram_ = nullptr;
};

// Bounds of buckets in seconds: for calls (1 ms to 60 s), for what people wait
// for (1 s to a day), and for the disk (0.1 ms to 5 s).
const std::vector<double>& CallBuckets();
const std::vector<double>& WaitBuckets();
const std::vector<double>& DiskBuckets();

// The one with this name and these labels; made if it is not there, and then
// exposed with its first value, 0. All of one name have the same names of
// labels, help and buckets.
Counter GetCounter(const std::string& name, const std::string& help,
                   const Labels& labels = {});
Gauge GetGauge(const std::string& name, const std::string& help,
               const Labels& labels = {});
Histogram GetHistogram(const std::string& name, const std::string& help,
                       const std::vector<double>& buckets,
                       const Labels& labels = {});

// Calls `refresh` before each exposition, for what is looked up and not
// counted; once it is destroyed, never again. `refresh` may wait for the disk
// for a bounded time, and must not make or destroy another AtScrape.
class AtScrape {
 public:
  explicit AtScrape(std::function<void()> refresh);
  ~AtScrape();
  AtScrape(const AtScrape&) = delete;
  AtScrape& operator=(const AtScrape&) = delete;

 private:
  const int id_;
};

// The content type of Expose().
inline constexpr char kContentType[] =
    "text/plain; version=0.0.4; charset=utf-8";

// Everything, in Prometheus's text format. May wait for the disk.
std::string Expose();

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_COMMON_METRICS_METRICS_H_
