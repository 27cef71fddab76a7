#ifndef OPCON_SNOW_CLI_REPORT_ARGUMENTS_H_
#define OPCON_SNOW_CLI_REPORT_ARGUMENTS_H_

// The arguments of `report` and `recovered`, understood.

#include <optional>
#include <string>
#include <vector>

#include "cli/problem.h"
#include "cli/settings.h"
#include "incident/v1/job_event.pb.h"

namespace opcon_snow::cli {

struct ReportArguments {
  // What happened, without its time. Absent if there are problems.
  std::optional<::incident::v1::JobEvent> event;
  // Empty: routing decides.
  std::string template_name;
  bool wait = false;
  bool dry_run = false;
  GlobalFlags globals;
  // All that keeps it from being understood, not only the first.
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
  // With problems: the command line with what was right in it, and a word such
  // as JOB where a value has to be put in.
  std::string corrected;
};

enum class ReportCommand { kReport, kRecovered };

// `arguments` without the program and the subcommand. Required values that
// OpCon had not got (nothing, N/A) or did not resolve ("[[$JOB NAME]]") are
// problems; the same for the others is as if they were not given, with a
// warning for an unresolved one.
ReportArguments ReadReportArguments(const std::vector<std::string>& arguments,
                                    ReportCommand command);

// The text for `report --help` or `recovered --help`.
std::string ReportHelp(ReportCommand command);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_REPORT_ARGUMENTS_H_
