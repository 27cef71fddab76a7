#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_FRAMES_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_FRAMES_H_

// Texts over a stream socket: four bytes of length, the lowest first, and the
// text.

#include <cstddef>
#include <string>

#include "absl/time/time.h"

namespace opcon_snow::sandbox::servicenow {

inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 20;

enum class FrameResult {
  kOk,
  kClosed,  // by the other side, or broken
  kLate,    // `deadline` has passed
  kTooBig,
};

FrameResult WriteFrame(int socket, const std::string& text,
                       absl::Time deadline = absl::InfiniteFuture());
FrameResult ReadFrame(int socket, std::string* text,
                      absl::Time deadline = absl::InfiniteFuture());

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_FRAMES_H_
