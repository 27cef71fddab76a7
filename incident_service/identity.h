#ifndef OPCON_SNOW_INCIDENT_SERVICE_IDENTITY_H_
#define OPCON_SNOW_INCIDENT_SERVICE_IDENTITY_H_

// Names and keys that must come out the same today, after a restart, and from
// every reporter. See docs/decisions/identity.md. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

// The job that the report is about; an empty key if it is about none (a
// rejected command line).
const ::incident::v1::JobKey& JobKeyOf(const ::incident::v1::Report& report);

// The reverse of JobId, without instance; nullopt if it is none. Whether the
// day is one of the calendar and the numbers are positive is not looked at.
std::optional<::incident::v1::JobKey> ParseJobId(absl::string_view text);

// The key that work is put in order by: OpCon instance and daily job id,
// `production/20260105|16|1|JOB001`.
std::string JobKeyText(const ::incident::v1::JobKey& key);

// Whether the kind says that a run failed, as a kind that is not known is taken
// to say. The others tell of something else: late, cancelled, recovered.
bool TellsOfAFailedRun(::incident::v1::EventKind kind);

// Failed, Under Review, Fixed: the latest run of the job failed.
bool ShowsAFailedRun(const ::opcon::v1::JobStatus& status);

// Finished OK, Skipped, Fixed: nobody needs to look after the job.
bool IsWell(const ::opcon::v1::JobStatus& status);

// The latest run of the job, as the job shows it.
::opcon::v1::JobRun LatestRun(const ::opcon::v1::DailyJob& job);

// Whether the latest run is the one that the report, of a failed run, speaks
// of. If not, the history of the job may tell.
bool IsAboutTheLatestRun(const ::incident::v1::Report& report,
                         const ::opcon::v1::DailyJob& job);

// The run that the report names by number and end, as the job shows it if it
// still does, else as far as the report tells; nullopt if it names none.
std::optional<::opcon::v1::JobRun> NamedRun(
    const ::incident::v1::Report& report, const ::opcon::v1::DailyJob& job);

// The failed runs that the report may be about, the likeliest first: the latest
// that had ended when the report was made, among those with its run number and
// termination code if there are any. Then the later ones and then the earlier
// ones, nearest first: if the first has been reported by somebody else, the
// report may be about one that nobody has reported yet. `history` is the job's
// in any order; runs of other daily jobs are left out.
std::vector<::opcon::v1::JobRun> FailedRunsOf(
    const ::incident::v1::Report& report, const ::opcon::v1::DailyJob& job,
    const std::vector<::opcon::v1::JobRun>& history);

// The failure of a run: the same for everyone who looks at the run.
::incident::v1::Failure FailureOfRun(const ::incident::v1::Report& report,
                                     const ::opcon::v1::DailyJob& job,
                                     const ::opcon::v1::JobRun& run);

// What a report says that does not tell of a failed run (or tells of one of a
// job that never ran), as a failure of its own: the same for everyone who
// reports the same kind of event of the same run.
::incident::v1::Failure FailureOfEvent(const ::incident::v1::Report& report,
                                       const ::opcon::v1::DailyJob& job);

// The failure of a run that OpCon cannot tell. The reporter's run number tells
// reports of one run together where it is not the number of the latest run;
// otherwise each report stands for itself.
::incident::v1::Failure ProvisionalFailure(const ::incident::v1::Report& report,
                                           const ::opcon::v1::DailyJob& job);

// The job as it was when the run had ended.
::opcon::v1::DailyJob JobAtRun(::opcon::v1::DailyJob job,
                               const ::opcon::v1::JobRun& run);

// The job as far as the report knows it.
::opcon::v1::DailyJob JobFromReport(const ::incident::v1::Report& report);

// What is found again in texts: `[OpCon failure 0123456789abcdef]`.
std::string FailureMarker(absl::string_view failure_id);

// The text without markers, and without the blank before each. Whatever is
// quoted in a text that is looked through for a marker must not have one: the
// quotation would be taken for the thing itself.
std::string WithoutMarkers(absl::string_view text);

// The sys_id of a new incident: 32 lower-case hexadecimal digits that only
// these four give.
std::string ChooseSysId(absl::string_view deployment,
                        absl::string_view failure_id,
                        absl::string_view servicenow, int generation);

// `host:port,20260105|16|1|JOB001`; `host:port,#<uid>` where that would be
// longer than the 100 characters that ServiceNow keeps, or has a "^", which no
// query of ServiceNow can look for (`#unknown-…` while the uid is not known).
std::string CorrelationId(absl::string_view public_address,
                          const ::opcon::v1::DailyJob& job);

// The ticket field of a job, taken apart: `INC0010025/<sys_id>`,
// `INC0010025`, or `<sys_id>`. Both parts empty if it is neither.
struct TicketId {
  std::string number = {};
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
