#ifndef OPCON_SNOW_DEMO_INCUMBENT_FILES_H_
#define OPCON_SNOW_DEMO_INCUMBENT_FILES_H_

// The files of the connector that this suite replaces, as it documents them:
// its command line, Connector.config and template, not a byte changed.

#include <string>

#include "absl/status/status.h"
#include "demo/narrator.h"
#include "tests/harness/suite.h"

namespace opcon_snow::demo {

// Starts a suite of its own in `directory`, which exists, and plays it. What
// does not hold is told to the narrator; an error means that it could not be
// played to the end.
absl::Status PlayIncumbentFiles(const harness::Programs& programs,
                                const std::string& argv0,
                                const std::string& directory,
                                Narrator& narrator);

}  // namespace opcon_snow::demo

#endif  // OPCON_SNOW_DEMO_INCUMBENT_FILES_H_
