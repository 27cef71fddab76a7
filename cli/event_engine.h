#ifndef OPCON_SNOW_CLI_EVENT_ENGINE_H_
#define OPCON_SNOW_CLI_EVENT_ENGINE_H_

namespace opcon_snow::cli {

// gRPC starts the three threads of its event engine when a channel is made. A
// call to an address needs none of them: after this, they start when gRPC first
// gives the engine something to do, such as a name to look up. To be called
// before the first channel.
void StartEventEngineWhenNeeded();

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_EVENT_ENGINE_H_
