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
#include "google/protobuf/map.h"
#include "google/protobuf/repeated_field.h"
#include "google/type/date.pb.h"
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
  void Date(absl::string_view field, const google::type::Date& date);
  // At most 100 texts of 1 to `most` characters.
  void Texts(absl::string_view field,
             const google::protobuf::RepeatedPtrField<std::string>& values,
             std::size_t most);
  // At most 100 instance properties.
  void Properties(
      absl::string_view field,
      const google::protobuf::Map<std::string, std::string>& properties);
  // The size is not negative, and the token one of a list with `filters`.
  void Page(int page_size, const std::string& page_token,
            const std::string& filters);
  // `YYYYMMDD|scheduleId|scheduleInstance`.
  void ScheduleId(absl::string_view field, const std::string& id);
  // The selector is there and complete.
  void Selector(absl::string_view field,
                const ::opcon::v1::JobSelector& selector, bool present);

  // OK, or INVALID_REQUEST with every violation.
  absl::Status Finish() const;

 private:
  std::vector<FieldViolation> violations_;
};

absl::Status Check(const ::opcon::v1::GetDailyJobRequest& request);
absl::Status Check(const ::opcon::v1::ListDailyJobsRequest& request);
absl::Status Check(const ::opcon::v1::ListJobHistoryRequest& request);
absl::Status Check(const ::opcon::v1::GetIncidentTicketsRequest& request);
absl::Status Check(const ::opcon::v1::SetIncidentTicketRequest& request);
absl::Status Check(const ::opcon::v1::GetDocumentationRequest& request);
absl::Status Check(const ::opcon::v1::AppendDocumentationRequest& request);
absl::Status Check(const ::opcon::v1::ListJobLogsRequest& request);
absl::Status Check(const ::opcon::v1::ReadJobLogRequest& request);
absl::Status Check(const ::opcon::v1::SubmitJobActionRequest& request);
absl::Status Check(const ::opcon::v1::GetJobActionRequest& request);
absl::Status Check(const ::opcon::v1::GetDailyScheduleRequest& request);
absl::Status Check(const ::opcon::v1::BuildScheduleRequest& request);
absl::Status Check(const ::opcon::v1::AddJobsToDailyScheduleRequest& request);
absl::Status Check(const ::opcon::v1::ListMachinesRequest& request);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_REQUEST_CHECK_H_
