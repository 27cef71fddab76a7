#ifndef OPCON_SNOW_INCIDENT_SERVICE_IDENTITY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_IDENTITY_H_

// Names and keys that must come out the same today, after a restart, and from
// every reporter. See docs/decisions/identity.md. Pure functions.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/type/date.pb.h"
#include "incident/v1/job_event.pb.h"
#include "incident/v1/report.pb.h"
#include "opcon/v1/daily_job.pb.h"

namespace opcon_snow::incident {

// `20260105`, and `2026-01-05`.
std::string CompactDate(const ::google::type::Date& date);
std::string IsoDate(const ::google::type::Date& date);

// OpCon's daily job id, `20260105|16|1|JOB001`.
std::string JobId(const ::incident::v1::JobKey& key);

// The key that work is put in order by: OpCon instance and daily job id,
// `production/20260105|16|1|JOB001`.
std::string JobKeyText(const ::incident::v1::JobKey& key);

// The failure that an event is about, as OpCon shows the job now. Provisional,
// with the report's own identity, if the job no longer shows the run: it is
// running again, or another run has ended since.
::incident::v1::Failure IdentifyFailure(const ::incident::v1::Report& report,
                                        const ::opcon::v1::DailyJob& job);

// What is found again in texts: `[OpCon failure 0123456789abcdef]`.
std::string FailureMarker(absl::string_view failure_id);

// The sys_id of a new incident: 32 lower-case hexadecimal digits that only
// these four give.
std::string ChooseSysId(absl::string_view deployment,
                        absl::string_view failure_id,
                        absl::string_view servicenow, int generation);

// `host:port,20260105|16|1|JOB001`; `host:port,#<uid>` where that would be
// longer than the 100 characters that ServiceNow keeps.
std::string CorrelationId(absl::string_view public_address,
                          const ::opcon::v1::DailyJob& job);

// The ticket field of a job, taken apart: `INC0010025/<sys_id>`,
// `INC0010025`, or `<sys_id>`. Both parts empty if it is neither.
struct TicketId {
  std::string number;
  std::string sys_id;
};
TicketId ParseTicketId(absl::string_view text);

// First 16 bytes of SHA-256 as 32 lower-case hexadecimal digits, over the
// parts with their lengths, so that no two lists of parts look alike.
std::string Fingerprint(std::initializer_list<absl::string_view> parts);

// 26 characters (Crockford's base 32) that sort by time and, within a
// millisecond, by `counter`; `random` keeps ids of other machines apart.
std::string MakeReportId(absl::Time now, std::uint32_t counter,
                         std::uint64_t random);

}  // namespace opcon_snow::incident

#endif  // OPCON_SNOW_INCIDENT_SERVICE_IDENTITY_H_
