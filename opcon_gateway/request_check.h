#ifndef OPCON_SNOW_OPCON_GATEWAY_REQUEST_CHECK_H_
#define OPCON_SNOW_OPCON_GATEWAY_REQUEST_CHECK_H_

// Whether requests are acceptable, before anything is done for them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "opcon/v1/opcon_gateway.pb.h"

namespace opcon_snow::opcon {

// Collects what is wrong with one request.
class RequestCheck {
 public:
  void Add(absl::string_view field, absl::string_view description);

  // `least` to `most` characters (not bytes), none of them a control
  // character; with `lines`, line breaks and tabs are allowed.
  void Text(absl::string_view field, absl::string_view value, std::size_t least,
            std::size_t most, bool lines = false);
  void Positive(absl::string_view field, std::int64_t value);
  // The selector is there and complete.
  void Selector(absl::string_view field,
                const ::opcon::v1::JobSelector& selector, bool present);

  // OK, or INVALID_REQUEST with every violation.
  absl::Status Finish() const;

 private:
  std::vector<FieldViolation> violations_;
};

absl::Status Check(const ::opcon::v1::GetDailyJobRequest& request);
absl::Status Check(const ::opcon::v1::GetIncidentTicketsRequest& request);
absl::Status Check(const ::opcon::v1::SetIncidentTicketRequest& request);
absl::Status Check(const ::opcon::v1::GetDocumentationRequest& request);
absl::Status Check(const ::opcon::v1::AppendDocumentationRequest& request);
absl::Status Check(const ::opcon::v1::ListJobLogsRequest& request);
absl::Status Check(const ::opcon::v1::ReadJobLogRequest& request);
absl::Status Check(const ::opcon::v1::SubmitJobActionRequest& request);
absl::Status Check(const ::opcon::v1::GetJobActionRequest& request);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_REQUEST_CHECK_H_
