import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Result } from '../kit/result.ts';
import { commaList, integerBetween, listMatching, oneOf, parseBool, secondsBetween, sizeBetween, timeBetweenMs } from './value-parsers.ts';

function valueOf<T>(result: Result<T>): T | 'error' {
  return result.ok ? result.value : 'error';
}

describe('values of annotations and keys', () => {
  it('reads booleans as Go does', () => {
    for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(valueOf(parseBool(text)), true, text);
    for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) assert.equal(valueOf(parseBool(text)), false, text);
    for (const text of ['yes', 'on', 'tRUE', '', ' true']) assert.equal(valueOf(parseBool(text)), 'error', text);
  });

  it('reads whole numbers within bounds', () => {
    const parse = integerBetween(1, 100);
    assert.deepEqual(
      ['1', '100', '+7'].map((text) => valueOf(parse(text))),
      [1, 100, 7],
    );
    for (const text of ['0', '101', '-1', '1.5', '1e2', '0x10', '', '12345678901234567']) assert.equal(valueOf(parse(text)), 'error', text);
  });

  it('reads seconds as milliseconds', () => {
    assert.equal(valueOf(secondsBetween(0, 10)('3')), 3000);
    assert.equal(valueOf(secondsBetween(0, 10)('3s')), 'error');
  });

  it('reads sizes with k, m and g in either case', () => {
    const parse = sizeBetween(0, 2 ** 40);
    assert.deepEqual(
      ['0', '512', '8k', '1M', '2g'].map((text) => valueOf(parse(text))),
      [0, 512, 8192, 1048576, 2147483648],
    );
    for (const text of ['15r', '8kb', '8b', '-1', '1.5m', '', '999999g']) assert.equal(valueOf(parse(text)), 'error', text);
  });

  it('reads nginx times', () => {
    const parse = timeBetweenMs(0, 1e12);
    const texts = ['75s', '60', '1h', '1h 30m', '1h30m', '500ms', '2d'];
    assert.deepEqual(
      texts.map((text) => valueOf(parse(text))),
      [75_000, 60_000, 3_600_000, 5_400_000, 5_400_000, 500, 172_800_000],
    );
    for (const text of ['', 'h', '1x', '-1s', '1h 30']) assert.equal(valueOf(parse(text)), 'error', text);
  });

  it('splits comma lists and checks their items', () => {
    assert.deepEqual(commaList(' a, ,b,'), ['a', 'b']);
    assert.deepEqual(valueOf(listMatching(/^[a-z]$/, 'a letter')('a, b')), ['a', 'b']);
    assert.equal(valueOf(listMatching(/^[a-z]$/, 'a letter')('a, 1')), 'error');
    assert.equal(valueOf(oneOf(['x', 'y'])('z')), 'error');
  });
});
