import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKnownVariable, parseTemplate } from './template.ts';

test('splits text, variables and captures', () => {
  const template = parseTemplate('a$host-${request_uri}b$1x$12');
  assert.ok(template.ok);
  assert.deepEqual(template.value.parts, [
    { kind: 'text', text: 'a' },
    { kind: 'variable', name: 'host' },
    { kind: 'text', text: '-' },
    { kind: 'variable', name: 'request_uri' },
    { kind: 'text', text: 'b' },
    { kind: 'capture', group: 1 },
    { kind: 'text', text: 'x' },
    { kind: 'capture', group: 1 },
    { kind: 'text', text: '2' },
  ]);
  assert.deepEqual(template.value.unknownNames, []);
});

test('tells unknown names, except those that the object sets itself', () => {
  const template = parseTemplate('$nope $mine $http_x_y $http_ $cookie_a', new Set(['mine']));
  assert.ok(template.ok);
  assert.deepEqual(template.value.unknownNames, ['nope', 'http_']);
  assert.equal(isKnownVariable('arg_Q'), true);
});

for (const [name, text] of [
  ['a dollar without a name', 'price: 5$'],
  ['a brace that is not closed', '${host'],
  ['a shell substitution', '$(id)'],
  ['CR', 'a\rb'],
  ['LF', 'a\nb'],
  ['NUL', 'a\0b'],
  ['1 MB', 'x'.repeat(1_000_000)],
] as const) {
  test(`refuses ${name}`, () => {
    assert.equal(parseTemplate(text).ok, false);
  });
}

test('an empty text is an empty template', () => {
  assert.deepEqual(parseTemplate(''), { ok: true, value: { parts: [], unknownNames: [] } });
});
