#ifndef OPCON_SNOW_CLI_FILTERS_H_
#define OPCON_SNOW_CLI_FILTERS_H_

// From options to the fields of list requests. Errors are INVALID_ARGUMENT and
// name the option.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "incident/v1/job_event.pb.h"

namespace opcon_snow::cli {

// --state, each a name of ReportState.
absl::Status AddStates(const std::vector<std::string>& names,
                       google::protobuf::RepeatedField<int>* states);

// --date, in any form that `report` takes.
absl::Status SetDate(const std::string& text, google::type::Date* date);

// --since: a time in RFC 3339, or how long before `now`.
absl::Status SetSince(const std::string& text, absl::Time now,
                      google::protobuf::Timestamp* time);

// `option`: a time in RFC 3339, or how long after `now`.
absl::Status SetFromNow(absl::string_view option, const std::string& text,
                        absl::Time now, google::protobuf::Timestamp* time);

// JOB_ID: "20260105|16|1|JOB001", OpCon's id of a daily job.
absl::StatusOr<::incident::v1::JobKey> ParseJobId(const std::string& text);

// "20260105|16|1|JOB001".
std::string JobIdText(const ::incident::v1::JobKey& key);

// "2026-01-05"; empty if the date is not set.
std::string DateText(const google::type::Date& date);

}  // namespace opcon_snow::cli

#endif  // OPCON_SNOW_CLI_FILTERS_H_
