#include "sandbox/opcon/daily_tables.h"

#include <utility>

#include "absl/strings/match.h"

namespace opcon_snow::sandbox::opcon {
namespace {

// Ids and names as the vendor's public Java client lists them.
constexpr std::pair<int, absl::string_view> kJobTypes[] = {
    {-1, "Null Job"},  {1, "File Transfer"}, {2, "HP NonStop"}, {3, "Windows"},
    {4, "OpenVMS"},    {5, "IBM i"},         {6, "UNIX"},       {7, "OS 2200"},
    {8, "VSE"},        {9, "MCP"},           {11, "BIS"},       {12, "z/OS"},
    {15, "Container"}, {17, "Java"},         {21, "SQL"},
};

}  // namespace

std::optional<JobType> FindJobType(absl::string_view description) {
  for (const auto& [id, name] : kJobTypes) {
    if (absl::EqualsIgnoreCase(name, description)) {
      return JobType{id, std::string(name)};
    }
  }
  return std::nullopt;
}

}  // namespace opcon_snow::sandbox::opcon
