#ifndef OPCON_SNOW_OPCON_GATEWAY_SAMPLE_JOB_H_
#define OPCON_SNOW_OPCON_GATEWAY_SAMPLE_JOB_H_

// A failed daily job as OpCon's API writes it. Tests only.

#include "nlohmann/json.hpp"

namespace opcon_snow::opcon {

// Id 20260105|16|1|JOB001, uid 4711, number 49895, ran on GENP001.
inline nlohmann::json SampleJob() {
  return nlohmann::json::parse(R"json({
    "id": "20260105|16|1|JOB001",
    "uid": 4711,
    "schedule": {
      "id": "20260105|16|1", "uid": 99,
      "date": "2026-01-05T00:00:00.0000000", "masterId": 16, "instance": 1,
      "name": "Payroll", "path": null,
      "status": {"id": 0, "description": "In Process", "category": "x",
                 "containsFailedJobs": true},
      "definedStartTime": "00:00:00", "computedStartTime": {},
      "endTime": null, "duration": 0, "workWeek": 0
    },
    "name": "JOB001",
    "frequency": {"name": "AllDays"},
    "priority": 0,
    "jobType": {"id": 3, "description": "Windows"},
    "department": {"id": 0, "name": "<General>"},
    "accessCode": {"id": 0, "name": "Ops"},
    "startMachine": {"id": 1, "name": "GENP001"},
    "primaryMachine": {"id": 2, "name": "GENP002"},
    "alternateMachine": null,
    "status": {"id": 910, "startStatus": 0,
               "description": "Failed; Processing Events",
               "category": "Failed", "changeReason": null},
    "terminationDescription": "0000000005",
    "computedStartTime": {"time": "2026-01-05T03:00:01.0000000-06:00",
                          "isEstimated": false, "programmedFor": null},
    "computedEndTime": {"time": "2026-01-05T03:00:07.5000000-06:00",
                        "isEstimated": false},
    "computedDuration": {"duration": 6, "isEstimated": false},
    "jobNumber": 49895,
    "incidentTicketId": "INC0010025",
    "incidentTicketURL": "https://example.service-now.com/x",
    "jorsRequestParameters": null,
    "steps": [],
    "documentation": {"id": 7, "job": "Call Joe", "frequency": "Daily"},
    "events": [],
    "feedback": {"jobStatusDescription": ["Failed"]},
    "tags": ["ROUTE2-x", "nightly"],
    "properties": [{"key": "color", "value": "red"},
                   {"key": "empty", "value": null}],
    "isRecurrent": false,
    "detailMessages": ["Exit code 5"],
    "uniqueJobId": "u-1",
    "aFieldOfTheFuture": {"x": [1, 2, 3]}
  })json");
}

}  // namespace opcon_snow::opcon

#endif  // OPCON_SNOW_OPCON_GATEWAY_SAMPLE_JOB_H_
