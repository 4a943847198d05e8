import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, cutAt, cutEveryByte, cutRandomly, expandParts } from './parts.ts';
import { createRandom } from './random.ts';

test('parts become writes and pauses', () => {
  assert.deepEqual(expandParts(['a', { repeat: 'b', times: 3 }, { delay: 5 }, { count: 2, line: '#;' }]), [
    { kind: 'write', bytes: 'abbb' },
    { kind: 'pause', pauseMs: 5 },
    { kind: 'write', bytes: '0;1;' },
  ]);
  assert.equal(bytesOf(['a', { delay: 5 }, 'b']), 'ab');
  assert.deepEqual(expandParts([]), []);
});

test('a character that is no byte is refused', () => {
  assert.throws(() => expandParts('\u0100'));
});

test('a cut keeps every byte in its place', () => {
  for (const size of [1, 2, 3, 100, 500, 501, 20_000]) {
    const bytes = Array.from({ length: size }, (_, index) => String.fromCharCode(index % 256)).join('');
    assert.equal(cutEveryByte(bytes).join(''), bytes);
    for (let seed = 0; seed < 20; seed++) assert.equal(cutRandomly(createRandom(String(seed)))(bytes).join(''), bytes);
  }
});

test('every byte of short input stands alone, and both ends of long input', () => {
  assert.equal(cutEveryByte('x'.repeat(500)).length, 500);
  const long = cutEveryByte('x'.repeat(10_000));
  assert.ok(long.length < 500);
  assert.equal(long.at(0)?.length, 1);
  assert.equal(long.at(-1)?.length, 1);
});

test('cuts at offsets, in any order, once each', () => {
  assert.deepEqual(cutAt('abcdef', [4, 2, 2]), ['ab', 'cd', 'ef']);
  assert.deepEqual(cutAt('abc', [0, 3, 9]), ['abc']);
});

test('the same seed gives the same numbers, another seed others', () => {
  const numbers = (seed: string): number[] => Array.from({ length: 5 }, createRandom(seed));
  assert.deepEqual(numbers('1'), numbers('1'));
  assert.notDeepEqual(numbers('1'), numbers('2'));
  assert.ok(numbers('1').every((number) => number >= 0 && number < 1));
});
