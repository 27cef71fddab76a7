import { RestMessage } from '@servicenow/sdk/core'

// The script includes fill ${address} and ${token} from the table of OpCon
// systems, and give bodies made by JSON.stringify. The scheme is written here,
// so that no record can make it http.

RestMessage({
    $id: Now.ID['updateJobStatusById'],
    name: 'updateJobStatusById',
    description:
        'Marks, restarts or cancels a daily job. Use x_opcon_snow.OpConApi, which fills the variables and the body.',
    endpoint: 'https://${address}/api/jobactions',
    access: 'public',
    headers: [
        { $id: Now.ID['updateJobStatusById-type'], name: 'Content-Type', value: 'application/json' },
        { $id: Now.ID['updateJobStatusById-accept'], name: 'Accept', value: 'application/json' },
        { $id: Now.ID['updateJobStatusById-token'], name: 'Authorization', value: 'Token ${token}' },
    ],
    functions: [
        {
            name: 'post',
            httpMethod: 'POST',
            variables: [
                { $id: Now.ID['updateJobStatusById-post-address'], name: 'address' },
                { $id: Now.ID['updateJobStatusById-post-token'], name: 'token' },
            ],
        },
        {
            name: 'result',
            httpMethod: 'GET',
            endpoint: 'https://${address}/api/jobactions/${id}',
            variables: [
                { $id: Now.ID['updateJobStatusById-result-address'], name: 'address' },
                { $id: Now.ID['updateJobStatusById-result-token'], name: 'token' },
                { $id: Now.ID['updateJobStatusById-result-id'], name: 'id' },
            ],
        },
    ],
})

RestMessage({
    $id: Now.ID['buildSchedule'],
    name: 'buildSchedule',
    description:
        'Builds a schedule into the daily tables. Use x_opcon_snow.OpConApi, which fills the variables and the body.',
    endpoint: 'https://${address}/api/schedulebuilds',
    access: 'public',
    headers: [
        { $id: Now.ID['buildSchedule-type'], name: 'Content-Type', value: 'application/json' },
        { $id: Now.ID['buildSchedule-accept'], name: 'Accept', value: 'application/json' },
        { $id: Now.ID['buildSchedule-token'], name: 'Authorization', value: 'Token ${token}' },
    ],
    functions: [
        {
            name: 'post',
            httpMethod: 'POST',
            variables: [
                { $id: Now.ID['buildSchedule-post-address'], name: 'address' },
                { $id: Now.ID['buildSchedule-post-token'], name: 'token' },
            ],
        },
    ],
})

RestMessage({
    $id: Now.ID['getDailyScheduleByNameAndDate'],
    name: 'getDailyScheduleByNameAndDate',
    description: 'Finds daily schedules. Use x_opcon_snow.OpConApi, which fills the variables.',
    endpoint: 'https://${address}/api/dailyschedules',
    access: 'public',
    headers: [
        { $id: Now.ID['getDailySchedule-accept'], name: 'Accept', value: 'application/json' },
        { $id: Now.ID['getDailySchedule-token'], name: 'Authorization', value: 'Token ${token}' },
    ],
    functions: [
        {
            name: 'get',
            httpMethod: 'GET',
            endpoint: 'https://${address}/api/dailyschedules?name=${name}&dates=${date}',
            variables: [
                { $id: Now.ID['getDailySchedule-get-address'], name: 'address' },
                { $id: Now.ID['getDailySchedule-get-token'], name: 'token' },
                { $id: Now.ID['getDailySchedule-get-name'], name: 'name' },
                { $id: Now.ID['getDailySchedule-get-date'], name: 'date' },
            ],
        },
    ],
})

RestMessage({
    $id: Now.ID['addJobToScheduleInDaily'],
    name: 'addJobToScheduleInDaily',
    description:
        'Adds a job to a daily schedule. Use x_opcon_snow.OpConApi, which fills the variables and the body.',
    endpoint: 'https://${address}/api/scheduleactions',
    access: 'public',
    headers: [
        { $id: Now.ID['addJob-type'], name: 'Content-Type', value: 'application/json' },
        { $id: Now.ID['addJob-accept'], name: 'Accept', value: 'application/json' },
        { $id: Now.ID['addJob-token'], name: 'Authorization', value: 'Token ${token}' },
    ],
    functions: [
        {
            name: 'post',
            httpMethod: 'POST',
            variables: [
                { $id: Now.ID['addJob-post-address'], name: 'address' },
                { $id: Now.ID['addJob-post-token'], name: 'token' },
            ],
        },
    ],
})

RestMessage({
    $id: Now.ID['getApiVersion'],
    name: 'getApiVersion',
    description: 'The version of the OpCon REST API. Use x_opcon_snow.OpConApi, which fills the variables.',
    endpoint: 'https://${address}/api/version',
    access: 'public',
    headers: [{ $id: Now.ID['getApiVersion-accept'], name: 'Accept', value: 'application/json' }],
    functions: [
        {
            name: 'get',
            httpMethod: 'GET',
            variables: [{ $id: Now.ID['getApiVersion-get-address'], name: 'address' }],
        },
    ],
})

// What the rules look at before they do anything.
RestMessage({
    $id: Now.ID['getDailyJob'],
    name: 'getDailyJob',
    description: 'Reads a daily job, and the tickets that it names. Used by the business rules.',
    endpoint: 'https://${address}/api/dailyjobs',
    access: 'packagePrivate',
    headers: [
        { $id: Now.ID['getDailyJob-accept'], name: 'Accept', value: 'application/json' },
        { $id: Now.ID['getDailyJob-token'], name: 'Authorization', value: 'Token ${token}' },
    ],
    functions: [
        {
            name: 'byId',
            httpMethod: 'GET',
            endpoint: 'https://${address}/api/dailyjobs/${id}',
            variables: [
                { $id: Now.ID['getDailyJob-byId-address'], name: 'address' },
                { $id: Now.ID['getDailyJob-byId-token'], name: 'token' },
                { $id: Now.ID['getDailyJob-byId-id'], name: 'id' },
            ],
        },
        {
            name: 'byUid',
            httpMethod: 'GET',
            endpoint: 'https://${address}/api/dailyjobs?Uids=${uid}',
            variables: [
                { $id: Now.ID['getDailyJob-byUid-address'], name: 'address' },
                { $id: Now.ID['getDailyJob-byUid-token'], name: 'token' },
                { $id: Now.ID['getDailyJob-byUid-uid'], name: 'uid' },
            ],
        },
        {
            name: 'tickets',
            httpMethod: 'GET',
            endpoint: 'https://${address}/api/dailyjobs/${uid}/incidentTickets',
            variables: [
                { $id: Now.ID['getDailyJob-tickets-address'], name: 'address' },
                { $id: Now.ID['getDailyJob-tickets-token'], name: 'token' },
                { $id: Now.ID['getDailyJob-tickets-uid'], name: 'uid' },
            ],
        },
    ],
})
