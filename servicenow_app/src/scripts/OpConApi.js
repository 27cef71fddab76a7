// For other applications: the OpCon REST API of one OpCon system, by its name or
// by its address as tickets have it. Each function calls the outbound REST
// message of the same name and gives
//     {ok: true or false, status: HTTP status or 0, body: JSON or null, error: ""}
// OpCon carries out builds and actions later; the body says under which id.
//
//     var opcon = new x_opcon_snow.OpConApi('Production');
//     var answer = opcon.getApiVersion();
//     gs.info(answer.ok ? answer.body.opConRestApiProductVersion : answer.error);
var OpConApi = Class.create();
OpConApi.prototype = {

    // Throws if no active OpCon system, or more than one, has this name or
    // address.
    initialize: function(nameOrAddress) {
        this._system = OpConSystem.find(String(nameOrAddress));
        if (this._system === null) {
            throw new Error('OpConApi: there is not exactly one active OpCon system "' +
                nameOrAddress + '": see OpCon > OpCon systems');
        }
    },

    // `jobId`: "20260105|16|1|JOB001". `action`: one of OpConApi.ACTIONS.
    updateJobStatusById: function(jobId, action, reason) {
        if (OpConApi.ACTIONS.indexOf(String(action)) < 0) {
            throw new Error('OpConApi: OpCon has no job action "' + action + '"; it has ' +
                OpConApi.ACTIONS.join(', '));
        }
        return this._send('updateJobStatusById', 'post', {}, {
            action: String(action),
            reason: String(reason || ''),
            jobs: [{id: String(jobId)}]
        });
    },

    // `date`: "2026-01-05". `options`: {overwrite, hold, properties: {key: value}}.
    // Unlike OpCon's own default, a schedule that is there already is kept.
    buildSchedule: function(name, date, options) {
        var wanted = options || {};
        var properties = [];
        for (var key in wanted.properties || {}) {
            properties.push({key: key, value: String(wanted.properties[key])});
        }
        return this._send('buildSchedule', 'post', {}, {
            schedules: [{id: null, name: String(name)}],
            dates: [String(date)],
            properties: properties,
            overwrite: wanted.overwrite === true,
            hold: wanted.hold === true
        });
    },

    // The body is a list: schedules with exactly this name, on this day.
    getDailyScheduleByNameAndDate: function(name, date) {
        var wanted = String(name);
        // OpCon takes brackets for patterns, and finds more than it is asked for.
        var answer = this._send('getDailyScheduleByNameAndDate', 'get', {
            name: encodeURIComponent(wanted.replace(/[\[\]]/g, '?')),
            date: encodeURIComponent(String(date))
        }, null);
        if (answer.ok && Array.isArray(answer.body)) {
            answer.body = answer.body.filter(function(schedule) {
                return schedule.name === wanted;
            });
        }
        return answer;
    },

    // `scheduleId`: "20260105|125|1". `properties`: {name: value}.
    addJobToScheduleInDaily: function(scheduleId, job, frequency, properties) {
        var list = [];
        for (var key in properties || {}) {
            list.push({name: key, value: String(properties[key])});
        }
        return this._send('addJobToScheduleInDaily', 'post', {}, {
            action: 'addJobs',
            scheduleActionItems: [{
                id: String(scheduleId),
                jobs: [{
                    id: String(job), frequency: String(frequency), instanceProperties: list
                }]
            }]
        });
    },

    getApiVersion: function() {
        return this._send('getApiVersion', 'get', {}, null);
    },

    _send: function(message, method, variables, body) {
        var answer = this._system.send(message, method, variables, body);
        return {
            ok: answer.error === '', status: answer.status, body: answer.body,
            error: answer.error
        };
    },

    type: 'OpConApi'
};

OpConApi.ACTIONS = ['hold', 'cancel', 'skip', 'kill', 'release', 'start', 'restart',
    'restartOnHold', 'forceRestart', 'markFinishedOk', 'markFailed', 'markUnderReview',
    'markFixed'];
