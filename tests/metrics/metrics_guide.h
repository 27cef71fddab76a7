#ifndef OPCON_SNOW_TESTS_METRICS_METRICS_GUIDE_H_
#define OPCON_SNOW_TESTS_METRICS_METRICS_GUIDE_H_

// What docs/metrics.md, the alert rules and the dashboard say, as data.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace opcon_snow::metrics {

struct DocumentedMetric {
  std::string type;  // "counter", "gauge", "histogram"
  std::set<std::string> labels;
};

struct Guide {
  std::map<std::string, DocumentedMetric> metrics;  // by name
  std::set<std::string> alerts;                     // headings below "Alerts"
};

Guide ReadGuide(const std::string& path);

struct AlertRule {
  std::string name;
  std::string expression;
  std::map<std::string, std::string> annotations;
};

std::vector<AlertRule> ReadRules(const std::string& path);

// Every expression of the dashboard, with its variables filled in.
std::vector<std::string> ReadDashboard(const std::string& path);

// The names of metrics in an expression.
std::set<std::string> MetricsIn(const std::string& expression);

// "x" of the series "x_bucket", "x_sum", "x_count" if x is a histogram.
std::string FamilyOf(const std::string& series, const Guide& guide);

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_TESTS_METRICS_METRICS_GUIDE_H_
