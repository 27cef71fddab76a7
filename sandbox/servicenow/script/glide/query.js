// The query part of GlideRecord and GlideAggregate. Values given to addQuery
// are values, whatever characters they hold; only addEncodedQuery reads a
// syntax.

function condition(values) {
  if (values.length === 1) {
    return {encoded: textOf(values[0])};
  }
  if (values.length === 2) {
    return {any: [{field: textOf(values[0]), operator: '=',
      value: listOf(values[1])}]};
  }
  return {any: [{field: textOf(values[0]), operator: textOf(values[1]),
    value: listOf(values[2])}]};
}

// IN takes an array, too.
function listOf(value) {
  return Array.isArray(value) ? value.map(textOf).join(',') : textOf(value);
}

function GlideQueryCondition(record, part) {
  hidden(this, '_record', record);
  hidden(this, '_part', part);
}

methods(GlideQueryCondition.prototype, {
  addOrCondition: function() {
    var more = condition(arguments);
    if (this._part.any && more.any) {
      this._part.any.push(more.any[0]);
    }
    return this;
  },
  addCondition: function() {
    return this._record.addQuery.apply(this._record, arguments);
  }
});

function addPart(record, part) {
  record._state.conditions.push(part);
  return new GlideQueryCondition(record, part);
}

var queryMethods = {
  addQuery: function() { return addPart(this, condition(arguments)); },
  addEncodedQuery: function(query) {
    addPart(this, {encoded: textOf(query)});
  },
  addNullQuery: function(field) {
    return this.addQuery(field, 'ISEMPTY', '');
  },
  addNotNullQuery: function(field) {
    return this.addQuery(field, 'ISNOTEMPTY', '');
  },
  addActiveQuery: function() { return this.addQuery('active', 'true'); },
  addInactiveQuery: function() { return this.addQuery('active', 'false'); },
  orderBy: function(field) {
    this._state.order.push({field: textOf(field), descending: false});
  },
  orderByDesc: function(field) {
    this._state.order.push({field: textOf(field), descending: true});
  },
  setLimit: function(limit) { this._state.limit = Number(limit); },
  chooseWindow: function(first, last) {
    this._state.first = Number(first);
    this._state.limit = Number(last) - Number(first);
  },
  getEncodedQuery: function() {
    return call('encode', {
      conditions: this._state.conditions, order: this._state.order
    });
  },
  getTableName: function() { return this._state.table; }
};

// The sys_ids that the query finds.
function findIds(state) {
  if (tableOf(state.table) === null) {
    return [];
  }
  return call('query', {
    table: state.table,
    conditions: state.conditions,
    order: state.order,
    first: state.first || 0,
    limit: state.limit > 0 ? state.limit : 0
  });
}

// How many records come from the instance at a time.
var CHUNK = 50;

// The values of the record at `position` of those that the query found; null:
// it was deleted meanwhile.
function valuesAt(state, position) {
  var start = position - position % CHUNK;
  if (state.chunkStart !== start) {
    state.chunkStart = start;
    state.chunk = call('load', {
      table: state.table, ids: state.ids.slice(start, start + CHUNK)
    });
  }
  return state.chunk[position - start];
}
