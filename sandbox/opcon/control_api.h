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
//      // What the clockwork does with it; without "runs": nothing.
//      "after":["JOB000"],       // jobs of this schedule that end well first
//      "start_after_ms":0,       // from when nothing stands in its way
//      "runs":[                  // the first run, the next one, …; the last
//                                // one also stands for all that follow
//        {"run_ms":1000,
//         "late_after_ms":500,   // is shown as late to finish from then on
//         "end":"Failed",        // or "Finished OK" (the default),
//                                // "Initialization Error", "Missed Start Time"
//         "termination":"0000000005",
//         "log":"…", "log_size":N}],
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
//      "processing_events_ms":0, // how long "; Processing Events" is shown
//      "time":"2026-01-05T10:00:07-06:00"}  // when it ended; absent: now
//     A job that waits is started first; one that has ended begins a new run,
//     as if it had been restarted. 200 with the job as GET /api/dailyjobs/{id}
//     shows it; 400, 404
//
//   POST /_sandbox/schedules     a schedule of the master tables, to be built
//   by
//                                POST /api/schedulebuilds or at midnight
//     {"name":"Payroll",
//      // the rest may be left out
//      "schedule_id":16,         // else the next free one
//      "multi_instance":false,   // may be built more than once a day
//      "start_time":"03:00:00",  // jobs start then, in OpCon's zone
//      "auto_build_days":0,      // at midnight, for the day so many days ahead
//      "jobs":[{"name":"JOB001",
//        "machines":["A","B"],   // a machine group: a copy for each; or
//        "machine":"A",
//        "multi_instance":true,  // may be added more than once
//        "instances":[[{"key":"k","value":"v"}], []],  // built: JOB001_v and
//                                // JOB001$0002
//        "sub_schedule":"Sub",   // a container that runs this schedule
//        … "job_type", "frequency", "department", "priority", "tags",
//        "properties", "documentation", "frequency_documentation", "log",
//        "log_size", "log_error", "after", "start_after_ms" and "runs" as
//        above}]}
//   201 with {"schedule_id"}; 400
//
//   GET  /_sandbox/clock         {"now":"2026-01-05T…"} in OpCon's zone
//   POST /_sandbox/clock
//     {"advance_ms":60000} or {"next_day":true}: to just after midnight. What
//     is due meanwhile happens, in order. {"now":"…", "happened":3}
//
//   GET  /_sandbox/endpoints     [{"method":"GET","path":"/api/dailyjobs/{id}",
//                                  "token":true}]: what is simulated
//
//   GET /_sandbox/notifications[?since=N][&epoch=E][&wait_ms=M]
//     {"notifications":[{"n","notify_id","trigger","properties"}],
//      "last":<highest n>, "epoch":E}
//     Rows after number N, at most 500; waits at most M ms (up to 60,000) for
//     one. A reader passes the epoch it got with N: after a reset the numbers
//     start at 1 again in a new epoch, and N is then taken as 0.
//
// An unknown field is refused with 400 and {"error": "…"}.

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "sandbox/opcon/json_input.h"
#include "sandbox/opcon/master_tables.h"
#include "sandbox/opcon/opcon_model.h"

namespace opcon_snow::sandbox::opcon {

// The body of POST /_sandbox/jobs; `model` only tells the ids of schedules.
absl::StatusOr<JobDefinition> ParseJobDefinition(const nlohmann::json& body,
                                                 const OpConModel& model);

// The body of …/fail (`failed`) or …/finish.
absl::StatusOr<JobEnd> ParseJobEnd(const nlohmann::json& body, bool failed);

// The body of POST /_sandbox/schedules.
absl::StatusOr<MasterSchedule> ParseMasterSchedule(const nlohmann::json& body,
                                                   const OpConModel& model);

// The body of POST /_sandbox/clock: how far to move on. INVALID_ARGUMENT.
absl::StatusOr<absl::Duration> ParseClockStep(const nlohmann::json& body,
                                              absl::Duration until_midnight);

// --- Parts of those bodies --------------------------------------------------

// A whole number of `lowest` to `highest`, or `otherwise` if it is absent.
absl::StatusOr<int> ReadInt(const JsonFields& fields, absl::string_view name,
                            int otherwise, int lowest, int highest);

// "log" and "log_size"; nullopt if there is neither.
absl::StatusOr<std::optional<LogContent>> ReadLog(const JsonFields& fields);

// "job_type", else Windows.
absl::StatusOr<JobType> ReadJobType(const JsonFields& fields);

// "start_after_ms" and "runs".
absl::StatusOr<JobPlan> ReadPlan(const JsonFields& fields);

// The id that a schedule of this name has in the daily or the master tables,
// else the next free one.
int ScheduleIdFor(const OpConModel& model, const std::string& name);

}  // namespace opcon_snow::sandbox::opcon

#endif  // OPCON_SNOW_SANDBOX_OPCON_CONTROL_API_H_
