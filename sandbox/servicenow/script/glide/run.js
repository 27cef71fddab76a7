// Class, script includes, and what starts a run.

var Class = {
  create: function() {
    return function() {
      if (typeof this.initialize === 'function') {
        this.initialize.apply(this, arguments);
      }
    };
  }
};

function copyInto(target, source) {
  for (var name in source) {
    target[name] = source[name];
  }
  return target;
}

hidden(Object, 'extend', copyInto);
hidden(Object, 'extendsObject', function(parent, members) {
  function Link() {}
  Link.prototype = parent.prototype || parent;
  return copyInto(new Link(), members);
});
hidden(Object, 'clone', function(object) { return copyInto({}, object); });

function setGlobal(name, value) { hidden(globalObject, name, value); }

var includes = {};

// Defines what the script include of this name defines. False: there is none.
function loadInclude(name) {
  var include = call('include', {name: name});
  if (include === null) {
    return false;
  }
  setGlobal(name, undefined);
  evaluate(include.script, 'script include ' + name);
  return true;
}

// A name that loads its script include when it is first used.
function offerInclude(object, name) {
  if (Object.prototype.hasOwnProperty.call(object, name)) {
    return;
  }
  Object.defineProperty(object, name, {
    get: function() {
      if (!includes[name]) {
        includes[name] = true;
        loadInclude(name);
      }
      return object === globalObject ? undefinedOr(name) : globalObject[name];
    },
    set: function(value) {
      if (object === globalObject) {
        setGlobal(name, value);
      }
    },
    enumerable: false,
    configurable: true
  });
}

// After loadInclude the global is a plain property, unless there was nothing to
// load.
function undefinedOr(name) {
  var property = Object.getOwnPropertyDescriptor(globalObject, name);
  return property.get === undefined ? property.value : undefined;
}

function installGlobals() {
  var all = {
    GlideRecord: GlideRecord, GlideRecordSecure: GlideRecord,
    GlideElement: GlideElement, GlideAggregate: GlideAggregate,
    GlideDateTime: GlideDateTime, GlideDate: GlideDate,
    GlideDuration: GlideDuration, GlideUser: GlideUser, gs: gs,
    GlideProperties: GlideProperties, GlideStringUtil: GlideStringUtil,
    GlideSysAttachment: GlideSysAttachment, GlideDigest: GlideDigest,
    JSUtil: JSUtil, Class: Class,
    sn_ws: {RESTMessageV2: RESTMessageV2}, RESTMessageV2: RESTMessageV2,
    g_scratchpad: {}
  };
  Object.keys(all).forEach(function(name) { setGlobal(name, all[name]); });
  // An instance has none of these.
  ['Duktape', 'print', 'alert', 'performance', 'TextEncoder', 'TextDecoder']
      .forEach(function(name) { delete globalObject[name]; });
  setGlobal('global', globalObject);
  run.includes.forEach(function(include) {
    offerInclude(globalObject, include.name);
    if (include.scope !== '') {
      if (!Object.prototype.hasOwnProperty.call(globalObject, include.scope)) {
        setGlobal(include.scope, {});
      }
      offerInclude(globalObject[include.scope], include.name);
    }
  });
}

// What the rule set on `current`.
function changesOf(record) {
  return record === null ? {} : unsaved(record._state);
}

function runRule() {
  var current = null;
  var previous = null;
  if (run.current) {
    current = ruleRecord(run.table, run.current, run.previous, run.watched,
        run.operation);
    if (run.operation === 'insert' && run.when === 'before') {
      current._state.isNew = true;
    }
    if (run.previous && run.watched) {
      previous = ruleRecord(run.table, run.previous, null, false, '');
    }
  }
  setGlobal('current', current);
  setGlobal('previous', previous);
  var result = {value: '', skipped: false};
  if (run.condition !== '' &&
      !isTruthy(evaluate(run.condition, run.name + ', condition'))) {
    result.skipped = true;
  } else if (run.script !== '') {
    result.value = textOf(evaluate(run.script, run.name));
    if (run.entry !== '' && typeof globalObject[run.entry] === 'function') {
      globalObject[run.entry](current, previous);
    }
  }
  result.values = changesOf(current);
  result.aborted = current !== null && current._state.aborted;
  return result;
}

function isTruthy(value) {
  return value instanceof GlideElement ? isTrue(value) : !!value;
}

// Whatever was thrown.
function describe(error) {
  if (error instanceof Error) {
    return {
      message: textOf(error), line: Number(error.lineNumber) || 0,
      file: textOf(error.fileName)
    };
  }
  var text = '';
  try {
    text = textOf(error);
  } catch (ignored) {
    text = 'an object that has no text';
  }
  return {message: text, line: 0, file: ''};
}

return function(request) {
  var result;
  try {
    run = parseJson(request);
    installGlobals();
    result = runRule();
  } catch (error) {
    result = {error: describe(error)};
  }
  result.info_messages = messages.info;
  result.error_messages = messages.error;
  return formatJson(result);
};
