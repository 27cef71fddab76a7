#ifndef OPCON_SNOW_INCIDENT_SERVICE_STORE_SCHEMA_H_
#define OPCON_SNOW_INCIDENT_SERVICE_STORE_SCHEMA_H_

// The tables of the SQLite store and how older files get them. See
// docs/decisions/store-schema.md.

#include "absl/status/status.h"
#include "incident_service/store/sqlite.h"

namespace opcon_snow::incident {

// The version that this program writes.
inline constexpr int kSchemaVersion = 5;

// Brings the file to kSchemaVersion, each step in a transaction of its own.
// FAILED_PRECONDITION if a newer program has written it: an older one would
// not know what it destroys.
absl::Status MigrateSchema(Database* db);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_STORE_SCHEMA_H_
