#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_FIGURES_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_FIGURES_H_

// How many reports are in each state, counted as they change, so that nobody
// need count them to know.

#include <array>
#include <cstddef>
#include <cstdint>

#include "incident/v1/report.pb.h"

namespace opcon_snow::incident {

// A plain value: whoever takes a change back puts the one before in its place.
// Not thread-safe.
class ReportFigures {
 public:
  // From UNSPECIFIED: it is new, or was read when the store was opened. To
  // UNSPECIFIED: it is deleted.
  void Move(::incident::v1::ReportState from, ::incident::v1::ReportState to);
  // It was there when the store was opened.
  void AddExisting(::incident::v1::ReportState state, std::int64_t count) {
    counts_[static_cast<std::size_t>(state)] += count;
  }
  // Exposes them: `opcon_snow_reports`, and what has changed since the last
  // time as `opcon_snow_report_state_changes_total`.
  void Tell();

 private:
  static constexpr std::size_t kStates = ::incident::v1::ReportState_MAX + 1;
  std::array<std::int64_t, kStates> counts_{};
  std::array<std::int64_t, kStates> entered_{};
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_REPORT_FIGURES_H_
