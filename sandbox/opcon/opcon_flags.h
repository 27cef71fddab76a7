#ifndef OPCON_SNOW_SANDBOX_OPCON_OPCON_FLAGS_H_
#define OPCON_SNOW_SANDBOX_OPCON_OPCON_FLAGS_H_

// The command line of opcon_sandbox, beside what every sandbox takes.

#include "sandbox/opcon/opcon_sandbox.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}  // namespace CLI

namespace opcon_snow::sandbox::opcon {

// Adds the flags; parsing sets `options`, which must live until then. Values
// out of range are errors of the parser.
void AddOpConFlags(CLI::App& app, OpConOptions* options);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_OPCON_FLAGS_H_
