#include "tests/metrics/metrics_guide.h"

#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "tests/harness/process.h"
#include "yaml-cpp/yaml.h"

namespace opcon_snow::metrics {
namespace {

using nlohmann::json;

// "`x`" without what surrounds it; empty for other text.
std::string Quoted(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (!absl::ConsumePrefix(&text, "`") || !absl::ConsumeSuffix(&text, "`")) {
    return "";
  }
  return std::string(text);
}

void AddExpressions(const json& node, std::vector<std::string>* found) {
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (key == "expr") {
        found->push_back(absl::StrReplaceAll(
            value.get<std::string>(),
            {{"$job", "opcon-snow"}, {"$__rate_interval", "1m"}}));
      } else {
        AddExpressions(value, found);
      }
    }
  } else if (node.is_array()) {
    for (const json& value : node) AddExpressions(value, found);
  }
}

bool IsNameChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

}  // namespace

Guide ReadGuide(const std::string& path) {
  Guide guide;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, "### OpconSnow")) {
      guide.alerts.insert(line.substr(4));
      continue;
    }
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() != 6 || Quoted(cells[1]).empty()) continue;
    DocumentedMetric& metric = guide.metrics[Quoted(cells[1])];
    metric.type = std::string(absl::StripAsciiWhitespace(cells[2]));
    for (const absl::string_view label : absl::StrSplit(cells[3], ',')) {
      if (!Quoted(label).empty()) metric.labels.insert(Quoted(label));
    }
  }
  return guide;
}

std::vector<AlertRule> ReadRules(const std::string& path) {
  std::vector<AlertRule> rules;
  for (const YAML::Node& group : YAML::LoadFile(path)["groups"]) {
    for (const YAML::Node& rule : group["rules"]) {
      AlertRule& read = rules.emplace_back();
      read.name = rule["alert"].as<std::string>();
      read.expression = rule["expr"].as<std::string>();
      for (const auto& annotation : rule["annotations"]) {
        read.annotations[annotation.first.as<std::string>()] =
            annotation.second.as<std::string>();
      }
    }
  }
  return rules;
}

std::vector<std::string> ReadDashboard(const std::string& path) {
  std::vector<std::string> expressions;
  AddExpressions(json::parse(harness::ReadFile(path)), &expressions);
  return expressions;
}

std::set<std::string> MetricsIn(const std::string& expression) {
  std::set<std::string> names;
  for (std::size_t at = 0; at < expression.size();) {
    std::size_t end = at;
    while (end < expression.size() && IsNameChar(expression[end])) ++end;
    const std::string word = expression.substr(at, end - at);
    for (const char* prefix : {"opcon_snow_", "grpc_server_", "process_"}) {
      if (absl::StartsWith(word, prefix)) names.insert(word);
    }
    at = end + 1;
  }
  return names;
}

std::string FamilyOf(const std::string& series, const Guide& guide) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    absl::string_view family = series;
    if (!absl::ConsumeSuffix(&family, suffix)) continue;
    const auto found = guide.metrics.find(std::string(family));
    if (found != guide.metrics.end() && found->second.type == "histogram") {
      return found->first;
    }
  }
  return series;
}

}  // namespace opcon_snow::metrics
