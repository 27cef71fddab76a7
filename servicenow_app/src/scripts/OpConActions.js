// From a ticket that moved to the job: keeps what a business rule asks for in
// the table of job actions, carries it out, and tries again what failed.
//
// The intent is stored before OpCon is asked, and the result after it. Marks may
// be repeated, because OpCon looks the same afterwards. Restart and cancel are
// sent once per run: a row of x_opcon_snow_once stands for each.
var OpConActions = Class.create();
OpConActions.prototype = {

    initialize: function() {
        this.setup = new OpConSetup();
    },

    // Called by the business rules. `incident`: as the rule has it.
    request: function(incident, action) {
        var mover = this._mover(incident);
        if (this.setup.integrationUsers().indexOf(mover.toLowerCase()) >= 0) {
            return;
        }
        var obstacle = this.setup.obstacleTo(action);
        if (obstacle !== '') {
            gs.error('OpCon: ' + incident.getValue('number') + ': ' + obstacle);
            // The other rule for resolved tickets would say the same once more.
            if (action !== 'restart') {
                this._note(incident.getUniqueValue(), obstacle);
            }
            return;
        }
        var row = new GlideRecord(OpConActions.TABLE);
        row.initialize();
        row.setValue('incident', incident.getUniqueValue());
        row.setValue('action', action);
        row.setValue('state', 'waiting');
        row.setValue('requested_by', mover);
        row.setValue('requested_on', incident.getValue('sys_updated_on'));
        row.setValue('next_attempt', this._in(OpConActions.LEASE_SECONDS));
        if (row.insert()) {
            this._process(row);
        }
    },

    // An asynchronous rule runs as whoever moved the ticket. Should an instance
    // run it as "system", the ticket still says who changed it last.
    _mover: function(incident) {
        var user = gs.getUserName() || 'system';
        return user === 'system' ? incident.getValue('sys_updated_by') || user : user;
    },

    // Called by the scheduled job: whatever is due. Ends in bounded time, and
    // does not ask a system twice that does not answer.
    retryDue: function() {
        var due = new GlideRecord(OpConActions.TABLE);
        due.addQuery('next_attempt', '<=', new GlideDateTime());
        due.orderBy('next_attempt');
        due.setLimit(200);
        due.query();
        var ids = [];
        while (due.next()) {
            ids.push(due.getUniqueValue());
        }
        var down = {};
        var start = new GlideDateTime().getNumericValue();
        for (var i = 0; i < ids.length; i++) {
            var spent = new GlideDateTime().getNumericValue() - start;
            if (spent > OpConActions.RUN_SECONDS * 1000) {
                return;
            }
            this._retry(ids[i], down);
        }
    },

    _retry: function(id, down) {
        var row = new GlideRecord(OpConActions.TABLE);
        if (!row.get(id) || !row.getValue('next_attempt')) {
            return;
        }
        var system = row.getValue('system');
        if (!system || down[system] === undefined) {
            var outcome = this._process(row);
            if (outcome.down) {
                down[row.getValue('system')] = outcome.message;
            }
            return;
        }
        this._conclude(row, {state: row.getValue('state'), message: down[system]});
    },

    // Removes finished actions that are old. The keys of what happened once stay
    // a year longer than that.
    clean: function() {
        var days = this._number('x_opcon_snow.keep_days', 90, 7, 3650);
        this._removeBefore(OpConActions.TABLE, days, true);
        this._removeBefore(OpConActions.ONCE, days + 366, false);
    },

    _removeBefore: function(table, days, finished) {
        var limit = new GlideDateTime();
        limit.addDaysUTC(-days);
        var old = new GlideRecord(table);
        old.addQuery('sys_updated_on', '<', limit);
        if (finished) {
            old.addNullQuery('next_attempt');
        }
        old.setLimit(10000);
        old.query();
        while (old.next()) {
            old.deleteRecord();
        }
    },

    _process: function(row) {
        row.setValue('attempts', Number(row.getValue('attempts') || 0) + 1);
        // Nobody else takes it meanwhile; if this ends here, the job goes on later.
        row.setValue('next_attempt', this._in(OpConActions.LEASE_SECONDS));
        row.update();
        var outcome;
        try {
            outcome = this._attempt(row);
        } catch (thrown) {
            outcome = {
                state: row.getValue('state'),
                message: 'unexpected: ' + String(thrown.message || thrown)
            };
        }
        this._conclude(row, outcome);
        return outcome;
    },

    // One attempt. The outcome: {state, message, quiet: no reason for a note,
    // again: in how many seconds, down: the system answers nobody}.
    _attempt: function(row) {
        if (row.getValue('state') !== 'waiting') {
            return this._confirm(row);
        }
        var incident = new GlideRecord('incident');
        if (!incident.get(row.getValue('incident'))) {
            return {state: 'needless', message: 'the ticket was deleted'};
        }
        var action = row.getValue('action');
        if (OpConActions.MEANT[action].indexOf(incident.getValue('state')) < 0) {
            return {
                state: 'needless',
                message: 'the ticket is ' + incident.getDisplayValue('state') + ' by now'
            };
        }
        var key = OpConJob.parseCorrelation(incident.getValue('correlation_id'));
        if (key === null) {
            return {
                state: 'refused', message: 'the correlation_id names no job ' +
                    '("host:port,date|schedule|instance|job")'
            };
        }
        var system = OpConSystem.find(key.address);
        if (system === null || system.address.toLowerCase() !== key.address.toLowerCase()) {
            return {
                state: 'refused', message: 'there is not exactly one active OpCon system ' +
                    'with the address ' + key.address + ', which the correlation_id names'
            };
        }
        row.setValue('system', system.sysId);
        var read = system.readJob(key);
        return read.job ? this._judge(row, incident, system, read.job) :
            this._unread(read);
    },

    _unread: function(read) {
        return read.missing ? {state: 'refused', message: read.missing} :
            {state: 'waiting', message: read.problem, down: read.down};
    },

    // Whether the job is still in the state that the ticket is about.
    _judge: function(row, incident, system, job) {
        if (row.getValue('job') !== job.id) {
            // Somebody has corrected the correlation_id meanwhile.
            row.setValue('run', '');
        }
        row.setValue('job', job.id);
        var ticket = job.ticketIs(incident.getValue('number'), incident.getUniqueValue());
        if (ticket === 'other') {
            return {
                state: 'refused', message: 'this is not the current ticket of job ' + job.id +
                    ' in OpCon, which names ' + job.otherTickets()
            };
        }
        var another = this._newRun(row, job);
        if (another !== null) {
            return another;
        }
        row.setValue('run', job.run());
        if (ticket === 'none') {
            // It may not have been written yet.
            return {
                state: 'waiting', quiet: Number(row.getValue('attempts')) < 5,
                message: 'OpCon names no ticket for job ' + job.id + ', this one neither'
            };
        }
        var decision = job.decide(row.getValue('action'));
        if (decision.say === 'wait') {
            return {state: 'waiting', message: decision.why, quiet: true, again: 0};
        }
        return decision.say === 'send' ? this._send(row, incident, system, job) :
            {state: decision.say, message: decision.why};
    },

    // Null, or the outcome if the job is in another run than the one that the
    // ticket was about when it moved. If OpCon could not be asked then, the run
    // must have ended before; clocks may differ.
    _newRun: function(row, job) {
        var known = row.getValue('run') || '';
        if (known === job.run() || (known === '' && Number(row.getValue('attempts')) <= 1)) {
            return null;
        }
        var asked = new GlideDateTime(row.getValue('requested_on')).getNumericValue();
        if (known !== '' || job.end > asked + OpConActions.CLOCK_SECONDS * 1000) {
            return {state: 'needless', message: 'the job has run again since the ticket moved'};
        }
        return job.ended !== '' && isNaN(job.end) && OpConJob.RULES[row.getValue('action')].once ?
            {
                state: 'refused', message: 'OpCon gives the end of the job without a time ' +
                    'zone, so it cannot be told whether it has run again since the ticket moved'
            } : null;
    },

    _send: function(row, incident, system, job) {
        var action = row.getValue('action');
        var once = OpConJob.RULES[action].once;
        if (once && !this._takeOnce(row, system)) {
            return {state: 'needless', message: 'this run was told so before (' + action + ')'};
        }
        row.setValue('state', 'sending');
        row.setValue('sent_on', new GlideDateTime().getValue());
        row.update();
        var answer = system.send('updateJobStatusById', 'post', {}, {
            action: action,
            reason: incident.getValue('number') + ': ' + incident.getDisplayValue('state') +
                ' (' + row.getValue('requested_by') + ')',
            jobs: [{id: job.id}]
        });
        return this._sent(row, system, answer);
    },

    // What is known after the request.
    _sent: function(row, system, answer) {
        if (answer.status >= 400 && answer.status < 500) {
            this._giveBack(row, system);
            var passing = answer.status === 401 || answer.status === 403 ||
                answer.status === 408 || answer.status === 429;
            return {
                state: passing ? 'waiting' : 'refused', message: answer.error, down: passing
            };
        }
        if (answer.error !== '' || !answer.body || Array.isArray(answer.body)) {
            return {
                state: 'unknown', message: answer.error || 'OpCon gave an unknown answer'
            };
        }
        row.setValue('job_action', String(answer.body.id || ''));
        var result = this._resultOf(row, system, answer.body);
        if (result.state !== 'submitted' || !row.getValue('job_action')) {
            return result;
        }
        var later = system.send('updateJobStatusById', 'result',
            {id: encodeURIComponent(row.getValue('job_action'))}, null);
        return later.error === '' && later.body ? this._resultOf(row, system, later.body) :
            result;
    },

    // `body`: a job action of OpCon, which may have been carried out or not.
    _resultOf: function(row, system, body) {
        var item = (body.jobs || [])[0] || {};
        var results = [String(body.result || '').toLowerCase(),
            String(item.result || '').toLowerCase()];
        if (results.indexOf('failed') >= 0 || results.indexOf('error') >= 0) {
            this._giveBack(row, system);
            var why = 'OpCon refused it: ' +
                String(item.message || body.message || 'no reason given').slice(0, 300);
            // Once more: the job may have changed between the look and the request.
            var first = Number(row.getValue('refusals') || 0) === 0;
            row.setValue('refusals', 1);
            return first ? {state: 'waiting', message: why, quiet: true} :
                {state: 'refused', message: why};
        }
        if (results[0] === 'success') {
            return {state: 'done', message: 'OpCon has done it'};
        }
        return {state: 'submitted', message: 'OpCon has accepted it', quiet: true, again: 0};
    },

    // Finds out what became of a request: from OpCon's job action, or from the job.
    _confirm: function(row) {
        var system = OpConSystem.withId(row.getValue('system'));
        if (system === null) {
            return {state: 'failed', message: 'the OpCon system was deleted meanwhile'};
        }
        if (row.getValue('job_action')) {
            var answer = system.send('updateJobStatusById', 'result',
                {id: encodeURIComponent(row.getValue('job_action'))}, null);
            if (answer.error === '' && answer.body && !Array.isArray(answer.body)) {
                var result = this._resultOf(row, system, answer.body);
                return result.state === 'submitted' ? this._unconfirmed(row, result) : result;
            }
            if (answer.status !== 404) {
                return this._unconfirmed(row, {
                    state: row.getValue('state'), message: answer.error, down: true
                });
            }
        }
        return this._confirmByJob(row, system);
    },

    _confirmByJob: function(row, system) {
        var action = row.getValue('action');
        var read = system.readJob({id: row.getValue('job') || '', uid: ''});
        if (read.job && read.job.shows(action, row.getValue('run'))) {
            return {state: 'done', message: 'the job is ' + read.job.status};
        }
        if (read.job && !OpConJob.RULES[action].once) {
            // Repeating a mark changes nothing.
            return {
                state: 'waiting', message: row.getValue('message') || '', quiet: true, again: 0
            };
        }
        return this._unconfirmed(row, {
            state: 'unknown',
            message: read.problem || read.missing || row.getValue('message') || 'no answer',
            down: read.down
        });
    },

    // It stays unknown; after a while a person has to look.
    _unconfirmed: function(row, outcome) {
        var sent = new GlideDateTime(row.getValue('sent_on')).getNumericValue();
        var waited = new GlideDateTime().getNumericValue() - sent;
        if (waited > OpConActions.OUTCOME_SECONDS * 1000) {
            outcome.state = 'unknown';
            outcome.last = true;
        }
        return outcome;
    },

    // Keys of what may happen once per run.
    _onceId: function(row, system) {
        return new GlideDigest().getSHA256Hex([row.getValue('action'), system.sysId,
            row.getValue('job'), row.getValue('run')].join('\n')).slice(0, 32).toLowerCase();
    },

    // False: somebody has it already.
    _takeOnce: function(row, system) {
        var id = this._onceId(row, system);
        var once = new GlideRecord(OpConActions.ONCE);
        if (once.get(id)) {
            return false;
        }
        once.initialize();
        once.setNewGuidValue(id);
        once.setValue('action', row.getValue('action'));
        once.setValue('job', row.getValue('job'));
        once.setValue('run', row.getValue('run'));
        once.setValue('job_action', row.getUniqueValue());
        return Boolean(once.insert());
    },

    // OpCon has certainly not done it.
    _giveBack: function(row, system) {
        var once = new GlideRecord(OpConActions.ONCE);
        if (once.get(this._onceId(row, system)) &&
            once.getValue('job_action') === row.getUniqueValue()) {
            once.deleteRecord();
        }
    },

    _conclude: function(row, outcome) {
        var state = outcome.state;
        var message = outcome.message;
        if (state === 'waiting' && this._isLate(row)) {
            state = 'failed';
            message = 'given up after ' + this._retryHours() + ' hours: ' + message;
        }
        var over = outcome.last === true ||
            ['done', 'needless', 'refused', 'failed'].indexOf(state) >= 0;
        row.setValue('state', state);
        row.setValue('message', message.slice(0, 1000));
        row.setValue('next_attempt', over ? '' : this._in(this._pause(row, outcome)));
        var note = this._noteFor(row, state, message, over, outcome.quiet === true);
        if (note !== '') {
            row.setValue('noted', true);
            gs.error('OpCon: ' + row.getDisplayValue('incident') + ': ' + note);
        }
        row.update();
        if (note !== '') {
            this._note(row.getValue('incident'), note);
        }
    },

    // "" or what people have to read: the first failure, and how it ended.
    _noteFor: function(row, state, message, over, quiet) {
        var noted = row.getValue('noted') === '1';
        var what = OpConActions.TITLES[row.getValue('action')] +
            (row.getValue('job') ? ' of job ' + row.getValue('job') : '');
        if (state === 'done' || state === 'needless') {
            return !noted ? '' : what + ': ' +
                (state === 'done' ? 'done now' : 'not needed any more') + ' (' + message + ').';
        }
        if (state === 'refused' || state === 'failed') {
            return what + ' did not happen: ' + message + '. Do it in OpCon if it is needed.';
        }
        if (state === 'unknown' && over) {
            return what + ': nobody knows whether it happened (' + message + '). It is not ' +
                'sent again; look at the job in OpCon.';
        }
        if (noted || quiet) {
            return '';
        }
        if (state === 'unknown') {
            return what + ': the answer of OpCon was lost (' + message + '). Whether it ' +
                'happened is being found out.';
        }
        return what + ' did not work yet: ' + message + '. It is tried again for ' +
            this._retryHours() + ' hours.';
    },

    _note: function(incidentId, text) {
        var incident = new GlideRecord('incident');
        if (!incident.get(incidentId)) {
            return;
        }
        incident.setValue('work_notes', 'OpCon: ' + text);
        if (!incident.update()) {
            gs.error('OpCon: the work note could not be written to ' +
                incident.getValue('number') + ': ' + text);
        }
    },

    // Longer each time, up to a quarter of an hour.
    _pause: function(row, outcome) {
        if (outcome.again !== undefined) {
            return outcome.again;
        }
        var attempts = Math.min(Number(row.getValue('attempts')), 5);
        return Math.min(60 * Math.pow(2, attempts - 1), 900);
    },

    _isLate: function(row) {
        var asked = new GlideDateTime(row.getValue('requested_on')).getNumericValue();
        return new GlideDateTime().getNumericValue() > asked + this._retryHours() * 3600000;
    },

    _retryHours: function() {
        return this._number('x_opcon_snow.retry_hours', 24, 1, 168);
    },

    _number: function(property, otherwise, least, most) {
        var value = parseInt(gs.getProperty(property, ''), 10);
        return isNaN(value) ? otherwise : Math.max(least, Math.min(most, value));
    },

    _in: function(seconds) {
        var time = new GlideDateTime();
        time.addSeconds(seconds);
        return time.getValue();
    },

    type: 'OpConActions'
};

OpConActions.TABLE = 'x_opcon_snow_action';
OpConActions.ONCE = 'x_opcon_snow_once';

// Longer than any attempt takes.
OpConActions.LEASE_SECONDS = 300;
// How long one run of the scheduled job goes on taking the next action.
OpConActions.RUN_SECONDS = 240;
// After this time a request whose outcome is unknown is left to people.
OpConActions.OUTCOME_SECONDS = 900;
// How far the clocks of OpCon and ServiceNow may be apart.
OpConActions.CLOCK_SECONDS = 120;

// In which states of the ticket an action is still meant: New 1, In Progress 2,
// On Hold 3, Resolved 6, Closed 7, Canceled 8.
OpConActions.MEANT = {
    markUnderReview: ['2', '3'],
    markFixed: ['6', '7'],
    restart: ['6', '7'],
    cancel: ['8']
};

OpConActions.TITLES = {
    markUnderReview: 'Marking "Under Review"',
    markFixed: 'Marking "Fixed"',
    restart: 'Restarting',
    cancel: 'Canceling'
};
