#include "cli/descriptors.h"

namespace opcon_snow::cli {

// They have been, at the start.
void RegisterDescriptors() {}

}  // namespace opcon_snow::cli
