#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HOST_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HOST_H_

// What scripts can have the instance do: the other end of call() in
// glide/platform.js. A call is {"call": NAME, "with": {…}}, an answer
// {"value": …} or {"error": "…"}, which becomes an exception in the script.
//
//   table {table}                        null, or {name, label, display,
//                                        columns: {NAME: {label,
//                                        type, reference, max_length}}}
//   query {table, conditions, order, first, limit}    sys_ids; see ReadQuery
//   encode {conditions, order}           the encoded query
//   load {table, ids}                    for each its values, or null
//   insert {table, values, modes}        {record} or {refused}
//   update {table, sys_id, values, modes}             the same
//   remove {table, sys_id, modes}        "" or why it was refused
//   defaults {table}                     the values of a new record
//   walk {table, values, path}           {value, display}
//   unshow {table, column, shown}        the value that is shown like this
//   now, newId, date {expression}, property {name}, base64 {encode|decode}
//   user {id}, hasRole {id, role}, basicProfile {sys_id}, include {name}
//   log {level, message, source}
//   http {…}, httpStart {…}, httpWait {number, seconds}; see rest.js
//   attach {table, sys_id, name, type, content}, content {sys_id, base64}

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/servicenow/query.h"
#include "sandbox/servicenow/record_hooks.h"
#include "sandbox/servicenow/script/outbound_http.h"
#include "sandbox/servicenow/script/script_log.h"

namespace opcon_snow::sandbox::servicenow {

// For one run, on its thread.
class ScriptHost {
 public:
  struct Options {
    RecordAccess* records;
    OutboundHttp* http;
    ScriptLog* log;
    Actor actor;
    std::string source;  // of log entries that name none
    bool read_only = false;
  };

  explicit ScriptHost(Options options) : options_(std::move(options)) {}

  // Any call is answered, also one that makes no sense.
  nlohmann::json Handle(const nlohmann::json& call, absl::Time deadline);

 private:
  using Json = nlohmann::json;
  using Result = absl::StatusOr<Json>;
  // May throw nlohmann's exceptions: parameters that are missing.
  using Method = Result (ScriptHost::*)(const Json& with);

  static const std::map<std::string, Method>& Methods();

  Result Table(const Json& with);
  Result Query(const Json& with);
  Result Encode(const Json& with);
  Result Load(const Json& with);
  Result Insert(const Json& with);
  Result Update(const Json& with);
  Result Remove(const Json& with);
  Result Defaults(const Json& with);
  Result Walk(const Json& with);
  Result Unshow(const Json& with);
  Result Now(const Json& with);
  Result NewId(const Json& with);
  Result Date(const Json& with);
  Result Property(const Json& with);
  Result Sha256(const Json& with);
  Result Base64(const Json& with);
  Result User(const Json& with);
  Result HasRole(const Json& with);
  Result BasicProfile(const Json& with);
  Result Include(const Json& with);
  Result Log(const Json& with);
  Result Http(const Json& with);
  Result HttpStart(const Json& with);
  Result HttpWait(const Json& with);
  Result Attach(const Json& with);
  Result Content(const Json& with);

  RecordAccess::WriteOptions ModesOf(const Json& with) const;
  OutboundRequest RequestOf(const Json& with) const;
  Json Written(const absl::StatusOr<Record>& record) const;

  const Options options_;
  absl::Time deadline_;
};

// From addQuery and its kind: {"conditions": [{"any": [{"field", "operator",
// "value"}, …]} or {"encoded": "…"}, …], "order": [{"field", "descending"}]}.
// All conditions must hold. UNIMPLEMENTED as ParseQuery. Throws nlohmann's
// exceptions.
absl::StatusOr<Query> ReadQuery(const nlohmann::json& with);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_SCRIPT_SCRIPT_HOST_H_
