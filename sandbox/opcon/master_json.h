#ifndef OPCON_SNOW_SANDBOX_OPCON_MASTER_JSON_H_
#define OPCON_SNOW_SANDBOX_OPCON_MASTER_JSON_H_

// The master tables, plans and logs in the kept state. The readers throw
// std::invalid_argument or nlohmann's json::exception; see state_json.cc.

#include <vector>

#include "nlohmann/json.hpp"
#include "sandbox/opcon/log_content.h"
#include "sandbox/opcon/master_tables.h"

namespace opcon_snow::sandbox::opcon {

// A text; or {"pattern", "size"} for a repeated one, however long it is.
nlohmann::json LogToJson(const LogContent& log);
LogContent LogFromJson(const nlohmann::json& value);

nlohmann::json PlanToJson(const JobPlan& plan);
JobPlan PlanFromJson(const nlohmann::json& value);

nlohmann::json PropertiesToJson(const std::vector<Property>& properties);
std::vector<Property> PropertiesFromJson(const nlohmann::json& value);

nlohmann::json MasterToJson(const MasterSchedule& master);
MasterSchedule MasterFromJson(const nlohmann::json& value);

nlohmann::json GlobalPropertyToJson(const GlobalProperty& property);
GlobalProperty GlobalPropertyFromJson(const nlohmann::json& value);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_MASTER_JSON_H_
