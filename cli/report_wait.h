#ifndef OPCON_SNOW_CLI_REPORT_WAIT_H_
#define OPCON_SNOW_CLI_REPORT_WAIT_H_

// `report --wait`.

#include <stop_token>
#include <string>

#include "cli/client.h"
#include "common/clock/clock.h"
#include "incident/v1/report.pb.h"

namespace opcon_snow::cli {

struct WaitResult {
  // As it was seen last.
  ::incident::v1::Report report;
  // What came of it, in one sentence.
  std::string text;
  int exit_code = 0;
};

// Asks for `report` again and again until it has a ticket or ends without one,
// at the longest until `until`. A service that is away for a while is waited
// for. kExitOk: there is a ticket, or none is wanted; kExitTryLater: not yet;
// kExitData or kExitDenied: a person has to look at it.
WaitResult WaitForTicket(Stub& stub, const ::incident::v1::Report& report,
                         SteadyTime until, std::stop_token stop);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_REPORT_WAIT_H_
