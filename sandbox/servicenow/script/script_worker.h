#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKER_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKER_H_

// The process in which scripts run. It is the program itself, started again
// with arguments of its own: whatever a script does, nothing but that process
// can come to an end by it.
//
// Over the socket with the number kWorkerSocket come requests (script_run.h);
// while one is under way, calls go back (script_host.h); at last the result.
//   in:  {"run": {…}}       out: {"done": {…}}
//   out: {"call": …, …}     in:  {"value": …} or {"error": "…"}

#include <optional>

namespace opcon_snow::sandbox::servicenow {

inline constexpr int kWorkerSocket = 3;
inline constexpr char kWorkerArgument[] = "--run-scripts";

// The first thing that main() of a program with scripts does: if the arguments
// are those of a worker, it works until the socket is closed and returns the
// exit code.
std::optional<int> RunIfScriptWorker(int argc, char** argv);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_WORKER_H_
