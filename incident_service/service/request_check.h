#ifndef OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REQUEST_CHECK_H_
#define OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REQUEST_CHECK_H_

// Collects what is wrong with a request, all of it.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "google/type/date.pb.h"
#include "incident/v1/job_event.pb.h"

namespace opcon_snow::incident {

class RequestCheck {
 public:
  void Add(absl::string_view field, absl::string_view problem);
  // UTF-8 characters counted; control characters are refused.
  void Text(absl::string_view field, absl::string_view value, int least,
            int most);
  // 8 to 64 characters of letters, digits, - and _.
  void RequestId(absl::string_view field, absl::string_view value);
  void Date(absl::string_view field, const ::google::type::Date& date);
  void JobKey(absl::string_view field, const ::incident::v1::JobKey& key);

  // OK, or INVALID_ARGUMENT that names every field.
  absl::Status Result() const;

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_SERVICE_REQUEST_CHECK_H_
