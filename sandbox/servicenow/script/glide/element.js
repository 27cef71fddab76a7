// GlideElement: one column of a record, or of a record that references lead to.
// It looks at its record each time, so that an element kept from one record
// shows the next one after next(), as on an instance.

function GlideElement() {}

var elementPrototypes = {};

// References have properties for the columns of what they point to.
function elementPrototype(reference) {
  if (!reference) {
    return GlideElement.prototype;
  }
  if (!Object.prototype.hasOwnProperty.call(elementPrototypes, reference)) {
    elementPrototypes[reference] = defineColumns(
        Object.create(GlideElement.prototype), reference,
        function(element, name) {
          var at = element._at;
          return makeElement(at.record, at.path.concat([name]), reference);
        },
        function() {});
  }
  return elementPrototypes[reference];
}

// `path` is the way from the record; `table` the one that has its last column.
function makeElement(record, path, table) {
  var name = path[path.length - 1];
  var column = columnOf(table, name) || {label: name, type: 'string'};
  var element = Object.create(
      elementPrototype(column.type === 'reference' ? column.reference : ''));
  hidden(element, '_at',
      {record: record, path: path, table: table, name: name, column: column});
  return element;
}

function walk(at) {
  var state = at.record._state;
  var first = {};
  first[at.path[0]] = state.values[at.path[0]] || '';
  return call('walk', {
    table: state.table, values: first, path: at.path.join('.')
  });
}

function valueOfElement(element) {
  var at = element._at;
  return asScriptsSee(at.column, clearValueOf(at));
}

function clearValueOf(at) {
  if (at.path.length > 1) {
    return walk(at).value;
  }
  return at.record._state.values[at.name] || '';
}

// A password shows as its cipher; only getDecryptedValue() tells it.
function asScriptsSee(column, value) {
  return column.type === 'password2' && value !== '' ?
      ':encrypted:' + call('base64', {encode: value}) : value;
}

function shownOf(element) {
  var at = element._at;
  var value = valueOfElement(element);
  if (at.column.type === 'glide_date_time') {
    return value === '' ? '' : new GlideDateTime(value).getDisplayValue();
  }
  return walk(at).display;
}

// What the column was before the change that the rule is about.
function before(element) {
  var at = element._at;
  var previous = at.record._state.previous;
  return previous === null ? '' :
      asScriptsSee(at.column, previous[at.name] || '');
}

function changed(element) {
  var at = element._at;
  return at.path.length === 1 && at.record._state.watched &&
      valueOfElement(element) !== before(element);
}

methods(GlideElement.prototype, {
  toString: function() { return valueOfElement(this); },
  valueOf: function() { return valueOfElement(this); },
  toJSON: function() { return valueOfElement(this); },
  getValue: function() { return valueOfElement(this); },
  getDisplayValue: function() { return shownOf(this); },
  getDecryptedValue: function() { return clearValueOf(this._at); },
  getHTMLValue: function() { return escapeXml(valueOfElement(this)); },
  getChoiceValue: function() { return shownOf(this); },
  getName: function() { return this._at.name; },
  getLabel: function() { return this._at.column.label; },
  getTableName: function() { return this._at.table; },
  getReferenceTable: function() { return this._at.column.reference || null; },
  getED: function() { return this; },
  getInternalType: function() { return this._at.column.type; },
  getGlideObject: function() { return new GlideDateTime(valueOfElement(this)); },
  dateNumericValue: function() {
    return new GlideDateTime(valueOfElement(this)).getNumericValue();
  },
  nil: function() { return valueOfElement(this) === ''; },
  hasValue: function() { return valueOfElement(this) !== ''; },
  changes: function() { return changed(this); },
  changesTo: function(value) {
    return changed(this) && valueOfElement(this) === textOf(value);
  },
  changesFrom: function(value) {
    return changed(this) && before(this) === textOf(value);
  },
  setValue: function(value) {
    if (this._at.path.length === 1) {
      setColumn(this._at.record, this._at.name, value);
    }
  },
  setDisplayValue: function(shown) {
    this._at.record.setDisplayValue(this._at.name, shown);
  },
  setError: function(message) { gs.addErrorMessage(message); },
  setJournalEntry: function(text) { this.setValue(text); },
  // -1: all of them, the newest first.
  getJournalEntry: function(count) {
    var at = this._at;
    var entries = new GlideRecord('sys_journal_field');
    entries.addQuery('element_id', at.record.getUniqueValue());
    entries.addQuery('element', at.name);
    entries.orderByDesc('sys_created_on');
    if (count !== -1) {
      entries.setLimit(count);
    }
    entries.query();
    var texts = [];
    while (entries.next()) {
      texts.push(new GlideDateTime(entries.getValue('sys_created_on'))
          .getDisplayValue() + ' - ' + entries.getValue('sys_created_by') +
          ' (' + at.column.label + ')\n' + entries.getValue('value') + '\n\n');
    }
    return texts.join('');
  },
  getRefRecord: function() {
    var record = new GlideRecord(this._at.column.reference || '');
    record.get(valueOfElement(this));
    return record;
  },
  canRead: function() { return true; },
  canWrite: function() { return true; },
  canCreate: function() { return true; }
});
