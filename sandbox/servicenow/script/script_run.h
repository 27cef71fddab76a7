#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_RUN_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_RUN_H_

// What one run of a script is given and what comes back.
//
// A request:
//   {"id": "…",                  32 hexadecimal digits
//    "name": "business rule x",  for messages
//    "script": "…",              "": none
//    "condition": "…",           an expression; "": none
//    "entry": "onBefore",        a function that is called after the script, if
//                                the script has defined it; "": none
//    "scope": "",                the application
//    "when": "before", "operation": "update", "table": "incident",
//    "current": {…}, "previous": {…} or null,
//    "watched": true,            changes() works, `previous` is there
//    "user": {"sys_id": …, "user_name": …},
//    "display_offset_minutes": -480,
//    "includes": [{"name": …, "scope": …}]}
//
// A result:
//   {"value": "…",               of the script's last expression, as text
//    "skipped": false,           the condition did not hold
//    "aborted": false,           current.setAbortAction(true)
//    "values": {…},              what was set on `current` and not stored
//    "info_messages": […], "error_messages": […]}
// or
//   {"error": {"message": …, "line": …, "file": …}, …}

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/script/outbound_http.h"
#include "sandbox/servicenow/script/script_log.h"
#include "sandbox/servicenow/script/script_workers.h"

namespace opcon_snow::sandbox::servicenow {

struct ScriptRequest {
  std::string name;
  std::string script;
  std::string condition{};
  std::string entry{};
  std::string scope{};
  std::string when{};
  std::string operation{};
  const Record* current = nullptr;
  const Record* previous = nullptr;
  bool watched = false;
  // It may neither write nor send.
  bool read_only = false;
  Actor actor;
};

struct ScriptResult {
  std::string value;
  bool skipped = false;
  bool aborted = false;
  FieldValues values;
  std::vector<std::string> error_messages;
};

// What runs scripts. Thread-safe; everything in it must outlive it.
class ScriptRunner {
 public:
  struct Parts {
    ScriptWorkers* workers;
    RecordAccess* records;
    OutboundHttp* http;
    ScriptLog* log;
    int display_offset_minutes;
  };

  explicit ScriptRunner(Parts parts) : parts_(parts) {}

  // An error of the script is in the log already. It is INTERNAL with message
  // and line; others as ScriptWorkers says.
  absl::StatusOr<ScriptResult> Run(const ScriptRequest& request);

 private:
  nlohmann::json RequestJson(const ScriptRequest& request) const;

  const Parts parts_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_RUN_H_
