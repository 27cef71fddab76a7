#ifndef OPCON_SNOW_COMMON_CONFIG_NAMED_FILES_H_
#define OPCON_SNOW_COMMON_CONFIG_NAMED_FILES_H_

// The files that a configuration names by fields ending in `_file`: secrets,
// keys, certificates. They are looked at together with the configuration, so
// that a file that cannot be used is a fault of the field that names it, beside
// all others.

#include "common/config/fault.h"
#include "google/protobuf/message.h"

namespace opcon_snow::config {

// Adds a fault for each named file that cannot be used: a secret that
// ReadSecretFile refuses; a `key_file`, `certificate_file` or `…ca_file` that
// cannot be read or is not PEM. Nothing of their content is in a fault, and
// nothing is kept.
void CheckNamedFiles(const google::protobuf::Message& config, Faults* faults);

}  // namespace opcon_snow::config

#endif  // OPCON_SNOW_COMMON_CONFIG_NAMED_FILES_H_
