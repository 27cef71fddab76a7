#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_API_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_API_H_

// /api/now/[v1|v2/]table/{table}[/{sys_id}]

#include "sandbox/servicenow/api_call.h"

namespace opcon_snow::sandbox::servicenow {

// Not thread-safe.
class TableApi {
 public:
  explicit TableApi(Parts parts) : parts_(parts) {}

  Reply Handle(const ApiCall& call);

 private:
  Reply List(const ApiCall& call, const std::string& table);
  Reply Get(const ApiCall& call, const std::string& table,
            const Record& record);
  Reply Insert(const ApiCall& call, const std::string& table);
  Reply Update(const ApiCall& call, const std::string& table,
               const Record& record);

  const Parts parts_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_TABLE_API_H_
