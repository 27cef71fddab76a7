#ifndef OPCON_SNOW_SANDBOX_SERVICENOW_XML_H_
#define OPCON_SNOW_SANDBOX_SERVICENOW_XML_H_

// The XML face of the REST APIs.

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "sandbox/http/message.h"

namespace opcon_snow::sandbox::servicenow {

// A JSON answer as <response>…</response>: members become elements, the items
// of an array elements of the same name. Other answers stay as they are.
void ToXml(Reply& reply);

// <request><entry><column>value</column>…</entry></request>, the first entry.
// INVALID_ARGUMENT if it is not that.
absl::StatusOr<std::map<std::string, std::string>> RecordFromXml(
    const std::string& body);

}  // namespace opcon_snow::sandbox::servicenow

#endif  // OPCON_SNOW_SANDBOX_SERVICENOW_XML_H_
