#ifndef OPCON_SNOW_TESTS_AUTH_ROLE_TABLES_H_
#define OPCON_SNOW_TESTS_AUTH_ROLE_TABLES_H_

// The tables of docs/security.md: what people are told about who may call
// what.

#include <map>
#include <set>
#include <string>

namespace opcon_snow::auth {

// From "incident.v1.IncidentService/GetReport" or "HTTP door/GET /v1/reports"
// to the names of roles, "reporter (own)" and "everybody" among them.
using RoleTables = std::map<std::string, std::set<std::string>>;

RoleTables ReadRoleTables(const std::string& path);

// Whether a principal with this one role is let in.
bool MayCall(const std::set<std::string>& roles, const std::string& role);

}  // namespace opcon_snow::auth

#endif  // OPCON_SNOW_TESTS_AUTH_ROLE_TABLES_H_
