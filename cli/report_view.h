#ifndef OPCON_SNOW_CLI_REPORT_VIEW_H_
#define OPCON_SNOW_CLI_REPORT_VIEW_H_

// Reports, for people.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "incident/v1/report.pb.h"

namespace opcon_snow::cli {

// One line each, cut to `width` columns; 0 cuts nothing.
std::string ReportTable(
    const google::protobuf::RepeatedPtrField<::incident::v1::Report>& reports,
    int width);

// One report with its steps.
std::string ReportDetails(const ::incident::v1::Report& report);

// One line about a change, for `watch`.
std::string ReportLine(const ::incident::v1::Report& report);

// A report and its steps in a few lines, for a terminal that shows it while it
// changes. Empty if `report` is.
std::vector<std::string> ReportProgress(const ::incident::v1::Report& report,
                                        absl::Time now);

// Whether nothing will happen to it any more unless a person acts.
bool HasEnded(const ::incident::v1::Report& report);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_REPORT_VIEW_H_
