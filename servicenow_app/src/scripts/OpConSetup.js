// What is wrong with the setup of this application: told by the scheduled job,
// in the log and in the table of problems, and looked at before each action.
var OpConSetup = Class.create();
OpConSetup.prototype = {

    initialize: function() {},

    // "" or why no rule may act at all: two applications would each tell OpCon.
    otherApplication: function() {
        var rule = new GlideRecord('sys_script');
        rule.addQuery('active', true);
        rule.addQuery('collection', 'incident');
        rule.addQuery('sys_scope', '!=', OpConSetup.SCOPE_ID);
        rule.addQuery('name', 'IN', OpConSetup.RULES.concat(OpConSetup.FORMER_RULES).join(','))
            .addOrCondition('script', 'CONTAINS', OpConSetup.FORMER_MESSAGE);
        rule.orderBy('name');
        rule.query();
        var names = [];
        while (rule.next()) {
            names.push(rule.getValue('name'));
        }
        return names.length === 0 ? '' :
            'Business rules of another OpCon application are active on incident (' +
            names.join(', ') + '). Both would tell OpCon about each ticket, so this ' +
            'application does nothing until they are inactive. Deactivate them there, or ' +
            'deactivate the rules of this application.';
    },

    // "" or why neither of the two rules for resolved tickets acts.
    bothForResolved: function() {
        var rule = new GlideRecord('sys_script');
        rule.addQuery('active', true);
        rule.addQuery('sys_scope', OpConSetup.SCOPE_ID);
        rule.addQuery('name', 'IN', 'OpConTicketResolved,OpConTicketRelease');
        rule.query();
        return rule.getRowCount() < 2 ? '' :
            'The business rules OpConTicketResolved (marks the job Fixed) and ' +
            'OpConTicketRelease (restarts it) are both active. They exclude each other, so ' +
            'neither acts. Deactivate one of them.';
    },

    // "" or why this action must not be asked for.
    obstacleTo: function(action) {
        var obstacle = this.otherApplication();
        if (obstacle === '' && (action === 'markFixed' || action === 'restart')) {
            obstacle = this.bothForResolved();
        }
        return obstacle;
    },

    integrationUsers: function() {
        return gs.getProperty('x_opcon_snow.integration_users', '').toLowerCase().split(',')
            .map(function(name) { return name.replace(/^\s+|\s+$/g, ''); })
            .filter(function(name) { return name !== ''; });
    },

    // All that can be found, as {code, problem}; asks each OpCon system.
    problems: function() {
        var found = [];
        this._add(found, 'other_application', this.otherApplication());
        this._add(found, 'both_release_rules', this.bothForResolved());
        this._add(found, 'integration_user', this._integrationUserProblem());
        this._systems(found);
        return found;
    },

    // Replaces the table of problems by what is found now, and logs it.
    check: function() {
        var found = this.problems();
        var old = new GlideRecord(OpConSetup.TABLE);
        old.query();
        while (old.next()) {
            old.deleteRecord();
        }
        for (var i = 0; i < found.length; i++) {
            var row = new GlideRecord(OpConSetup.TABLE);
            row.initialize();
            row.setValue('code', found[i].code);
            row.setValue('problem', found[i].problem);
            row.insert();
            gs.error('OpCon setup: ' + found[i].problem);
        }
        return found;
    },

    _add: function(found, code, problem) {
        if (problem !== '') {
            found.push({code: code, problem: problem});
        }
    },

    _integrationUserProblem: function() {
        var names = this.integrationUsers();
        if (names.length === 0) {
            return 'The property x_opcon_snow.integration_users is empty: changes that the ' +
                'OpCon integration makes in tickets would be sent back to OpCon. Enter its ' +
                'user name.';
        }
        var user = new GlideRecord('sys_user');
        user.addQuery('user_name', 'IN', names.join(','));
        user.query();
        return user.hasNext() ? '' :
            'No user of this instance has a name of the property ' +
            'x_opcon_snow.integration_users (' + names.join(', ') + '). Enter the user with ' +
            'which the OpCon integration changes incidents.';
    },

    _systems: function(found) {
        var row = new GlideRecord(OpConSystem.TABLE);
        row.addQuery('active', true);
        row.query();
        if (row.getRowCount() === 0) {
            this._add(found, 'no_system', 'There is no active OpCon system, so no ticket ' +
                'reaches OpCon. Add one: OpCon > OpCon systems > New.');
        }
        while (row.next()) {
            this._add(found, 'system', this._systemProblem(new OpConSystem(row), row));
        }
    },

    // Asks for something that needs the token: its version OpCon tells everybody.
    _systemProblem: function(system, row) {
        if (system.fault() !== '') {
            return 'OpCon system "' + system.name + '": ' + system.fault() + '.';
        }
        var version = system.send('getApiVersion', 'get', {}, null);
        var answer = version.error !== '' ? version :
            system.send('getDailyScheduleByNameAndDate', 'get',
                {name: 'x', date: '2000-01-01'}, null);
        if (answer.error !== '') {
            return 'OpCon system "' + system.name + '" (' + system.url + '): ' + answer.error +
                OpConSetup.hint(answer);
        }
        row.setValue('api_version', version.body.opConRestApiProductVersion);
        row.setValue('checked_on', new GlideDateTime().getValue());
        row.update();
        return '';
    },

    type: 'OpConSetup'
};

OpConSetup.TABLE = 'x_opcon_snow_problem';

// The sys_id of this application (now.config.json).
OpConSetup.SCOPE_ID = '059794781d9a46391bec896d7f4421ef';

OpConSetup.RULES = ['OpConTicketAccepted', 'OpConTicketResolved', 'OpConTicketRelease',
    'OpConTicketCanceled'];

// What the rules of the OpConAPI application are called, and what they call,
// however they were renamed.
OpConSetup.FORMER_RULES = ['OpConTicketRestart', 'OpConTicketCancelled'];
OpConSetup.FORMER_MESSAGE = 'updateJobStatusByJobId';

// What to do about an answer.
OpConSetup.hint = function(answer) {
    if (answer.status === 401 || answer.status === 403) {
        return '. Enter a valid application token.';
    }
    return answer.status > 0 ? '' : '. Look at the URL, the certificate (System Definition > ' +
        'Certificates, or the trust store of the MID Server) and the firewall.';
};
