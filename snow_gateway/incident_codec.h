#ifndef OPCON_SNOW_SNOW_GATEWAY_INCIDENT_CODEC_H_
#define OPCON_SNOW_SNOW_GATEWAY_INCIDENT_CODEC_H_

// Incidents, journal entries, attachments and records between the wire and the
// contract.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "servicenow/v1/incident.pb.h"

namespace opcon_snow::snow {

// The address of a record's form for a person's browser. `base_url` as in
// http::BaseUrl::text().
std::string FormUrl(absl::string_view base_url, absl::string_view table,
                    absl::string_view sys_id);

// `columns` go into `fields`, where the row has them.
::servicenow::v1::Incident IncidentFromRow(
    const nlohmann::json& row, absl::string_view base_url,
    absl::string_view table, const std::vector<std::string>& columns);

// A row of sys_journal_field.
::servicenow::v1::JournalEntry JournalEntryFromRow(const nlohmann::json& row);

// A row of sys_attachment, as the Attachment API shows it.
::servicenow::v1::Attachment AttachmentFromRow(const nlohmann::json& row);

::servicenow::v1::Record RecordFromRow(const nlohmann::json& row,
                                       absl::string_view table,
                                       const std::vector<std::string>& columns,
                                       bool display_values);

// "work_notes" or "comments"; "" for anything else.
absl::string_view JournalColumnName(::servicenow::v1::JournalColumn column);
::servicenow::v1::JournalColumn JournalColumnOf(absl::string_view name);

// The state of this value; unspecified if this version does not know it.
::servicenow::v1::IncidentState StateOf(absl::string_view value);

// Whether `state` is one that can be written or asked for.
bool IsKnownState(::servicenow::v1::IncidentState state);

}  // namespace opcon_snow::snow

#endif  // OPCON_SNOW_SNOW_GATEWAY_INCIDENT_CODEC_H_
