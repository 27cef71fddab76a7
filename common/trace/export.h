#ifndef OPCON_SNOW_COMMON_TRACE_EXPORT_H_
#define OPCON_SNOW_COMMON_TRACE_EXPORT_H_

// Sends the spans of this process to a collector, as OTLP over HTTP, with the
// OpenTelemetry SDK. This folder's export.cc is the only file that knows it.
//
// Spans are sent in batches, every second, by a thread of the SDK's. At most
// 2048 wait; more are dropped, and so is a batch that the collector does not
// take within 5 s: nothing is sent twice, nothing else waits or fails for it.
// What goes wrong is logged at most once a minute.

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/fault.h"
#include "config/v1/common.pb.h"

namespace opcon_snow::trace {

// Adds the faults of what `telemetry` says about traces; `field` is its path.
void ValidateTraces(const ::config::v1::Telemetry& telemetry,
                    absl::string_view field, config::Faults* faults);

// The sink of this process while it lives; see SetSink. One at a time.
class Export {
 public:
  // What is sent when the process ends is given up after this.
  static constexpr absl::Duration kFlushLimit = absl::Seconds(2);

  // Null if `telemetry` has no endpoint; it must be without fault. `program` is
  // the `service.name` of the spans. To be called before the process has other
  // threads: it tells libcurl by the environment that there is no proxy,
  // because the SDK offers no other way.
  static std::unique_ptr<Export> Start(const ::config::v1::Telemetry& telemetry,
                                       const std::string& program,
                                       const std::string& version);

  // Sends what waits, within kFlushLimit; a collector that does not answer
  // holds it up no longer than that.
  ~Export();
  Export(const Export&) = delete;
  Export& operator=(const Export&) = delete;

 private:
  class Otlp;
  explicit Export(std::shared_ptr<Otlp> otlp);

  std::shared_ptr<Otlp> otlp_;
};

}  // namespace opcon_snow::trace

#endif  // OPCON_SNOW_COMMON_TRACE_EXPORT_H_
