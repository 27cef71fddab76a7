// GlideRecord.

function GlideRecord(table) {
  return makeRecord(textOf(table));
}

var recordPrototypes = {};

function recordPrototype(table) {
  if (!Object.prototype.hasOwnProperty.call(recordPrototypes, table)) {
    recordPrototypes[table] = defineColumns(
        Object.create(GlideRecord.prototype), table,
        function(record, name) { return makeElement(record, [name], table); },
        setColumn);
  }
  return recordPrototypes[table];
}

function makeRecord(table) {
  var record = Object.create(recordPrototype(table));
  hidden(record, '_state', {
    table: table,
    values: {},
    stored: {},         // as the instance has it
    previous: null,     // of `current`: before the change
    watched: false,     // it is `current`, so that changes() can be told
    isNew: false,
    found: false,       // it stands on a record
    conditions: [], order: [], limit: 0, first: 0,
    ids: null, position: -1, chunk: [], chunkStart: -1,
    workflow: true, systemFields: true,
    aborted: false, operation: '', lastError: '', className: ''
  });
  return record;
}

function setColumn(record, name, value) {
  if (columnOf(record._state.table, name) !== null) {
    record._state.values[name] = textOf(value);
  }
}

function take(record, values) {
  var state = record._state;
  state.values = values;
  state.stored = {};
  Object.keys(values).forEach(function(name) {
    state.stored[name] = values[name];
  });
  state.className = values.sys_class_name || state.table;
  state.isNew = false;
  state.found = true;
}

// What was set and is not stored.
function unsaved(state) {
  var values = {};
  Object.keys(state.values).forEach(function(name) {
    if (state.values[name] !== (state.stored[name] || '')) {
      values[name] = state.values[name];
    }
  });
  return values;
}

function modes(state) {
  return {workflow: state.workflow, system_fields: state.systemFields};
}

// The answer to an insert or update: {record: {…}} or {refused: "why"}.
function written(record, answer) {
  var state = record._state;
  if (answer.refused !== undefined) {
    state.lastError = answer.refused;
    log(2, answer.refused, run.name);
    return null;
  }
  take(record, answer.record);
  return answer.record.sys_id;
}

methods(GlideRecord.prototype, queryMethods);

methods(GlideRecord.prototype, {
  query: function() {
    if (arguments.length > 0) {
      this.addQuery.apply(this, arguments);
    }
    var state = this._state;
    state.ids = findIds(state);
    state.position = -1;
    state.chunkStart = -1;
  },
  _query: function() { this.query.apply(this, arguments); },
  next: function() {
    var state = this._state;
    while (state.ids !== null && state.position + 1 < state.ids.length) {
      state.position += 1;
      var values = valuesAt(state, state.position);
      if (values !== null) {
        take(this, values);
        // Others may be looked at again.
        state.chunk[state.position - state.chunkStart] = null;
        return true;
      }
    }
    state.found = false;
    return false;
  },
  _next: function() { return this.next(); },
  hasNext: function() {
    var state = this._state;
    return state.ids !== null && state.position + 1 < state.ids.length;
  },
  get: function(field, value) {
    var one = makeRecord(this._state.table);
    if (arguments.length > 1) {
      one.addQuery(field, value);
    } else if (columnOf(this._state.table, 'sys_id') !== null) {
      one.addQuery('sys_id', field);
    } else {
      return false;
    }
    one.setLimit(1);
    one.query();
    if (!one.next()) {
      return false;
    }
    take(this, one._state.values);
    return true;
  },
  getRowCount: function() {
    return this._state.ids === null ? 0 : this._state.ids.length;
  },
  initialize: function() {
    var state = this._state;
    state.values = call('defaults', {table: state.table});
    state.stored = {};
    state.isNew = true;
    state.found = true;
  },
  newRecord: function() {
    this.initialize();
    setColumn(this, 'sys_id', call('newId', {}));
  },
  setNewGuid: function() { setColumn(this, 'sys_id', call('newId', {})); },
  setNewGuidValue: function(id) { setColumn(this, 'sys_id', id); },
  isNewRecord: function() { return this._state.isNew; },
  isValidRecord: function() { return this._state.found; },
  isValid: function() { return tableOf(this._state.table) !== null; },
  isValidField: function(name) {
    return columnOf(this._state.table, textOf(name)) !== null;
  },
  insert: function() {
    var state = this._state;
    return written(this, call('insert', {
      table: state.table, values: state.values, modes: modes(state)
    }));
  },
  update: function() {
    var state = this._state;
    if (!state.stored.sys_id) {
      return state.isNew ? this.insert() : null;
    }
    return written(this, call('update', {
      table: state.table, sys_id: state.stored.sys_id, values: unsaved(state),
      modes: modes(state)
    }));
  },
  updateMultiple: function() {
    var set = unsaved(this._state);
    var each = this;
    this.query();
    while (each.next()) {
      Object.keys(set).forEach(function(name) {
        setColumn(each, name, set[name]);
      });
      each.update();
    }
  },
  deleteRecord: function() {
    var state = this._state;
    if (!state.stored.sys_id) {
      return false;
    }
    var refused = call('remove', {
      table: state.table, sys_id: state.stored.sys_id, modes: modes(state)
    });
    state.lastError = refused;
    state.found = false;
    return refused === '';
  },
  deleteMultiple: function() {
    this.query();
    while (this.next()) {
      this.deleteRecord();
    }
  },
  // As on an instance: null for an empty column, 1 and 0 for true and false.
  getValue: function(name) {
    var state = this._state;
    var value = textOf(name).indexOf('.') < 0 ? state.values[name] :
        valueOfElement(this.getElement(name));
    if (value === undefined || value === '') {
      return null;
    }
    var column = columnOf(state.table, name);
    if (column !== null && column.type === 'boolean') {
      return value === 'true' ? '1' : '0';
    }
    return column === null ? value : asScriptsSee(column, value);
  },
  setValue: function(name, value) { setColumn(this, textOf(name), value); },
  setDisplayValue: function(name, shown) {
    setColumn(this, textOf(name), call('unshow', {
      table: this._state.table, column: textOf(name), shown: textOf(shown)
    }));
  },
  getDisplayValue: function(name) {
    var table = tableOf(this._state.table);
    return shownOf(this.getElement(name || table.display));
  },
  getElement: function(name) {
    var path = textOf(name).split('.');
    var table = this._state.table;
    for (var i = 0; i + 1 < path.length; ++i) {
      var column = columnOf(table, path[i]);
      table = column === null ? '' : column.reference;
    }
    return makeElement(this, path, table);
  },
  getElements: function() {
    var record = this;
    return Object.keys(tableOf(this._state.table).columns).map(function(name) {
      return record.getElement(name);
    });
  },
  getUniqueValue: function() { return this._state.values.sys_id || null; },
  getUniqueName: function() { return 'sys_id'; },
  getDisplayName: function() { return tableOf(this._state.table).display; },
  getRecordClassName: function() { return this._state.className; },
  getLabel: function() { return tableOf(this._state.table).label; },
  getClassDisplayValue: function() {
    return tableOf(this._state.className || this._state.table).label;
  },
  getLink: function(noStack) {
    return this._state.table + '.do?sys_id=' + this.getUniqueValue() +
        (noStack ? '' : '&sysparm_stack=' + this._state.table +
        '_list.do?sysparm_query=active=true');
  },
  nil: function(name) { return this.getValue(name) === null; },
  operation: function() { return this._state.operation || null; },
  changes: function() {
    var state = this._state;
    return state.watched && (state.previous === null ||
        Object.keys(state.values).some(function(name) {
          return name.indexOf('sys_') !== 0 &&
              state.values[name] !== (state.previous[name] || '');
        }));
  },
  setWorkflow: function(on) { this._state.workflow = isTrue(on); },
  autoSysFields: function(on) { this._state.systemFields = isTrue(on); },
  setAbortAction: function(abort) { this._state.aborted = isTrue(abort); },
  isActionAborted: function() { return this._state.aborted; },
  getLastErrorMessage: function() { return this._state.lastError || null; },
  hasAttachments: function() {
    var files = new GlideRecord('sys_attachment');
    files.addQuery('table_sys_id', this.getUniqueValue());
    files.setLimit(1);
    files.query();
    return files.hasNext();
  },
  canRead: function() { return true; },
  canWrite: function() { return true; },
  canCreate: function() { return true; },
  canDelete: function() { return true; },
  setForceUpdate: function() {},
  setUseEngines: function() {},
  setQueryReferences: function() {},
  toString: function() { return this._state.table; },
  toJSON: function() { return this._state.values; }
});

function isTrue(value) {
  return value === true || textOf(value) === 'true';
}

// `current` or `previous` of a business rule.
function ruleRecord(table, values, previous, watched, operation) {
  var record = makeRecord(table);
  take(record, values);
  record._state.previous = previous;
  record._state.watched = watched;
  record._state.operation = operation;
  return record;
}
