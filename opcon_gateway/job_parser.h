#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_

// A daily job from OpCon's JSON. Whatever the JSON is, this does not fail but
// leaves empty what is not there.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"
#include "opcon_gateway/wire_time.h"

namespace opcon_snow::opcon {

// Nothing if `value` is no object or has neither an id nor a uid: then it is
// no job. `site`: for times without offset.
std::optional<::opcon::v1::DailyJob> ParseDailyJob(
    const nlohmann::json& value, const SiteZone& site = std::nullopt);

// The daily schedule in `value`; `id` is that of the schedule or of a job in
// it, whose date stands in where `value` has none.
::opcon::v1::DailyScheduleRef ParseScheduleRef(const nlohmann::json& value,
                                               absl::string_view id);

// {"time": …, "isEstimated": …}: the time, if it really happened.
std::optional<WireTime> ParseHappened(const nlohmann::json& computed,
                                      const SiteZone& site);

// Adds the instance properties of a list of {"key" or "name", "value"}.
void ParseProperties(const nlohmann::json& list,
                     google::protobuf::Map<std::string, std::string>* into);

::opcon::v1::JobStatus ParseJobStatus(const nlohmann::json& value);

// "Finished Ok", "finishedOk" and "FINISHED OK" are one category.
::opcon::v1::JobCategory ParseCategory(absl::string_view name);

// "Finished Ok", as OpCon spells it; "" for UNSPECIFIED.
absl::string_view CategoryName(::opcon::v1::JobCategory category);

::opcon::v1::JobDocumentation ParseDocumentation(const nlohmann::json& value);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_
