// es5_check.js FILE...: fails if a script is not ECMAScript 5, which is all that
// the platform's "ES5 Standards" mode takes.
'use strict';

var fs = require('fs');
var acorn = require('acorn');

var faults = 0;
process.argv.slice(2).forEach(function(name) {
    try {
        acorn.parse(fs.readFileSync(name, 'utf8'), {ecmaVersion: 5});
    } catch (error) {
        faults++;
        console.error(name + ': ' + error.message);
    }
});
process.exit(faults > 0 ? 1 : 0);
