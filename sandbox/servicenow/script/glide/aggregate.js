// GlideAggregate: COUNT, SUM, AVG, MIN and MAX, also by groups.

function GlideAggregate(table) {
  hidden(this, '_state', {
    table: textOf(table), conditions: [], order: [], limit: 0, first: 0,
    groups: [], wanted: [], rows: [], position: -1
  });
}

methods(GlideAggregate.prototype, queryMethods);

function groupOf(state, values) {
  var key = formatJson(state.groups.map(function(name) {
    return values[name] || '';
  }));
  if (!Object.prototype.hasOwnProperty.call(state.byKey, key)) {
    state.byKey[key] = {count: 0, values: values, numbers: {}};
    state.rows.push(state.byKey[key]);
  }
  return state.byKey[key];
}

function addToGroup(group, wanted, values) {
  group.count += 1;
  wanted.forEach(function(field) {
    var value = values[field] || '';
    var known = group.numbers[field];
    if (value === '') {
      return;
    }
    if (known === undefined) {
      known = {sum: 0, count: 0, min: value, max: value};
      group.numbers[field] = known;
    }
    var numeric = !isNaN(Number(value));
    var smaller = numeric ? Number(value) < Number(known.min) :
        value < known.min;
    var larger = numeric ? Number(value) > Number(known.max) :
        value > known.max;
    known.sum += numeric ? Number(value) : 0;
    known.count += 1;
    known.min = smaller ? value : known.min;
    known.max = larger ? value : known.max;
  });
}

methods(GlideAggregate.prototype, {
  addAggregate: function(name, field) {
    if (field) {
      this._state.wanted.push(textOf(field));
    }
  },
  groupBy: function(field) { this._state.groups.push(textOf(field)); },
  query: function() {
    var state = this._state;
    state.ids = findIds(state);
    state.rows = [];
    state.byKey = {};
    state.position = -1;
    state.chunkStart = -1;
    for (var i = 0; i < state.ids.length; ++i) {
      var values = valuesAt(state, i);
      if (values !== null) {
        addToGroup(groupOf(state, values), state.wanted, values);
      }
    }
    if (state.rows.length === 0 && state.groups.length === 0) {
      state.rows.push({count: 0, values: {}, numbers: {}});
    }
  },
  next: function() {
    var state = this._state;
    var aggregate = this;
    state.position += 1;
    if (state.position >= state.rows.length) {
      return false;
    }
    state.groups.forEach(function(name) {
      hidden(aggregate, name, state.rows[state.position].values[name] || '');
    });
    return true;
  },
  hasNext: function() {
    return this._state.position + 1 < this._state.rows.length;
  },
  getRowCount: function() { return this._state.rows.length; },
  getAggregate: function(name, field) {
    var row = this._state.rows[this._state.position];
    if (textOf(name).toUpperCase() === 'COUNT') {
      return String(row.count);
    }
    var known = row.numbers[field];
    if (known === undefined) {
      return '';
    }
    switch (textOf(name).toUpperCase()) {
      case 'SUM': return String(known.sum);
      case 'AVG': return String(known.sum / known.count);
      case 'MIN': return known.min;
      case 'MAX': return known.max;
      default: return '';
    }
  },
  getValue: function(field) {
    var row = this._state.rows[this._state.position];
    return (row && row.values[field]) || null;
  },
  getDisplayValue: function(field) {
    return call('walk', {
      table: this._state.table, path: textOf(field),
      values: this._state.rows[this._state.position].values
    }).display;
  }
});
