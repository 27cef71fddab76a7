// Checks Kubernetes objects against their schemas: node schema.js < OBJECTS, a list
// as JSON. Prints each fault and fails if there is any. Unknown fields are faults,
// which the published schemas alone let pass.
'use strict';

const validation = require('@kubernetes-models/validate');

// The same schema without room for fields that it does not name.
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  const result = {};
  for (const [key, value] of Object.entries(schema)) result[key] = strict(value);
  if (result.properties && typeof result.properties === 'object' &&
      result.additionalProperties === undefined &&
      !result['x-kubernetes-preserve-unknown-fields']) {
    result.additionalProperties = false;
  }
  return result;
}

const register = validation.register;
validation.register = (id, schema) => register(id, strict(schema));

function modelOf(apiVersion, kind) {
  const group = apiVersion.split('/')[0];
  const library = group === 'cert-manager.io' ? '@kubernetes-models/cert-manager'
                                              : 'kubernetes-models';
  const model = require(`${library}/${apiVersion}`)[kind];
  if (model === undefined) throw new Error('there is no such kind');
  return model;
}

function faultsOf(object) {
  try {
    new (modelOf(object.apiVersion, object.kind))(object).validate();
    return [];
  } catch (error) {
    if (!Array.isArray(error.errors)) return [error.message];
    return error.errors.map(({instancePath, message, params}) => [
      instancePath, message, params.additionalProperty].filter(Boolean).join(' '));
  }
}

const objects = JSON.parse(require('fs').readFileSync(0, 'utf8'));
let found = 0;
for (const object of objects) {
  for (const fault of faultsOf(object)) {
    console.log(`${object.kind} ${object.metadata?.name}: ${fault}`);
    found += 1;
  }
}
process.exitCode = found > 0 ? 1 : 0;
