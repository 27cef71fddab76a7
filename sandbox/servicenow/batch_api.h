#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_BATCH_API_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_BATCH_API_H_

// POST /api/now/[v1/]batch: several calls in one, one after the other, each
// with its own status; the whole is answered with 200.

#include <functional>
#include <string>

#include "sandbox/servicenow/api_call.h"

namespace opcon_snow::sandbox::servicenow {

class BatchApi {
 public:
  struct Callbacks {
    // Answers one of the calls on behalf of the same user.
    std::function<Reply(const SandboxRequest&, const Actor&)> dispatch;
    // Whether the batch's quota of time ends in this call: it and those behind
    // it are not serviced. Takes the method and the canonical path.
    std::function<bool(const std::string&, const std::string&)> cancels;
  };

  BatchApi(const Settings* settings, Callbacks callbacks)
      : settings_(settings), callbacks_(std::move(callbacks)) {}

  Reply Handle(const ApiCall& call);

 private:
  nlohmann::json Service(const ApiCall& call, const nlohmann::json& item,
                         const SandboxRequest& request,
                         std::uint64_t max_output) const;

  const Settings* settings_;
  const Callbacks callbacks_;
};

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_BATCH_API_H_
