#ifndef OPCON_SNOW_OPCON_GATEWAY_HEALTH_H_
#define OPCON_SNOW_OPCON_GATEWAY_HEALTH_H_

// What the last request told about an instance's health. Confined to the loop
// thread.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/clock/clock.h"
#include "opcon/v1/instance.pb.h"

namespace opcon_snow::opcon {

class HealthRecord {
 public:
  // `clock` must outlive this.
  explicit HealthRecord(const Clock* clock) : clock_(clock) {}

  // Takes the outcome of a request. An error that the caller brought about
  // (cancelled, no time left) or that the gateway made by itself (overloaded)
  // says nothing. `authenticated`: whether the request showed credentials; one
  // without cannot heal what is known about them.
  void Note(const absl::Status& outcome, bool authenticated);

  void NoteVersion(absl::string_view version);

  const ::opcon::v1::InstanceHealth& health() const { return health_; }

 private:
  const Clock* const clock_;
  ::opcon::v1::InstanceHealth health_;
};

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_HEALTH_H_
