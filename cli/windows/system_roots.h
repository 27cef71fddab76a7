#ifndef OPCON_SNOW_CLI_WINDOWS_SYSTEM_ROOTS_H_
#define OPCON_SNOW_CLI_WINDOWS_SYSTEM_ROOTS_H_

namespace opcon_snow::cli::platform {

// Makes the authorities that Windows trusts for servers those of gRPC, which
// knows none of its own on Windows. They are read when a channel needs them.
void UseSystemRoots();

}  // namespace opcon_snow::cli::platform

#endif  // OPCON_SNOW_CLI_WINDOWS_SYSTEM_ROOTS_H_
