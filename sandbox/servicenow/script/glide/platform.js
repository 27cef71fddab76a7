// What the other files build on: calls on the instance, texts, the tables.
// All files of this folder are put into one function, in the order that BUILD
// gives; see ScriptHeap::LoadGlideObjects. ES5 only: Duktape knows no more.

var globalObject = new Function('return this')();
var parseJson = JSON.parse;
var formatJson = JSON.stringify;

// What the run under way is about; see script_run.h.
var run = {};

// See script_host.h. An error of the instance becomes an exception.
function call(name, parameters) {
  var answer = parseJson(callHost(formatJson({call: name, with: parameters})));
  if (answer.error !== undefined) {
    throw new Error(answer.error);
  }
  return answer.value;
}

function hidden(object, name, value) {
  Object.defineProperty(object, name,
      {value: value, writable: true, enumerable: false, configurable: true});
}

// Puts functions on a prototype so that for-in over a record does not find
// them.
function methods(prototype, functions) {
  Object.keys(functions).forEach(function(name) {
    hidden(prototype, name, functions[name]);
  });
}

// A value as a column holds it.
function textOf(value) {
  if (value === null || value === undefined) {
    return '';
  }
  if (value instanceof GlideElement) {
    return valueOfElement(value);
  }
  if (value instanceof GlideRecord) {
    return value.getUniqueValue() || '';
  }
  if (value instanceof GlideDateTime || value instanceof GlideDuration) {
    return value.getValue();
  }
  return String(value);
}

function escapeXml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
      .replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&apos;');
}

// "{0} of {1}" with the further arguments.
function fillPlaces(text, values) {
  return textOf(text).replace(/\{(\d+)\}/g, function(whole, index) {
    return index < values.length ? textOf(values[index]) : whole;
  });
}

var tables = {};

// {name, label, display, ancestors, columns: {name: {label, type, reference,
// max_length, mandatory}}}; null: there is no such table.
function tableOf(name) {
  if (!Object.prototype.hasOwnProperty.call(tables, name)) {
    tables[name] = call('table', {table: name});
  }
  return tables[name];
}

function columnOf(table, name) {
  var known = tableOf(table);
  return known !== null &&
      Object.prototype.hasOwnProperty.call(known.columns, name) ?
      known.columns[name] : null;
}

// Gives objects with this prototype a property for each column of the table,
// unless a method has its name.
function defineColumns(prototype, table, read, write) {
  var known = tableOf(table);
  if (known === null) {
    return prototype;
  }
  Object.keys(known.columns).forEach(function(name) {
    if (name in prototype) {
      return;
    }
    Object.defineProperty(prototype, name, {
      get: function() { return read(this, name); },
      set: function(value) { write(this, name, value); },
      enumerable: true,
      configurable: true
    });
  });
  return prototype;
}

function log(level, message, source) {
  call('log', {level: level, message: textOf(message), source: source || ''});
}
