// Runs inside: tests.js against solution.js, one test after the other, and reports as JSON.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const util = require('node:util');

const MOST_FAILURES = 5;
const MOST_CHARACTERS = 600;
const failures = [];
const pending = [];
let passed = 0;
let inTest = false;

function failed(name, error) {
  const text = error && error.stack ? `${error.name}: ${error.message}` : String(error);
  failures.push(failures.length < MOST_FAILURES ? `${name}\n${text}`.slice(0, MOST_CHARACTERS) : name.slice(0, 80));
}

// Each assertion outside of a test() is a test; it is counted and does not end the others.
function counted(name, check) {
  return (...given) => {
    if (inTest) return check(...given);
    try {
      const result = check(...given);
      if (result && typeof result.then === 'function') {
        pending.push(result.then(() => { passed += 1; }, (error) => failed(name, error)));
      } else {
        passed += 1;
      }
      return result;
    } catch (error) {
      failed(name, error);
      return undefined;
    }
  };
}

const countedAssert = Object.assign(counted('assert', assert), assert);
for (const name of Object.keys(assert)) {
  if (typeof assert[name] === 'function' && /^[a-z]/.test(name)) countedAssert[name] = counted(`assert.${name}`, assert[name]);
}
countedAssert.strict = countedAssert;
const ownConsole = Object.assign(Object.create(console), {
  assert: counted('console.assert', (value, ...words) => assert.ok(value, util.format(...words) || undefined)),
});

function matcher(value, wanted) {
  const say = (holds, what) => {
    if (holds !== wanted) throw new Error(`${util.inspect(value)} ${wanted ? 'is not' : 'is'} ${what}`);
  };
  const same = (other) => util.isDeepStrictEqual(value, other);
  const shown = (other) => util.inspect(other);
  const thrown = (expected) => {
    let error;
    try { value(); } catch (caught) { error = caught; }
    const fits = error !== undefined && (expected === undefined
      || (typeof expected === 'function' ? error instanceof expected
        : expected instanceof RegExp ? expected.test(error.message)
          : String(error.message).includes(expected.message || expected)));
    say(fits, `something that throws ${shown(expected)}`);
  };
  return {
    toBe: (other) => say(Object.is(value, other), shown(other)),
    toEqual: (other) => say(same(other), `equal to ${shown(other)}`),
    toStrictEqual: (other) => say(same(other), `equal to ${shown(other)}`),
    toBeCloseTo: (other, digits = 2) => say(Math.abs(value - other) < 10 ** -digits / 2, `close to ${other}`),
    toBeTruthy: () => say(Boolean(value), 'truthy'),
    toBeFalsy: () => say(!value, 'falsy'),
    toBeNull: () => say(value === null, 'null'),
    toBeUndefined: () => say(value === undefined, 'undefined'),
    toBeDefined: () => say(value !== undefined, 'defined'),
    toBeNaN: () => say(Number.isNaN(value), 'NaN'),
    toBeInstanceOf: (kind) => say(value instanceof kind, `a ${kind.name}`),
    toBeGreaterThan: (other) => say(value > other, `greater than ${other}`),
    toBeGreaterThanOrEqual: (other) => say(value >= other, `at least ${other}`),
    toBeLessThan: (other) => say(value < other, `less than ${other}`),
    toBeLessThanOrEqual: (other) => say(value <= other, `at most ${other}`),
    toContain: (other) => say(value.includes(other), `something with ${shown(other)}`),
    toHaveLength: (other) => say(value.length === other, `of length ${other}`),
    toHaveProperty: (name) => say(name in Object(value), `something with ${name}`),
    toMatch: (pattern) => say(new RegExp(pattern).test(value), `like ${pattern}`),
    toThrow: thrown,
    toThrowError: thrown,
  };
}

function expect(value) {
  const checks = { ...matcher(value, true), not: matcher(value, false) };
  if (inTest) return checks;
  for (const name of Object.keys(checks)) {
    if (typeof checks[name] === 'function') checks[name] = counted(`expect(${util.inspect(value)}).${name}`, checks[name]);
  }
  return checks;
}

const queue = [];
function test(name, body) {
  queue.push([String(name), body]);
}

async function runQueue() {
  inTest = true;
  for (const [name, body] of queue) {
    try {
      await body();
      passed += 1;
    } catch (error) {
      failed(name, error);
    }
  }
}

// A module's words for what it gives away become plain ones: code and tests are one script here.
function plain(source) {
  return source
    .replace(/^\s*export\s+default\s+(?=(?:async\s+)?function\s*\w|class\s+\w)/gm, '')
    .replace(/^\s*export\s+default\s+/gm, 'module.exports = ')
    .replace(/^\s*export\s*\{[^}]*\}\s*;?/gm, '')
    .replace(/^\s*export\s+/gm, '')
    .replace(/^\s*import\s*\{([^}]*)\}\s*from\s*(['"][^'"]+['"])\s*;?/gm, (_, names, from) =>
      `const {${names.replace(/\sas\s/g, ':')}} = require(${from});`)
    .replace(/^\s*import\s+(?:\*\s+as\s+)?(\w+)\s+from\s*(['"][^'"]+['"])\s*;?/gm, 'const $1 = require($2);');
}

async function main() {
  const solution = plain(fs.readFileSync('solution.js', 'utf8'));
  const tests = plain(fs.readFileSync('tests.js', 'utf8'));
  const names = [...solution.matchAll(/^(?:async\s+)?(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*)/gm)];
  const module = { exports: {} };
  const given = [...new Set(names.map((match) => match[1]))];
  const offer = given.map((name) => `try { if (!('${name}' in Object(module.exports))) module.exports.${name} = ${name}; } catch {}`);
  const ownRequire = (name) => {
    if (name.startsWith('.')) return module.exports;
    if (['assert', 'node:assert', 'assert/strict', 'node:assert/strict'].includes(name)) return countedAssert;
    if (['test', 'node:test', 'vitest', '@jest/globals'].includes(name)) return Object.assign(test, { test, it: test, describe, expect });
    return require(name);
  };
  ownRequire.main = undefined;
  const describe = (_, body) => body();
  test.only = test.each = test;
  try {
    const script = `${solution}\n;${offer.join('')}\nreturn (async () => {\n${tests}\n})();`;
    // The rest as globals: the code may declare the same names.
    Object.assign(globalThis, { assert: countedAssert, console: ownConsole, test, it: test, describe, expect });
    await new Function('require', 'module', 'exports', script)(ownRequire, module, module.exports);
    await Promise.all(pending);
    await runQueue();
  } catch (error) {
    failed('running the code', error);
  }
  fs.writeFileSync('report.json', JSON.stringify({ passed, failures }));
  process.exit(failures.length ? 1 : 0);
}

process.on('unhandledRejection', (error) => failed('a promise', error));
main();
