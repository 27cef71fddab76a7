// Run by scripts_test.py in Rhino, the engine of the platform: every script of the
// update set compiles as ES5, the rules ask for the right action, and what needs
// no instance works. The arguments are the directory with the scripts, one file
// each, and a list of the business rules.

var directory = String(arguments[0]);
var names = String(arguments[1]).split(',');
var failures = 0;

function check(what, actual, expected) {
    var seen = JSON.stringify(actual);
    var wanted = JSON.stringify(expected);
    if (seen !== wanted) {
        failures++;
        print(what + ': ' + seen + ', not ' + wanted);
    }
}

var Class = {
    create: function() {
        return function() { this.initialize.apply(this, arguments); };
    }
};
var user = 'abel.tuter';
var gs = {
    getProperty: function(name, otherwise) {
        return name === 'x_opcon_snow.integration_users' ? 'opcon.integration' : otherwise;
    },
    getUserName: function() { return user; }
};

names.forEach(function(name) {
    try {
        // Compiles it, and does not run it.
        new Function(readFile(directory + '/' + name));
    } catch (error) {
        failures++;
        print(name + ': ' + error);
    }
});

['OpConJob', 'OpConSystem', 'OpConApi', 'OpConSetup', 'OpConActions'].forEach(function(name) {
    load(directory + '/' + name);
    check(name, typeof this[name], 'function');
    check(name + ' knows its name', this[name].prototype.type, name);
}, this);

// --- Whose changes count ---

var lookedAt;
function isConsidered(name, updatedBy) {
    user = name;
    lookedAt = false;
    var actions = new OpConActions();
    actions.setup.obstacleTo = function() {
        lookedAt = true;
        throw new Error('far enough');
    };
    try {
        actions.request({getValue: function() { return updatedBy; }}, 'markFixed');
    } catch (farEnough) {
        // It is written down in lookedAt.
    }
    return lookedAt;
}
[
    ['abel.tuter', 'abel.tuter', true], ['OpCon.Integration', 'opcon.integration', false],
    // The next change was faster than the rule.
    ['abel.tuter', 'opcon.integration', true], ['opcon.integration', 'abel.tuter', false],
    // An instance that does not say in a rule whose change it was.
    ['system', 'opcon.integration', false], ['', 'opcon.integration', false],
    ['system', 'abel.tuter', true], ['system', 'system', true]
].forEach(function(row) {
    check('user ' + row[0] + ', ' + row[1], isConsidered(row[0], row[1]), row[2]);
});

// --- The business rules ---

var asked = [];
OpConActions.prototype.initialize = function() {};
OpConActions.prototype.request = function(incident, action) { asked.push(incident + ' ' + action); };
['OpConTicketAccepted', 'OpConTicketResolved', 'OpConTicketRelease', 'OpConTicketCanceled']
    .forEach(function(name) {
        new Function('current', 'previous', readFile(directory + '/' + name))('ticket', null);
    });
check('rules', asked, ['ticket markUnderReview', 'ticket markFixed', 'ticket restart',
    'ticket cancel']);

// --- What OpCon says about a job ---

function job(description, category, end) {
    return new OpConJob({
        id: '20260105|16|1|JOB001', uid: 4711, jobNumber: 7,
        status: {description: description, category: category},
        computedEndTime: {time: end || '2026-01-05T03:00:07.0000000-06:00'}
    }, []);
}

function says(description, category) {
    return ['markUnderReview', 'markFixed', 'restart', 'cancel'].map(function(action) {
        return job(description, category).decide(action).say;
    });
}

[
    ['Failed', 'Failed', ['send', 'send', 'send', 'send']],
    ['Initialization Error', 'Failed', ['send', 'send', 'send', 'send']],
    ['Failed; Processing Events', 'Failed', ['wait', 'wait', 'wait', 'wait']],
    ['Under Review', 'under review', ['done', 'send', 'send', 'send']],
    ['Under Review; Processing Events', 'Under Review', ['done', 'wait', 'wait', 'wait']],
    ['Fixed', 'Fixed', ['needless', 'done', 'needless', 'needless']],
    ['Cancelled', 'Cancelled', ['needless', 'needless', 'needless', 'done']],
    ['Missed Start Time', 'Missed Start Time', ['needless', 'needless', 'needless', 'send']],
    ['Finished OK', 'Finished Ok', ['needless', 'needless', 'needless', 'needless']],
    ['Job Running', 'Running', ['needless', 'needless', 'needless', 'needless']],
    ['On Hold', 'Held', ['needless', 'needless', 'needless', 'needless']],
    ['Wait to Start', 'Waiting', ['needless', 'needless', 'needless', 'needless']],
    ['Skipped', 'Skipped', ['needless', 'needless', 'needless', 'needless']],
    ['Something new', '', ['needless', 'needless', 'needless', 'needless']]
].forEach(function(row) { check(row[0], says(row[0], row[1]), row[2]); });

var failed = job('Failed', 'Failed');
check('run', failed.run(), '7@1767603607000');
check('run without a time', new OpConJob({}, []).run(), '0@');
check('run without a time zone', job('Failed', 'Failed', '2026-01-05T03:00:07').run(),
    '7@2026-01-05T03:00:07');
check('run that has not ended', new OpConJob({
    jobNumber: 8, computedEndTime: {time: '2026-01-05T03:00:07Z', isEstimated: true}
}, []).run(), '8@');
check('restart is not to be seen yet', failed.shows('restart', failed.run()), false);
check('restart: another run', failed.shows('restart', '7@1'), true);
check('restart: it runs', job('Job Running', 'Running').shows('restart', failed.run()), true);
check('mark', job('Fixed', 'Fixed').shows('markFixed', failed.run()), true);
check('mark not yet', failed.shows('markFixed', failed.run()), false);

[
    ['2026-01-05T03:00:07Z', 1767582007000],
    ['2026-01-05T03:00:07.7480000+05:30', 1767562207000],
    ['2026-01-05T03:00:07.0000000-06:00', 1767603607000],
    ['2026-01-05T03:00:07', null], ['', null], [null, null], ['yesterday', null]
].forEach(function(row) {
    var time = OpConJob.milliseconds(row[0]);
    check('time ' + row[0], isNaN(time) ? null : time, row[1]);
});

function tickets(list, number, sysId) {
    return new OpConJob({}, list.map(function(id) { return {ticketId: id}; }))
        .ticketIs(number, sysId);
}
var SYS_ID = '0123456789abcdef0123456789abcdef';
[
    [[], 'none'], [['', null], 'none'], [['INC1'], 'ours'], [[' INC1 '], 'ours'],
    [['INC1/' + SYS_ID], 'ours'], [[SYS_ID.toUpperCase()], 'ours'],
    [['INC2/' + SYS_ID], 'ours'], [['INC10'], 'other'], [['CHG1', 'INC1'], 'ours'],
    [['INC10/' + SYS_ID.replace('0', '1')], 'other']
].forEach(function(row) { check('tickets ' + row[0], tickets(row[0], 'INC1', SYS_ID), row[1]); });
check('the field of the job',
    new OpConJob({incidentTicketId: 'INC1'}, null).ticketIs('INC1', SYS_ID), 'ours');

// --- What a ticket says ---

[
    ['h:9010,20260105|16|1|JOB001', {address: 'h:9010', uid: '', id: '20260105|16|1|JOB001'}],
    [' h , x', null], ['h,#4711', {address: 'h', uid: '4711', id: ''}],
    ['h,#unknown-1', null], ['h,', null], [',20260105|16|1|J', null], ['', null], [null, null],
    ['h,20260105|16|1|', null], ['h,20260105|16|1|a|b', null], ['h,2026|16|1|J', null],
    ['h,20260105|16|1|A B$0001', {address: 'h', uid: '', id: '20260105|16|1|A B$0001'}]
].forEach(function(row) {
    check('correlation_id ' + row[0], OpConJob.parseCorrelation(row[0]), row[1]);
});
check('path', OpConJob.segment('20260105|16|1|a/b c'), '20260105%7C16%7C1%7Ca%252Fb%20c');

// --- Where OpCon may be ---

[
    ['h:9010', 'https://h', true], ['h', 'https://h.example.com:9010', true],
    ['[::1]:9010', 'https://[::1]:9010', true], ['h', 'https://h/opcon', true],
    ['h', 'http://h', false], ['h', 'https://', false], ['h', 'https://u:p@h', false],
    ['h', 'https://h/api', false], ['h', 'https://h?x', false], ['h', 'https://h#x', false],
    ['h', ' https://h', false], ['h', 'https://h\nx', false], ['h,x', 'https://h', false],
    ['', 'https://h', false]
].forEach(function(row) {
    check(row.join(' '), OpConSystem.faultOf(row[0], row[1]) === '', row[2]);
});
check('an error', OpConSystem.errorIn([{message: 'm'}]), 'm');
check('a problem', OpConSystem.errorIn({title: 't', detail: 'd'}), 'd');
check('no error', OpConSystem.errorIn(null), '');

if (failures > 0) {
    print(failures + ' checks failed');
    quit(1);
}
print('Every check passed');
