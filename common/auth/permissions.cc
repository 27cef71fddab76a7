#include "common/auth/permissions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "config/v1/common.pb.h"
#include "google/protobuf/descriptor.h"

namespace opcon_snow::auth {
namespace {

constexpr Roles kNobody;
constexpr Roles kReporter = Roles::Of(::config::v1::ROLE_REPORTER);
constexpr Roles kOperator = Roles::Of(::config::v1::ROLE_OPERATOR);
constexpr Roles kService = Roles::Of(::config::v1::ROLE_SERVICE);
constexpr Roles kReads =
    Roles::Of(::config::v1::ROLE_READER, ::config::v1::ROLE_OPERATOR);
// Who changes things upstream has to look at them first.
constexpr Roles kGatewayReads =
    Roles::Of(::config::v1::ROLE_READER, ::config::v1::ROLE_OPERATOR,
              ::config::v1::ROLE_SERVICE);

constexpr Permission kPermissions[] = {
    {"incident.v1.IncidentService/ReportJobEvent", kReporter, kNobody},
    {"incident.v1.IncidentService/ListReports", kReads, kNobody},
    {"incident.v1.IncidentService/GetReport", kReads, kReporter},
    {"incident.v1.IncidentService/WatchReports", kReads, kReporter},
    {"incident.v1.IncidentService/RetryReport", kOperator, kNobody},
    {"incident.v1.IncidentService/DiscardReport", kOperator, kNobody},
    {"incident.v1.IncidentService/ListFailures", kReads, kNobody},
    {"incident.v1.IncidentService/GetTicketLink", kReads, kNobody},
    {"incident.v1.IncidentService/ListTicketLinks", kReads, kNobody},
    {"incident.v1.IncidentService/SyncTicket", kOperator, kNobody},
    {"incident.v1.IncidentService/ListTemplates", kReads, kNobody},
    {"incident.v1.IncidentService/ValidateTemplate", kReads, kNobody},
    {"incident.v1.IncidentService/RenderTemplate", kReads, kNobody},
    {"incident.v1.IncidentService/ImportTemplate", kReads, kNobody},
    {"incident.v1.IncidentService/CreateSilence", kOperator, kNobody},
    {"incident.v1.IncidentService/ListSilences", kReads, kNobody},
    {"incident.v1.IncidentService/ExpireSilence", kOperator, kNobody},
    {"incident.v1.IncidentService/ListAuditEntries", kOperator, kNobody},
    {"incident.v1.IncidentService/BackUpStore", kOperator, kNobody},
    {"incident.v1.IncidentService/GetHealth", kReads, kNobody},
    {"opcon.v1.OpConGateway/GetApiVersion", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/ListInstances", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/GetDailyJob", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/ListDailyJobs", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/ListJobHistory", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/GetIncidentTickets", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/SetIncidentTicket", kService, kNobody},
    {"opcon.v1.OpConGateway/GetDocumentation", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/AppendDocumentation", kService, kNobody},
    {"opcon.v1.OpConGateway/ListJobLogs", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/ReadJobLog", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/SubmitJobAction", kService, kNobody},
    {"opcon.v1.OpConGateway/GetJobAction", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/BuildSchedule", kService, kNobody},
    {"opcon.v1.OpConGateway/GetDailySchedule", kGatewayReads, kNobody},
    {"opcon.v1.OpConGateway/AddJobsToDailySchedule", kService, kNobody},
    {"opcon.v1.OpConGateway/ListMachines", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/ListInstances", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/CreateIncident", kService, kNobody},
    {"servicenow.v1.ServiceNowGateway/GetIncident", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/ListIncidents", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/UpdateIncident", kService, kNobody},
    {"servicenow.v1.ServiceNowGateway/ListJournalEntries", kGatewayReads,
     kNobody},
    {"servicenow.v1.ServiceNowGateway/AttachFile", kService, kNobody},
    {"servicenow.v1.ServiceNowGateway/ListAttachments", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/ReadAttachment", kGatewayReads, kNobody},
    {"servicenow.v1.ServiceNowGateway/LookupRecords", kGatewayReads, kNobody},
};

}  // namespace

std::string Roles::Names() const {
  constexpr struct {
    int role;
    const char* name;
  } kNames[] = {{::config::v1::ROLE_REPORTER, "reporter"},
                {::config::v1::ROLE_READER, "reader"},
                {::config::v1::ROLE_OPERATOR, "operator"},
                {::config::v1::ROLE_SERVICE, "service"}};
  std::vector<std::string> names;
  for (const auto& [role, name] : kNames) {
    if (Has(role)) names.emplace_back(name);
  }
  return absl::StrJoin(names, ", ");
}

absl::Span<const Permission> Permissions() { return kPermissions; }

const Permission* FindPermission(absl::string_view method) {
  const auto* const found = std::find_if(
      std::begin(kPermissions), std::end(kPermissions),
      [method](const Permission& row) { return row.method == method; });
  return found == std::end(kPermissions) ? nullptr : found;
}

absl::Status CheckPermissionsOf(const std::string& service) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          service);
  if (descriptor == nullptr) return absl::OkStatus();
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const std::string method =
        absl::StrCat(service, "/", descriptor->method(i)->name());
    if (FindPermission(method) != nullptr) continue;
    return absl::InternalError(absl::StrCat(
        "nothing says who may call ", method,
        ": add it to the table in common/auth/permissions.cc and to "
        "docs/security.md"));
  }
  return absl::OkStatus();
}

}  // namespace opcon_snow::auth
