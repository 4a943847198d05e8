import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldLines } from './field-lines.ts';

const text = `---
metadata:
  annotations:
    "a/b.c": y
spec:
  rules:
    - host: a
      http: {paths: [{path: /,
         pathType: 3}]}
    -
      host: b
  none:
  shared: &x [1]
  again: *x
`;

test('finds the line of a field, or of the nearest thing around it', () => {
  const lines = new FieldLines();
  const expected: Readonly<Record<string, number>> = {
    '': 1,
    metadata: 1,
    'metadata.annotations["a/b.c"]': 3,
    'metadata.name': 1,
    'spec.rules[0]': 6,
    'spec.rules[0].http.paths[0].path': 7,
    'spec.rules[0].http.paths[0].pathType': 8,
    'spec.rules[0].http.paths[0].backend.service': 7,
    'spec.rules[1].host': 10,
    'spec.rules[7].host': 5,
    'spec.none': 11,
    'spec.again': 13,
    'nowhere.to.be.found': 1,
  };
  for (const [field, line] of Object.entries(expected)) assert.equal(lines.find(text, field), line, field);
});

test('reads JSON too', () => {
  assert.equal(new FieldLines().find('{\n\t"a": [\n\t\t{"b": 1},\n\t\t{"b":\n2}]}', 'a[1].b'), 3);
});

test('answers nothing for broken text, and when the budget is used up', () => {
  assert.equal(new FieldLines().find('a: [', 'a'), undefined);
  const lines = new FieldLines(10);
  assert.equal(lines.find('a: 1', 'a'), 0);
  assert.equal(lines.find('a: 1', 'a'), 0, 'the last document costs nothing');
  assert.equal(lines.find('b: 12345', 'b'), undefined);
  lines.renew();
  assert.equal(lines.find('b: 12345', 'b'), 0);
});
