#include "incident_service/workflow/error_record.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/rpc/error_details.pb.h"
#include "incident_service/workflow/retry_policy.h"

namespace opcon_snow::incident {

void SetError(const absl::Status& status, int attempts, bool given_up,
              ::google::rpc::Status* out) {
  out->Clear();
  out->set_code(static_cast<int>(status.code()));
  out->set_message(std::string(status.message()));
  ErrorDetails details = GetErrorDetails(status).value_or(ErrorDetails{});
  if (details.reason.empty()) {
    details.reason = absl::StatusCodeToString(status.code());
  }
  if (given_up && MayRepeat(status)) {
    details.metadata["last_reason"] = details.reason;
    details.metadata["attempts"] = absl::StrCat(attempts);
    details.reason = "RETRIES_EXHAUSTED";
    details.domain = "incident-service";
    out->set_message(absl::StrCat("given up after ", attempts,
                                  " attempts; the last: ", status.message()));
  }
  if (details.domain.empty()) details.domain = "incident-service";
  ::google::rpc::ErrorInfo info;
  info.set_reason(details.reason);
  info.set_domain(details.domain);
  info.mutable_metadata()->insert(details.metadata.begin(),
                                  details.metadata.end());
  out->add_details()->PackFrom(info);
}

}  // namespace opcon_snow::incident
