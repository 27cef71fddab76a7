// One row of the table of OpCon systems, and the way to its REST API. Nothing
// but the rows of that table is ever dialled.
var OpConSystem = Class.create();
OpConSystem.prototype = {

    // `record`: GlideRecord of x_opcon_snow_system, standing on the row.
    initialize: function(record) {
        this.sysId = record.getUniqueValue();
        this.name = record.getValue('name') || '';
        this.address = record.getValue('address') || '';
        this.url = record.getValue('url') || '';
        this.token = record.token.nil() ? '' : String(record.token.getDecryptedValue() || '');
        this.midServer = record.getDisplayValue('mid_server') || '';
    },

    // "" or what is wrong with the row.
    fault: function() {
        return OpConSystem.faultOf(this.address, this.url) ||
            (this.token === '' ? 'it has no token' : '');
    },

    // Calls one function of an outbound REST message. `variables` are put into
    // the endpoint as they are: encode them. `body`: an object, or null.
    // Gives {status, body, error}: status 0 if there was no answer; body: the
    // JSON, or null; error: "" or what went wrong, without secrets.
    send: function(message, method, variables, body) {
        var fault = this.fault();
        if (fault !== '') {
            return {status: 0, body: null, error: fault, sent: false};
        }
        var request = new sn_ws.RESTMessageV2('x_opcon_snow.' + message, method);
        request.setStringParameterNoEscape('address', this.url.replace(/^https:\/\//i, ''));
        request.setStringParameterNoEscape('token', this.token);
        for (var name in variables) {
            request.setStringParameterNoEscape(name, variables[name]);
        }
        if (body !== null) {
            // A "$", as in the name JOB$0001, must not look like a variable.
            request.setRequestBody(JSON.stringify(body).replace(/\$/g, '\\u0024'));
        }
        request.setHttpTimeout(OpConSystem.TIMEOUT_SECONDS * 1000);
        try {
            return this._answer(this._execute(request));
        } catch (thrown) {
            // The platform throws what other clients return, e.g. a timeout.
            return {
                status: 0, body: null, sent: true,
                error: String(thrown.message || thrown).slice(0, 300)
            };
        }
    },

    // Through a MID Server the answer comes by the queue, and has to be waited for.
    _execute: function(request) {
        if (this.midServer === '') {
            return request.execute();
        }
        request.setMIDServer(this.midServer);
        var response = request.executeAsync();
        response.waitForResponse(OpConSystem.TIMEOUT_SECONDS);
        return response;
    },

    _answer: function(response) {
        var status = Number(response.getStatusCode()) || 0;
        var text = String(response.getBody() || '');
        var body = null;
        try {
            body = text === '' ? null : JSON.parse(text);
        } catch (notJson) {
            body = null;
        }
        var error = '';
        if (status < 200 || status >= 300) {
            error = OpConSystem.errorIn(body) || String(response.getErrorMessage() || '') ||
                'no answer';
            error = (status > 0 ? 'HTTP ' + status + ': ' : '') + error.slice(0, 300);
        } else if (body === null && status !== 204) {
            error = 'HTTP ' + status + ' with a body that is not JSON';
        }
        return {status: status, body: body, error: error, sent: true};
    },

    // A daily job with its tickets: {job: OpConJob}, {missing: "why"} or
    // {problem: "why", down: whether other calls would meet the same}.
    // `key`: of OpConJob.parseCorrelation.
    readJob: function(key) {
        var answer = key.uid !== '' ?
            this.send('getDailyJob', 'byUid', {uid: key.uid}, null) :
            this.send('getDailyJob', 'byId', {id: OpConJob.segment(key.id)}, null);
        if (answer.status === 404) {
            return {missing: 'OpCon has no such job in its daily tables'};
        }
        if (answer.error !== '') {
            return this._problem(answer);
        }
        var json = this._one(answer.body, key);
        if (json === null) {
            return {missing: 'OpCon has no such job in its daily tables'};
        }
        var tickets = this.send('getDailyJob', 'tickets', {uid: String(json.uid)}, null);
        if (tickets.status === 404 || tickets.status === 405) {
            return {job: new OpConJob(json, null)};
        }
        if (tickets.error !== '' || !Array.isArray(tickets.body)) {
            return this._problem(tickets);
        }
        return {job: new OpConJob(json, tickets.body)};
    },

    // Filters of OpCon find more than was asked for.
    _one: function(body, key) {
        var all = Array.isArray(body) ? body : [body];
        for (var i = 0; i < all.length; i++) {
            if (all[i] && (key.uid !== '' ? String(all[i].uid) === key.uid :
                String(all[i].id) === key.id)) {
                return all[i];
            }
        }
        return null;
    },

    _problem: function(answer) {
        return {
            problem: 'OpCon system "' + this.name + '" (' + this.url + '): ' +
                (answer.error || 'an answer that is not a list of tickets'),
            down: answer.status < 400 || answer.status === 401 || answer.status === 403 ||
                answer.status === 429 || answer.status >= 500
        };
    },

    type: 'OpConSystem'
};

OpConSystem.TABLE = 'x_opcon_snow_system';
OpConSystem.TIMEOUT_SECONDS = 20;

// The message in one of the forms in which OpCon gives errors.
OpConSystem.errorIn = function(body) {
    var first = Array.isArray(body) ? body[0] : body;
    return first ? String(first.message || first.detail || first.title || '') : '';
};

// "" or why a row cannot be used.
OpConSystem.faultOf = function(address, url) {
    if (!/^[A-Za-z0-9._\-\[\]:]+$/.test(address)) {
        return 'the address must be host or host:port, as tickets have it before the comma';
    }
    if (!/^https:\/\/[A-Za-z0-9._\-\[\]:]+(\/[A-Za-z0-9._~\-]+)*$/i.test(url)) {
        return 'the URL must be https://host or https://host:port, without user, query and ' +
            'the /api at its end';
    }
    return /\/api$/i.test(url) ? 'the URL must not end with /api' : '';
};

// The active system with this address (as tickets have it) or name, or null.
// Never one of several: then nobody knows which is meant.
OpConSystem.find = function(addressOrName) {
    var columns = ['address', 'name'];
    for (var i = 0; i < columns.length; i++) {
        var row = new GlideRecord(OpConSystem.TABLE);
        row.addQuery(columns[i], addressOrName);
        row.addQuery('active', true);
        row.setLimit(2);
        row.query();
        if (row.getRowCount() === 1 && row.next()) {
            return new OpConSystem(row);
        }
    }
    return null;
};

OpConSystem.withId = function(sysId) {
    var row = new GlideRecord(OpConSystem.TABLE);
    return sysId && row.get(sysId) ? new OpConSystem(row) : null;
};
