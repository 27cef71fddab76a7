// gs (GlideSystem), and small objects beside it.

// By sys_id; the user of the run if there is none.
function GlideUser(id) {
  hidden(this, '_user', call('user', {id: id || run.user.sys_id}) || {});
}

methods(GlideUser.prototype, {
  getID: function() { return this._user.sys_id || ''; },
  getName: function() { return this._user.user_name || ''; },
  getUserName: function() { return this._user.user_name || ''; },
  getFullName: function() { return this._user.name || ''; },
  getDisplayName: function() { return this._user.name || ''; },
  getFirstName: function() { return this._user.first_name || ''; },
  getLastName: function() { return this._user.last_name || ''; },
  getEmail: function() { return this._user.email || ''; },
  getRoles: function() { return (this._user.roles || '').split(','); },
  hasRole: function(role) {
    return call('hasRole', {id: this.getID(), role: textOf(role)});
  },
  hasRoles: function() { return (this._user.roles || '') !== ''; },
  isMemberOf: function(group) {
    var members = new GlideRecord('sys_user_grmember');
    members.addQuery('user', this.getID());
    members.addQuery('group', textOf(group))
        .addOrCondition('group.name', textOf(group));
    members.setLimit(1);
    members.query();
    return members.hasNext();
  },
  toString: function() { return this.getName(); }
});

function GlideSession() { hidden(this, '_data', {}); }

methods(GlideSession.prototype, {
  getUser: function() { return gs.getUser(); },
  getUserID: function() { return gs.getUserID(); },
  getUserName: function() { return gs.getUserName(); },
  isInteractive: function() { return false; },
  isLoggedIn: function() { return true; },
  hasRole: function(role) { return gs.hasRole(role); },
  putClientData: function(name, value) { this._data[name] = textOf(value); },
  getClientData: function(name) {
    return Object.prototype.hasOwnProperty.call(this._data, name) ?
        this._data[name] : null;
  },
  getClientIP: function() { return '127.0.0.1'; },
  getTimeZoneName: function() { return 'UTC'; }
});

var session = new GlideSession();

// What a rule wants the person in front of a form to read. No such person is
// there; they stand in the log and in the result of the run.
var messages = {info: [], error: []};

function logger(level) {
  return function(message) {
    log(level, fillPlaces(message, Array.prototype.slice.call(arguments, 1)),
        run.name);
  };
}

// log(message, source), the way it was before scoped applications.
function oldLogger(level) {
  return function(message, source) {
    log(level, message, textOf(source) || run.name);
  };
}

var gs = {
  info: logger(0),
  debug: logger(-1),
  warn: logger(1),
  error: logger(2),
  log: oldLogger(0),
  logWarning: oldLogger(1),
  logError: oldLogger(2),
  print: oldLogger(0),
  isDebugging: function() { return false; },
  addInfoMessage: function(text) { messages.info.push(textOf(text)); },
  addErrorMessage: function(text) { messages.error.push(textOf(text)); },
  getErrorMessages: function() { return messages.error.slice(); },
  getInfoMessages: function() { return messages.info.slice(); },
  flushMessages: function() { messages = {info: [], error: []}; },
  getMessage: function(text, values) {
    return fillPlaces(text, Array.isArray(values) ? values :
        values === undefined ? [] : [values]);
  },
  nil: function(value) { return textOf(value) === ''; },
  getProperty: function(name, otherwise) {
    var value = call('property', {name: textOf(name)});
    return value !== null ? value :
        otherwise === undefined ? null : otherwise;
  },
  setProperty: function(name, value, description) {
    var property = new GlideRecord('sys_properties');
    var there = property.get('name', textOf(name));
    if (!there) {
      property.initialize();
      property.setValue('name', name);
      property.setValue('description', description);
    }
    property.setValue('value', value);
    return there ? property.update() : property.insert();
  },
  getUserID: function() { return run.user.sys_id; },
  getUserName: function() { return run.user.user_name; },
  getUserDisplayName: function() { return gs.getUser().getFullName(); },
  getUser: function() { return new GlideUser(); },
  getUserByID: function(id) { return new GlideUser(id); },
  hasRole: function(roles) {
    return textOf(roles).split(',').some(function(role) {
      return call('hasRole', {id: run.user.sys_id, role: role.trim()});
    });
  },
  hasRoleExactly: function(role) {
    return gs.getUser().getRoles().indexOf(textOf(role)) >= 0;
  },
  getSession: function() { return session; },
  getSessionID: function() { return run.id; },
  getSessionToken: function() { return run.id; },
  isInteractive: function() { return false; },
  isLoggedIn: function() { return true; },
  isMobile: function() { return false; },
  getCallerScopeName: function() { return null; },
  getCurrentScopeName: function() { return run.scope || 'rhino.global'; },
  getCurrentApplicationId: function() { return run.scope || 'global'; },
  nowDateTime: function() { return new GlideDateTime().getDisplayValue(); },
  now: function() { return new GlideDateTime().getDisplayValue().slice(0, 10); },
  nowNoTZ: function() { return new GlideDateTime().getValue(); },
  generateGUID: function() { return call('newId', {}); },
  tableExists: function(name) { return tableOf(textOf(name)) !== null; },
  include: function(name) { return loadInclude(textOf(name)); },
  eventQueue: function(name, record, first, second) {
    var event = new GlideRecord('sysevent');
    event.initialize();
    event.setValue('name', name);
    event.setValue('table', record ? record.getTableName() : '');
    event.setValue('instance', record ? record.getUniqueValue() : '');
    event.setValue('parm1', first);
    event.setValue('parm2', second);
    event.setValue('state', 'ready');
    event.insert();
  },
  base64Encode: function(text) { return call('base64', {encode: textOf(text)}); },
  base64Decode: function(text) { return call('base64', {decode: textOf(text)}); },
  urlEncode: function(text) { return encodeURIComponent(textOf(text)); },
  urlDecode: function(text) { return decodeURIComponent(textOf(text)); },
  dateDiff: function(start, end, numeric) {
    var difference = GlideDateTime.subtract(start, end);
    return numeric ? String(difference.getNumericValue() / 1000) :
        difference.getDurationValue();
  }
};

// gs.daysAgo(3), gs.beginningOfToday() and their kind: what queries know too.
['minutesAgo', 'hoursAgo', 'daysAgo', 'monthsAgo', 'quartersAgo', 'yearsAgo']
    .forEach(function(name) {
      ['', 'Start', 'End'].forEach(function(end) {
        gs[name + end] = function(count) {
          return call('date', {
            expression: 'gs.' + name + end + '(' + Number(count) + ')'
          });
        };
      });
    });
['Today', 'Yesterday', 'Tomorrow', 'ThisWeek', 'LastWeek', 'NextWeek',
  'ThisMonth', 'LastMonth', 'NextMonth', 'ThisQuarter', 'LastQuarter',
  'ThisYear', 'LastYear', 'NextYear'].forEach(function(when) {
  ['beginningOf', 'endOf'].forEach(function(which) {
    gs[which + when] = function() {
      return call('date', {expression: 'gs.' + which + when + '()'});
    };
  });
});
gs.dateGenerate = function(day, time) {
  return call('date', {
    expression: 'gs.dateGenerate(\'' + textOf(day) + '\',\'' + textOf(time) +
        '\')'
  });
};

var GlideProperties = {
  get: function(name, otherwise) { return gs.getProperty(name, otherwise); },
  set: function(name, value) { gs.setProperty(name, value); }
};

var GlideStringUtil = {
  escapeHTML: function(text) { return escapeXml(textOf(text)); },
  escapeQueryTermSeparator: function(text) {
    return textOf(text).replace(/\^/g, '^^');
  },
  base64Encode: gs.base64Encode,
  base64Decode: gs.base64Decode,
  isEligibleSysID: function(text) { return /^[0-9a-f]{32}$/i.test(textOf(text)); },
  notNil: function(value) { return !gs.nil(value); },
  nil: gs.nil
};

function GlideDigest() {}

// MD5 and SHA-1 are not simulated: nothing new should use them.
methods(GlideDigest.prototype, {
  getSHA256Hex: function(text) { return call('sha256', {text: textOf(text)}); }
});

var JSUtil = {
  nil: gs.nil,
  notNil: function(value) { return !gs.nil(value); },
  has: function(value) { return !gs.nil(value); },
  doesNotHave: gs.nil,
  toBoolean: isTrue,
  escapeText: function(text) { return escapeXml(textOf(text)); }
};

// The files of records.
function GlideSysAttachment() {}

methods(GlideSysAttachment.prototype, {
  write: function(record, name, type, content) {
    return call('attach', {
      table: record.getTableName(), sys_id: record.getUniqueValue(),
      name: textOf(name), type: textOf(type), content: textOf(content)
    });
  },
  getContent: function(file) {
    return call('content', {sys_id: textOf(file), base64: false});
  },
  getContentBase64: function(file) {
    return call('content', {sys_id: textOf(file), base64: true});
  },
  getAttachments: function(table, id) {
    var files = new GlideRecord('sys_attachment');
    files.addQuery('table_name', table);
    files.addQuery('table_sys_id', id);
    files.query();
    return files;
  },
  deleteAttachment: function(id) {
    var file = new GlideRecord('sys_attachment');
    return file.get(id) && file.deleteRecord();
  }
});
