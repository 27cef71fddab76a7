// What OpCon says about one daily job, and what may be done with it. Knows
// nothing of ServiceNow: no Glide object is used here.
var OpConJob = Class.create();
OpConJob.prototype = {

    // `json`: a job as GET /api/dailyjobs/{id} answers it. `tickets`: the rows
    // of its incidentTickets, or null where that API has none.
    initialize: function(json, tickets) {
        this.id = String(json.id || '');
        this.uid = json.uid === null || json.uid === undefined ? '' : String(json.uid);
        var status = json.status || {};
        this.status = String(status.description || 'unknown');
        this.category = String(status.category || '').toLowerCase();
        this.number = String(json.jobNumber || 0);
        var end = json.computedEndTime || {};
        // As OpCon writes it; empty while the job has not ended.
        this.ended = end.isEstimated ? '' : String(end.time || '');
        this.end = OpConJob.milliseconds(this.ended);
        this.tickets = tickets !== null ? tickets :
            json.incidentTicketId ? [{ticketId: json.incidentTicketId}] : [];
    },

    // Tells one run of the job from the next. OpCon may or may not change the
    // number when a job is restarted; the end time always changes.
    run: function() {
        return this.number + '@' + (isNaN(this.end) ? this.ended : this.end);
    },

    // While events are processed OpCon refuses marks, restarts and cancels.
    isProcessingEvents: function() {
        return /;\s*processing events$/i.test(this.status);
    },

    // 'ours', 'other' or 'none'. The field holds the number, the sys_id, or
    // "number/sys_id"; people edit it.
    ticketIs: function(number, sysId) {
        var other = false;
        for (var i = 0; i < this.tickets.length; i++) {
            var parts = String(this.tickets[i].ticketId || '').split('/');
            for (var p = 0; p < parts.length; p++) {
                var part = parts[p].replace(/^\s+|\s+$/g, '');
                if (part === number || part.toLowerCase() === sysId) {
                    return 'ours';
                }
                other = other || part !== '';
            }
        }
        return other ? 'other' : 'none';
    },

    otherTickets: function() {
        var ids = [];
        for (var i = 0; i < this.tickets.length; i++) {
            ids.push(String(this.tickets[i].ticketId));
        }
        return ids.join(', ');
    },

    // {say: 'send'}, {say: 'wait'}, {say: 'done'} or {say: 'needless'}, with
    // `why`. Stricter than OpCon: only what the ticket is about is touched, not
    // a job that somebody has started again, released or finished meanwhile.
    decide: function(action) {
        var rule = OpConJob.RULES[action];
        if (rule.target !== '' && this.category === rule.target) {
            return {say: 'done', why: 'the job is ' + this.status};
        }
        if (rule.from.indexOf(this.category) < 0) {
            return {say: 'needless', why: 'the job is ' + this.status};
        }
        if (this.isProcessingEvents()) {
            return {say: 'wait', why: 'OpCon processes the events of the job'};
        }
        return {say: 'send', why: ''};
    },

    // Whether an action that was sent to this run has had its effect.
    shows: function(action, run) {
        var rule = OpConJob.RULES[action];
        return rule.target !== '' ? this.category === rule.target :
            this.run() !== run || rule.from.indexOf(this.category) < 0;
    },

    type: 'OpConJob'
};

// From which categories an action is sent, the category that shows that it was
// carried out, and whether it may happen only once per run.
OpConJob.RULES = {
    markUnderReview: {from: ['failed'], target: 'under review', once: false},
    markFixed: {from: ['failed', 'under review'], target: 'fixed', once: false},
    restart: {from: ['failed', 'under review'], target: '', once: true},
    cancel: {
        from: ['failed', 'under review', 'missed start time'],
        target: 'cancelled', once: true
    }
};

// "2026-01-05T03:00:07.0000000-06:00" in milliseconds; NaN if it is no time or
// has no offset, because then nobody knows which moment is meant.
OpConJob.milliseconds = function(text) {
    var parts = new RegExp('^(\\d{4})-(\\d\\d)-(\\d\\d)T(\\d\\d):(\\d\\d):(\\d\\d)' +
        '(?:\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$').exec(String(text));
    if (parts === null) {
        return NaN;
    }
    var time = Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]),
        Number(parts[4]), Number(parts[5]), Number(parts[6]));
    if (parts[7] === 'Z') {
        return time;
    }
    var offset = Number(parts[7].slice(1, 3)) * 60 + Number(parts[7].slice(4));
    return time - (parts[7].charAt(0) === '-' ? -offset : offset) * 60000;
};

// "opcon.example.com:9010,20260105|16|1|JOB001" taken apart, or
// "opcon.example.com:9010,#4711" of a job whose id was too long; null: neither.
OpConJob.parseCorrelation = function(text) {
    var comma = String(text || '').indexOf(',');
    if (comma < 1) {
        return null;
    }
    var address = text.slice(0, comma).replace(/^\s+|\s+$/g, '');
    var job = text.slice(comma + 1);
    if (/^#\d+$/.test(job)) {
        return {address: address, uid: job.slice(1), id: ''};
    }
    if (/^\d{8}\|\d+\|\d+\|[^|]+$/.test(job)) {
        return {address: address, uid: '', id: job};
    }
    return null;
};

// As a segment of a path: OpCon wants a slash encoded twice.
OpConJob.segment = function(text) {
    return encodeURIComponent(text).replace(/%2F/g, '%252F');
};
