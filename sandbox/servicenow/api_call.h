#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_API_CALL_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_API_CALL_H_

// What the REST APIs have in common: a call that has been authenticated,
// content negotiation, bodies, lists by page.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "sandbox/http/message.h"
#include "sandbox/servicenow/dictionary.h"
#include "sandbox/servicenow/query_environment.h"
#include "sandbox/servicenow/record_renderer.h"
#include "sandbox/servicenow/record_writer.h"
#include "sandbox/servicenow/settings.h"
#include "sandbox/servicenow/table_store.h"

namespace opcon_snow::sandbox::servicenow {

struct ApiCall {
  const SandboxRequest& request;
  std::string method;             // after X-HTTP-Method-Override
  int version = 0;                // 1 for /api/now/v1/…; 0: none named
  std::vector<std::string> rest;  // the path behind "table" or "attachment"
  Actor actor;
};

// The parts of an instance. Everything outlives the APIs that use it.
struct Parts {
  const Dictionary* dictionary;
  TableStore* store;
  RecordWriter* writer;
  const RecordRenderer* renderer;
  const Settings* settings;
  std::function<QueryEnvironment(const Actor&)> environment;
};

// The answer to a call whose Accept header cannot be served; nullopt: fine.
std::optional<Reply> CheckAccept(const ApiCall& call);

// The client takes XML and not JSON.
bool WantsXml(const SandboxRequest& request);

// Access control: the answer to a user without the table's roles; nullopt: he
// may. For CheckMayWrite the verb is that of the call.
std::optional<Reply> CheckMayRead(const ApiCall& call, const Parts& parts,
                                  const std::string& table);
std::optional<Reply> CheckMayWrite(const ApiCall& call, const Parts& parts,
                                   const std::string& table);

// The same for the Content-Type of a JSON or XML body, and its size.
std::optional<Reply> CheckJsonBody(const ApiCall& call,
                                   const Settings& settings);

// The record in a JSON or XML body, the first of several. Values that are no
// strings become such. INVALID_ARGUMENT: not JSON, or not an object.
absl::StatusOr<FieldValues> ParseRecord(const SandboxRequest& request);
absl::StatusOr<FieldValues> RecordOf(const nlohmann::json& value);

// From sysparm_display_value, sysparm_exclude_reference_link, sysparm_fields.
RenderOptions RenderOptionsOf(const SandboxRequest& request);

struct Page {
  std::vector<const Record*> records;
  std::size_t total = 0;  // only with a count
  bool more = false;      // there are records after these
  std::size_t limit = 0;
  std::size_t offset = 0;
};

// Runs the sysparm_query or the name=value filters of a list.
absl::StatusOr<Page> RunList(const ApiCall& call, const Parts& parts,
                             const std::string& table);

// X-Total-Count and Link, unless they are asked not to be there.
void AddPageHeaders(const SandboxRequest& request, const Page& page,
                    Reply& reply);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_API_CALL_H_
