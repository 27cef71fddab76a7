#ifndef OPCON_SNOW_CLI_VERSION_H_
#define OPCON_SNOW_CLI_VERSION_H_

#include "common/version/version.h"

namespace opcon_snow::cli {

inline constexpr char kProgram[] = "incidentctl";

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_VERSION_H_
