#ifndef OPCON_SNOW_CLI_EXIT_CODE_H_
#define OPCON_SNOW_CLI_EXIT_CODE_H_

// What incidentctl's exit codes mean, after sysexits.h. Scripts depend on
// them.

namespace opcon_snow::cli {

// For `report`: the failure is safe, acknowledged by the service or in the
// spool.
inline constexpr int kExitOk = 0;
// The command line is wrong: an unknown switch, a missing one.
inline constexpr int kExitUsage = 64;
// The data is not acceptable, by us or by the service.
inline constexpr int kExitData = 65;
// The service cannot be reached; for `report`: and spooling is off or failed.
inline constexpr int kExitUnavailable = 69;
// Try again later; for `report --wait`: the report is safe but not finished.
inline constexpr int kExitTryLater = 75;
// The service does not permit it.
inline constexpr int kExitDenied = 77;
// The configuration is wrong.
inline constexpr int kExitConfig = 78;

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_EXIT_CODE_H_
