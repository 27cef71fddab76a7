#ifndef OPCON_SNOW_SANDBOX_OPCON_CONTROL_API_H_
#define OPCON_SNOW_SANDBOX_OPCON_CONTROL_API_H_

// What tests and demos tell the sandbox, beside the API:
//
//   POST /_sandbox/jobs
//     {"date":"2026-01-05", "schedule":"Payroll", "name":"JOB001",
//      // the rest may be left out
//      "schedule_id":16,         // of this schedule's name, else the next free
//      "schedule_instance":1,
//      "machine":"GENP001",      // "" or absent: none
//      "job_type":"Windows",     // "UNIX", "Null Job", "Container", …
//      "status":"Wait to Start", // any of the categories Held and Waiting
//      "frequency":"AllDays", "department":"<General>", "priority":0,
//      "tags":[], "properties":[{"key":"…","value":"…"}],
//      "documentation":"", "frequency_documentation":"",
//      "log":"",                 // printed by its runs; "": a generated text
//      "log_size":1048576,       // the log repeated and cut to so many bytes
//      "log_error":"",           // every request for its logs fails with this
//      "replace":false}          // true: build it anew if it exists
//   201 with {"id", "uid", "jobNumber", "uniqueJobId", "scheduleUid"}; 400, 409
//
//   POST /_sandbox/jobs/{id}/start | finish | fail
//     finish and fail take, all optional:
//     {"termination":"0000000005",
//      "status":"Failed",        // fail: or "Initialization Error", "Missed
//                                // Start Time": never ran, no log
//      "log":"…", "log_size":N,  // this run's log, also ""
//      "logs":[{"name":"a.txt","data":"…"}],   // several files instead
//      "processing_events_ms":0} // how long "; Processing Events" is shown
//     A job that waits is started first; one that has ended begins a new run,
//     as if it had been restarted. 200 with the job as GET /api/dailyjobs/{id}
//     shows it; 400, 404
//
//   GET /_sandbox/notifications[?since=N][&epoch=E][&wait_ms=M]
//     {"notifications":[{"n","notify_id","trigger","properties"}],
//      "last":<highest n>, "epoch":E}
//     Rows after number N, at most 500; waits at most M ms (up to 60,000) for
//     one. A reader passes the epoch it got with N: after a reset the numbers
//     start at 1 again in a new epoch, and N is then taken as 0.
//
// An unknown field is refused with 400 and {"error": "…"}.

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {

// The body of POST /_sandbox/jobs; `model` only tells the ids of schedules.
absl::StatusOr<JobDefinition> ParseJobDefinition(const nlohmann::json& body,
                                                 const OpConModel& model);

// The body of …/fail (`failed`) or …/finish.
absl::StatusOr<JobEnd> ParseJobEnd(const nlohmann::json& body, bool failed);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_CONTROL_API_H_
