// sn_ws.RESTMessageV2 over the records of outbound REST messages. Each setting
// fills the same request; execute() has the instance send it.

function one(table, fields) {
  var record = new GlideRecord(table);
  Object.keys(fields).forEach(function(name) {
    record.addQuery(name, fields[name]);
  });
  record.setLimit(1);
  record.query();
  return record.next() ? record : null;
}

// Calls `visit(name, value)` for each child of a message or function.
function eachChild(table, link, parent, visit) {
  var child = new GlideRecord(table);
  child.addQuery(link, parent.getUniqueValue());
  child.orderBy('order');
  child.query();
  while (child.next()) {
    visit(child.getValue('name') || '', child.getValue('value') || '');
  }
}

function RESTMessageV2(name, functionName) {
  if (!(this instanceof RESTMessageV2)) {
    return new RESTMessageV2(name, functionName);
  }
  hidden(this, '_request', {
    method: 'GET', url: '', headers: [], query: [], body: '', variables: {},
    milliseconds: 0, user: null, password: null, substitute: true, message: '',
    problem: ''
  });
  if (name !== undefined) {
    loadMessage(this, textOf(name), textOf(functionName));
  }
}

// By its name alone, or with the scope of its application before a dot.
function messageNamed(name) {
  var message = one('sys_rest_message', {name: name});
  var dot = name.indexOf('.');
  if (message !== null || dot < 0) {
    return message;
  }
  var application = one('sys_app', {scope: name.slice(0, dot)});
  return application === null ? null : one('sys_rest_message', {
    name: name.slice(dot + 1), sys_scope: application.getUniqueValue()
  });
}

function loadMessage(target, name, functionName) {
  var request = target._request;
  var message = messageNamed(name);
  if (message === null) {
    throw new Error('REST message "' + name + '" was not found: no record of ' +
        'sys_rest_message has this name');
  }
  var method = one('sys_rest_message_fn', {
    rest_message: message.getUniqueValue(), function_name: functionName
  });
  if (method === null) {
    throw new Error('REST message "' + name + '" has no HTTP method "' +
        functionName + '": no record of sys_rest_message_fn has this name');
  }
  request.message = name + '.' + functionName;
  request.method = (method.getValue('http_method') || 'get').toUpperCase();
  request.url = method.getValue('rest_endpoint') ||
      message.getValue('rest_endpoint') || '';
  request.body = method.getValue('content') || '';
  eachChild('sys_rest_message_headers', 'rest_message', message, setHeader);
  eachChild('sys_rest_message_fn_headers', 'rest_message_function', method,
      setHeader);
  eachChild('sys_rest_message_fn_param_defs', 'rest_message_function', method,
      function(key, value) { request.query.push([key, value]); });
  authenticate(request, message, method);

  function setHeader(key, value) { target.setRequestHeader(key, value); }
}

function authenticate(request, message, method) {
  var owner = method;
  if (method.getValue('authentication_type') === 'inherit_from_parent') {
    owner = message;
  }
  var type = owner.getValue('authentication_type') || 'no_authentication';
  if (type === 'basic') {
    useProfile(request, owner.getValue('basic_auth_profile'));
  } else if (type === 'oauth2') {
    request.problem = 'OAuth profiles of outbound REST messages are not ' +
        'simulated';
  }
}

function useProfile(request, id) {
  var profile = call('basicProfile', {sys_id: textOf(id)});
  if (profile === null) {
    request.problem = 'sys_auth_profile_basic has no record ' + textOf(id);
    return;
  }
  request.user = profile.username;
  request.password = profile.password;
}

// Every ${name} at once, so that a value is never read again. One that nobody
// set becomes empty, as on an instance.
function substitute(request, text) {
  return text.replace(/\$\{([^}]*)\}/g, function(whole, name) {
    return Object.prototype.hasOwnProperty.call(request.variables, name) ?
        request.variables[name] : '';
  });
}

// What is sent.
function prepared(request) {
  var url = substitute(request, request.url);
  request.query.forEach(function(pair) {
    url += (url.indexOf('?') < 0 ? '?' : '&') + encodeURIComponent(pair[0]) +
        '=' + encodeURIComponent(substitute(request, pair[1]));
  });
  return {
    message: request.message,
    method: request.method,
    url: url,
    headers: request.headers.map(function(pair) {
      return [pair[0], substitute(request, pair[1])];
    }),
    body: request.substitute ? substitute(request, request.body) : request.body,
    milliseconds: request.milliseconds,
    user: request.user,
    password: request.password
  };
}

function failedResponse(problem) {
  return new RESTResponseV2({status: 0, body: '', headers: [], error: problem});
}

methods(RESTMessageV2.prototype, {
  setStringParameter: function(name, value) {
    this._request.variables[textOf(name)] = escapeXml(textOf(value));
  },
  setStringParameterNoEscape: function(name, value) {
    this._request.variables[textOf(name)] = textOf(value);
  },
  setRequestBody: function(body) { this._request.body = textOf(body); },
  getRequestBody: function() { return this._request.body; },
  setRequestHeader: function(name, value) {
    var headers = this._request.headers.filter(function(pair) {
      return pair[0].toLowerCase() !== textOf(name).toLowerCase();
    });
    headers.push([textOf(name), textOf(value)]);
    this._request.headers = headers;
  },
  getRequestHeaders: function() { return headerObject(this._request.headers); },
  setQueryParameter: function(name, value) {
    this._request.query.push([textOf(name), textOf(value)]);
  },
  setEndpoint: function(url) { this._request.url = textOf(url); },
  getEndpoint: function() { return this._request.url; },
  setHttpMethod: function(method) {
    this._request.method = textOf(method).toUpperCase();
  },
  setHttpTimeout: function(milliseconds) {
    this._request.milliseconds = Number(milliseconds) || 0;
  },
  setBasicAuth: function(user, password) {
    this._request.user = textOf(user);
    this._request.password = textOf(password);
  },
  setAuthenticationProfile: function(type, id) {
    if (textOf(type) === 'basic') {
      useProfile(this._request, id);
    } else {
      this._request.problem = 'authentication profiles of type "' +
          textOf(type) + '" are not simulated';
    }
  },
  setMutualAuth: function(profile) {
    this._request.problem = 'mutual authentication (profile ' +
        textOf(profile) + ') is not simulated';
  },
  disableForcedVariableSubstitution: function() {
    this._request.substitute = false;
  },
  // A MID server sends on behalf of the instance; here the instance does it.
  setMIDServer: function() {},
  setEccParameter: function() {},
  setEccCorrelator: function() {},
  setLogLevel: function() {},
  setAllowedRedirectURIs: function() {},
  execute: function() {
    var request = this._request;
    return request.problem !== '' ? failedResponse(request.problem) :
        new RESTResponseV2(call('http', prepared(request)));
  },
  executeAsync: function() {
    var request = this._request;
    return request.problem !== '' ? failedResponse(request.problem) :
        new RESTResponseV2(null, call('httpStart', prepared(request)));
  }
});

// Either the answer, or the number of a request that is under way.
function RESTResponseV2(answer, number) {
  hidden(this, '_answer', answer);
  hidden(this, '_number', number);
}

// Waits at most so long, as for the default of an instance.
function answerOf(response, seconds) {
  if (response._answer === null) {
    response._answer = call('httpWait', {
      number: response._number, seconds: seconds === undefined ? 30 : seconds
    });
  }
  return response._answer ||
      {status: 0, body: '', headers: [], error: 'no answer in time'};
}

function headerObject(pairs) {
  var headers = {};
  pairs.forEach(function(pair) { headers[pair[0]] = pair[1]; });
  return headers;
}

methods(RESTResponseV2.prototype, {
  waitForResponse: function(seconds) { answerOf(this, Number(seconds)); },
  getStatusCode: function() { return answerOf(this).status; },
  getBody: function() { return answerOf(this).body; },
  getHeaders: function() { return headerObject(answerOf(this).headers); },
  getAllHeaders: function() {
    return answerOf(this).headers.map(function(pair) {
      return {name: pair[0], value: pair[1]};
    });
  },
  getHeader: function(name) {
    var wanted = textOf(name).toLowerCase();
    var found = answerOf(this).headers.filter(function(pair) {
      return pair[0].toLowerCase() === wanted;
    });
    return found.length === 0 ? null : found[0][1];
  },
  haveError: function() {
    var answer = answerOf(this);
    return answer.error !== '' || answer.status >= 400;
  },
  getErrorCode: function() { return this.haveError() ? 1 : 0; },
  getErrorMessage: function() {
    var answer = answerOf(this);
    return answer.error !== '' ? answer.error : answer.status >= 400 ?
        'Method failed: (' + answer.path + ') with code: ' + answer.status : '';
  }
});
