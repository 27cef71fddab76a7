#ifndef OPCON_SNOW_COMMON_LOG_SINK_H_
#define OPCON_SNOW_COMMON_LOG_SINK_H_

// Where lines go. For common/log/capture.h only.

#include <functional>
#include <string>

namespace opcon_snow::log::internal {

using Sink = std::function<void(const std::string& line)>;

// Lines go to `sink` instead of stderr, until the returned id is removed; the
// one pushed last counts.
int PushSink(Sink sink);
void RemoveSink(int id);

}  // namespace opcon_snow::log::internal

#endif  // OPCON_SNOW_COMMON_LOG_SINK_H_
