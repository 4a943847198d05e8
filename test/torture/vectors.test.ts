import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadVectors, parseVectors } from './vectors.ts';

test('all vectors of the repository can be read', () => {
  const vectors = loadVectors([fileURLToPath(new URL('vectors', import.meta.url))]);
  const count = (kind: string): number => vectors.filter((vector) => vector.kind === kind).length;
  assert.deepEqual([count('request'), count('upstream'), count('pipelining')], [424, 90, 12]);
});

test('a misspelt key, a wrong value and a double id are errors', () => {
  const good = '{id: x, raw: "", expect: reject, tags: [], why: ""}';
  assert.equal(parseVectors(`- ${good}`, 'x.yaml').length, 1);
  assert.throws(() => parseVectors(`- ${good.replace('expect', 'expects')}`, 'x.yaml'));
  assert.throws(() => parseVectors(`- ${good.replace('reject', 'refuse')}`, 'x.yaml'));
  assert.throws(() => parseVectors(`- ${good.replace('raw: ""', String.raw`raw: "\u0100"`)}`, 'x.yaml'));
  const file = fileURLToPath(new URL('vectors/pipelining.yaml', import.meta.url));
  assert.throws(() => loadVectors([file, file]));
});
