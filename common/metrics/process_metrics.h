#ifndef OPCON_SNOW_COMMON_METRICS_PROCESS_METRICS_H_
#define OPCON_SNOW_COMMON_METRICS_PROCESS_METRICS_H_

// What every process tells of itself: what it is, what it uses of the machine,
// until when its certificates are good, and whether it took its configuration.

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace opcon_snow::metrics {

// From now on `opcon_snow_build_info` and the `process_…` metrics are exposed.
// Once a process, from its main function.
void ObserveProcess(absl::string_view name, absl::string_view version);

// From now on the certificates in the files that the configuration names, by
// fields that end in `certificate_file`, are looked at with each exposition:
// `opcon_snow_tls_certificate_expiry_timestamp_seconds` by file. Takes the
// place of those before; a file that is named no more is left at its last
// value until the process ends.
void ObserveCertificates(const google::protobuf::Message& config);

// Whether the configuration was taken over when it was read (again).
void CountReload(bool taken);

}  // namespace opcon_snow::metrics

#endif  // OPCON_SNOW_COMMON_METRICS_PROCESS_METRICS_H_
