import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldMismatch, mismatch, rangeMismatch } from './matcher.ts';

const fits = (problem: string | undefined): boolean => problem === undefined;

test('a scalar means equality, whatever the type of the scalar', () => {
  assert.ok(fits(mismatch('200', 200)));
  assert.ok(fits(mismatch(3, '3')));
  assert.ok(fits(mismatch('', '')));
  assert.ok(!fits(mismatch('a', 'A')));
  assert.ok(!fits(mismatch('undefined', undefined)));
  assert.ok(!fits(mismatch('', undefined)));
});

test('null means that there is no value', () => {
  assert.ok(fits(mismatch(null, null)) && fits(mismatch(null, undefined)));
  assert.ok(!fits(mismatch(null, '')));
});

test('a regular expression is unanchored and case-sensitive, and needs a value', () => {
  assert.ok(fits(mismatch({ regex: 'b.' }, 'abc')));
  assert.ok(!fits(mismatch({ regex: '^b' }, 'abc')));
  assert.ok(!fits(mismatch({ regex: 'B' }, 'abc')));
  assert.ok(!fits(mismatch({ regex: '^$' }, undefined)));
});

test('contains, notContains, oneOf, present and absent', () => {
  assert.ok(fits(mismatch({ contains: 'b' }, 'abc')) && !fits(mismatch({ contains: 'x' }, 'abc')));
  assert.ok(fits(mismatch({ notContains: 'x' }, 'abc')) && !fits(mismatch({ notContains: 'b' }, 'abc')));
  assert.ok(fits(mismatch({ oneOf: [4, 14] }, 14)) && !fits(mismatch({ oneOf: [4, 14] }, 1)));
  assert.ok(fits(mismatch({ present: true }, 'x')) && !fits(mismatch({ present: true }, '')));
  assert.ok(fits(mismatch({ absent: true }, undefined)) && !fits(mismatch({ absent: true }, 'x')));
});

test('several keys of one matcher must all hold', () => {
  assert.ok(!fits(mismatch({ contains: 'a', notContains: 'b' }, 'ab')));
});

test('a header fits if one of its values does', () => {
  assert.ok(fits(fieldMismatch('b', ['a', 'b'])));
  assert.ok(!fits(fieldMismatch('b', ['a'])));
  assert.ok(!fits(fieldMismatch('b', [])));
  assert.ok(fits(fieldMismatch({ absent: true }, [])) && !fits(fieldMismatch({ absent: true }, ['a'])));
});

test('count fixes the number of header lines', () => {
  assert.ok(fits(fieldMismatch({ regex: '^a$', count: 2 }, ['a', 'b'])));
  assert.ok(!fits(fieldMismatch({ regex: '^a$', count: 1 }, ['a', 'b'])));
  assert.ok(!fits(fieldMismatch({ regex: '^c$', count: 2 }, ['a', 'b'])));
  assert.ok(fits(fieldMismatch({ count: 0 }, [])));
});

test('ranges include both ends', () => {
  assert.ok(fits(rangeMismatch({ min: 1, max: 3 }, 1)) && fits(rangeMismatch({ min: 1, max: 3 }, 3)));
  assert.ok(!fits(rangeMismatch({ min: 1, max: 3 }, 0)) && !fits(rangeMismatch({ min: 1, max: 3 }, 4)));
});
