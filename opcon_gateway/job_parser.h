#ifndef OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_
#define OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_

// A daily job from OpCon's JSON. Whatever the JSON is, this does not fail but
// leaves empty what is not there.

#include <optional>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::opcon {

// Nothing if `value` is no object or has neither an id nor a uid: then it is
// no job.
std::optional<::opcon::v1::DailyJob> ParseDailyJob(const nlohmann::json& value);

::opcon::v1::JobStatus ParseJobStatus(const nlohmann::json& value);

// "Finished Ok", "finishedOk" and "FINISHED OK" are one category.
::opcon::v1::JobCategory ParseCategory(absl::string_view name);

// "Finished Ok", as OpCon spells it; "" for UNSPECIFIED.
absl::string_view CategoryName(::opcon::v1::JobCategory category);

::opcon::v1::JobDocumentation ParseDocumentation(const nlohmann::json& value);

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_JOB_PARSER_H_
