#ifndef OPCON_SNOW_CLI_DESCRIPTORS_H_
#define OPCON_SNOW_CLI_DESCRIPTORS_H_

namespace opcon_snow::cli {

// Protobuf registers what describes its messages when a program starts: half of
// the instructions of a report, which does without. Here that waits for this
// call, or for a message that is printed or read as text, which brings along
// what it consists of. Without this call no message is found by its name. To be
// called by one thread.
void RegisterDescriptors();

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_DESCRIPTORS_H_
