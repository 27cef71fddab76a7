#include "incident_service/store/report_figures.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "common/metrics/metrics.h"

namespace opcon_snow::incident {
namespace {

namespace v1 = ::incident::v1;

constexpr std::size_t kStates = v1::ReportState_MAX + 1;

// "dead_letter"
std::string LabelOf(std::size_t state) {
  return absl::AsciiStrToLower(
      v1::ReportState_Name(static_cast<v1::ReportState>(state))
          .substr(sizeof("REPORT_STATE_") - 1));
}

struct StateMetrics {
  StateMetrics() {
    // All but UNSPECIFIED.
    for (std::size_t state = 1; state < kStates; ++state) {
      const metrics::Labels labels = {{"state", LabelOf(state)}};
      reports[state] = metrics::GetGauge("opcon_snow_reports",
                                         "Reports in the store.", labels);
      changes[state] =
          metrics::GetCounter("opcon_snow_report_state_changes_total",
                              "Times that a report came into a state.", labels);
    }
  }

  std::array<metrics::Gauge, kStates> reports;
  std::array<metrics::Counter, kStates> changes;
};

}  // namespace

void ReportFigures::Move(v1::ReportState from, v1::ReportState to) {
  if (from == to) return;
  --counts_[static_cast<std::size_t>(from)];
  ++counts_[static_cast<std::size_t>(to)];
  ++entered_[static_cast<std::size_t>(to)];
}

void ReportFigures::Tell() {
  static const auto* metrics = new StateMetrics;
  for (std::size_t state = 1; state < kStates; ++state) {
    metrics->reports[state].Set(static_cast<double>(counts_[state]));
    const std::int64_t entered = std::exchange(entered_[state], 0);
    if (entered > 0) metrics->changes[state].Add(static_cast<double>(entered));
  }
}

}  // namespace opcon_snow::incident
