#ifndef OPCON_SNOW_CLI_VERSION_H_
#define OPCON_SNOW_CLI_VERSION_H_

namespace opcon_snow::cli {

inline constexpr char kProgram[] = "incidentctl";
inline constexpr char kVersion[] = "0.1.0";

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_VERSION_H_
